"""Which patients took over another's records lately.

Merging moves the loser's records to the survivor, perhaps without a new ``updated_at``, and the
survivor carries no sign of it. The loser does: it is archived and names the survivor. So whoever
reads what hangs on patients asks here whose records to read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.errors import NotVisibleError
from tap_cliniko.links import linked_id
from tap_cliniko.paging import Page, Query, Row, by_ids, by_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cliniko.client import Client

_ALL = ("archived_at:*",)


class Merges:
    """Survivors of recent merges, read once per moment asked about."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, tuple[str, ...]] = {}

    def survivors(self, since: str) -> tuple[str, ...]:
        """Ids of patients into whom others were merged since a moment, through chains.

        Args:
            since: Moment in Cliniko's form.
        """
        if since not in self._known:
            try:
                self._known[since] = self._read(since)
            except NotVisibleError:
                self._known[since] = ()  # the patients stream itself reports this
        return self._known[since]

    def _read(self, since: str) -> tuple[str, ...]:
        found: set[str] = set()
        new = _merged_into(by_stamp(self._fetch, "archived_at", since))
        while new := new - found:
            found |= new
            # A survivor may have been merged on; then the records went further too.
            new = _merged_into(by_ids(self._fetch, "id", sorted(new, key=int), _ALL))
        return tuple(sorted(found, key=int))

    def _fetch(self, query: Query) -> Page:
        return self._client.page("/patients", "patients", query)


def _merged_into(pages: Iterable[list[Row]]) -> set[str]:
    links = (row.get("merged_with_patient") for page in pages for row in page)
    return {target for link in links if link and (target := linked_id(link)) is not None}
