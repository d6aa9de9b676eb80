"""What became what, and the creates whose outcome is not known yet."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from target_pipedrive.json_codec import decode
from target_pipedrive.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from target_pipedrive.ledger.audit import Action, Audit
    from target_pipedrive.ledger.database import Database, Row

DOUBT = "?"
"""In place of a fingerprint that no value has."""

_LINKS = schema.links.c
_COLUMNS = (
    _LINKS.object,
    _LINKS.stream,
    _LINKS.id,
    _LINKS.part,
    _LINKS.pipedrive_id,
    _LINKS.handle,
    _LINKS.created,
    _LINKS.sent,
    _LINKS.trace,
)
_ONE = select(*_COLUMNS).where(
    _LINKS.object == bindparam("object"),
    _LINKS.stream == bindparam("stream"),
    _LINKS.id == bindparam("id"),
    _LINKS.part == bindparam("part"),
)
_OF_RECORD = (
    select(*_COLUMNS)
    .where(_LINKS.stream == bindparam("stream"), _LINKS.id == bindparam("id"))
    .order_by(_LINKS.object, _LINKS.part)
)
_INTENTS = schema.intents.c
_ANNOUNCED = select(_INTENTS.object, _INTENTS.stream, _INTENTS.id, _INTENTS.part).where(
    _INTENTS.stream == bindparam("stream"), _INTENTS.id == bindparam("id")
)


@dataclass(frozen=True, slots=True)
class LinkKey:
    """One object of one source record."""

    object: str
    stream: str
    id: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """What a source record became.

    Args:
        key: The source record, and which of its objects.
        pipedrive_id: Id in Pipedrive: a number or a UUID as text; for a deal's product line
            the deal's id, a slash and the line's.
        handle: What references to it use.
        created: We made it (and may delete it).
        sent: Fingerprint of each key as last sent, or None when everything must be sent again.
        trace: What the row was like when we wrote it last; None when that is not known.
    """

    key: LinkKey
    pipedrive_id: str
    handle: str
    created: bool
    sent: dict[str, str] | None
    trace: str | None = None


class Links:
    """The tables `links` and `intents`."""

    def __init__(self, database: Database, run: str, audit: Audit) -> None:
        self._db = database
        self._run = run
        self._audit = audit

    def get(self, key: LinkKey) -> Link | None:
        """Return what a source record became."""
        rows = self._db.fetch(_ONE, _columns(key))
        return _link(rows[0]) if rows else None

    def handle(self, key: LinkKey) -> str | None:
        """Return what references to an object use; None when there is none."""
        found: str | None = self._db.value(_LINKS.handle, _columns(key))
        return found

    def of(self, stream: str, record_id: str) -> list[Link]:
        """Return everything that a source record became, in order of its parts."""
        rows = self._db.fetch(_OF_RECORD, {"stream": stream, "id": record_id})
        return [_link(row) for row in rows]

    def written_at(self, key: LinkKey) -> float:
        """Return when an object was written last, in epoch seconds of this machine's clock."""
        found: float | None = self._db.value(_LINKS.written_at, _columns(key))
        return found or 0.0

    def number(self) -> dict[str, int]:
        """Return how many objects of each kind there are."""
        query = select(_LINKS.object, func.count()).group_by(_LINKS.object)
        return {obj: int(number) for obj, number in self._db.run(query)}

    def behind(self, obj: str, ids: Iterable[str]) -> list[Link]:
        """Return the links of all records that these Pipedrive ids stand for."""
        query = select(*_COLUMNS).where(_LINKS.object == obj, _LINKS.pipedrive_id.in_(list(ids)))
        return [_link(tuple(row)) for row in self._db.run(query)]

    def put(self, link: Link, action: Action | None = None) -> None:
        """Write down what a source record became; its create is no longer pending.

        Args:
            link: What it became.
            action: What was done in Pipedrive, for the audit log; None when nothing was.
        """
        self._db.put(
            schema.links,
            _columns(link.key),
            {
                "pipedrive_id": link.pipedrive_id,
                "handle": link.handle,
                "created": link.created,
                "sent": None if link.sent is None else json.dumps(link.sent),
                "run": self._run,
                "written_at": time.time(),
                "trace": link.trace,
            },
        )
        self._unsee(link.key)
        self.forget_intent(link.key)
        if action is not None:
            self._audit.add(action, link.key, link.pipedrive_id)

    def end(self, link: Link, action: Action, code: str = "") -> None:
        """An object stands for its source record no more.

        Args:
            link: What the record had become.
            action: What was done in Pipedrive, for the audit log.
            code: With what, or why.
        """
        self.forget(link.key)
        self._audit.add(action, link.key, link.pipedrive_id, code)

    def forget(self, key: LinkKey) -> None:
        """A source record has no such object (any more)."""
        self._db.drop(schema.links, _columns(key))
        self._unsee(key)

    def _unsee(self, key: LinkKey) -> None:
        self._db.drop(schema.seen, {"stream": key.stream, "id": key.id})

    def owned(self, obj: str, ids: Iterable[str]) -> set[str]:
        """Return which of these Pipedrive ids belong to a source record."""
        table = schema.links.c
        query = select(table.pipedrive_id).where(table.object == obj, table.pipedrive_id.in_(ids))
        return set(self._db.run(query).scalars())

    def records(self, stream: str) -> set[str]:
        """Return the keys of a stream's records that became something."""
        table = schema.links.c
        return set(self._db.run(select(table.id).where(table.stream == stream)).scalars())

    def ids(self, obj: str) -> set[str]:
        """Return the Pipedrive ids of all objects of a kind."""
        table = schema.links.c
        return set(self._db.run(select(table.pipedrive_id).where(table.object == obj)).scalars())

    def doubt(self, link: Link, keys: Iterable[str]) -> None:
        """Write down that some keys are about to be sent: what stands there is not known."""
        if link.sent is not None:
            self.put(replace(link, sent=link.sent | dict.fromkeys(keys, DOUBT)))

    def doubt_references(self, key: LinkKey) -> None:
        """Write down that another object takes the place of one: what names it is to be sent."""
        name = f"→{key.object}/{key.stream}/{key.id}→"
        query = select(*_COLUMNS).where(
            _LINKS.sent.contains(json.dumps(name)[1:-1], autoescape=True)
        )
        for row in self._db.run(query).all():
            link = _link(tuple(row))
            self.doubt(link, [one for one, print_ in (link.sent or {}).items() if name in print_])

    def doubt_all(self, obj: str, standing: Collection[str], changed: Collection[str]) -> int:
        """Write down that objects may not stand as they were sent last.

        Args:
            obj: Kind of object.
            standing: Ids of all rows in Pipedrive.
            changed: Ids of those that were changed since the ledger knew of it.

        Returns:
            How many objects.
        """
        query = select(*_COLUMNS).where(_LINKS.object == obj)
        found = [_link(tuple(row)) for row in self._db.run(query).all()]
        doubtful = [
            link
            for link in found
            if link.pipedrive_id not in standing or link.pipedrive_id in changed
        ]
        for link in doubtful:
            self.put(replace(link, sent=None))
        return len(doubtful)

    def announce(self, key: LinkKey, sign: str, at: datetime) -> None:
        """Write down that an object is about to be created.

        Args:
            key: The source record.
            sign: By which it will be recognised.
            at: Server time.
        """
        self._db.put(
            schema.intents,
            _columns(key),
            {"run": self._run, "announced_at": at.timestamp(), "sign": sign},
        )

    def announced_of(self, stream: str, record_id: str) -> list[LinkKey]:
        """Return the objects of a record whose create is of unknown outcome."""
        rows = self._db.fetch(_ANNOUNCED, {"stream": stream, "id": record_id})
        return [LinkKey(*row) for row in rows]

    def announced_signs(self) -> set[tuple[str, str]]:
        """Return kinds and signs of all creates whose outcome is not known."""
        table = schema.intents.c
        return {(obj, sign) for obj, sign in self._db.run(select(table.object, table.sign))}

    def oldest_intent(self) -> datetime | None:
        """Return when the oldest create of unknown outcome was announced, by the server's time."""
        oldest = self._db.run(select(func.min(schema.intents.c.announced_at))).scalar_one()
        return None if oldest is None else datetime.fromtimestamp(oldest, UTC)

    def forget_intent(self, key: LinkKey) -> None:
        """The outcome of a create is known."""
        self._db.drop(schema.intents, _columns(key))

    def announced(self, key: LinkKey) -> bool:
        """Return whether the outcome of a create of this object is not known."""
        return self._db.value(schema.intents.c.id, _columns(key)) is not None

    def announced_sign(self, key: LinkKey) -> str | None:
        """Return the sign of a create whose outcome is not known; None where there is none."""
        found: str | None = self._db.value(schema.intents.c.sign, _columns(key))
        return found

    def newest_intent(self) -> float | None:
        """Return when an earlier run announced its newest create of unknown outcome.

        Returns:
            Epoch seconds of the server's clock, or None when there is none.
        """
        table = schema.intents.c
        newest: float | None = self._db.run(
            select(func.max(table.announced_at)).where(table.run != self._run)
        ).scalar_one()
        return newest


def _columns(key: LinkKey) -> dict[str, Any]:
    return {"object": key.object, "stream": key.stream, "id": key.id, "part": key.part}


def _link(row: Row) -> Link:
    obj, stream, record_id, part, pipedrive_id, handle, created, sent, trace = row
    return Link(
        LinkKey(obj, stream, record_id, part),
        pipedrive_id,
        handle,
        created,
        None if sent is None else decode(sent),
        trace,
    )
