"""Stands where the load's writer stands, and compares where that writes. It sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.ledger import LinkKey
from target_pipedrive.verify.holding import Holding
from target_pipedrive.verify.rows import Rows
from target_pipedrive.verify.verdicts import Finding, Verdict
from target_pipedrive.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from target_pipedrive.desired import Desired
    from target_pipedrive.ledger import Link
    from target_pipedrive.verify.scratch import Scratch
    from target_pipedrive.verify.wording import Wording
    from target_pipedrive.writer import Action

_LINE = "the ledger knows nothing that it became: run the load"
_GONE = "it is gone from Pipedrive"
_UNWANTED = "its record has none any more: run the load"
_MERGED = "its record was merged into another: run the load"
_STRANGER = "bears our mark, and the ledger does not know it"


class Checker(Writer):
    """Compares objects with what stands in Pipedrive."""

    _rows: Rows
    _holding: Holding
    _scratch: Scratch

    def begin(self, scratch: Scratch, wording: Wording, *, files: bool) -> None:
        """Make ready.

        Args:
            scratch: Where rows and findings go.
            wording: How values are shown.
            files: Whether contents of files are compared.
        """
        self._scratch = scratch
        self._rows = Rows(self._pipedrive, self._index, self._ledger, scratch)
        self._holding = Holding(
            bodies=self._bodies,
            fields=self._fields,
            ledger=self._ledger,
            pipedrive=self._pipedrive,
            wording=wording,
            files=files,
        )
        self._rejected = {
            (reject.stream, reject.id): reject.code for reject in self._ledger.rejects.all()
        }

    def stands(self, desired: Desired, link: Link | None) -> bool:
        """Return whether an object needs no look: each does."""
        del desired, link
        return False

    async def write(self, desired: Desired) -> Action:
        """Compare an object with its row."""
        await self._rows.read(desired.object)
        key = LinkKey(desired.object, desired.stream, desired.id, desired.part)
        link = self._ledger.links.get(key)
        row = None if link is None else self._rows.get(desired.object, link.pipedrive_id)
        if link is None:
            code = self._rejected.get((desired.stream, desired.id))
            self._note_whole(
                key, "", *((Verdict.REJECTED, code) if code else (Verdict.MISSING, _LINE))
            )
        elif row is None:
            self._note_whole(key, link.pipedrive_id, Verdict.MISSING, _GONE)
        else:
            findings = await self._holding.findings(desired, link, row)
            self._scratch.note(key, link.pipedrive_id, findings)
        return "unchanged"

    async def remove(self, link: Link) -> Action:
        """See that an object is gone whose record has none any more."""
        return await self._see_gone(link, _UNWANTED, goes=link.created and self._policy.remove)

    async def merge(self, loser: Link, survivor_key: LinkKey) -> Action:
        """See that a person is gone whose record was merged into another."""
        survivor = self._ledger.links.get(survivor_key)
        if survivor is None or survivor.pipedrive_id != loser.pipedrive_id:
            await self._see_gone(loser, _MERGED, goes=True)
        else:
            self._scratch.note(loser.key, loser.pipedrive_id, [])
        self._ledger.links.forget(loser.key)
        return "kept"

    async def _see_gone(self, link: Link, rule: str, *, goes: bool) -> Action:
        obj = link.key.object
        await self._rows.read(obj)
        if self._rows.get(obj, link.pipedrive_id) is None:
            self._scratch.note(link.key, link.pipedrive_id, [])
        else:
            verdict = Verdict.EXTRA if goes else Verdict.KEPT
            self._note_whole(link.key, link.pipedrive_id, verdict, rule if goes else "")
        return "kept"

    def may_have_strays(
        self, objects: Collection[str], stream: str, record_id: str, wanted: Sequence[Desired]
    ) -> bool:
        """Return whether rows must be looked for that no link tells of: `finish` tells of them."""
        del objects, stream, record_id, wanted
        return False

    async def recall(self, former: Sequence[Desired], wanted: Sequence[Desired]) -> None:
        """Look for nothing."""

    async def catch_up(self, obj: str) -> None:
        """A stream begins that becomes such objects: read what stands."""
        await self._rows.read(obj)

    async def end(self) -> None:
        """All is compared."""

    def finish(self) -> None:
        """Tell of rejected records that became nothing to compare, and of rows nobody wants."""
        for reject in self._ledger.rejects.all():
            key = LinkKey(reject.object or "record", reject.stream, reject.id)
            if not self._scratch.noted(key):
                self._note_whole(key, "", Verdict.REJECTED, reject.code)
        strangers = list(self._scratch.strangers())
        for obj, row in strangers:
            self._note_whole(LinkKey(obj, "", row), row, Verdict.EXTRA, _STRANGER)

    def _note_whole(self, key: LinkKey, row: str, verdict: Verdict, rule: str) -> None:
        self._scratch.note(key, row, [Finding("", verdict, rule)])


def not_looked_at(linked: dict[str, int], scratch: Scratch) -> dict[str, int]:
    """Return how many objects that the ledger knows no record came for, by kind.

    Args:
        linked: How many the ledger knows.
        scratch: What was found out.
    """
    left = {obj: number - scratch.known(obj) for obj, number in linked.items()}
    return {obj: number for obj, number in left.items() if number > 0}
