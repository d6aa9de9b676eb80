"""How each kind of fault is played on a request."""

from __future__ import annotations

import asyncio
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
    await call.drain()
    if call.api == "cliniko":
        headers = {"x-ratelimit-reset": str(int(time.time() + rule.hold()) + 1)}
    else:
        headers = {"x-ratelimit-reset": f"{rule.hold():g}", "retry-after": f"{rule.hold():g}"}
    await call.answer(429, "application/json", b'{"error":"request over limit"}', headers)


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
    "drop_before": _drop_before,
    "drop_after": _drop_after,
    "hang": _hang,
    "rate_limited_429": _rate_limited,
    "html_403": _html_403,
    "truncated_json": _truncated_json,
    "server_error_after": _server_error_after,
    "slow": _slow,
}
"""What happens to a request, by the kind of the rule that hit it."""
