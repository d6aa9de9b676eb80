"""Spares a second look at records that were read before and stand.

A record is the same when its own values are, and all that its evaluation depended on: mapping
and settings, the kept records it looked up, merges, and the time. Kept records are not compared
one by one: each stream of them has a generation, which grows when one of them changes. Children
and looked-up records of streams that are kept whole need none: they mark who depends on them.
"""

from __future__ import annotations

import json
import marshal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from target_pipedrive.ledger.seen import Sight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.world import LedgerWorld


class Unchanged:
    """What needs no second look.

    Args:
        ledger: Where it is remembered.
        world: What evaluations depend on.
        whole: Tells whether a stream's records are kept whole.
        choices: Digest of mapping, settings and users.
    """

    def __init__(
        self,
        ledger: Ledger,
        world: LedgerWorld,
        whole: Callable[[str], bool],
        choices: bytes,
    ) -> None:
        self._ledger = ledger
        self.world = world
        self._whole = whole
        self._choices = choices
        self._generations: dict[str, int] = {}
        self._grown: set[str] = set()
        """Streams whose generation grew and was not depended on since: it need not grow again."""
        self._keys: dict[str, bytes] = {}
        self._unseen: tuple[str, str] | None = None
        """The record that was looked for last and is not remembered."""

    def stands(self, stream: str, record_id: str, record: Mapping[str, Any]) -> list[str] | None:
        """Return what a record became, if it stands and is the same; None to look at it."""
        sight = self._ledger.seen.get(stream, record_id)
        if sight is None:
            self._unseen = (stream, record_id)
            return None
        if (sight.until is None or self.world.started <= sight.until) and (
            sight.digest == self._digest(record, sight.streams)
        ):
            return sight.made.split()
        self.forget(stream, record_id)
        return None

    def evaluated(self, stream: str, record: Mapping[str, Any], made: Iterable[str]) -> Sight:
        """Return how a record is to be remembered; call it at once after its evaluation.

        Args:
            stream: Its stream.
            record: The record.
            made: Words for what it became.
        """
        world = self.world
        streams = {family for family, parent in world.families if not self._whole(parent)}
        streams |= world.followed
        if not self._whole(stream):
            streams.update(other for other, _ in world.asked)
        names = ",".join(sorted(streams))
        return Sight(self._digest(record, names), names, world.until, " ".join(made))

    def settled(self, stream: str, record_id: str, sight: Sight) -> None:
        """A record stands as it was evaluated."""
        self._ledger.seen.put(stream, record_id, sight)
        self._unseen = None

    def forget(self, stream: str, record_id: str) -> None:
        """A record must be looked at when it is read again."""
        if self._unseen != (stream, record_id):
            self._ledger.seen.forget(stream, record_id)

    def changed(self, stream: str) -> None:
        """A kept record of a stream changed."""
        if stream in self._grown:
            return
        self._generations[stream] = self._generation(stream) + 1
        self._ledger.book.note(f"generation {stream}", str(self._generations[stream]))
        self._grown.add(stream)
        self._keys.clear()

    def _digest(self, record: Mapping[str, Any], streams: str) -> bytes:
        return blake2b(_written(record), digest_size=16, key=self._key(streams)).digest()

    def _key(self, streams: str) -> bytes:
        if streams not in self._keys:
            names = streams.split(",") if streams else []
            self._grown.difference_update(names)
            text = ",".join(f"{name}={self._generation(name)}" for name in names)
            self._keys[streams] = blake2b(self._choices + text.encode(), digest_size=32).digest()
        return self._keys[streams]

    def _generation(self, stream: str) -> int:
        if stream not in self._generations:
            noted = self._ledger.book.noted(f"generation {stream}")
            self._generations[stream] = int(noted or 0)
        return self._generations[stream]


def _written(record: Mapping[str, Any]) -> bytes:
    """Return bytes that differ when anything in a record does, the order of its keys included."""
    try:
        return marshal.dumps(dict(record), 2)  # of later forms, equal records may differ
    except ValueError:  # it knows only plain values
        return json.dumps(record, default=str).encode()
