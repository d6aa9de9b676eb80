"""Keeps the records that others are computed from, and knows what must be computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.world import MERGES, family

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.ledger.kept import Kept
    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.mapping.kept import Kept as KeptRule
    from target_pipedrive.world import LedgerWorld

Key = tuple[str, str]
"""Stream and key of a record."""


class Keeper:
    """What depends on what, among kept records.

    Args:
        mapping: What must be kept of each stream.
        kept: Where it is kept.
        world: Told of what changed.
        changed: Told of the streams whose records, or merges, changed.
    """

    def __init__(
        self,
        mapping: MappingSet,
        kept: Kept,
        world: LedgerWorld,
        changed: Callable[[str], None],
    ) -> None:
        self._mapping = mapping
        self._kept = kept
        self._world = world
        self._changed = changed
        self._marked: set[Key] = set()
        """Marked dirty since they were evaluated last."""

    def keep(self, stream: str, record: dict[str, Any]) -> None:
        """Keep what others need of a record; mark what is computed from it.

        Raises:
            Rejected: An expression about what to keep failed.
        """
        rule = self._mapping.kept(stream)
        if rule is None:
            return
        record_id = rule.key(record)
        parent = rule.parent(record)
        parent_id = parent[1] if parent else None
        data = rule.project(record)
        if data is None:
            former = self._kept.drop(stream, record_id)
        else:
            former = self._kept.put(stream, record_id, parent_id, data)
        if former is not None:
            self._has_changed(rule, record_id, {parent_id, former.parent})

    def gone(self, stream: str, record_id: str) -> None:
        """A record is no longer there at the source; mark what is computed from it."""
        rule = self._mapping.kept(stream)
        if rule is None:
            return
        former = self._kept.drop(stream, record_id)
        if former is not None:
            self._has_changed(rule, record_id, {former.parent})

    def merged(self, key: Key, survivor: str) -> None:
        """A record was merged into another at the source."""
        if self._kept.set_merged(*key, survivor):
            self._world.merged()
            self._changed(MERGES + key[0])
            self.mark((key[0], survivor))
            self._mark_users(key)

    def mark(self, key: Key) -> None:
        """A record must be evaluated again, if it was read before; else it is still to come."""
        stream, record_id = key
        record_id = self._kept.survivor(stream, record_id)
        if self._kept.has(stream, record_id):
            self._kept.mark_dirty(stream, record_id)
            self._marked.add((stream, record_id))

    def park(self, key: Key) -> None:
        """A record is evaluated again when its stream has ended."""
        self._kept.mark_dirty(*key)

    def evaluating(self, key: Key) -> None:
        """A record is evaluated now: what was marked before is taken into account."""
        self._marked.discard(key)
        self._world.begin()

    def evaluated(self, key: Key) -> None:
        """A record was evaluated: remember with whose help, if it can be evaluated again."""
        if self._mapping.whole(key[0]):
            self._kept.note_lookups(*key, self._world.asked)

    def settled(self, key: Key) -> None:
        """A record stands as it was evaluated; a mark set since then stays."""
        if key not in self._marked:
            self._kept.mark_clean(*key)

    def dirty(self, stream: str) -> tuple[list[str], list[str]]:
        """Return what must be evaluated again: records merged away, and the others."""
        merged: list[str] = []
        others: list[str] = []
        for record_id in self._kept.dirty(stream):
            stands = self._kept.survivor(stream, record_id) == record_id
            (others if stands else merged).append(record_id)
        return merged, others

    def _has_changed(self, rule: KeptRule, record_id: str, parents: set[str | None]) -> None:
        self._world.forget(rule.stream, record_id)
        self._changed(rule.stream)
        self._mark_users((rule.stream, record_id))
        for parent_id in parents - {None}:
            parent_stream, of_it = rule.rules[0].parent, str(parent_id)
            self.mark((parent_stream, of_it))
            children = family(rule.stream, parent_stream)
            self._mark_users((children, self._kept.survivor(parent_stream, of_it)))
            self._changed(children)

    def _mark_users(self, key: Key) -> None:
        for user in self._kept.users_of(*key):
            self.mark(user)
