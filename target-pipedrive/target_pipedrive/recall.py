"""Takes in what earlier runs made of records, and no link tells of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Found, Ref
from target_pipedrive.ledger import Link, LinkKey
from target_pipedrive.marks import mark_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from target_pipedrive.bodies import Bodies
    from target_pipedrive.desired import Desired
    from target_pipedrive.index import Index
    from target_pipedrive.ledger import Ledger

FORMER = "former "
"""Begins the part of a file that was replaced and has not been deleted yet."""


class Recall:
    """Gives links to rows of records that became something else since.

    Args:
        bodies: Waits for references.
        ledger: What became what.
        index: What stands in Pipedrive.
        prepare: Lets the fields of an object be there.
    """

    def __init__(
        self,
        bodies: Bodies,
        ledger: Ledger,
        index: Index,
        prepare: Callable[[str], Awaitable[None]],
    ) -> None:
        self._bodies = bodies
        self._ledger = ledger
        self._listing = index.listing
        self._strays = index.strays
        self._prepare = prepare

    def is_due(
        self, objects: Collection[str], stream: str, record_id: str, wanted: Sequence[Desired]
    ) -> bool:
        """Return whether rows may stand that were made of a record, and that no link tells of.

        Runs on an earlier ledger made them, or creates of unknown outcome of which nothing shall
        become any more.

        Args:
            objects: Kinds of objects that the record becomes.
            stream: Its stream.
            record_id: Its key.
            wanted: What shall stand of it.
        """
        if any(map(self._strays.may_hold, objects)):
            return True
        return bool(self._unwanted(objects, stream, record_id, wanted))

    def _unwanted(
        self, objects: Collection[str], stream: str, record_id: str, wanted: Sequence[Desired]
    ) -> list[LinkKey]:
        keys = {key_of(piece) for piece in wanted}
        announced = self._ledger.links.announced_of(stream, record_id)
        return [key for key in announced if key.object in objects and key not in keys]

    async def take_in(self, former: Sequence[Desired], wanted: Sequence[Desired]) -> None:
        """Take in what was made of a record without its link, and nothing shall become of.

        Args:
            former: All that may ever have stood of the record, the object itself first.
            wanted: What shall stand; it is found when it is written.
        """
        signs = {mark_of(piece) for piece in wanted}
        keys = {key_of(piece) for piece in wanted}
        for piece in former:
            key = key_of(piece)
            pending = self._unwanted({piece.object}, piece.stream, piece.id, wanted)
            if not (pending or self._strays.may_hold(piece.object)):
                continue
            named, in_field = (piece.mark.found is kind for kind in (Found.NAME, Found.FIELD))
            if named:  # whoever has the name by right takes its rows first
                await self._bodies.let_references_settle(piece)
            body = self._standing_parent(piece) if named else {}
            generated = piece.file is not None and piece.file.data is not None
            if named and (not body or (key in keys and not generated)):
                continue
            if in_field and self._knows(key):
                continue
            await self._prepare(piece.object)
            strays = await self._strays.of(piece, body, signs, announced=bool(pending))
            for row in strays:
                part = key.part if in_field else f"{FORMER}{row} {key.part}"
                created = not self._listing.adopts(piece.object)
                link = Link(replace(key, part=part), row, row, created=created, sent=None)
                self._ledger.links.put(link, "created" if pending else "adopted")
                if in_field:
                    break
            for announced in pending:
                self._ledger.links.forget_intent(announced)

    def _knows(self, key: LinkKey) -> bool:
        return self._ledger.links.get(key) is not None

    def _standing_parent(self, piece: Desired) -> dict[str, Any]:
        """Return the body key of a piece's parent, as it stands: not merged into another."""
        for key, ref in piece.body.items():
            if isinstance(ref, Ref):
                for record_id in (ref.id, self._ledger.kept.survivor(ref.stream, ref.id)):
                    link = self._ledger.links.get(LinkKey(ref.object, ref.stream, record_id))
                    if link is not None:
                        return {key: link.pipedrive_id}
        return {}


def key_of(desired: Desired) -> LinkKey:
    """Return the key of an object's link."""
    return LinkKey(desired.object, desired.stream, desired.id, desired.part)
