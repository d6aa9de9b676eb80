"""Which patients were merged lately.

Merging moves the loser's records to the survivor, perhaps without a new ``updated_at``, and the
survivor carries no sign of it. The loser does: it is archived and names the survivor. So whoever
reads what hangs on patients asks here whose records to read again: the survivor's, and the loser's,
should any have stayed.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from tap_cliniko.errors import NotVisibleError
from tap_cliniko.links import linked_id
from tap_cliniko.paging import Page, Query, Row, by_ids, by_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cliniko.client import Client

_ALL = ("archived_at:*",)


class Merges:
    """Recent merges, read once per moment asked about."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, tuple[str, ...]] = {}

    def since(self, moment: str) -> tuple[str, ...]:
        """Ids of the patients merged since a moment: losers and survivors, through chains.

        Args:
            moment: Moment in Cliniko's form.
        """
        if moment not in self._known:
            try:
                self._known[moment] = self._read(moment)
            except NotVisibleError:
                self._known[moment] = ()  # the patients stream itself reports this
        return self._known[moment]

    def _read(self, moment: str) -> tuple[str, ...]:
        found, new = _merged(by_stamp(self._fetch, "archived_at", moment))
        while new:
            # A survivor may have been merged on; then the records went further too.
            losers, survivors = _merged(by_ids(self._fetch, "id", sorted(new, key=int), _ALL))
            found |= losers | new
            new = survivors - found
        return tuple(sorted(found, key=int))

    def _fetch(self, query: Query) -> Page:
        return self._client.page("/patients", "patients", query)


def _merged(pages: Iterable[list[Row]]) -> tuple[set[str], set[str]]:
    """Ids of losers and of survivors."""
    losers, survivors = set(), set()
    for row in chain.from_iterable(pages):
        link = row.get("merged_with_patient")
        if link and (target := linked_id(link)) is not None:
            losers.add(str(row["id"]))
            survivors.add(target)
    return losers, survivors
