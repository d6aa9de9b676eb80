"""Telling how far a run is, from within it: to its terminal or log, and to its ledger."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING

from target_pipedrive.progress.live import Screen
from target_pipedrive.progress.pace import Pace
from target_pipedrive.progress.picture import Picture
from target_pipedrive.progress.trail import Trail
from target_pipedrive.progress.view import line

if TYPE_CHECKING:
    from target_pipedrive.counts import Counts
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.pipedrive import Limits
    from target_pipedrive.report import Moment

logger = logging.getLogger("target_pipedrive")

NOTED = "progress"
"""Under which the ledger's book has the newest picture."""

LOOK_SECONDS = 1.0
"""Between two pictures."""

LINE_SECONDS = 30.0
"""Between two lines in the log, where there is no terminal."""


class Progress:
    """Watches a run from within.

    Args:
        mode: What the run is for.
        counts: What it does.
        limits: What it spends.
        ledger: Where pictures of it are noted, in whatever commit comes next.
    """

    def __init__(self, mode: str, counts: Counts, limits: Limits, ledger: Ledger) -> None:
        self._mode = mode
        self._counts = counts
        self._limits = limits
        self._ledger = ledger
        self._began = time.time()
        self._screen = Screen.of_stderr()
        now = time.monotonic()
        self._pace = Pace(now, 0, limits.spent)
        self._looked = self._told = now
        self._trail = Trail()
        self.budget = max(0, limits.left - limits.reserve)
        """Tokens that the run might spend when it began."""

    def moments(self) -> tuple[Moment, ...]:
        """Where the run stood, from its beginning until now."""
        return self._trail.moments(time.time(), self._counts.written(), self._limits.spent_here)

    def begin(self) -> None:
        """The run begins."""
        picture = self._note(time.monotonic())
        if self._screen is not None:
            self._screen.open()
            self._screen.show(picture, "begins")

    def tick(self) -> None:
        """Some time has passed, perhaps too little to tell of."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        picture = self._note(now)
        if self._screen is not None:
            self._screen.show(picture, "goes on")
        elif now - self._told >= LINE_SECONDS:
            self._told = now
            logger.info(line(picture))

    def end(self, *, noted: bool) -> None:
        """The run has ended: what follows is its summary.

        Args:
            noted: Whether the ledger can still be written.
        """
        try:
            if noted:
                picture = self._note(time.monotonic())
                if self._screen is not None:
                    self._screen.show(picture, "ends")
        finally:
            if self._screen is not None:
                self._screen.close()

    def _note(self, now: float) -> Picture:
        self._looked = now
        picture = self._picture(now)
        self._trail.note(picture.at, sum(picture.written.values()), self._limits.spent_here)
        self._ledger.book.note(NOTED, picture.dumps())
        return picture

    def _picture(self, now: float) -> Picture:
        counts, limits = self._counts, self._limits
        left_out: Counter[str] = Counter()
        for (stream, _), number in counts.left_out.items():
            left_out[stream] += number
        written, stood = counts.by_object()
        rate, burn = self._pace.at(now, written.total(), limits.spent)
        return Picture(
            run=self._ledger.run,
            mode=self._mode,
            began=self._began,
            at=time.time(),
            read=dict(counts.read),
            left_out=dict(left_out),
            written=dict(written),
            stood=dict(stood),
            rejected=self._ledger.survey.rejected(),
            requests=limits.by_operation.total(),
            tokens=limits.spent,
            left=max(0, limits.left - limits.reserve),
            rate=rate,
            burn=burn,
        )
