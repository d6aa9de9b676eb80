"""Records that could not be written, whole, with the reason; and those given up by a person."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from target_pipedrive.ledger import schema
from target_pipedrive.ledger.database import pack, unpack
from target_pipedrive.ledger.links import LinkKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.ledger.audit import Audit
    from target_pipedrive.ledger.database import Database

_REJECTS = schema.rejects.c
_BEFORE = select(_REJECTS.run, _REJECTS.tries, _REJECTS.since).where(
    _REJECTS.object == bindparam("object"),
    _REJECTS.stream == bindparam("stream"),
    _REJECTS.id == bindparam("id"),
)


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be written.

    Args:
        object: What it should have become; empty for a record that could not be kept for others.
        stream: Source stream.
        id: Key of the source record.
        code: A key of `errors.REJECTS`.
        detail: What is particular to it, without its values.
        run: The run that rejected it last.
        tries: How many runs rejected it.
        since: When it was rejected first, in epoch seconds.
    """

    object: str
    stream: str
    id: str
    code: str
    detail: str
    run: str
    tries: int
    since: float

    @property
    def name(self) -> str:
        """What people call it: `stream/id`."""
        return f"{self.stream}/{self.id}"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A rejected record that a person decided never to try again.

    Args:
        object: What it should have become.
        stream: Source stream.
        id: Key of the source record.
        code: Why it was rejected last.
        who: Who decided.
        at: When, in epoch seconds.
    """

    object: str
    stream: str
    id: str
    code: str
    who: str
    at: float

    @property
    def name(self) -> str:
        """What people call it: `stream/id`."""
        return f"{self.stream}/{self.id}"


class Rejects:
    """The tables `rejects` and `dropped`."""

    def __init__(self, database: Database, run: str, audit: Audit) -> None:
        self._db = database
        self._run = run
        self._audit = audit
        table = schema.rejects.c
        rows = database.run(select(table.object, table.stream, table.id))
        self._keys = {(row.object, row.stream, row.id) for row in rows}
        """Of all rejected records: most records were never rejected."""
        self._dropped = {(drop.object, drop.stream, drop.id) for drop in self.dropped()}

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
        now = time.time()
        rows = self._db.fetch(_BEFORE, key)
        run, tries, since = rows[0] if rows else ("", 0, None)
        self._db.put(
            schema.rejects,
            key,
            {
                "code": code,
                "detail": detail,
                "data": pack(record),
                "run": self._run,
                "rejected_at": now,
                "tries": tries + (run != self._run),
                "since": since or now,
            },
        )
        self._audit.add("rejected", LinkKey(obj, stream, record_id), code=code)

    def forget(self, obj: str, stream: str, record_id: str) -> None:
        """A record was written after all, or has no home any more."""
        if self._take_out(obj, stream, record_id):
            self._audit.add("settled", LinkKey(obj, stream, record_id))

    def _take_out(self, obj: str, stream: str, record_id: str) -> bool:
        if (obj, stream, record_id) not in self._keys:
            return False
        self._keys.remove((obj, stream, record_id))
        return self._db.drop(schema.rejects, {"object": obj, "stream": stream, "id": record_id})

    def all(self) -> list[Reject]:
        """Return all rejected records, those first that were rejected longest ago."""
        table = schema.rejects.c
        query = select(
            table.object,
            table.stream,
            table.id,
            table.code,
            table.detail,
            table.run,
            table.tries,
            table.since,
        ).order_by(table.rejected_at, table.stream, table.id, table.object)
        return [Reject(*row) for row in self._db.run(query)]

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

    # what a person gave up

    def drop(self, obj: str, stream: str, record_id: str, *, code: str, who: str) -> None:
        """Never try a record again, by a person's decision."""
        key = {"object": obj, "stream": stream, "id": record_id}
        self._db.put(schema.dropped, key, {"code": code, "who": who, "dropped_at": time.time()})
        self._dropped.add((obj, stream, record_id))
        self._take_out(obj, stream, record_id)
        self._audit.add("dropped", LinkKey(obj, stream, record_id), code=code)

    def take_up(self, dropped: Dropped) -> None:
        """Try a record again that was dropped, when it is read next."""
        key = (dropped.object, dropped.stream, dropped.id)
        self._db.drop(schema.dropped, dict(zip(("object", "stream", "id"), key, strict=True)))
        self._db.drop(schema.seen, {"stream": dropped.stream, "id": dropped.id})
        self._dropped.discard(key)
        self._audit.add("taken_up", LinkKey(*key))

    def dropped(self) -> list[Dropped]:
        """Return all records that were dropped, oldest decision first."""
        table = schema.dropped
        query = select(table).order_by(table.c.dropped_at)
        return [Dropped(*row) for row in self._db.run(query)]

    def is_dropped(self, obj: str, stream: str, record_id: str) -> bool:
        """Return whether a person decided never to try this record again."""
        return (obj, stream, record_id) in self._dropped
