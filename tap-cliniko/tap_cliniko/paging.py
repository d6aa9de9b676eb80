"""Reading a list that changes while it is read, without leaving a row out.

Nothing freezes a Cliniko list between two pages, and pages counted by number shift when a row
enters or leaves. So no page number is ever trusted: each query starts behind the last row seen
("keyset"), and filters never have an upper bound that an edited row could leave behind, except
inside one single second, where the id takes over. What may be asked for ahead of that, and why
nothing is lost by it, is written at :class:`_Asker`.

The functions are pure but for what fetches. They yield pages (lists of rows); a row may come twice
when it was edited in between, the later one being the newer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

from tap_cliniko.errors import UnorderedPageError

Row: TypeAlias = dict[str, Any]

IDS_PER_QUERY = 50

_READS_BY_NUMBER = 5

PER_PAGE = 100
"""The most rows Cliniko gives in one page (Cliniko docs, "Pagination")."""


@dataclass(frozen=True)
class Query:
    """One request for a page of a list.

    Attributes:
        filters: Values of ``q[]``, all of which must hold (Cliniko docs, "Filtering results").
        sort: Columns, ascending unless ``:desc`` follows (Cliniko docs, "Sorting results"); ""
            asks for no order.
        page: Number of the page, from 1.
        per_page: Most rows in it.
    """

    filters: tuple[str, ...]
    sort: str
    page: int = 1
    per_page: int = PER_PAGE


@dataclass(frozen=True)
class Page:
    """One answer.

    Attributes:
        rows: Records as Cliniko sent them.
        more: Whether further rows match the same query.
        total: How many rows match the same query; None when Cliniko did not say.
    """

    rows: list[Row]
    more: bool
    total: int | None = None


Fetch: TypeAlias = Callable[[Query], Page]
FetchBoth: TypeAlias = Callable[[Query, Query], tuple[Page, Page]]
"""Asks two queries at the same time; the server may answer them in either order."""


class _Asker:
    """Answers keyset queries, where it can with the page behind in the same moment.

    Keyset queries come one after another, since each needs the last row of the one before. So
    beside a keyset query K (rows 1 to 100) the same query is asked with ``page=2&per_page=99``
    (rows 100 to 198). Its answer P is joined to K's when its first row is K's last row L and when
    both rise strictly by (stamp, id); else P is thrown away and the next keyset query is asked.

    **Nothing is left out by that**, whichever of the two was answered first and whatever changed
    in between. Rows have the order of (stamp, id), and P is a run of neighbours in the list as it
    stood when P was answered. Joined, it begins with L, so it holds *every* row of that moment
    from L to its own end, just as a keyset query behind L would have. What remains is a row that
    comes to stand before P's end at another moment:

    * by id: rows enter a list at its end only, so a row between L and P's end was in P.
    * by stamp: a row enters with the stamp of that moment. P is joined only as far as its stamps
      are ``settled``, older than the run, so none enters there any more; rows only leave, for the
      end of the list, where they are met again. Behind ``settled`` keyset queries go on alone,
      and they read the second they begin with once more.

    A row that left from before L moves L out of P, a row that entered before L moves it away from
    P's first place: both show, and cost one request. Should a server not order the rows of one
    second by id, then pages that do not rise strictly tell, and nothing is asked ahead in this
    list again.

    Args:
        fetch: Answers a query.
        column: What the rows are sorted by before their id; None when by id alone.
        both: Answers two queries; None when nothing is to be asked ahead.
        settled: The latest stamp that no row can get any more.
    """

    def __init__(
        self, fetch: Fetch, column: str | None, both: FetchBoth | None, settled: str | None = None
    ) -> None:
        self._fetch = fetch
        self._column = column
        self._both = both
        self._settled = settled
        self._further = 0

    def __call__(self, query: Query) -> Page:
        """Answer with up to 198 rows; small lists cost no further request."""
        if self._both is None or self._further <= PER_PAGE:
            page = self._fetch(query)
            if page.more and len(page.rows) < query.per_page:
                self._both = None  # a server that gives less than it was asked for
        else:
            page = self._joined(
                *self._both(query, replace(query, page=2, per_page=query.per_page - 1))
            )
        self._further = (page.total or 0) - len(page.rows)
        return page

    def _joined(self, first: Page, second: Page) -> Page:
        if not (self._rises(first) and self._rises(second)):
            self._both = None
            return first
        if (
            not first.rows
            or not second.rows
            or self._key(first.rows[-1]) != self._key(second.rows[0])
        ):
            return first
        tail = second.rows[1:]
        if self._column is not None:
            kept = [row for row in tail if row[self._column] <= (self._settled or "")]
            if len(kept) < len(tail):
                self._both = None
                return Page(first.rows + kept, more=True)
        return Page(first.rows + tail, second.more, second.total)

    def _rises(self, page: Page) -> bool:
        return all(self._key(early) < self._key(late) for early, late in pairwise(page.rows))

    def _key(self, row: Row) -> tuple[str, int]:
        # Ids are int64 in text of unequal length, so they are compared as integers.
        return ("" if self._column is None else row[self._column], int(row["id"]))


def by_id(
    fetch: Fetch,
    filters: Sequence[str] = (),
    both: FetchBoth | None = None,
    after: int = -1,
) -> Iterator[list[Row]]:
    """Read in the order of ids. New rows have the highest ids and are met at the end.

    Args:
        fetch: Answers a query.
        filters: What the rows must fulfil.
        both: Answers two queries at the same time; None to ask one after another.
        after: Id of the last row read already; -1 for none.

    Raises:
        UnorderedPageError: When ids do not rise.
    """
    ask = _Asker(fetch, None, both)
    last = after
    bound = () if after < 0 else (f"id:>{after}",)
    while True:
        page = ask(Query((*filters, *bound), "id"))
        for row in page.rows:
            if (number := int(row["id"])) <= last:
                raise UnorderedPageError("ids do not rise although sort=id was asked for")
            last = number
        yield page.rows
        if not page.more:
            return
        bound = (f"id:>{last}",)


def by_stamp(
    fetch: Fetch,
    column: str,
    since: str | None,
    filters: Sequence[str] = (),
    *,
    both: FetchBoth | None = None,
    settled: str | None = None,
) -> Iterator[list[Row]]:
    """Read in the order of a timestamp column, from a moment on.

    A row stamped anew during the reading moves ahead of the cursor and is met again there.

    Args:
        fetch: Answers a query.
        column: ``updated_at`` or a stamp of removal; whole seconds as text, ``…Z``.
        since: First second to read; None for everything.
        filters: Further filters.
        both: Answers two queries at the same time; None to ask one after another.
        settled: The latest stamp that no row can get any more; nothing is asked ahead behind it.

    Raises:
        UnorderedPageError: When stamps do not rise.
    """
    ask = _Asker(fetch, column, both, settled)
    bound: tuple[str, ...] = () if since is None else (f"{column}:>={since}",)
    seen: frozenset[tuple[str, str]] = frozenset()  # met in the second the next page begins with
    while True:
        page = ask(Query((*filters, *bound), f"{column},id"))
        stamps = [row[column] for row in page.rows]
        if any(later < earlier for earlier, later in pairwise(stamps)):
            raise UnorderedPageError(f"{column} does not rise although it was sorted by")
        yield [row for row in page.rows if (row["id"], row[column]) not in seen]
        if not page.more:
            return
        last = stamps[-1]
        here = frozenset((row["id"], last) for row in page.rows if row[column] == last)
        if stamps[0] == last:  # one second fills the page: the id is the cursor inside it
            second = (f"{column}:>={last}", f"{column}:<={last}")
            for rows in by_id(fetch, (*filters, *second)):
                yield [row for row in rows if (row["id"], last) not in here]
            seen, bound = frozenset(), (f"{column}:>{last}",)
        else:
            seen, bound = here, (f"{column}:>={last}",)


def by_ids(
    fetch: Fetch, field: str, ids: Sequence[str], filters: Sequence[str] = ()
) -> Iterator[list[Row]]:
    """Read the rows whose numeric field is one of the ids, some ids at a time.

    Args:
        fetch: Answers a query.
        field: A filter of kind number, such as ``id`` or ``patient_id``.
        ids: Values; they go into comma lists short enough for a URL.
        filters: Further filters.
    """
    for start in range(0, len(ids), IDS_PER_QUERY):
        some = ",".join(ids[start : start + IDS_PER_QUERY])
        yield from by_id(fetch, (*filters, f"{field}:={some}"))


def by_number(fetch: Fetch, key: Callable[[Row], Hashable]) -> Generator[list[Row], None, bool]:
    """Read page after page by number, for the few lists that can neither be filtered nor sorted.

    Rows that enter or leave shift the others, and no order is promised, so a row may be left out.
    That shows: fewer rows were met than there are since their number last changed. Then the list is
    read again, up to five times in all.

    Args:
        fetch: Answers a query.
        key: What identifies a row.

    Returns:
        Whether every row was met, as far as can be told.
    """
    known: dict[Hashable, Row] = {}
    met: set[Hashable] = set()
    total: int | None = None
    for _ in range(_READS_BY_NUMBER):
        query = Query((), "")
        while True:
            page = fetch(query)
            rows = {key(row): row for row in page.rows}
            yield [row for identity, row in rows.items() if known.get(identity) != row]
            known.update(rows)
            if page.total != total:
                total, met = page.total, set()
            met.update(rows)
            if not page.more:
                break
            query = replace(query, page=query.page + 1)
        if total is None or len(met) >= total:
            return total is not None
    return False
