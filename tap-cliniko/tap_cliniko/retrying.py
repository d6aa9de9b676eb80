"""Repeating what may fail for the moment: how often, how long apart, and when to give up."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, TypeVar

from tap_cliniko.errors import ServerFaultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cliniko.stopping import Stopper

T = TypeVar("T")

TRIES = 6
MAX_SECONDS = 900.0
"""After so long no further try begins, however few there were."""

MAX_WAIT_SECONDS = 120.0
"""Longest wait between two tries, whatever a server asks for."""

logger = logging.getLogger("tap-cliniko.client")


class TransientError(Exception):
    """One try failed in a way that another may not. Its text names the cause alone.

    Args:
        cause: The cause, without a URL, a header or anything out of an answer.
        wait: Seconds the server asks to wait.
    """

    progress = False
    """Whether this try brought something that lasts, so that the count of tries begins anew."""

    def __init__(self, cause: str, wait: float = 0.0) -> None:
        super().__init__(cause)
        self.wait = wait


class Retrier:
    """Repeats calls.

    Args:
        stopper: Ends every wait when the run is to stop.
        patience: Seconds before the first repetition; doubles with each.
    """

    def __init__(self, stopper: Stopper, patience: float = 1.0) -> None:
        self._stopper = stopper
        self._patience = patience

    def run(
        self,
        what: str,
        call: Callable[[], T],
        tries: int | None = None,
        advice: str = "run again to go on from the last state",
    ) -> T:
        """Call, and repeat the call after a TransientError, waiting longer each time.

        Args:
            what: What is done, for messages.
            call: What to call.
            tries: How often, at most; None for the usual number.
            advice: What to do when all tries failed.

        Raises:
            ServerFaultError: When all tries failed; the last TransientError is its cause.
        """
        began, attempt, failed = time.monotonic(), 0, 0
        while True:
            try:
                return call()
            except TransientError as fault:
                last, failed = fault, failed + 1
            if last.progress:
                began, attempt = time.monotonic(), 0
            attempt += 1
            delay = self._patience * 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing
            delay = max(delay, min(last.wait, MAX_WAIT_SECONDS))
            if attempt >= (tries or TRIES) or time.monotonic() + delay - began > MAX_SECONDS:
                raise ServerFaultError(
                    f"{what} failed {failed} times, last with: {last}; {advice}"
                ) from last
            logger.warning("%s: %s; trying again in %.1f s", what, last, delay)
            self._stopper.sleep(delay)
