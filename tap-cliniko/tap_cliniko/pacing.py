"""Never more than so many requests in any rolling minute.

Cliniko counts 200 requests per minute and user when they arrive (Cliniko docs, "Rate limiting").
A request arrives at some moment between its sending and its answer, so a slot is given back one
minute after the *answer*: whatever the network does in between, the server's own rolling window
stays within the limit. Limiters that count sendings cannot promise that.

Other software may use keys of the same user and spend the same limit unseen. Then Cliniko answers
429 although this window has room: the window closes until Cliniko's own reset, and when that does
not help for long, it works with three quarters of its limit for a while.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WINDOW_SECONDS = 60.0

CALM_SECONDS = 600.0
"""A 429 within so long of another is a repeated one; after so long without, all is as before."""

logger = logging.getLogger("tap-cliniko.client")


class Pacer:
    """A strict rolling window, shared by all threads.

    Args:
        limit: Requests allowed in any window.
        sleep: How to wait.
        window: Length of the window in seconds.
        clock: A clock in seconds that never goes back.
    """

    def __init__(
        self,
        limit: int,
        sleep: Callable[[float], None],
        window: float = WINDOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._full = self._limit = limit
        self._sleep = sleep
        self._window = window
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = 0
        self._ended: deque[float] = deque()
        self._closed_until = self._throttled_at = float("-inf")

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for room in the window and hold it for one request."""
        while (delay := self._take()) > 0:
            self._sleep(delay)
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                self._ended.append(self._clock())

    def throttled(self, seconds: float) -> None:
        """Let no request of any thread begin for so many seconds, after a 429.

        Requests of several threads may be refused at the same time; that is one 429.
        """
        with self._lock:
            now = self._clock()
            if now >= self._closed_until:
                self._tell(seconds, repeated=now < self._throttled_at + CALM_SECONDS)
            self._throttled_at = now
            self._closed_until = max(self._closed_until, now + seconds)

    def _tell(self, seconds: float, *, repeated: bool) -> None:
        logger.info("Cliniko asks to wait (HTTP 429): going on in %.0f s", seconds)
        if not repeated:
            return
        if self._limit == self._full:
            logger.warning(
                "other software seems to use keys of the same Cliniko user: going on more slowly; "
                "set requests_per_minute to what is left for this tap"
            )
        self._limit = max(self._limit * 3 // 4, 1)

    def _take(self) -> float:
        """Take a slot and answer 0, or answer the seconds until it is worth asking again."""
        with self._lock:
            now = self._clock()
            while self._ended and self._ended[0] + self._window <= now:
                self._ended.popleft()
            if now < self._closed_until:
                return self._closed_until - now
            if now >= self._throttled_at + CALM_SECONDS:
                self._limit = self._full
            if self._under_way + len(self._ended) < self._limit:
                self._under_way += 1
                return 0.0
            if self._ended:
                return self._ended[0] + self._window - now
            return 0.01  # all slots are held by requests under way
