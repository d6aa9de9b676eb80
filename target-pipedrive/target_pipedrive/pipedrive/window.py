"""A rolling window as the server counts it, kept by a client that only knows its own clock."""

from __future__ import annotations

import asyncio
import heapq
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WINDOW = 2.002
"""Seconds; Pipedrive counts 2, but with a clock that need not run exactly like ours."""

MEMORY = 60.0
"""Seconds that the shortest way is remembered; so long nothing is presumed after a 429."""

ENOUGH = 20
"""Answers before their times say something about the way."""

DOUBT = 2.5
"""How much shorter than seen the way may be: parts of its variation, by the root of its number."""

SLOWER = 0.8
"""Part of the limit that is left after a 429: something else uses this token, too."""

FASTER = 10.0
"""Seconds without a 429 after which a twentieth more is tried, up to the whole limit."""


@dataclass(frozen=True, slots=True)
class _Answers:
    """How many there were, their seconds together, and those of the quickest."""

    number: int = 0
    total: float = 0.0
    shortest: float = math.inf

    def and_one(self, seconds: float) -> _Answers:
        return _Answers(self.number + 1, self.total + seconds, min(self.shortest, seconds))

    def and_all(self, others: _Answers) -> _Answers:
        return _Answers(
            self.number + others.number,
            self.total + others.total,
            min(self.shortest, others.shortest),
        )


class Way:
    """How long the way to the server and back takes at the least, by the answers of late.

    The shortest answer seen is never quite the shortest there can be. How far it may still be
    from it goes by how much answers vary and how many there were: a way there and another way
    back, each of its own length, are seldom both short.

    Two half-minutes are kept, so that what is known is half a minute to a whole one old.
    """

    def __init__(self) -> None:
        self._begins = 0.0
        self._now = self._before = _Answers()
        self._not_before = float("-inf")

    def took(self, seconds: float, now: float) -> None:
        """An answer came after so many seconds."""
        if now < self._not_before:
            return
        if now - self._begins > MEMORY / 2:
            self._begins, self._before, self._now = now, self._now, _Answers()
        self._now = self._now.and_one(seconds)

    def shortest(self, now: float) -> float:
        """Return the shortest time of late; 0 while too little is known."""
        known = self._now.and_all(self._before)
        if known.number < ENOUGH or now < self._not_before:
            return 0.0
        varies = known.total / known.number - known.shortest
        return max(0.0, known.shortest - DOUBT * varies / math.sqrt(known.number))

    def forget(self, now: float) -> None:
        """What was presumed about the way was wrong, or the server counts more than ours."""
        self._now = self._before = _Answers()
        self._not_before = now + MEMORY


class Window:
    """At most `most` requests in any `seconds`, as the server counts them.

    The server meets a request somewhere between its sending and its answer. For two requests a
    window apart, the second still has to go there after it was sent, and the first one's answer
    had to come back before it was here: both together take no less than the shortest way there
    and back. So a slot is free `seconds` after its answer, less that shortest way. As long as
    nothing is known of the way it counts as 0, and the window holds whatever happens on it; later
    it holds unless a way there and another way back are together shorter than any whole one has
    been of late. A log of sending times alone cannot promise either: two requests may be further
    apart when they are sent than when they arrive.

    Args:
        most: Requests in a window.
        way: How long the way takes.
        clock: Monotonic seconds.
        sleep: Waits for so many seconds.
        seconds: Length of the window.
    """

    def __init__(
        self,
        most: int,
        way: Way,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
        seconds: float = WINDOW,
    ) -> None:
        self.most = most
        self.limit = most
        self._way = way
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()  # first come, first served
        self._under_way = 0
        self._free_at: list[float] = []  # a heap
        self._changed = asyncio.Event()
        self._raise_at = float("inf")

    async def enter(self) -> None:
        """Take a slot; waits until one is free."""
        async with self._turn:
            while True:
                now = self._clock()
                self._recover(now)
                while self._free_at and self._free_at[0] <= now:
                    heapq.heappop(self._free_at)
                if self._under_way + len(self._free_at) < self.limit:
                    self._under_way += 1
                    return
                if self._free_at:
                    await self._sleep(self._free_at[0] - now)
                else:
                    self._changed.clear()
                    await self._changed.wait()

    def leave(self, early: float = 0.0) -> None:
        """Say that the request has been answered, or given up.

        Args:
            early: Seconds by which its slot is free before the window after its answer is over.
        """
        self._under_way -= 1
        heapq.heappush(self._free_at, self._clock() + self._seconds - early)
        self._changed.set()

    def lower(self, most: int) -> None:
        """The server allows less than we thought."""
        self.most = most
        self.limit = min(self.limit, most)

    def slow_down(self) -> None:
        """The server met too many: leave room for whoever else sends."""
        self.limit = max(1, int(self.limit * SLOWER))
        self._raise_at = self._clock() + FASTER

    def _recover(self, now: float) -> None:
        if now < self._raise_at:
            return
        self.limit = min(self.most, self.limit + max(1, self.most // 20))
        self._raise_at = now + FASTER if self.limit < self.most else float("inf")
