"""Pipedrive's limits: the daily token budget, the rolling burst windows, the wall behind them.

Figures: Pipedrive docs, "Rate limiting" and "Usage limits in Pipedrive".
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

BURST_SECONDS = 2.0
SEARCH_BURST = 10
TOKENS_PER_SEAT = 30_000
APP = "app "
"""Begins the name of whoever calls as an OAuth app."""
APP_FACTOR = 4
"""An OAuth app may send so many times as many requests as an API token."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a subscription grants.

    Attributes:
        multiplier: Factor of the daily token budget.
        burst: Requests per rolling 2 seconds for an API token.
        custom_fields: Custom fields of the whole company.
        visibilities: Values that `visible_to` may take; the last one is the whole company.
    """

    multiplier: int
    burst: int
    custom_fields: int
    visibilities: tuple[int, ...]


PLANS = {
    "lite": Plan(1, 20, 30, (1, 3)),
    "growth": Plan(2, 40, 100, (1, 3)),
    "premium": Plan(5, 100, 300, (1, 3, 5, 7)),
    "ultimate": Plan(7, 120, 500, (1, 3, 5, 7)),
}


class Verdict(Enum):
    """What the gateway makes of a request."""

    ADMITTED = auto()
    OVER_BURST = auto()
    OVER_DAY = auto()
    BLOCKED = auto()


@dataclass
class Meter:
    """Counts requests and tokens; one for the company, as the real budget is.

    A refused request costs its price too: whether it does at Pipedrive is not documented, and a
    client that holds with the dearer reading holds with both.

    Attributes:
        plan: A key of `PLANS`.
        seats: Paid users.
        burst: Requests per 2 s, in place of the plan's.
        daily_tokens: The day's budget, in place of the plan's.
        spent: Tokens spent on `day`.
        day: The date `spent` belongs to.
        block_after: So many 429s within `block_within` seconds bring the HTML 403 for
            `block_seconds`.
    """

    plan: str = "ultimate"
    seats: int = 1
    burst: int | None = None
    daily_tokens: int | None = None
    spent: int = 0
    day: str = ""
    block_after: int = 30
    block_within: float = 10.0
    block_seconds: float = 60.0
    _calls: dict[str, deque[float]] = field(default_factory=dict)
    _searches: dict[str, deque[float]] = field(default_factory=dict)
    _refusals: deque[float] = field(default_factory=deque)
    _blocked_until: float = -math.inf

    def __post_init__(self) -> None:
        if not isinstance(self.plan, str) or self.plan not in PLANS:
            raise ValueError(f"plan must be one of {', '.join(PLANS)}, not {self.plan!r}")
        for name in ("seats", "burst", "daily_tokens"):
            given = getattr(self, name)
            if (given is None and name != "seats") or (type(given) is int and given >= 1):
                continue
            raise ValueError(f"{name} must be a whole number of at least 1, not {given!r}")
        if type(self.spent) is not int or self.spent < 0:
            raise ValueError(
                f"tokens_spent must be a whole number of at least 0, not {self.spent!r}"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the windows: monotonic times mean nothing to another process."""
        fresh: dict[str, Any] = {
            "_calls": {},
            "_searches": {},
            "_refusals": deque(),
            "_blocked_until": -math.inf,
        }
        return self.__dict__ | fresh

    @property
    def burst_limit(self) -> int:
        """Requests per rolling 2 s for an API token."""
        return self.burst or PLANS[self.plan].burst

    def burst_of(self, token: str) -> int:
        """Return the requests per rolling 2 s for whoever calls."""
        app = token.startswith(APP) and self.burst is None
        return self.burst_limit * APP_FACTOR if app else self.burst_limit

    @property
    def budget(self) -> int:
        """Tokens per day."""
        return self.daily_tokens or TOKENS_PER_SEAT * PLANS[self.plan].multiplier * self.seats

    @property
    def left(self) -> int:
        """Tokens left today."""
        return max(0, self.budget - self.spent)

    def admit(self, token: str, cost: int, *, search: bool, now: float, day: str) -> Verdict:
        """Count one request and judge it.

        Args:
            token: Who calls; each token has its own burst window.
            cost: Price of the operation in tokens.
            search: Whether it also counts for the search window.
            now: Seconds of a monotonic clock.
            day: The server's date, on whose change the budget starts anew.
        """
        if now < self._blocked_until:
            return Verdict.BLOCKED
        if day != self.day:
            self.day, self.spent = day, 0
        affordable = cost <= self.left
        self.spent += min(cost, self.left)
        if not affordable:
            return self._refuse(Verdict.OVER_DAY, now)
        calls = _window(self._calls, token, now)
        searches = _window(self._searches, token, now)
        if len(calls) >= self.burst_of(token) or (search and len(searches) >= SEARCH_BURST):
            return self._refuse(Verdict.OVER_BURST, now)
        calls.append(now)
        if search:
            searches.append(now)
        return Verdict.ADMITTED

    def headers(self, token: str, *, search: bool, now: float) -> dict[str, str]:
        """Return the rate headers of an answer; of a search those of the search window."""
        window = _window(self._searches if search else self._calls, token, now)
        burst = self.burst_of(token)
        limit = min(SEARCH_BURST, burst) if search else burst
        reset = math.ceil(window[0] + BURST_SECONDS - now) if window else int(BURST_SECONDS)
        return {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(0, limit - len(window))),
            "x-ratelimit-reset": str(reset),
            "x-daily-ratelimit-token-limit": str(self.budget),
            "x-daily-ratelimit-token-remaining": str(self.left),
        }

    def in_force(self) -> dict[str, Any]:
        """Return the limits as plain figures."""
        return {
            "plan": self.plan,
            "seats": self.seats,
            "burst": self.burst_limit,
            "search_burst": SEARCH_BURST,
            "daily_tokens": self.budget,
            "tokens_spent": self.spent,
            "tokens_left": self.left,
            "custom_fields": PLANS[self.plan].custom_fields,
        }

    def _refuse(self, verdict: Verdict, now: float) -> Verdict:
        refusals = self._refusals
        refusals.append(now)
        while refusals[0] <= now - self.block_within:
            refusals.popleft()
        if len(refusals) > self.block_after:
            self._blocked_until = now + self.block_seconds
            refusals.clear()
        return verdict


def _window(windows: dict[str, deque[float]], token: str, now: float) -> deque[float]:
    window = windows.setdefault(token, deque())
    while window and window[0] <= now - BURST_SECONDS:
        window.popleft()
    return window
