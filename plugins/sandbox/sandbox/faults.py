"""Faults on order: rules that say which requests fail, and the ASGI wrapper that plays them.

A rule names a service, narrows by method and path, and counts its matches, so that a rehearsal
can say "commit every seventh POST, then drop the connection" and get exactly that.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.faultkinds import KINDS
from sandbox.plays import PLAYS, Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from sandbox.journal import Journal

APIS = ("cliniko", "pipedrive", "storage")
_DEFAULT_SECONDS = {
    "hang": 30.0,
    "slow": 1.0,
    "trickle": 2.0,
    "rate_limited_429": 2.0,
    "retry_after_429": 2.0,
}


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
        seconds: How long `hang`, `slow` and `trickle` take, and when a limit of rate ends.
        matched: Requests that matched so far.
        fired: Requests that were failed so far.
    """

    api: str
    kind: str
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
        for name, least in (("after", 0), ("every", 1), ("times", 0)):
            count = getattr(self, name)
            if type(count) is not int and (name, count) != ("times", None):
                raise BadRuleError(f"{name} must be a whole number, not {count!r}")
            if count is not None and count < least:
                raise BadRuleError(f"{name} must be {least} or more, not {count}")
        if self.seconds is not None and not _is_duration(self.seconds):
            raise BadRuleError(f"seconds must be a number of 0 or more, not {self.seconds!r}")
        for name in ("method", "path"):
            if not isinstance(getattr(self, name), str | None):
                raise BadRuleError(f"{name} must be a text, not {getattr(self, name)!r}")
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


def _is_duration(value: object) -> bool:
    return type(value) in {int, float} and 0 <= value < math.inf  # type: ignore[operator] # a number by the first half


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
        call = Call(app, api, scope, receive, send)
        try:
            if rule is None:
                await call.process(send)
            else:
                await PLAYS[rule.kind](call, rule)
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
