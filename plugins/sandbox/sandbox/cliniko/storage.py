"""The storage behind attachments: another origin, signed links that expire, no other credentials.

It behaves as object storage with presigned URLs does: a request that also carries an Authorization
header is answered 400, an old or altered link 403.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sandbox.cliniko.render import content_ready

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from sandbox.cliniko.content import Content
    from sandbox.cliniko.state import ClinikoState


def signed_path(state: ClinikoState, key: int) -> str:
    """Return path and query of a link to an attachment, valid for `state.link_seconds`."""
    expires = int(time.time()) + state.link_seconds
    return f"/attachments/{key}?Expires={expires}&Signature={_signature(state, key, expires)}"


def create(state: ClinikoState) -> Starlette:
    """Return the storage over `state`."""

    async def fetch(request: Request) -> Response:
        if "authorization" in request.headers:
            return _error(400, "InvalidArgument", "Only one auth mechanism allowed")
        key = int(request.path_params["key"])
        expires = request.query_params.get("Expires", "")
        if not expires.isdigit() or int(expires) < time.time():
            return _error(403, "AccessDenied", "Request has expired")
        signature = request.query_params.get("Signature", "")
        if not hmac.compare_digest(signature, _signature(state, key, int(expires))):
            return _error(403, "SignatureDoesNotMatch", "The signature does not match")
        row = state.tables["patient_attachments"].rows.get(key)
        content = state.contents.get(key)
        if row is None or content is None or not content_ready(row):
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        headers = {"content-length": str(content.size), "accept-ranges": "none"}
        return StreamingResponse(
            _stream(content), headers=headers, media_type="binary/octet-stream"
        )

    return Starlette(routes=[Route("/attachments/{key:int}", fetch)])


async def _stream(content: Content) -> AsyncIterator[bytes]:
    for block in content.blocks():
        yield block
        await asyncio.sleep(0)


def _signature(state: ClinikoState, key: int, expires: int) -> str:
    return hmac.new(state.secret, f"{key}:{expires}".encode(), hashlib.sha256).hexdigest()


def _error(status: int, code: str, message: str) -> Response:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(body, status, media_type="application/xml")
