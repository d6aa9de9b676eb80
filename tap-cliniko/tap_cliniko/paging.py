"""Reading a list that changes while it is read, without leaving a row out.

Nothing freezes a Cliniko list between two pages, and pages counted by number shift when a row
enters or leaves. So no page number is ever used: each query starts behind the last row seen
("keyset"), and filters never have an upper bound that an edited row could leave behind, except
inside one single second, where the id takes over.

The functions are pure but for ``fetch``. They yield pages (lists of rows); a row may come twice
when it was edited in between, the later one being the newer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from tap_cliniko.errors import UnorderedPageError

Row: TypeAlias = dict[str, Any]

IDS_PER_QUERY = 50

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


def by_id(fetch: Fetch, filters: Sequence[str] = ()) -> Iterator[list[Row]]:
    """Read in the order of ids. New rows have the highest ids and are met at the end.

    Raises:
        UnorderedPageError: When ids do not rise.
    """
    last = -1
    bound: tuple[str, ...] = ()
    while True:
        page = fetch(Query((*filters, *bound), "id"))
        for row in page.rows:
            # Ids are int64 in text of unequal length, so they are compared as integers.
            if (number := int(row["id"])) <= last:
                raise UnorderedPageError("ids do not rise although sort=id was asked for")
            last = number
        yield page.rows
        if not page.more:
            return
        bound = (f"id:>{last}",)


def by_stamp(
    fetch: Fetch, column: str, since: str | None, filters: Sequence[str] = ()
) -> Iterator[list[Row]]:
    """Read in the order of a timestamp column, from a moment on.

    A row stamped anew during the reading moves ahead of the cursor and is met again there.

    Args:
        fetch: Answers a query.
        column: ``updated_at`` or a stamp of removal; whole seconds as text, ``…Z``.
        since: First second to read; None for everything.
        filters: Further filters.

    Raises:
        UnorderedPageError: When stamps do not rise.
    """
    bound: tuple[str, ...] = () if since is None else (f"{column}:>={since}",)
    seen: frozenset[tuple[str, str]] = frozenset()  # met in the second the next page begins with
    while True:
        page = fetch(Query((*filters, *bound), f"{column},id"))
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
