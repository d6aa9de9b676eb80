"""What stands in Pipedrive, listed once a run and kept in the ledger by its signs."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from target_pipedrive.marks import View, ours, signs_of, views
from target_pipedrive.pipedrive.api import changed
from target_pipedrive.pipedrive.settle import LANDING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_pipedrive.desired import Desired
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import ObjectRule
    from target_pipedrive.pipedrive.api import Pipedrive
    from target_pipedrive.pipedrive.fields import Fields

logger = logging.getLogger("target_pipedrive")

OVERLAP = timedelta(seconds=60)
"""How far a list reaches back before the moment in question: clocks and commits lag."""

COMPARED_BYTES = 1_000_000
"""Files up to this size are read back before they are taken for what was uploaded."""


class Listing:
    """Lists each kind of object when it is first needed, from where the last run ended.

    Args:
        pipedrive: Where the lists come from.
        fields: Hash keys of the fields that hold our marks.
        ledger: Where signs are kept.
        rules: The rules that make objects.
    """

    def __init__(
        self, pipedrive: Pipedrive, fields: Fields, ledger: Ledger, rules: Iterable[ObjectRule]
    ) -> None:
        self._pipedrive = pipedrive
        self._fields = fields
        self._ledger = ledger
        self._rules = list(rules)
        self._views = views(self._rules)
        self._refreshed: dict[str, datetime] = {}
        self._listed_deals: set[str] = set()
        """Deals whose lines of earlier runs are known."""
        self._lock = asyncio.Lock()

    def adopts(self, obj: str) -> bool:
        """Return whether rows of others may be taken over, by a match."""
        return bool(self._view(obj).matches)

    def recognise(self, rule: ObjectRule) -> None:
        """Rows are made by one more rule from now on."""
        before = self._views.get(rule.object)
        self._rules = [one for one in self._rules if one.stream != rule.stream] + [rule]
        self._views = views(self._rules)
        if self._views[rule.object] != before:
            self._refreshed.pop(rule.object, None)

    def made(self, obj: str, row_id: str) -> None:
        """A row was created just now: nothing of an earlier run can hang on it."""
        if obj == "deal" and "deal_product" in self._views:
            self._listed_deals.add(row_id)

    def makes(self, obj: str) -> bool:
        """Return whether a rule makes such objects."""
        return obj in self._views

    def is_listed(self, obj: str) -> bool:
        """Return whether a kind was listed in this run."""
        return obj in self._refreshed

    def note_end(self, now: datetime) -> None:
        """The run ends in good order: everything we wrote until now is in the ledger.

        Args:
            now: Server time.
        """
        oldest = self._ledger.links.oldest_intent() or now
        for obj, refreshed in self._refreshed.items():
            # Rows of others that came during the run matter only where rows are matched; and what
            # is still of unknown outcome is looked for by the next run.
            seen = min(refreshed if self.adopts(obj) else now, oldest)
            self._ledger.book.note(f"seen {obj}", (seen - OVERLAP).isoformat())

    def _view(self, obj: str) -> View:
        return self._views.get(obj, View())

    def free(self, obj: str, wanted: str) -> list[str]:
        """Return the rows with a sign that no record owns."""
        rows = self._ledger.signs.rows(obj, wanted)
        owned = self._ledger.links.owned(obj, rows) if rows else set()
        return [row for row in rows if row not in owned]

    async def refresh(self, obj: str) -> None:
        """List what changed since this kind was listed last; everything, the first time."""
        async with self._lock:
            if obj in self._refreshed:
                return
            await self._let_commits_land()
            began = self._pipedrive.server_time()
            seen = self._ledger.book.noted(f"seen {obj}")
            marked: dict[str, set[str]] = {}
            async for page in self._pipedrive.rows(
                obj, updated_since=_moment(seen), custom_fields=self.codes(obj)
            ):
                marked |= self._learn(obj, page)
            self._refreshed[obj] = began
            strange = self._strange(obj, marked)
            if seen is None:
                self._note_former(obj, strange)
            elif strange:
                self.fall_behind()

    # looking at rows

    async def holds(self, row_id: str, desired: Desired) -> bool:
        """Return whether a row with the right mark has the right content, too.

        Files bear no mark but name and size, which two files of one person may share; large ones
        hardly do.
        """
        if desired.file is None or desired.file.size > COMPARED_BYTES:
            return True
        digest = await self._pipedrive.digest(row_id)
        return digest is None or digest == desired.file.sha256

    def signs(self, obj: str, row: dict[str, Any]) -> list[str]:
        """Return everything a row can be recognised by."""
        view = self._view(obj)
        keys = {label: self._fields.text(row, obj, label) for label in view.fields}
        return signs_of(obj, row, view, keys)

    def _learn(self, obj: str, page: list[dict[str, Any]]) -> dict[str, set[str]]:
        """Remember the signs of rows; return those by which they are ours."""
        signs = {str(row["id"]): self.signs(obj, row) for row in page}
        self._ledger.signs.replace(obj, signs)
        found = {row: ours(obj, its) for row, its in signs.items()}
        return {row: marks for row, marks in found.items() if marks}

    def marks(self, obj: str, row: dict[str, Any]) -> set[str]:
        """Return the signs by which a row is ours; of a file by which it may be."""
        return ours(obj, self.signs(obj, row))

    def _strange(self, obj: str, marked: dict[str, set[str]]) -> list[str]:
        """Return the rows with our marks that neither a link nor an announced create explains."""
        owned = self._ledger.links.owned(obj, list(marked))
        known = self._ledger.links.announced_signs()
        known |= {(kind, sign) for kind, sign, _ in self._ledger.resent.all()}
        newest = int(self._ledger.book.noted(f"former {obj}") or 0)
        return [
            row
            for row, marks in marked.items()
            if row not in owned
            and not any((obj, sign) in known for sign in marks)
            and (not row.isdigit() or int(row) > newest)
        ]

    def _note_former(self, obj: str, strange: list[str]) -> None:
        newest = max((int(row) for row in strange if row.isdigit()), default=0)
        self._ledger.book.note(f"former {obj}", str(newest))

    # an old ledger

    def fall_behind(self) -> None:
        """The ledger is older than what was written: every kind is to be caught up with."""
        logger.warning(
            "The ledger is older than what was written with it: it was put back from a copy, or "
            "lost. What it missed is looked up in Pipedrive. Run once with --full-refresh, so that "
            "every record is looked at."
        )
        for obj in self._views:
            if obj != "deal_product":
                self._ledger.book.note(f"behind {obj}", "yes")

    def is_behind(self, obj: str) -> bool:
        """Return whether a kind is to be caught up with."""
        return bool(self._ledger.book.noted(f"behind {obj}"))

    async def catch_up(self, obj: str) -> None:
        """List a whole kind; what is gone, or changed behind the ledger, is held for unknown."""
        async with self._lock:
            await self._let_commits_land()
            began = self._pipedrive.server_time()
            seen = _moment(self._ledger.book.noted(f"seen {obj}"))
            marked: dict[str, set[str]] = {}
            standing: set[str] = set()
            newer: set[str] = set()
            async for page in self._pipedrive.rows(obj, custom_fields=self.codes(obj)):
                marked |= self._learn(obj, page)
                standing |= {str(row["id"]) for row in page}
                newer |= {str(row["id"]) for row in page if changed(row, seen)}
            self._note_former(obj, self._strange(obj, marked))
            self._ledger.links.doubt_all(obj, standing, newer)
            self._ledger.book.note(f"behind {obj}", "")
            self._refreshed[obj] = began

    # lines of deals

    async def refresh_lines(self, deal: str) -> None:
        """List the lines of deals that may hold some of an earlier run, 100 deals at once.

        Adding a line changes its deal, so that after a run which ended in good order only deals
        that changed since are asked about.
        """
        async with self._lock:
            if "deal_product" not in self._refreshed:
                await self._let_commits_land()
                began = self._pipedrive.server_time()
                linked = self._ledger.links.ids("deal")
                unknown = linked - self._listed_deals
                if seen := self._ledger.book.noted("seen deal_product"):
                    since = datetime.fromisoformat(seen)
                    changed: set[str] = set()
                    async for page in self._pipedrive.rows("deal", updated_since=since):
                        changed |= {str(row["id"]) for row in page}
                    unknown &= changed
                await self._list_lines(sorted(unknown))
                self._listed_deals |= linked
                self._refreshed["deal_product"] = began
            if deal not in self._listed_deals:
                await self._list_lines([deal])
                self._listed_deals.add(deal)

    async def _list_lines(self, deals: list[str]) -> None:
        async for page in self._pipedrive.deal_products.lines(deals):
            self._ledger.signs.replace(
                "deal_product", {row["id"]: self.signs("deal_product", row) for row in page}
            )

    async def _let_commits_land(self) -> None:
        """Wait until a create that a killed run sent last can no longer be under way."""
        newest = self._ledger.links.newest_intent()
        if newest is not None:
            age = self._pipedrive.server_time().timestamp() - newest
            await asyncio.sleep(max(0.0, min(LANDING, LANDING - age)))

    def codes(self, obj: str) -> list[str]:
        """Return the hash keys of the custom fields that hold our keys."""
        codes = (self._fields.code(obj, label) for label in self._view(obj).fields)
        return [code for code in codes if code]


def _moment(noted: str | None) -> datetime | None:
    return datetime.fromisoformat(noted) if noted else None
