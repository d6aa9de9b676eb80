"""How fast something grows, lately."""

from __future__ import annotations

from collections import deque

LATELY = 60.0
"""Seconds that count: long enough to be steady, short enough to show a standstill."""


class Pace:
    """Growth of a few numbers over the last minute.

    Args:
        now: Monotonic seconds.
        numbers: Where they start.
    """

    def __init__(self, now: float, *numbers: int) -> None:
        self._seen: deque[tuple[float, tuple[int, ...]]] = deque([(now, numbers)])

    def at(self, now: float, *numbers: int) -> tuple[float, ...]:
        """Take what they are now; return by how much each grew a second."""
        if any(new < old for new, old in zip(numbers, self._seen[-1][1], strict=True)):
            self._seen.clear()  # such as the day's tokens, which begin at 0 again
        self._seen.append((now, numbers))
        while len(self._seen) > 2 and now - self._seen[1][0] >= LATELY:  # noqa: PLR2004 - two make a pace
            self._seen.popleft()
        since, before = self._seen[0]
        seconds = now - since
        if seconds <= 0:
            return (0.0,) * len(numbers)
        return tuple((new - old) / seconds for new, old in zip(numbers, before, strict=True))
