"""Pipedrive's limits as one small object: bursts, searches, and the day's tokens.

Official docs, "Rate limiting": a token may send so many requests in any rolling 2 s, searches
have a narrower window of their own, and the company has a budget of tokens a day.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from target_pipedrive.errors import BudgetSpent
from target_pipedrive.pipedrive.window import Way, Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import date

    from target_pipedrive.pipedrive.operations import Operation

logger = logging.getLogger(__name__)

BURSTS = {"lite": 20, "growth": 40, "premium": 100, "ultimate": 120}
"""Requests in any rolling 2 s with an API token, by subscription."""

APP_BURSTS = {name: 4 * burst for name, burst in BURSTS.items()}
"""The same with the access tokens of an OAuth app."""

MULTIPLIERS = {"lite": 1, "growth": 2, "premium": 5, "ultimate": 7}
"""Of the daily base, by subscription."""

BASE_TOKENS = 30_000
SEARCHES = 10
LOOK_SECONDS = 1.0
"""Between two looks whether a new day has begun."""

ASK_SECONDS = 3600.0
"""Between two requests that ask whether Pipedrive's day has begun; its time zone is not told."""

SHORTEST_WAIT = 2.0
LONGEST_WAIT = 60.0


@dataclass
class Limits:
    """What may still be sent, and what has been spent.

    Args:
        subscription: `lite`, `growth`, `premium` or `ultimate`.
        seats: Paid seats of the company.
        burst: Requests in any rolling 2 s; the subscription's when None.
        daily_tokens: Budget of a day; the subscription's when None.
        spent: Tokens spent earlier today by other runs of ours.
        reserve: Tokens of the day to leave for others.
        wait: Wait for the next day's tokens instead of ending the run.
        clock: Monotonic seconds.
        sleep: Waits for so many seconds.
        today: The current time in UTC.
    """

    subscription: str
    seats: int
    burst: int | None = None
    daily_tokens: int | None = None
    spent: int = 0
    reserve: int = 0
    wait: bool = False
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    by_operation: Counter[str] = field(default_factory=Counter, init=False)
    spent_here: int = field(default=0, init=False)
    """Tokens spent through these limits, whatever the day."""

    def __post_init__(self) -> None:
        burst = BURSTS[self.subscription] if self.burst is None else self.burst
        self._way = Way()
        self._burst = Window(burst, self._way, self.clock, self.sleep)
        self._searches = Window(min(SEARCHES, burst), self._way, self.clock, self.sleep)
        self._day = self.today().date()
        self._left_by_server: int | None = None
        self._paused_until = 0.0
        self._ask_at = float("inf")
        """When one request may ask whether the server's day has begun."""
        self._asking = False
        self._given_up = False
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

    async def admit(self, operation: Operation) -> float:
        """Wait until a request may leave, and count its price.

        Every admitted request must be followed by `answered`, whatever becomes of it.

        Returns:
            When it leaves.

        Raises:
            BudgetSpent: The request would pass the day's budget.
        """
        asks = await self._afford(operation)
        if operation.search:
            await self._searches.enter()
        try:
            await self._burst.enter()
            try:
                while (wait := self._paused_until - self.clock()) > 0:
                    await self.sleep(wait)
                if not asks:
                    await self._afford(operation)  # others have spent while this one waited
            except BaseException:
                self._burst.leave()
                raise
        except BaseException:
            if operation.search:
                self._searches.leave()
            raise
        self._count(operation)
        return self.clock()

    def answered(self, operation: Operation, left: float | None = None) -> None:
        """Give the request's slot back: it was answered, failed, or was called off.

        Args:
            operation: What was asked.
            left: When it left, if it was answered.
        """
        early = 0.0
        if left is not None:
            took = self.clock() - left
            self._way.took(took, self.clock())
            early = min(took, self._way.shortest(self.clock()))
        self._burst.leave(early)
        if operation.search:
            self._searches.leave(early)

    def on_headers(self, headers: Mapping[str, str], *, search: bool = False) -> None:
        """Believe the server where it is stricter than we are.

        Args:
            headers: Of any answer; the rate headers may be missing.
            search: The answer is a search's, whose limit is another one.
        """
        limit = _number(headers, "x-ratelimit-limit")
        if limit is not None and not search and 0 < limit < self._burst.most:
            self._burst.lower(limit)
        left = _number(headers, "x-daily-ratelimit-token-remaining")
        if left is not None and (self._asking or left < self.left):
            self._left_by_server, self._asking = left, False
            self._ask_at = self.clock() + ASK_SECONDS

    def on_429(self, headers: Mapping[str, str]) -> float | None:
        """How long to wait after a 429; nobody else leaves before that either.

        Returns:
            Seconds; None when the day's tokens are gone and shall be waited for.

        Raises:
            BudgetSpent: The day's tokens are gone.
        """
        left = _number(headers, "x-daily-ratelimit-token-remaining")
        if left is not None and left <= 0:
            self._left_by_server = 0
            if not self.wait:
                raise BudgetSpent(self._spent_message())
            self._ask_at = self.clock() + ASK_SECONDS
            return None
        asked = max(
            _number(headers, "retry-after") or 0, _number(headers, "x-ratelimit-reset") or 0
        )
        wait = min(max(float(asked), SHORTEST_WAIT), LONGEST_WAIT)
        if self.clock() >= self._paused_until:  # one slow-down for all that met the same wall
            self._burst.slow_down()
        self._way.forget(self.clock())
        self._paused_until = max(self._paused_until, self.clock() + wait)
        return wait

    def take_spent(self) -> dict[str, tuple[int, int]]:
        """What was spent since the last call: operation → (requests, tokens)."""
        taken = {name: (calls, tokens) for name, (calls, tokens) in self._untaken.items()}
        self._untaken.clear()
        return taken

    def _count(self, operation: Operation) -> None:
        self.spent += operation.cost
        self.spent_here += operation.cost
        if self._left_by_server is not None:
            self._left_by_server -= operation.cost
        self.by_operation[operation.name] += 1
        entry = self._untaken.setdefault(operation.name, [0, 0])
        entry[0] += 1
        entry[1] += operation.cost

    def spent_by_all(self, tokens: int) -> None:
        """Every process on the ledger has spent so much today, as far as it was written down."""
        self.spent = tokens + sum(untaken for _, untaken in self._untaken.values())

    def give_up(self) -> None:
        """Wait for no other day: the run is to end."""
        self._given_up = True

    async def _afford(self, operation: Operation) -> bool:
        """Return when the day has tokens for a request; wait for them only if told so.

        Returns:
            Whether the request is to ask if the server's day has begun.
        """
        told = False
        while not self._affordable(operation):
            if not self.wait or self._given_up:
                raise BudgetSpent(self._spent_message())
            if not told:
                told = True
                logger.warning("%s Waiting for the next day.", self._spent_message())
            await self.sleep(LOOK_SECONDS)
            if self._may_ask():
                return True
        return False

    def _affordable(self, operation: Operation) -> bool:
        day: date = self.today().date()
        if day != self._day:
            self._day, self.spent = day, 0
            if self._left_by_server is not None and self._left_by_server <= self.reserve:
                self._ask_at = self.clock()  # its day may end later: one request asks first
            else:
                self._left_by_server = None
        if operation.cost > self.budget - self.spent - self.reserve:
            return False
        return self._left_by_server is None or (
            operation.cost <= self._left_by_server - self.reserve
        )

    def _may_ask(self) -> bool:
        """Return whether to send a request although the server's day seems to be spent."""
        ours = self.budget - self.spent - self.reserve
        if self.clock() < self._ask_at or ours <= 0:
            return False
        self._ask_at, self._asking = self.clock() + ASK_SECONDS, True
        return True

    def _spent_message(self) -> str:
        now = self.today()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        minutes = int((midnight - now).total_seconds() // 60) + 1
        others = ""
        if self._left_by_server is not None and self._left_by_server < self.budget - self.spent:
            others = f" Pipedrive says that {max(self._left_by_server, 0):,} are left."
        if self.reserve:
            others += f" {self.reserve:,} are reserved (`reserve_tokens`)."
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
