"""Where a run stood at times of its past: as many as a drawing needs, however long it takes."""

from __future__ import annotations

from datetime import UTC, datetime

from target_pipedrive.report import Moment

MOST = 1_000
"""Moments that are kept; a page is not much wider in points."""


class Trail:
    """Moments of a run, evenly spread over it.

    Args:
        most: So many are kept; when there are more, every second one goes, and from then on only
            every second one is taken.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._moments: list[Moment] = []
        self._every = 1
        self._met = 0

    def note(self, at: float, written: int, tokens: int) -> None:
        """Take a moment, unless enough are taken around it.

        Args:
            at: Epoch seconds.
            written: Objects written so far.
            tokens: Tokens spent so far.
        """
        if self._met % self._every == 0:
            self._moments.append(Moment(datetime.fromtimestamp(at, UTC), written, tokens))
        self._met += 1
        if len(self._moments) > self._most:
            self._moments = self._moments[::2]
            self._every *= 2

    def moments(self, at: float, written: int, tokens: int) -> tuple[Moment, ...]:
        """Return the moments up to the last one, which is given."""
        return (*self._moments, Moment(datetime.fromtimestamp(at, UTC), written, tokens))
