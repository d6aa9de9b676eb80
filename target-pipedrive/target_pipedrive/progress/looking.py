"""Reading how far a run is from its ledger, while it goes on elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from target_pipedrive.errors import TargetError
from target_pipedrive.ledger import schema
from target_pipedrive.ledger.opening import connect, is_held
from target_pipedrive.progress.picture import Picture
from target_pipedrive.progress.progress import LOOK_SECONDS, NOTED

STALE_SECONDS = 5 * LOOK_SECONDS
"""A run that noted nothing for so long is either held up or no more: its lock tells."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the ledger says of its newest run.

    Args:
        picture: The newest one; None when no run has noted any.
        ended_at: When that run ended, in epoch seconds; None when it did not say.
        outcome: How it ended; None when it did not say.
        held: Whether something writes with the ledger.
    """

    picture: Picture | None
    ended_at: float | None = None
    outcome: str | None = None
    held: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether a run is on."""
        return self.held and self.ended_at is None

    @property
    def begins(self) -> bool:
        """Whether something has begun to write since that run ended."""
        return self.held and not self.goes_on

    @property
    def killed(self) -> bool:
        """Whether the newest run ended without saying so."""
        return self.picture is not None and not self.held and self.ended_at is None


class Look:
    """An open look into a ledger; it changes nothing and stops nobody.

    Args:
        url: SQLAlchemy URL of the ledger.

    Raises:
        SettingsError: There is none, or it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened = connect(url, alone=False)

    def take(self) -> Seen:
        """Return what the ledger says now.

        Raises:
            TargetError: It cannot be read any more.
        """
        try:
            with self._opened.connection.begin():
                return self._take()
        except DBAPIError as error:
            raise TargetError(
                "The ledger cannot be read any more: see that its database runs, then watch again."
            ) from error

    def _take(self) -> Seen:
        runs, meta = schema.runs.c, schema.meta.c
        connection = self._opened.connection
        told = connection.scalar(select(meta.value).where(meta.name == NOTED))
        if told is None:
            return Seen(None, held=is_held(self._url, connection))
        picture = Picture.loads(told)
        query = select(runs.ended_at, runs.outcome).where(runs.run == picture.run)
        ended_at, outcome = connection.execute(query).one_or_none() or (None, None)
        # The lock is asked seldom: a loader that begins just then waits for the question.
        fresh = time.time() - picture.at < STALE_SECONDS
        held = ended_at is None if fresh else is_held(self._url, connection)
        return Seen(picture, ended_at, outcome, held)

    def close(self) -> None:
        """Let go of the ledger."""
        self._opened.let_go()
