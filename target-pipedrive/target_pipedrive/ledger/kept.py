"""Source records kept because others are computed from them: parents, children, lookups."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import String, bindparam, select

from target_pipedrive.ledger import schema
from target_pipedrive.ledger.database import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Select

    from target_pipedrive.ledger.database import Database

Key = tuple[str, str]

_KEPT, _MERGED, _LOOKUPS, _DIRTY = (
    schema.kept.c,
    schema.merged.c,
    schema.lookups.c,
    schema.dirty.c,
)
_ONE = select(_KEPT.parent, _KEPT.data).where(
    _KEPT.stream == bindparam("stream"), _KEPT.id == bindparam("id")
)
_MERGED_INTO = select(_MERGED.id).where(
    _MERGED.stream == bindparam("stream"), _MERGED.survivor == bindparam("survivor")
)
_ASKED = select(_LOOKUPS.stream, _LOOKUPS.id).where(
    _LOOKUPS.by_stream == bindparam("by_stream"), _LOOKUPS.by_id == bindparam("by_id")
)
_USERS = select(_LOOKUPS.by_stream, _LOOKUPS.by_id).where(
    _LOOKUPS.stream == bindparam("stream"), _LOOKUPS.id == bindparam("id")
)


@cache
def _children(streams: int) -> Select[Any]:
    """Return the query for the records of so many streams that hang on a parent."""
    names = [bindparam(f"stream_{number}", type_=String) for number in range(streams)]
    return select(_KEPT.stream, _KEPT.data).where(
        _KEPT.stream.in_(names), _KEPT.parent == bindparam("parent")
    )


class Former(NamedTuple):
    """What was kept of a record before it changed.

    Args:
        parent: Its parent; None when it had none, or was not kept.
    """

    parent: str | None


class Kept:
    """The tables `kept`, `merged`, `lookups` and `dirty`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(
        self, stream: str, record_id: str, parent: str | None, record: Mapping[str, Any]
    ) -> Former | None:
        """Keep a record; return what was before, None when it is the same."""
        key = {"stream": stream, "id": record_id}
        data = pack(record)
        rows = self._db.fetch(_ONE, key)
        if rows and rows[0] == (parent, data):
            return None
        self._db.put(schema.kept, key, {"parent": parent, "data": data})
        return Former(rows[0][0] if rows else None)

    def drop(self, stream: str, record_id: str) -> Former | None:
        """Forget a record; return what was before, None when there was none."""
        key = {"stream": stream, "id": record_id}
        rows = self._db.fetch(_ONE, key)
        if not rows:
            return None
        self._db.drop(schema.kept, key)
        return Former(rows[0][0])

    def get(self, stream: str, record_id: str) -> dict[str, Any] | None:
        """Return a kept record."""
        data = self._db.value(schema.kept.c.data, {"stream": stream, "id": record_id})
        return None if data is None else unpack(data)

    def has(self, stream: str, record_id: str) -> bool:
        """Return whether a record is kept."""
        return self._db.value(schema.kept.c.id, {"stream": stream, "id": record_id}) is not None

    def children(
        self, streams: Sequence[str], parents: Sequence[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the records of some streams that hang on any of these parents, by stream."""
        found: dict[str, list[dict[str, Any]]] = {stream: [] for stream in streams}
        names = {f"stream_{number}": stream for number, stream in enumerate(streams)}
        for parent in parents:
            rows = self._db.fetch(_children(len(streams)), {**names, "parent": parent})
            for stream, data in rows:
                found[stream].append(unpack(data))
        return found

    def all(self, stream: str) -> Iterator[dict[str, Any]]:
        """Yield all kept records of a stream."""
        query = select(schema.kept.c.data).where(schema.kept.c.stream == stream)
        for data in self._db.run(query).scalars():
            yield unpack(data)

    def ids(self, stream: str) -> set[str]:
        """Return the keys of all kept records of a stream."""
        query = select(schema.kept.c.id).where(schema.kept.c.stream == stream)
        return set(self._db.run(query).scalars())

    # merges at the source

    def set_merged(self, stream: str, record_id: str, survivor: str) -> bool:
        """A record was merged into another; True when this is news."""
        key = {"stream": stream, "id": record_id}
        if self._db.value(schema.merged.c.survivor, key) == survivor:
            return False
        self._db.put(schema.merged, key, {"survivor": survivor})
        return True

    def survivor(self, stream: str, record_id: str) -> str:
        """Follow merges to the end of the chain."""
        seen = {record_id}
        while True:
            key = {"stream": stream, "id": record_id}
            following = self._db.value(schema.merged.c.survivor, key)
            if following is None or following in seen:
                return record_id
            seen.add(following)
            record_id = following

    def merged_away(self, stream: str, survivor: str) -> list[str]:
        """Return the keys of all records that were merged into one, through chains."""
        found: list[str] = []
        ends = [survivor]
        while ends:
            values = {"stream": stream, "survivor": ends.pop()}
            for (key,) in self._db.fetch(_MERGED_INTO, values):
                if key not in found and key != survivor:
                    found.append(key)
                    ends.append(key)
        return found

    # what must be computed again

    def note_lookups(self, stream: str, record_id: str, asked: Collection[Key]) -> None:
        """A kept record was evaluated with the help of these (stream, id), found or not."""
        user = {"by_stream": stream, "by_id": record_id}
        known = set(self._db.fetch(_ASKED, user))
        for other, other_id in known.difference(asked):
            self._db.drop(schema.lookups, {"stream": other, "id": other_id, **user})
        for other, other_id in set(asked) - known:
            self._db.put_new(schema.lookups, {"stream": other, "id": other_id, **user})

    def users_of(self, stream: str, record_id: str) -> list[Key]:
        """Return the kept records (stream, id) that were evaluated with the help of this one."""
        return [
            (user, user_id)
            for user, user_id in self._db.fetch(_USERS, {"stream": stream, "id": record_id})
        ]

    def mark_dirty(self, stream: str, record_id: str) -> None:
        """A kept record must be evaluated again: something it depends on changed."""
        self._db.put_new(schema.dirty, {"stream": stream, "id": record_id})

    def mark_clean(self, stream: str, record_id: str) -> None:
        """A kept record was evaluated."""
        self._db.drop(schema.dirty, {"stream": stream, "id": record_id})

    def dirty(self, stream: str) -> list[str]:
        """Return the keys of a stream's records that must be evaluated again."""
        query = select(schema.dirty.c.id).where(schema.dirty.c.stream == stream)
        return list(self._db.run(query).scalars())
