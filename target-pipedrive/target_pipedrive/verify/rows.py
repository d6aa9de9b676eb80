"""Pipedrive's rows, read once by lists when the first record needs them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from target_pipedrive.index import Index
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.pipedrive import Pipedrive
    from target_pipedrive.verify.scratch import Scratch


class Rows:
    """Reads each kind of object whole, once a run: 500 rows cost as much as two updates.

    Kept are rows that the ledger knows, and that others bear a mark of ours.

    Args:
        pipedrive: Where the lists come from.
        index: Knows our marks.
        ledger: What became what.
        scratch: Where rows are kept.
    """

    def __init__(
        self, pipedrive: Pipedrive, index: Index, ledger: Ledger, scratch: Scratch
    ) -> None:
        self._pipedrive = pipedrive
        self._index = index
        self._ledger = ledger
        self._scratch = scratch
        self._read: set[str] = set()
        self._lock = asyncio.Lock()

    async def read(self, obj: str) -> None:
        """See that the rows of a kind are there."""
        if obj in self._read:
            return
        async with self._lock:
            if obj in self._read:
                return
            async for page in self._pages(obj):
                self._keep(obj, page)
            self._read.add(obj)

    def get(self, obj: str, row_id: str) -> dict[str, Any] | None:
        """Return a row that the ledger knows; None when it does not stand."""
        return self._scratch.row(obj, row_id)

    def _pages(self, obj: str) -> AsyncIterator[list[dict[str, Any]]]:
        if obj == "deal_product":
            deals = sorted(self._ledger.links.ids("deal"), key=int)
            return self._pipedrive.deal_products.lines(deals)
        return self._pipedrive.rows(obj)

    def _keep(self, obj: str, page: list[dict[str, Any]]) -> None:
        linked = self._ledger.links.owned(obj, [str(row["id"]) for row in page])
        told = []
        for row in page:
            row_id = str(row["id"])
            marks = self._index.listing.marks(obj, row)
            if row_id in linked or marks:
                told.append((row_id, row_id in linked, max(marks, key=len, default=None), row))
        self._scratch.keep(obj, told)
