"""Pipedrive's limits as one small object: bursts, searches, and the day's tokens.

Official docs, "Rate limiting": a token may send so many requests in any rolling 2 s, searches
have a narrower window of their own, and the company has a budget of tokens a day.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from target_pipedrive.errors import BudgetSpent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import date

    from target_pipedrive.pipedrive.registry import Operation

BURSTS = {"lite": 20, "growth": 40, "premium": 100, "ultimate": 120}
"""Requests in any rolling 2 s with an API token, by subscription."""

MULTIPLIERS = {"lite": 1, "growth": 2, "premium": 5, "ultimate": 7}
"""Of the daily base, by subscription."""

BASE_TOKENS = 30_000
SEARCHES = 10
WINDOW = 2.05
"""Seconds; Pipedrive counts 2, but with a clock that need not run exactly like ours."""

SHORTEST_WAIT = 2.0
LONGEST_WAIT = 60.0


class Window:
    """At most `limit` requests in any `seconds`, as the server counts them.

    A request holds its slot from the moment it may leave until `seconds` after its answer. The
    server met it somewhere between the two, so its own window can never hold more than `limit`,
    however long requests are on their way. A log of sending times alone (such as
    pyrate-limiter's) cannot promise that: two requests may be further apart when they are sent
    than when they arrive. The price is the latency of one request in each window.
    """

    def __init__(
        self,
        limit: int,
        seconds: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()  # first come, first served
        self._under_way = 0
        self._answered: deque[float] = deque()
        self._changed = asyncio.Event()

    async def enter(self) -> None:
        """Take a slot; waits until one is free."""
        async with self._turn:
            while True:
                now = self._clock()
                while self._answered and self._answered[0] + self._seconds <= now:
                    self._answered.popleft()
                if self._under_way + len(self._answered) < self.limit:
                    self._under_way += 1
                    return
                if self._answered:
                    await self._sleep(self._answered[0] + self._seconds - now)
                else:
                    self._changed.clear()
                    await self._changed.wait()

    def leave(self) -> None:
        """Say that the request has been answered, or given up."""
        self._under_way -= 1
        self._answered.append(self._clock())
        self._changed.set()


@dataclass
class Limits:
    """What may still be sent, and what has been spent.

    Args:
        subscription: `lite`, `growth`, `premium` or `ultimate`.
        seats: Paid seats of the company.
        burst: Requests in any rolling 2 s; the subscription's when None.
        daily_tokens: Budget of a day; the subscription's when None.
        spent: Tokens spent earlier today by other runs of ours.
        clock: Monotonic seconds.
        sleep: Waits for so many seconds.
        today: The current time in UTC.
    """

    subscription: str
    seats: int
    burst: int | None = None
    daily_tokens: int | None = None
    spent: int = 0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    by_operation: Counter[str] = field(default_factory=Counter, init=False)

    def __post_init__(self) -> None:
        burst = BURSTS[self.subscription] if self.burst is None else self.burst
        self._burst = Window(burst, WINDOW, self.clock, self.sleep)
        self._searches = Window(min(SEARCHES, burst), WINDOW, self.clock, self.sleep)
        self._day = self.today().date()
        self._left_by_server: int | None = None
        self._paused_until = 0.0
        self._untaken: dict[str, list[int]] = {}

    @property
    def budget(self) -> int:
        """Tokens of a day."""
        if self.daily_tokens is not None:
            return self.daily_tokens
        return BASE_TOKENS * MULTIPLIERS[self.subscription] * self.seats

    @property
    def burst_limit(self) -> int:
        """Requests in any rolling 2 s that are in force now."""
        return self._burst.limit

    @property
    def left(self) -> int:
        """Tokens that today still has, by our count or the server's, whichever is lower."""
        ours = self.budget - self.spent
        return ours if self._left_by_server is None else min(ours, self._left_by_server)

    async def admit(self, operation: Operation) -> None:
        """Wait until a request may leave, and count its price.

        Every admitted request must be followed by `answered`, whatever becomes of it.

        Raises:
            BudgetSpent: The request would pass the day's budget.
        """
        self._check_budget(operation)
        if operation.search:
            await self._searches.enter()
        try:
            await self._burst.enter()
            try:
                while (wait := self._paused_until - self.clock()) > 0:
                    await self.sleep(wait)
                self._check_budget(operation)  # others have spent while this one waited
            except BaseException:
                self._burst.leave()
                raise
        except BaseException:
            if operation.search:
                self._searches.leave()
            raise
        self._count(operation)

    def answered(self, operation: Operation) -> None:
        """Give the request's slot back: it was answered, failed, or was called off."""
        self._burst.leave()
        if operation.search:
            self._searches.leave()

    def on_headers(self, headers: Mapping[str, str], *, search: bool = False) -> None:
        """Believe the server where it is stricter than we are.

        Args:
            headers: Of any answer; the rate headers may be missing.
            search: The answer is a search's, whose limit is another one.
        """
        limit = _number(headers, "x-ratelimit-limit")
        if limit is not None and not search and 0 < limit < self._burst.limit:
            self._burst.limit = limit
        left = _number(headers, "x-daily-ratelimit-token-remaining")
        if left is not None and left < self.left:
            self._left_by_server = left

    def on_429(self, headers: Mapping[str, str]) -> float:
        """How long to wait after a 429; nobody else leaves before that either.

        Returns:
            Seconds.

        Raises:
            BudgetSpent: The day's tokens are gone.
        """
        left = _number(headers, "x-daily-ratelimit-token-remaining")
        if left is not None and left <= 0:
            self._left_by_server = 0
            raise BudgetSpent(self._spent_message())
        asked = max(
            _number(headers, "retry-after") or 0, _number(headers, "x-ratelimit-reset") or 0
        )
        wait = min(max(float(asked), SHORTEST_WAIT), LONGEST_WAIT)
        self._paused_until = max(self._paused_until, self.clock() + wait)
        return wait

    def take_spent(self) -> dict[str, tuple[int, int]]:
        """What was spent since the last call: operation → (requests, tokens)."""
        taken = {name: (calls, tokens) for name, (calls, tokens) in self._untaken.items()}
        self._untaken.clear()
        return taken

    def _count(self, operation: Operation) -> None:
        self.spent += operation.cost
        if self._left_by_server is not None:
            self._left_by_server -= operation.cost
        self.by_operation[operation.name] += 1
        entry = self._untaken.setdefault(operation.name, [0, 0])
        entry[0] += 1
        entry[1] += operation.cost

    def _check_budget(self, operation: Operation) -> None:
        day: date = self.today().date()
        if day != self._day:
            self._day, self.spent, self._left_by_server = day, 0, None
        if operation.cost > self.left:
            raise BudgetSpent(self._spent_message())

    def _spent_message(self) -> str:
        now = self.today()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        minutes = int((midnight - now).total_seconds() // 60) + 1
        others = ""
        if self._left_by_server is not None and self._left_by_server < self.budget - self.spent:
            others = f" Pipedrive says that {max(self._left_by_server, 0):,} are left."
        return (
            f"The day's tokens are spent: {self.spent:,} of {self.budget:,} by this project."
            f"{others} Run the same command again after 00:00 UTC, in {minutes // 60} h "
            f"{minutes % 60} min (Pipedrive does not say in which time zone its day ends); "
            "it goes on where this run stopped."
        )


def _number(headers: Mapping[str, str], name: str) -> int | None:
    """A header as a number; None when it is missing or no number, for none of them is promised."""
    try:
        return int(float(headers[name]))
    except (KeyError, ValueError, OverflowError):
        return None
