"""What stands in Pipedrive, by the signs it can be recognised by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from target_pipedrive.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from target_pipedrive.ledger.database import Database


class Signs:
    """The table `signs`: rows seen in Pipedrive, and how each can be recognised."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def replace(self, obj: str, seen: Mapping[int, Collection[str]]) -> None:
        """Replace the signs of the given rows."""
        if not seen:
            return
        table = schema.signs
        self._db.run(
            delete(table).where(table.c.object == obj, table.c.pipedrive_id.in_(list(seen)))
        )
        rows = [
            {"object": obj, "pipedrive_id": row, "sign": sign}
            for row, signs in seen.items()
            for sign in set(signs)
        ]
        if rows:
            self._db.run(insert(table), rows)

    def rows(self, obj: str, sign: str) -> list[int]:
        """Return the ids of the rows that bear a sign, lowest first."""
        table = schema.signs.c
        query = select(table.pipedrive_id).where(table.object == obj, table.sign == sign)
        return list(self._db.run(query.order_by(table.pipedrive_id)).scalars())

    def forget(self, obj: str, pipedrive_id: int) -> None:
        """A row is gone."""
        self._db.drop(schema.signs, {"object": obj, "pipedrive_id": pipedrive_id})
