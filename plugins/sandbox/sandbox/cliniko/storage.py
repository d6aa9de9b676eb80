"""The storage behind attachments: another origin, signed links that expire, no other credentials.

It behaves as object storage with presigned URLs does: a request that also carries an Authorization
header is answered 400, an old or altered link 403, so is any method but the signed GET. Parts of a
file are served (206) unless `storage_ranges` is off.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import time
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sandbox.cliniko.render import content_ready

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.datastructures import Headers
    from starlette.requests import Request

    from sandbox.cliniko.content import Content
    from sandbox.cliniko.state import ClinikoState


_RANGE = re.compile(r"bytes=(?=\d+-|-\d)(?P<first>\d*)-(?P<last>\d*)", re.ASCII)
"""One range of bytes; of anything else, several ranges too, the whole file is served."""


def signed_path(state: ClinikoState, key: int) -> str:
    """Return path and query of a link to an attachment, valid for `state.link_seconds`."""
    expires = int(time.time()) + state.link_seconds
    return f"/attachments/{key}?Expires={expires}&Signature={_signature(state, key, expires)}"


def create(state: ClinikoState) -> Starlette:
    """Return the storage over `state`."""

    async def fetch(request: Request) -> Response:
        if refusal := _refusal(state, request):
            return refusal
        key = int(request.path_params["key"])
        row = state.tables["patient_attachments"].rows.get(key)
        content = state.contents.get(key)
        if row is None or content is None or not content_ready(row):
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        return _file(content, request.headers, ranges=state.storage_ranges)

    return Starlette(routes=[Route("/attachments/{key:int}", fetch)])


def _refusal(state: ClinikoState, request: Request) -> Response | None:
    if "authorization" in request.headers:
        return _error(400, "InvalidArgument", "Only one auth mechanism allowed")
    expires = request.query_params.get("Expires", "")
    if not (expires.isascii() and expires.isdigit()) or int(expires) < time.time():
        return _error(403, "AccessDenied", "Request has expired")
    signed = _signature(state, int(request.path_params["key"]), int(expires))
    given = request.query_params.get("Signature", "").encode()
    if request.method != "GET" or not hmac.compare_digest(given, signed.encode()):
        return _error(403, "SignatureDoesNotMatch", "The signature does not match")
    return None


def _file(content: Content, asked: Headers, *, ranges: bool) -> Response:
    """Return a file or the part that is asked for (RFC 9110, sections 13.1.5 and 14)."""
    headers = {"etag": content.etag(), "accept-ranges": "bytes" if ranges else "none"}
    status, start, stop = 200, 0, content.size
    unchanged = asked.get("if-range", content.etag()) == content.etag()
    match = _RANGE.fullmatch(asked.get("range", "")) if ranges and unchanged else None
    if match:
        start, stop = _span(match["first"], match["last"], content.size)
        if start >= stop:
            wrong = _error(416, "InvalidRange", "The requested range is not satisfiable")
            wrong.headers["content-range"] = f"bytes */{content.size}"
            return wrong
        status = 206
        headers["content-range"] = f"bytes {start}-{stop - 1}/{content.size}"
    headers["content-length"] = str(stop - start)
    parts = _stream(content, start, stop)
    return StreamingResponse(parts, status, headers, media_type="binary/octet-stream")


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first byte of a range and the one behind its last."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


async def _stream(content: Content, start: int, stop: int) -> AsyncIterator[bytes]:
    for block in content.blocks(start, stop):
        yield block
        await asyncio.sleep(0)


def _signature(state: ClinikoState, key: int, expires: int) -> str:
    return hmac.new(state.secret, f"{key}:{expires}".encode(), hashlib.sha256).hexdigest()


def _error(status: int, code: str, message: str) -> Response:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(body, status, media_type="application/xml")
