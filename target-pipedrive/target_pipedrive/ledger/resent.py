"""Creates that were sent more than once: an earlier sending may still be carried out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from target_pipedrive.ledger import schema

if TYPE_CHECKING:
    from target_pipedrive.ledger.database import Database


class Resent:
    """The table `resent`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def note(self, obj: str, sign: str, at: datetime) -> None:
        """A create is about to be sent once more.

        Args:
            obj: Kind of object.
            sign: By which what it makes is recognised.
            at: Server time.
        """
        self._db.put(schema.resent, {"object": obj, "sign": sign}, {"sent_at": at.timestamp()})

    def all(self) -> list[tuple[str, str, datetime]]:
        """Return kind, sign and time of all of them."""
        return [
            (obj, sign, datetime.fromtimestamp(sent_at, UTC))
            for obj, sign, sent_at in self._db.run(select(schema.resent))
        ]

    def forget(self, obj: str, sign: str) -> None:
        """Nothing of it can be under way any more."""
        self._db.drop(schema.resent, {"object": obj, "sign": sign})
