"""Rows that were made of records although no link tells of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Found
from target_pipedrive.listing import OVERLAP
from target_pipedrive.marks import mark_of, name_sign, sign
from target_pipedrive.pipedrive.settle import LANDING

if TYPE_CHECKING:
    from target_pipedrive.desired import Desired
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.listing import Listing
    from target_pipedrive.pipedrive.api import Pipedrive


class Strays:
    """Finds what runs on an earlier ledger made, and what creates that were sent twice made.

    Args:
        pipedrive: Where the lists come from.
        ledger: What became what.
        listing: What stands in Pipedrive.
    """

    def __init__(self, pipedrive: Pipedrive, ledger: Ledger, listing: Listing) -> None:
        self._pipedrive = pipedrive
        self._ledger = ledger
        self._listing = listing

    def may_hold(self, obj: str) -> bool:
        """Return whether rows may stand that runs on an earlier ledger made, and no record has.

        When a kind is listed for the first time, all rows with our marks are such; rows that come
        later are in this ledger, or copies that people made.
        """
        if not self._listing.makes(obj) or obj == "deal_product":
            return False
        former = self._ledger.book.noted(f"former {obj}")
        return former != "0" and (former is not None or not self._listing.is_listed(obj))

    async def of(
        self, desired: Desired, body: dict[str, Any], wanted: set[str], *, announced: bool
    ) -> list[str]:
        """Return the rows that runs on an earlier ledger made of a record, and nothing claims.

        Args:
            desired: What the record once became, any part of it.
            body: Its body, for what is known by its name.
            wanted: Marks of what it shall become; rows that bear them are found another way.
            announced: A create of the record is of unknown outcome: it may be a new row, too.
        """
        await self._listing.refresh(desired.object)
        if not (announced or self.may_hold(desired.object)):
            return []
        newest = int(self._ledger.book.noted(f"former {desired.object}") or 0)
        if desired.file is not None and desired.file.data is not None:
            rows = self._listing.free(desired.object, name_sign(desired, body))
        elif desired.mark.found is Found.NAME:
            rows = self._listing.free(desired.object, sign(desired, body))
            rows = [row for row in rows if await self._listing.holds(row, desired)]
        else:
            rows = self._listing.free(desired.object, mark_of(desired, whole=True))
        return [
            row
            for row in rows
            if (announced or (row.isdigit() and int(row) <= newest))
            and not self._bears(desired.object, row, wanted)
        ]

    def _bears(self, obj: str, row: str, wanted: set[str]) -> bool:
        marks = self._ledger.signs.of(obj, row)
        parts = {mark for mark in marks if "#" in mark}  # which bear the mark of the whole, too
        return bool((parts or marks) & wanted)

    async def twins(self) -> list[tuple[str, str]]:
        """Return kind and id of the rows that a create sent twice made beside the right one."""
        sent = self._ledger.resent.all()
        if not sent:
            return []
        newest = max(at for _, _, at in sent)
        waited = (self._pipedrive.server_time() - newest).total_seconds()
        await asyncio.sleep(max(0.0, min(LANDING, LANDING - waited)))
        now = self._pipedrive.server_time()
        found = []
        for obj in {obj for obj, _, _ in sent}:
            if obj == "deal_product":
                continue
            signs = {sign for kind, sign, _ in sent if kind == obj}
            since = min(at for kind, _, at in sent if kind == obj)
            rows: dict[str, list[str]] = {}
            async for page in self._pipedrive.rows(
                obj, updated_since=since - OVERLAP, custom_fields=self._listing.codes(obj)
            ):
                for row in page:
                    for one in signs.intersection(self._listing.signs(obj, row)):
                        rows.setdefault(one, []).append(str(row["id"]))
            for ids in rows.values():
                owned = self._ledger.links.owned(obj, ids)
                found += [(obj, row) for row in ids if owned and row not in owned]
        for obj, one, at in sent:
            if now - at > OVERLAP:  # nothing can be under way for longer
                self._ledger.resent.forget(obj, one)
        return found
