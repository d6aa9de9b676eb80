"""Records that could not be written, whole, with the reason."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from target_pipedrive.ledger import schema
from target_pipedrive.ledger.database import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.ledger.database import Database


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be written.

    Args:
        object: What it should have become.
        stream: Source stream.
        id: Key of the source record.
        code: A key of `errors.REJECTS`.
        detail: What is particular to it, without its values.
        record: The source record.
        run: The run that rejected it last.
    """

    object: str
    stream: str
    id: str
    code: str
    detail: str
    record: dict[str, Any]
    run: str


class Rejects:
    """The table `rejects`."""

    def __init__(self, database: Database, run: str) -> None:
        self._db = database
        self._run = run
        table = schema.rejects.c
        rows = database.run(select(table.object, table.stream, table.id))
        self._keys = {(row.object, row.stream, row.id) for row in rows}
        """Of all rejected records: most records were never rejected."""

    def put(
        self,
        obj: str,
        stream: str,
        record_id: str,
        *,
        code: str,
        detail: str,
        record: Mapping[str, Any],
    ) -> None:
        """Keep a record that could not be written."""
        self._keys.add((obj, stream, record_id))
        key = {"object": obj, "stream": stream, "id": record_id}
        tries = self._db.value(schema.rejects.c.tries, key) or 0
        self._db.put(
            schema.rejects,
            key,
            {
                "code": code,
                "detail": detail,
                "data": pack(record),
                "run": self._run,
                "rejected_at": time.time(),
                "tries": tries + 1,
            },
        )

    def forget(self, obj: str, stream: str, record_id: str) -> None:
        """A record was written after all, or has no home any more."""
        if (obj, stream, record_id) in self._keys:
            self._keys.remove((obj, stream, record_id))
            self._db.drop(schema.rejects, {"object": obj, "stream": stream, "id": record_id})

    def all(self) -> list[Reject]:
        """Return all rejected records, oldest first."""
        query = select(schema.rejects).order_by(schema.rejects.c.rejected_at)
        return [
            Reject(r.object, r.stream, r.id, r.code, r.detail, unpack(r.data), r.run)
            for r in self._db.run(query)
        ]

    def standing(self) -> list[tuple[str, str, str, str, str]]:
        """Return (object, stream, id, code, run) of all rejected records, oldest first."""
        table = schema.rejects.c
        query = select(table.object, table.stream, table.id, table.code, table.run)
        rows = self._db.run(query.order_by(table.rejected_at))
        return [(row.object, row.stream, row.id, row.code, row.run) for row in rows]

    def record(self, obj: str, stream: str, record_id: str) -> dict[str, Any] | None:
        """Return a rejected record as the source sent it."""
        key = {"object": obj, "stream": stream, "id": record_id}
        data = self._db.value(schema.rejects.c.data, key)
        return None if data is None else unpack(data)

    def count(self) -> dict[str, int]:
        """Return how many records stand rejected, by code."""
        table = schema.rejects.c
        rows = self._db.run(select(table.code, func.count()).group_by(table.code))
        return {row[0]: row[1] for row in rows}
