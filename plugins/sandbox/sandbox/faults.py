"""Faults on order: rules that say which requests fail, and the ASGI wrapper that plays them.

A rule names a service, narrows by method and path, and counts its matches, so that a rehearsal
can say "commit every seventh POST, then drop the connection" and get exactly that.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.journal import Journal

Kind = Literal[
    "error_500",
    "drop_before",
    "drop_after",
    "hang",
    "rate_limited_429",
    "html_403",
    "truncated_json",
    "server_error_after",
    "slow",
]
KINDS: tuple[str, ...] = get_args(Kind)
APIS = ("cliniko", "pipedrive", "storage")
_DEFAULT_SECONDS = {"hang": 30.0, "slow": 1.0, "rate_limited_429": 2.0}

_BLOCKED_PAGE = b"""<!DOCTYPE html>
<html lang="en-US"><head><title>Attention Required! | Cloudflare</title></head>
<body><h1>Sorry, you have been blocked</h1><p>Error 1020</p></body></html>
"""
_ERROR_PAGE = b"<html><title>500</title><body>Sorry, something went wrong.</body></html>"


class BadRuleError(ValueError):
    """A fault rule that cannot be read; the text says what to write instead."""


@dataclass
class Rule:
    """Which requests fail, how, and how often.

    Attributes:
        api: The service: `cliniko`, `pipedrive` or `storage`.
        kind: What happens, one of `KINDS`.
        method: Only this HTTP method; any when left out.
        path: Only paths in which this regular expression is found; any when left out.
        after: Let so many matching requests pass first.
        every: Fail each n-th matching request (1 = all).
        times: Fail so many requests at most; no limit when left out.
        seconds: How long `hang` and `slow` hold, and when a `rate_limited_429` ends.
        matched: Requests that matched so far.
        fired: Requests that were failed so far.
    """

    api: str
    kind: Kind
    method: str | None = None
    path: str | None = None
    after: int = 0
    every: int = 1
    times: int | None = None
    seconds: float | None = None
    matched: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        if self.api not in APIS:
            raise BadRuleError(f"api must be one of {', '.join(APIS)}, not {self.api!r}")
        if self.kind not in KINDS:
            raise BadRuleError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.every < 1:
            raise BadRuleError(f"every must be 1 or more, not {self.every}")
        try:
            self._pattern = re.compile(self.path or "")
        except re.error as error:
            raise BadRuleError(f"path is not a regular expression: {error}") from error

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Rule:
        """Read a rule from JSON.

        Raises:
            BadRuleError: A key is unknown or a value makes no sense.
        """
        known = {"api", "kind", "method", "path", "after", "every", "times", "seconds"}
        if unknown := sorted(given.keys() - known):
            raise BadRuleError(
                f"unknown key {', '.join(unknown)}; a rule has {', '.join(sorted(known))}"
            )
        if missing := sorted({"api", "kind"} - given.keys()):
            raise BadRuleError(f"a rule needs {' and '.join(missing)}")
        return cls(**given)

    def hits(self, method: str, path: str) -> bool:
        """Count a request; say whether this rule fails it."""
        if self.method and self.method.upper() != method:
            return False
        if not self._pattern.search(path):
            return False
        self.matched += 1
        if self.matched <= self.after or (self.times is not None and self.fired >= self.times):
            return False
        if (self.matched - self.after) % self.every:
            return False
        self.fired += 1
        return True

    def hold(self) -> float:
        """Return how long the fault lasts, in seconds."""
        return _DEFAULT_SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds


@dataclass
class Faults:
    """The rules in force, in order; the first that hits a request decides."""

    rules: list[Rule] = field(default_factory=list)

    def add(self, given: Mapping[str, Any]) -> Rule:
        """Append a rule.

        Raises:
            BadRuleError: The rule cannot be read.
        """
        rule = Rule.parse(given)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Drop all rules."""
        self.rules.clear()

    def as_list(self) -> list[dict[str, Any]]:
        """Return the rules with their counts."""
        return [asdict(rule) for rule in self.rules]

    def choose(self, api: str, method: str, path: str) -> Rule | None:
        """Return the rule that fails this request, if any."""
        for rule in self.rules:
            if rule.api == api and rule.hits(method, path):
                return rule
        return None


def asgi(app: ASGIApp, api: str, faults: Faults, journal: Journal) -> ASGIApp:
    """Wrap a service: play the faults that are ordered for it and log each request.

    The service may leave `tokens` (int) and `operation` (str) in `request.state`; both go into
    the log. Cutting a connection needs the transport in `scope["state"]["transport"]`, which
    `sandbox.server` puts there.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        arrived = time.monotonic()
        state: dict[str, Any] = scope.setdefault("state", {})
        rule = faults.choose(api, scope["method"], scope["path"])
        call = _Call(app, api, scope, receive, send)
        try:
            if rule is None:
                await call.process(send)
            else:
                await _PLAYS[rule.kind](call, rule)
        finally:
            journal.add(
                api,
                scope["method"],
                scope["path"],
                scope["query_string"].decode("latin-1"),
                call.status,
                int(state.get("tokens", 0)),
                rule.kind if rule else None,
                operation=str(state.get("operation", "")),
                t=arrived,
            )

    return wrapped


@dataclass
class _Call:
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


async def _error_500(call: _Call, _rule: Rule) -> None:
    await call.drain()
    await call.answer(500, "text/html; charset=utf-8", _ERROR_PAGE)


async def _drop_before(call: _Call, _rule: Rule) -> None:
    await call.drain()
    await call.cut()


async def _drop_after(call: _Call, _rule: Rule) -> None:
    await call.captured()
    await call.cut()


async def _hang(call: _Call, rule: Rule) -> None:
    await call.drain()
    try:
        async with asyncio.timeout(rule.hold()):
            await call.gone()
    except TimeoutError:
        await call.cut()


async def _rate_limited(call: _Call, rule: Rule) -> None:
    await call.drain()
    if call.api == "cliniko":
        headers = {"x-ratelimit-reset": str(int(time.time() + rule.hold()) + 1)}
    else:
        headers = {"x-ratelimit-reset": f"{rule.hold():g}", "retry-after": f"{rule.hold():g}"}
    await call.answer(429, "application/json", b'{"error":"request over limit"}', headers)


async def _html_403(call: _Call, _rule: Rule) -> None:
    await call.drain()
    await call.answer(403, "text/html; charset=UTF-8", _BLOCKED_PAGE, {"server": "cloudflare"})


async def _truncated_json(call: _Call, _rule: Rule) -> None:
    start, body = await call.captured()
    await call.send(start)
    half = body[: len(body) // 2]
    await call.send({"type": "http.response.body", "body": half, "more_body": True})
    await call.cut_when_sent()


async def _server_error_after(call: _Call, _rule: Rule) -> None:
    await call.captured()
    await call.answer(500, "text/html; charset=utf-8", _ERROR_PAGE)


async def _slow(call: _Call, rule: Rule) -> None:
    await asyncio.sleep(rule.hold())
    await call.process(call.send)


_PLAYS: dict[str, Callable[[_Call, Rule], Awaitable[None]]] = {
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
