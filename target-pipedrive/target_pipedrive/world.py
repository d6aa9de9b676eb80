"""What the mapping may know beside the record at hand: kept records of this ledger."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from target_pipedrive.ledger.kept import Kept

_CACHED = 512
"""Records, some kilobytes each: all small reference streams, and the patients of late."""

MERGES = "merged "
"""Before a stream's name: the merges of its records."""

_FAMILIES = 16
"""Lists of children, of each stream: what is asked for again and again is the account's."""


def family(stream: str, parent_stream: str) -> str:
    """Return the word under which a record depends on all children of another one."""
    return f"{stream} of {parent_stream}"


class LedgerWorld:
    """Kept records, looked up for mapping expressions.

    Args:
        kept: The ledger's kept records.
        now: Start of the run, aware UTC.
        currency: The Pipedrive account's currency.
    """

    def __init__(self, kept: Kept, now: datetime, currency: str | None) -> None:
        self._kept = kept
        self._cache: OrderedDict[tuple[str, str | None], dict[str, Any] | None] = OrderedDict()
        self._families: dict[str, OrderedDict[tuple[str, str], list[dict[str, Any]]]] = {}
        self._asked_of: dict[str, set[str]] = {}
        """Stream of parents → streams of children that were asked for."""
        self._last_one: tuple[tuple[str, str], list[str]] = (("", ""), [])
        """Keys of the record whose children were asked for last, and of those merged into it."""
        self._now = now
        self.started = now.timestamp()
        """Start of the run in epoch seconds."""
        self.currency = currency
        self.asked: set[tuple[str, str]] = set()
        """Records asked for by their id, since `begin`; so for the next."""
        self.missed: set[str] = set()
        """Streams of those that were not found."""
        self.families: set[tuple[str, str]] = set()
        """Children's streams, and their parents', that were asked for."""
        self.followed: set[str] = set()
        """What else was asked for: streams of a single record, merges of streams."""
        self.until: float | None = None
        """Epoch seconds until which all answers about the time hold; None for ever."""

    @property
    def now(self) -> datetime:
        """Start of the run."""
        self.until = self.started
        return self._now

    def passed(self, moment: datetime) -> bool:
        """Return whether a moment lies before the start of the run."""
        if moment < self._now:
            return True
        at = moment.timestamp()
        self.until = at if self.until is None else min(self.until, at)
        return False

    def lookup(self, stream: str, id: str | None) -> dict[str, Any] | None:  # noqa: A002 - the protocol's name
        """Return a kept record; without an id the only one of its stream."""
        key = (stream, id)
        if id is None:
            self.followed.add(stream)
        else:
            self.asked.add((stream, id))
        if key in self._cache:
            self._cache.move_to_end(key)
            if (cached := self._cache[key]) is None:
                self.missed.add(stream)
            return cached
        if id is None:
            record = next(iter(self._kept.all(stream)), None)
        else:
            record = self._kept.get(stream, id)
        if record is None:
            self.missed.add(stream)
        self._cache[key] = record
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return record

    def children(self, stream: str, parent_stream: str, parent_id: str) -> list[dict[str, Any]]:
        """Return kept records that hang on a parent or on records merged into it."""
        self.families.add((stream, parent_stream))
        key = (parent_stream, parent_id)
        if key not in self._families.get(stream, ()):
            self._fetch(stream, key)
        families = self._families[stream]
        families.move_to_end(key)
        return families[key]

    def _fetch(self, stream: str, key: tuple[str, str]) -> None:
        """Fetch children, and at once those of all streams that such parents were asked for."""
        asked = self._asked_of.setdefault(key[0], set())
        asked.add(stream)
        missing = sorted(one for one in asked if key not in self._families.get(one, ()))
        for one, rows in self._kept.children(missing, self._one(*key)).items():
            families = self._families.setdefault(one, OrderedDict())
            families[key] = rows
            if len(families) > _FAMILIES:
                families.popitem(last=False)

    def _one(self, stream: str, record_id: str) -> list[str]:
        """Return the keys of a record and of those merged into it."""
        key, ids = self._last_one
        if key != (stream, record_id):
            ids = [record_id, *self._kept.merged_away(stream, record_id)]
            self._last_one = ((stream, record_id), ids)
        return ids

    def family(self, stream: str, parent_stream: str, parent_id: str) -> list[dict[str, Any]]:
        """Return the children of a record that is not the one at hand."""
        self.asked.add((family(stream, parent_stream), parent_id))
        return self.children(stream, parent_stream, parent_id)

    def survivor(self, stream: str, id: str) -> str:  # noqa: A002 - the protocol's name
        """Return the record that stands for this one after merges."""
        self.followed.add(MERGES + stream)
        return self._kept.survivor(stream, id)

    def begin(self) -> None:
        """Another record is evaluated: forget what was asked for the last one."""
        self.asked.clear()
        self.missed.clear()
        self.families.clear()
        self.followed.clear()
        self.until = None

    def forget(self, stream: str, record_id: str) -> None:
        """A kept record changed: read it anew next time."""
        self._cache.pop((stream, record_id), None)
        self._cache.pop((stream, None), None)
        self._families.pop(stream, None)

    def merged(self) -> None:
        """Records were merged at the source: children may have come to another parent."""
        self._families.clear()
        self._last_one = (("", ""), [])
