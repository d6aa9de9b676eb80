"""What stands in Pipedrive, by the signs it can be recognised by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, insert, select

from target_pipedrive.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from target_pipedrive.ledger.database import Database

_SIGNS = schema.signs.c
_ROWS = (
    select(_SIGNS.pipedrive_id)
    .where(_SIGNS.object == bindparam("object"), _SIGNS.sign == bindparam("sign"))
    .order_by(func.length(_SIGNS.pipedrive_id), _SIGNS.pipedrive_id)
)


class Signs:
    """The table `signs`: rows seen in Pipedrive, and how each can be recognised."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def replace(self, obj: str, seen: Mapping[str, Collection[str]]) -> None:
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

    def rows(self, obj: str, sign: str) -> list[str]:
        """Return the ids of the rows that bear a sign, oldest first."""
        return [row for (row,) in self._db.fetch(_ROWS, {"object": obj, "sign": sign})]

    def of(self, obj: str, pipedrive_id: str) -> set[str]:
        """Return all signs of a row."""
        query = select(_SIGNS.sign).where(_SIGNS.object == obj, _SIGNS.pipedrive_id == pipedrive_id)
        return set(self._db.run(query).scalars())

    def rename(self, obj: str, begin: str, instead: str) -> None:
        """Let all signs that begin with a text begin with another."""
        query = select(_SIGNS.pipedrive_id, _SIGNS.sign).where(
            _SIGNS.object == obj, _SIGNS.sign.startswith(begin, autoescape=True)
        )
        for row, sign in self._db.run(query).all():
            self._db.drop(schema.signs, {"object": obj, "pipedrive_id": row, "sign": sign})
            renamed = instead + sign.removeprefix(begin)
            self._db.put_new(schema.signs, {"object": obj, "pipedrive_id": row, "sign": renamed})

    def forget(self, obj: str, pipedrive_id: str) -> None:
        """A row is gone."""
        self._db.drop(schema.signs, {"object": obj, "pipedrive_id": pipedrive_id})
