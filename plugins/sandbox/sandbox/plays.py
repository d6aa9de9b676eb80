"""How each kind of fault is played on a request."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.faults import Rule

_BLOCKED_PAGE = b"""<!DOCTYPE html>
<html lang="en-US"><head><title>Attention Required! | Cloudflare</title></head>
<body><h1>Sorry, you have been blocked</h1><p>Error 1020</p></body></html>
"""
_GATEWAY_PAGE = b"<html><head><title>Bad gateway</title></head><body>Please wait.</body></html>"
_EXPIRED = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"""
_TRICKLE_PIECES = 20
_ERROR_PAGE = b"<html><title>500</title><body>Sorry, something went wrong.</body></html>"


@dataclass
class Call:
    """One request on its way through a fault."""

    app: ASGIApp
    api: str
    scope: Scope
    receive: Receive
    send: Send
    status: int = 0

    async def process(self, send: Callable[[Message], Awaitable[None]]) -> None:
        """Let the service work; its answer goes to `send`."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            await send(message)

        await self.app(self.scope, self.receive, noting)

    async def captured(self) -> tuple[Message, bytes]:
        """Let the service work; return the start of its answer and the body."""
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.process(keep)
        return start, bytes(body)

    async def answer(
        self, status: int, content_type: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send an answer that the service did not make."""
        self.status = status
        pairs = {"content-type": content_type, "content-length": str(len(body)), **(headers or {})}
        raw = [(key.encode(), value.encode()) for key, value in pairs.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    async def cut(self) -> None:
        """Close the connection at once; what was not yet written is lost."""
        transport: asyncio.Transport = self.scope["state"]["transport"]
        transport.abort()
        await self.gone()

    async def reset(self) -> None:
        """Reset the connection; what was written has left for the client."""
        transport: asyncio.Transport = self.scope["state"]["transport"]
        await asyncio.sleep(0.05)  # what stands in the buffers would be thrown away
        opened: socket.socket = transport.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.cut()

    async def cut_when_sent(self) -> None:
        """Close the connection after what was written has left."""
        transport: asyncio.Transport = self.scope["state"]["transport"]
        transport.close()
        await self.gone()

    async def gone(self) -> None:
        """Wait until the connection is closed."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def drain(self) -> None:
        """Read the whole request body, so that the client is not cut while it still writes."""
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return


async def _error_500(call: Call, _rule: Rule) -> None:
    await call.drain()
    await call.answer(500, "text/html; charset=utf-8", _ERROR_PAGE)


async def _drop_before(call: Call, _rule: Rule) -> None:
    await call.drain()
    await call.cut()


async def _drop_after(call: Call, _rule: Rule) -> None:
    await call.captured()
    await call.cut()


async def _hang(call: Call, rule: Rule) -> None:
    await call.drain()
    try:
        async with asyncio.timeout(rule.hold()):
            await call.gone()
    except TimeoutError:
        await call.cut()


async def _rate_limited(call: Call, rule: Rule) -> None:
    if call.api == "cliniko":
        headers = {"x-ratelimit-reset": str(int(time.time() + rule.hold()) + 1)}
    else:
        headers = {"x-ratelimit-reset": f"{rule.hold():g}", "retry-after": f"{rule.hold():g}"}
    await _over_limit(call, headers)


async def _retry_after(call: Call, rule: Rule) -> None:
    # The header counts in whole seconds (RFC 9110, section 10.2.3).
    await _over_limit(call, {"retry-after": str(math.ceil(rule.hold()))})


async def _bare_429(call: Call, _rule: Rule) -> None:
    await _over_limit(call, {})


async def _over_limit(call: Call, headers: Mapping[str, str]) -> None:
    await call.drain()
    await call.answer(429, "application/json", b'{"error":"request over limit"}', headers)


async def _html_200(call: Call, _rule: Rule) -> None:
    await call.drain()
    await call.answer(200, "text/html; charset=utf-8", _GATEWAY_PAGE)


async def _html_503(call: Call, _rule: Rule) -> None:
    await call.drain()
    await call.answer(503, "text/html; charset=utf-8", _GATEWAY_PAGE)


async def _empty_200(call: Call, _rule: Rule) -> None:
    await call.drain()
    await call.answer(200, "application/json; charset=utf-8", b"")


async def _wrong_shape(call: Call, _rule: Rule) -> None:
    await call.drain()
    await call.answer(200, "application/json; charset=utf-8", b'[{"message":"ok"}]')


async def _expired_link(call: Call, _rule: Rule) -> None:
    await call.drain()
    await call.answer(403, "application/xml", _EXPIRED)


async def _half_json(call: Call, _rule: Rule) -> None:
    start, body = await call.captured()
    half = body[: len(body) // 2]
    kept = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
    headers = [*kept, (b"content-length", str(len(half)).encode())]
    await call.send({**start, "headers": headers})
    await call.send({"type": "http.response.body", "body": half})


async def _reset_after_head(call: Call, _rule: Rule) -> None:
    start, _ = await call.captured()
    await call.send(start)
    await call.send({"type": "http.response.body", "body": b"", "more_body": True})
    await call.reset()


async def _reset_midway(call: Call, _rule: Rule) -> None:
    start, body = await call.captured()
    await call.send(start)
    half = body[: len(body) // 2]
    await call.send({"type": "http.response.body", "body": half, "more_body": True})
    await call.reset()


async def _trickle(call: Call, rule: Rule) -> None:
    start, body = await call.captured()
    await call.send(start)
    size = max(1, math.ceil(len(body) / _TRICKLE_PIECES))
    for place in range(0, len(body), size):
        await asyncio.sleep(rule.hold() / _TRICKLE_PIECES)
        piece = body[place : place + size]
        await call.send({"type": "http.response.body", "body": piece, "more_body": True})
    await call.send({"type": "http.response.body", "body": b""})


async def _html_403(call: Call, _rule: Rule) -> None:
    await call.drain()
    await call.answer(403, "text/html; charset=UTF-8", _BLOCKED_PAGE, {"server": "cloudflare"})


async def _truncated_json(call: Call, _rule: Rule) -> None:
    start, body = await call.captured()
    await call.send(start)
    half = body[: len(body) // 2]
    await call.send({"type": "http.response.body", "body": half, "more_body": True})
    await call.cut_when_sent()


async def _server_error_after(call: Call, _rule: Rule) -> None:
    await call.captured()
    await call.answer(500, "text/html; charset=utf-8", _ERROR_PAGE)


async def _slow(call: Call, rule: Rule) -> None:
    await asyncio.sleep(rule.hold())
    await call.process(call.send)


PLAYS: dict[str, Callable[[Call, Rule], Awaitable[None]]] = {
    "error_500": _error_500,
    "server_error_after": _server_error_after,
    "html_200": _html_200,
    "html_403": _html_403,
    "html_503": _html_503,
    "rate_limited_429": _rate_limited,
    "retry_after_429": _retry_after,
    "bare_429": _bare_429,
    "drop_before": _drop_before,
    "drop_after": _drop_after,
    "reset_after_head": _reset_after_head,
    "reset_midway": _reset_midway,
    "truncated_json": _truncated_json,
    "half_json": _half_json,
    "empty_200": _empty_200,
    "wrong_shape": _wrong_shape,
    "expired_link": _expired_link,
    "hang": _hang,
    "slow": _slow,
    "trickle": _trickle,
}
"""What happens to a request, by the kind of the rule that hit it."""
