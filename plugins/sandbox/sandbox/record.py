"""Recording of full exchanges, for contract tests: one JSON line for each request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TextIO

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 4_000_000
"""Bodies beyond this many bytes are left out of the recording."""
_UNRECORDED = "/oauth/"
"""Exchanges below this path carry credentials in their bodies and are not recorded."""


def asgi(app: ASGIApp, api: str, file: TextIO) -> ASGIApp:
    """Wrap a service: append each exchange to `file`.

    A line holds `api`, `method`, `path`, `query`, `request_type`, `request`, `status`,
    `response_type` and `response`; bodies that are no JSON are null. No header that holds a key
    is written.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_UNRECORDED):
            await app(scope, receive, send)
            return
        asked, answered = bytearray(), bytearray()
        start: dict[str, Any] = {"status": 0, "headers": []}

        async def listening() -> Message:
            message = await receive()
            _keep(asked, message.get("body", b""))
            return message

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                _keep(answered, message.get("body", b""))
            await send(message)

        await app(scope, listening, noting)
        sent_type, got_type = _content_type(scope["headers"]), _content_type(start["headers"])
        line = {
            "api": api,
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "request_type": sent_type,
            "request": _json(sent_type, bytes(asked)),
            "status": start["status"],
            "response_type": got_type,
            "response": _json(got_type, bytes(answered)),
        }
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()

    return wrapped


def _keep(into: bytearray, body: bytes) -> None:
    if len(into) <= MAX_BODY:
        into.extend(body)


def _content_type(headers: list[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name.lower() == b"content-type":
            return value.decode("latin-1")
    return ""


def _json(content_type: str, body: bytes) -> Any:
    if "json" not in content_type or not body or len(body) > MAX_BODY:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None
