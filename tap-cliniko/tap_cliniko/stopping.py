"""The wish to stop: carried from the signal handler to the places where stopping is safe."""

from __future__ import annotations

import time

from tap_cliniko.errors import StoppedError

POLL_SECONDS = 0.2
"""Longest time any waiting place goes without looking at the wish."""


class Stopper:
    """Set by a signal handler, looked at by everything that waits.

    A plain attribute instead of a ``threading.Event``: an Event's lock may be held by the very
    code that a signal handler interrupts.
    """

    def __init__(self) -> None:
        self.signum: int | None = None

    def check(self) -> None:
        """Go on, or end here.

        Raises:
            StoppedError: When a signal asked for it.
        """
        if self.signum is not None:
            raise StoppedError(self.signum)

    def sleep(self, seconds: float) -> None:
        """Sleep, but not through the wish to stop.

        Raises:
            StoppedError: When a signal asked for it.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, POLL_SECONDS))
        self.check()
