"""The ledger as a whole: what it holds, and whether that fits together."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, text

from target_pipedrive.ledger import schema
from target_pipedrive.ledger.links import LinkKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Table

    from target_pipedrive.ledger.database import Database

DAYS = 14
"""Days of token use that are told."""

_KILLED_AFTER = 24 * 3600.0
"""Seconds; a run without an end that began so long ago is under way no more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the ledger that a person should know of.

    Args:
        kind: What, in a few words.
        where: Which record, object or run.
        todo: What to do about it.
        broken: It must not be so; otherwise it is settled by a later run.
    """

    kind: str
    where: str
    todo: str
    broken: bool


class Survey:
    """Questions about the whole of a ledger.

    Args:
        database: Its database.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def info(self) -> dict[str, Any]:
        """Return what the ledger holds, as JSON values; none is a record's."""
        facts = dict(self._rows(select(schema.meta.c.name, schema.meta.c.value)))
        return {
            "version": int(facts["version"]),
            "bytes": self._size(),
            "account": {"company": facts.get("company"), "host": facts.get("host")},
            "links": self._links(),
            "kept": dict(self._counted(schema.kept, schema.kept.c.stream)),
            "rejects": dict(self._counted(schema.rejects, schema.rejects.c.code)),
            "dropped": self._number(schema.dropped),
            "announced": self._number(schema.intents),
            "runs": self._runs(),
            "tokens": self._tokens(),
        }

    def links(self) -> Iterator[dict[str, Any]]:
        """Yield what became what, in order; nothing of the records but their keys."""
        table = schema.links.c
        columns = (
            table.object,
            table.stream,
            table.id,
            table.part,
            table.pipedrive_id,
            table.created,
            table.run,
            table.written_at,
        )
        query = select(*columns).order_by(table.object, table.stream, table.id, table.part)
        for row in self._db.run(query):
            yield dict(row._mapping)  # noqa: SLF001 - a public name of SQLAlchemy's

    def linked(self, obj: str) -> dict[str, LinkKey]:
        """Return the record that stands behind each Pipedrive id of an object."""
        table = schema.links.c
        query = select(table.pipedrive_id, table.stream, table.id, table.part)
        return {
            pipedrive_id: LinkKey(obj, stream, record_id, part)
            for pipedrive_id, stream, record_id, part in self._rows(
                query.where(table.object == obj)
            )
        }

    def objects(self) -> list[str]:
        """Return the objects that records became."""
        column = schema.links.c.object
        return [name for (name,) in self._rows(select(column).distinct().order_by(column))]

    def findings(self) -> Iterator[Finding]:
        """Yield all that does not fit together, or is waiting."""
        yield from self._damage()
        yield from self._shared()
        yield from self._unsettled()

    # parts

    def _damage(self) -> Iterator[Finding]:
        if not self._db.is_sqlite:
            return  # PostgreSQL checks its pages itself
        for (told,) in self._rows(text("PRAGMA integrity_check(10)")):
            if told != "ok":
                todo = "Bring back the last backup of the ledger, then run with --full-refresh"
                yield Finding("the file is damaged", str(told), todo, broken=True)

    def _shared(self) -> Iterator[Finding]:
        """Objects that two records claim; types of one name are shared on purpose."""
        table = schema.links.c
        query = (
            select(table.object, table.pipedrive_id, func.count())
            .where(table.object != "activity_type")
            .group_by(table.object, table.pipedrive_id)
            .having(func.count() > 1)
        )
        for obj, pipedrive_id, number in self._rows(query):
            where = f"{obj} {pipedrive_id}, {number} records"
            todo = "Look at it in Pipedrive: which record does it stand for?"
            yield Finding("several records became one object", where, todo, broken=True)

    def _unsettled(self) -> Iterator[Finding]:
        intents, links, runs = schema.intents.c, schema.links.c, schema.runs.c
        same = and_(*(intents[name] == links[name] for name in ("object", "stream", "id", "part")))
        query = select(intents.object, intents.stream, intents.id, links.pipedrive_id)
        joined = query.select_from(schema.intents.outerjoin(schema.links, same))
        for obj, stream, record_id, linked in self._rows(joined):
            kind = "a create has been announced " + ("twice" if linked else "and not settled")
            todo = "The next run that reads or retries the record looks whether it stands there"
            yield Finding(kind, f"{obj} of {stream}/{record_id}", todo, broken=linked is not None)
        unknown = select(links.object, func.count()).where(links.sent.is_(None))
        for obj, number in self._rows(unknown.group_by(links.object)):
            todo = "Sent whole by the next run that reads them"
            where = f"{number} of {obj}"
            yield Finding("what was sent last is not known", where, todo, broken=False)
        dirty = schema.dirty.c.stream
        for stream, number in self._counted(schema.dirty, dirty):
            todo = "Done at the end of the next run"
            where = f"{number} of {stream}"
            yield Finding("to be computed again", where, todo, broken=False)
        ended = select(runs.run).where(
            runs.ended_at.is_(None), runs.started_at < time.time() - _KILLED_AFTER
        )
        for (run,) in self._rows(ended):
            todo = "Nothing: later runs have looked up what it left"
            yield Finding("a run was killed", run, todo, broken=False)

    def rejected(self) -> dict[str, int]:
        """Return how many records stand rejected, by the object that they should become."""
        return dict(self._counted(schema.rejects, schema.rejects.c.object))

    def _links(self) -> list[dict[str, Any]]:
        table = schema.links.c
        query = select(table.object, table.created, func.count()).group_by(
            table.object, table.created
        )
        found: dict[str, dict[str, Any]] = {}
        for obj, created, number in sorted(self._rows(query)):
            entry = found.setdefault(obj, {"object": obj, "created": 0, "adopted": 0})
            entry["created" if created else "adopted"] = number
        return list(found.values())

    def _runs(self) -> dict[str, Any]:
        table = schema.runs.c
        last = self._rows(
            select(table.run, table.started_at, table.ended_at, table.outcome, table.counts)
            .order_by(table.started_at.desc())
            .limit(1)
        )
        found: dict[str, Any] = {"number": self._number(schema.runs), "last": None}
        for run, started, ended, outcome, counts in last:
            done = json.loads(counts)["done"] if counts else {}
            found["last"] = {
                "run": run,
                "started_at": started,
                "ended_at": ended,
                "outcome": outcome,
                "done": done,
            }
        return found

    def _tokens(self) -> list[dict[str, Any]]:
        table = schema.tokens.c
        query = (
            select(table.day, func.sum(table.calls), func.sum(table.tokens))
            .group_by(table.day)
            .order_by(table.day.desc())
            .limit(DAYS)
        )
        return [
            {"day": day, "requests": int(calls), "tokens": int(tokens)}
            for day, calls, tokens in self._rows(query)
        ]

    def _size(self) -> int:
        if self._db.is_sqlite:
            words = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            return int(self._rows(text(words))[0][0])
        names = ", ".join(f"'{table}'" for table in schema.metadata.tables)
        words = (
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "  # noqa: S608 - our own names
            f"WHERE relnamespace = current_schema()::regnamespace AND relname IN ({names})"
        )
        return int(self._rows(text(words))[0][0])

    def _number(self, table: Table) -> int:
        return int(self._rows(select(func.count()).select_from(table))[0][0])

    def _counted(self, table: Table, column: Column[Any]) -> list[tuple[str, int]]:
        query = select(column, func.count()).select_from(table).group_by(column).order_by(column)
        return [(name, int(number)) for name, number in self._rows(query)]

    def _rows(self, statement: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._db.run(statement)]
