"""The ledger: the truth about what became what, and all a later run must know about it."""

from __future__ import annotations

from target_pipedrive.ledger.audit import Audit
from target_pipedrive.ledger.before import Before
from target_pipedrive.ledger.bindings import Bindings
from target_pipedrive.ledger.book import Book
from target_pipedrive.ledger.database import Database
from target_pipedrive.ledger.kept import Kept
from target_pipedrive.ledger.links import Link, LinkKey, Links
from target_pipedrive.ledger.rejects import Dropped, Reject, Rejects
from target_pipedrive.ledger.resent import Resent
from target_pipedrive.ledger.seen import Seen
from target_pipedrive.ledger.signs import Signs
from target_pipedrive.ledger.survey import Finding, Survey
from target_pipedrive.ledger.undo import Undo

__all__ = ["Dropped", "Finding", "Ledger", "Link", "LinkKey", "Reject"]


class Ledger:
    """An open ledger, one room for each kind of knowledge.

    Args:
        url: SQLAlchemy URL.
        run: Name of this run.
        alone: To write, as the only one; False to read beside whoever writes.

    Raises:
        SettingsError: It cannot be opened, or a newer release wrote it.
    """

    def __init__(self, url: str, run: str, *, alone: bool = True) -> None:
        self._database = Database(url, alone=alone)
        self.run = run
        self.book = Book(self._database, run)
        self.audit = Audit(self._database, run)
        self.bindings = Bindings(self._database, self.audit)
        self.links = Links(self._database, run, self.audit)
        self.before = Before(self._database, run)
        self.kept = Kept(self._database)
        self.rejects = Rejects(self._database, run, self.audit)
        self.resent = Resent(self._database)
        self.seen = Seen(self._database)
        self.signs = Signs(self._database)
        self.survey = Survey(self._database)
        self.undo = Undo(self._database)

    @property
    def lost(self) -> bool:
        """Whether its database failed, so that nothing more can be written."""
        return self._database.lost

    async def durable(self) -> None:
        """Return when everything written so far would outlive a crash."""
        await self._database.durable()

    def close(self) -> None:
        """Write down what is pending and close the database."""
        self._database.close()
