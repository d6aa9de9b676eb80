"""Finding the row that a record shall become, by lists, never by search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Found
from target_pipedrive.listing import OVERLAP, Listing
from target_pipedrive.marks import match_sign, name_sign, parent_of, sign
from target_pipedrive.pipedrive import OBJECTS, PARENTS
from target_pipedrive.review import Review
from target_pipedrive.strays import Strays

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from target_pipedrive.desired import Desired
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import ObjectRule
    from target_pipedrive.pipedrive.api import Pipedrive
    from target_pipedrive.pipedrive.fields import Fields


@dataclass(frozen=True, slots=True)
class Existing:
    """A row in Pipedrive that a record shall become.

    Args:
        id: Its id.
        ours: It bears our mark; otherwise it is adopted by a match.
        outdated: It is a generated file with other content.
    """

    id: str
    ours: bool
    outdated: bool = False


class Index:
    """What stands in Pipedrive, as records look for what they became or shall become.

    Args:
        pipedrive: Where the lists come from.
        fields: Hash keys of the fields that hold our marks.
        ledger: Where signs are kept.
        rules: The rules that make objects.
        review: Chooses where several rows of others agree.
    """

    def __init__(
        self,
        pipedrive: Pipedrive,
        fields: Fields,
        ledger: Ledger,
        rules: Iterable[ObjectRule],
        review: Review | None = None,
    ) -> None:
        self._pipedrive = pipedrive
        self._ledger = ledger
        self._review = review or Review()
        self.listing = Listing(pipedrive, fields, ledger, rules)
        self.strays = Strays(pipedrive, ledger, self.listing)

    async def find(self, desired: Desired, body: dict[str, Any]) -> Existing | None:
        """Return the row that a record without a link shall become, if there is one.

        Args:
            desired: The object.
            body: Its body with references resolved.

        Raises:
            Rejected: `ambiguous_match`, when several rows of others agree.
        """
        if desired.object == "deal_product":
            await self.listing.refresh_lines(str(body["deal_id"]))
        else:
            await self.listing.refresh(desired.object)
        for row in self.listing.free(desired.object, sign(desired, body)):
            if await self.listing.holds(row, desired) and not self._ledger.links.owned(
                desired.object, [row]
            ):
                return Existing(row, ours=True)
        generated = desired.file is not None and desired.file.data is not None
        if generated and (older := self.listing.free(desired.object, name_sign(desired, body))):
            return Existing(older[0], ours=True, outdated=True)
        if desired.match:
            candidates = self.listing.free(desired.object, match_sign(desired.match))
            if chosen := self._review.choose(desired, candidates):
                return Existing(chosen, ours=False)
        return None

    async def look(self, desired: Desired, body: dict[str, Any], since: datetime) -> str | None:
        """Return the row that a create of unknown outcome made, if it made one.

        Args:
            desired: The object.
            body: What was sent.
            since: Server time when it was sent.
        """
        wanted = sign(desired, body)
        async for page in self._pages(desired, body, since - OVERLAP):
            for row in page:
                if wanted in self.listing.signs(desired.object, row):
                    row_id = str(row["id"])
                    if self._ledger.links.owned(desired.object, [row_id]):
                        continue
                    if await self.listing.holds(row_id, desired) and not self._ledger.links.owned(
                        desired.object, [row_id]
                    ):
                        return row_id
        return None

    def moved(self, obj: str, loser: str, survivor: str) -> None:
        """An object was merged into another: the files that hung on it hang on the other."""
        keys = [key for key, parent in PARENTS.items() if parent == obj]
        for key in keys:
            self._ledger.signs.rename(
                "file", f"{Found.NAME} {key}={loser} ", f"{Found.NAME} {key}={survivor} "
            )

    async def _pages(self, desired: Desired, body: dict[str, Any], since: datetime) -> Any:
        parent, parent_id = parent_of(body) if desired.object == "file" else ("", "")
        if parent and OBJECTS[PARENTS[parent]].files is not None:
            pages = self._pipedrive.files_of(PARENTS[parent], parent_id, since=since)
        elif desired.object == "deal_product":
            pages = self._pipedrive.deal_products.lines([str(body["deal_id"])])
        else:
            pages = self._pipedrive.rows(
                desired.object,
                updated_since=since,
                newest_first=True,
                custom_fields=self.listing.codes(desired.object),
            )
        async for page in pages:
            yield page
