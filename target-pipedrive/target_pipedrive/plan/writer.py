"""Writes into a rehearsal, and notes what is done about each object."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from target_pipedrive.decide import Changes
from target_pipedrive.ledger import LinkKey
from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.plan.imagined import Imagined
from target_pipedrive.plan.notes import Notes
from target_pipedrive.writer import Writer

if TYPE_CHECKING:
    from target_pipedrive.desired import Desired
    from target_pipedrive.ledger import Link
    from target_pipedrive.ledger.copy import LedgerCopy
    from target_pipedrive.writer import Action


class RehearsedWriter(Writer):
    """A writer that tells what it does.

    Args:
        rooms: As `Writer` takes them; the ledger is a copy.
    """

    def __init__(self, **rooms: Any) -> None:
        super().__init__(**rooms)
        folder = cast("LedgerCopy", self._ledger).place.name
        self.notes = Notes(Path(folder, "acts.jsonl"))

    async def write(self, desired: Desired) -> Action:
        """Make one object stand as desired, and note it."""
        key = LinkKey(desired.object, desired.stream, desired.id, desired.part)
        before = self._ledger.links.get(key)
        difference = before and self._bodies.changes(desired, before)
        action = await super().write(desired)
        after = self._ledger.links.get(key)
        row = after.pipedrive_id if after and not Imagined.is_imagined(after.pipedrive_id) else ""
        if action == "adopted":
            later = OBJECTS[desired.object].create_only
            prints = self._bodies.prints(desired)
            difference = Changes(tuple(name for name in prints if name not in later), ())
        self.notes.add(desired, action, row, difference or None)
        return action

    async def remove(self, link: Link) -> Action:
        """Take an object away, and note it."""
        action = await super().remove(link)
        key = link.key
        self.notes.took(key.object, action, key.stream, key.id, link.pipedrive_id)
        return action

    async def merge(self, loser: Link, survivor_key: LinkKey) -> Action:
        """Merge two persons, and note it."""
        action = await super().merge(loser, survivor_key)
        key = loser.key
        self.notes.took(key.object, action, key.stream, key.id, loser.pipedrive_id)
        return action
