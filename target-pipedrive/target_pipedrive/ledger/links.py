"""What became what, and the creates whose outcome is not known yet."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from target_pipedrive.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_pipedrive.ledger.database import Database, Row

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
    """

    key: LinkKey
    pipedrive_id: str
    handle: str
    created: bool
    sent: dict[str, str] | None


class Links:
    """The tables `links`, `intents` and `before`."""

    def __init__(self, database: Database, run: str) -> None:
        self._db = database
        self._run = run

    def get(self, key: LinkKey) -> Link | None:
        """Return what a source record became."""
        rows = self._db.fetch(_ONE, _columns(key))
        return _link(rows[0]) if rows else None

    def of(self, stream: str, record_id: str) -> list[Link]:
        """Return everything that a source record became, in order of its parts."""
        rows = self._db.fetch(_OF_RECORD, {"stream": stream, "id": record_id})
        return [_link(row) for row in rows]

    def put(self, link: Link) -> None:
        """Write down what a source record became; its create is no longer pending."""
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
            },
        )
        self._unsee(link.key)
        self.forget_intent(link.key)

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

    def announce(self, key: LinkKey) -> None:
        """Write down that an object is about to be created."""
        self._db.put(schema.intents, _columns(key), {"run": self._run, "announced_at": time.time()})

    def forget_intent(self, key: LinkKey) -> None:
        """The outcome of a create is known."""
        self._db.drop(schema.intents, _columns(key))

    def announced(self, key: LinkKey) -> bool:
        """Return whether the outcome of a create of this object is not known."""
        return self._db.value(schema.intents.c.id, _columns(key)) is not None

    def newest_intent(self) -> float | None:
        """Return when an earlier run announced its newest create of unknown outcome.

        Returns:
            Epoch seconds, or None when there is none.
        """
        table = schema.intents.c
        newest: float | None = self._db.run(
            select(func.max(table.announced_at)).where(table.run != self._run)
        ).scalar_one()
        return newest

    def save_before(self, obj: str, pipedrive_id: str, values: Mapping[str, Any]) -> None:
        """Keep what stood in an object of others; what was kept earlier stays."""
        for key, value in values.items():
            self._db.put_new(
                schema.before,
                {
                    "object": obj,
                    "pipedrive_id": pipedrive_id,
                    "key": key,
                    "value": json.dumps(value),
                    "run": self._run,
                },
            )


def _columns(key: LinkKey) -> dict[str, Any]:
    return {"object": key.object, "stream": key.stream, "id": key.id, "part": key.part}


def _link(row: Row) -> Link:
    obj, stream, record_id, part, pipedrive_id, handle, created, sent = row
    return Link(
        LinkKey(obj, stream, record_id, part),
        pipedrive_id,
        handle,
        created,
        None if sent is None else json.loads(sent),
    )
