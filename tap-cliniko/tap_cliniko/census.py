"""What no stamp tells: rows brought back from the archive, and rows deleted for good.

Cliniko lets patients, treatment notes and businesses come back from the archive and appointments
from cancellation (Cliniko docs, "Archived and deleted records"); the stamp becomes null, and
whether ``updated_at`` moves is not said. A patient deleted for good is in no list any more. Both
change a number: how many rows are hidden by a stamp before a moment T, and how many were created
before T. With T two minutes and more in the past nothing else changes these numbers. So the state
keeps them, and when the next run counts otherwise, the stream is read whole.

The count costs no request of its own while little happens: the newest rows by a stamp, asked for to
find what is new, come with the number of all rows of that query; those since T taken off, the rest
is the count. Where more is new than fits, it is counted with two small requests.

Counting and reading happen one after the other while the clinic goes on working. What is counted
for the next run is therefore never counted later than what is compared or emitted: then whatever
changes in between shows at the latest in the next run, at worst as a whole read too many.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_cliniko.bookmark import CREATED, REPLICATION_KEY
from tap_cliniko.paging import Page, Query, Row, by_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_cliniko.paging import Fetch

NEWEST = 25
"""Rows asked for to see what is new. A quiet quarter of an hour brings fewer, and a page of notes
weighs much."""


class Census:
    """Compares the rows there were before the last run with those there are.

    Args:
        last: ``before``, the moment up to which the last run counted, and its ``counts`` by stamp;
            empty when there was none.
        since: The moment after which everything is read anew, not later than ``before``.
        cap: The moment up to which this run counts.

    Attributes:
        differs: Whether a row came back or vanished.
        counts: Rows before the cap, by stamp.
    """

    def __init__(self, last: Mapping[str, Any], since: str, cap: str) -> None:
        self._known: Mapping[str, int] = last.get("counts") or {}
        self._before: str = last.get("before") or since
        self._since = since
        self._cap = cap
        self.differs = False
        self.counts: dict[str, int] = {}

    def news(
        self, fetch: Fetch, column: str, since: str, filters: Sequence[str], **ahead: Any
    ) -> Iterator[list[Row]]:
        """Read the rows stamped since a moment, and count those from before.

        Args:
            fetch: Answers a query.
            column: ``updated_at``, with which the rows created are counted; or a stamp that hides,
                with which the rows hidden are.
            since: First moment to read.
            filters: What lifts the hiding by the other stamps.
            ahead: Passed on to :func:`by_stamp`.
        """
        counted = CREATED if column == REPLICATION_KEY else column
        only = () if counted == CREATED else (f"{column}:?",)
        page = newest(fetch, column, self._since, (*filters, *only))
        if page is not None:
            seen = [row[counted] for row in page.rows]
            self._count(counted, lambda moment: _less(page.total, seen, moment))
            yield [row for row in page.rows if row[column] >= since]
        else:
            self._count(
                counted,
                lambda moment: (
                    fetch(Query((*filters, f"{counted}:<{moment}"), "", per_page=1)).total
                ),
            )
            yield from by_stamp(fetch, column, since, filters, **ahead)

    def doubt(self) -> None:
        """There is another reason to think that rows changed which cannot be found one by one."""
        self.differs = True

    def _count(self, stamp: str, before: Callable[[str], int | None]) -> None:
        # In this order: see the end of the module's description.
        if (now := before(self._cap)) is not None:
            self.counts[stamp] = now
        if stamp in self._known:
            then = before(self._before)
            if then is not None and then != self._known[stamp]:
                self.differs = True


def newest(fetch: Fetch, column: str, since: str, filters: Sequence[str]) -> Page | None:
    """The rows stamped since a moment, oldest first, and the number of all rows.

    They are asked for in one request, newest first, which is right when they fall strictly by
    (stamp, id) and the last row is older than the moment, or there is none behind it.

    Returns:
        None when they do not fit, or come in another order, or without their number.
    """
    page = fetch(Query(tuple(filters), f"{column}:desc,id:desc", per_page=NEWEST))
    keys = [(row[column], int(row["id"])) for row in page.rows]
    if page.total is None or any(later >= earlier for earlier, later in pairwise(keys)):
        return None
    if page.more and keys[-1][0] >= since:
        return None
    rows = [row for row in reversed(page.rows) if row[column] >= since]
    return Page(rows, more=False, total=page.total)


def _less(total: int | None, stamps: Iterable[str], moment: str) -> int | None:
    return None if total is None else total - sum(stamp >= moment for stamp in stamps)
