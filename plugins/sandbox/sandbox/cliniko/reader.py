"""Lists out of the tables: filters, default hiding, order, pages; each scan is done once.

What a request asks for besides its page is answered from a list that is kept until the table
changes, so that paging through a large clinic costs the rows of the page and no more.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.cliniko.query import hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from sandbox.cliniko.query import Condition, Query
    from sandbox.cliniko.resource import Resource, Row
    from sandbox.cliniko.state import ClinikoState

    Sort = tuple[tuple[str, bool], ...]
    Rows = Sequence[Row]

_KEPT_LISTS = 48
"""Lists kept between two changes; one holds references alone, some 0.5 MB for 60,000 rows."""


@dataclass(frozen=True)
class Scope:
    """What narrows a list besides the query: its parent, the permissions of the user.

    Attributes:
        test: Says whether a row is in the list.
        name: The same name means the same rows, as long as no table changes; None when that
            cannot be said.
    """

    test: Callable[[Row], bool]
    name: Hashable | None = None


class Reader:
    """Answers queries from a state and keeps what it found between two changes."""

    def __init__(self, state: ClinikoState) -> None:
        """Read from `state`."""
        self._state = state
        self._kept: OrderedDict[Hashable, tuple[int, Rows]] = OrderedDict()
        self._asked = 0

    def select(
        self, resource: Resource, query: Query, scope: Scope | None = None
    ) -> tuple[int, Rows]:
        """Return the number of matching rows and the rows of the page.

        Args:
            resource: The list.
            query: What is asked.
            scope: What narrows the list besides the query.
        """
        self._asked += 1
        bound = _lower_bound(query)
        rows = self._filtered(resource, query, bound, scope)
        start = _position(resource, rows, query.sort[0][0], bound) if bound else 0
        first = start + (query.page - 1) * query.per_page
        return len(rows) - start, self._page(resource, query, rows, first)

    def matches(self, resource: Resource, row: Row, query: Query) -> bool:
        """Say whether a single record is visible to a query."""
        return not hidden(resource, row, query.lifted) and all(
            condition.test(resource.value(row, condition.field)) for condition in query.conditions
        )

    def _filtered(
        self, resource: Resource, query: Query, bound: Condition | None, scope: Scope | None
    ) -> Rows:
        """Return the rows of a query in its order; those below `bound` too, but no nulls of it."""
        rest = [each for each in query.conditions if each is not bound and each.operator != "*"]
        set_only = bound.field if bound else None
        stamps = tuple(name for name in resource.hides if name not in query.lifted)
        asked = frozenset((each.field, each.operator, each.value) for each in rest)
        name = (resource.name, query.sort, asked, set_only, stamps, scope and scope.name)
        keep = scope is None or scope.name is not None
        version = self._state.revision if scope else self._state.version(resource.name)
        kept = self._kept.get(name) if keep else None
        if kept is not None and kept[0] == version:
            self._kept.move_to_end(name)
            return kept[1]
        tests = [(each.field, each.test) for each in rest]
        rows: Rows = self._ordered(resource, query.sort)
        if stamps or tests or scope or set_only:
            rows = [
                row
                for row in rows
                if not any(row.get(stamp) is not None for stamp in stamps)
                and (scope is None or scope.test(row))
                and (set_only is None or resource.value(row, set_only) is not None)
                and all(test(resource.value(row, field)) for field, test in tests)
            ]
        if keep:
            self._keep(name, version, rows)
        return rows

    def _ordered(self, resource: Resource, sort: Sort) -> Rows:
        version = self._state.version(resource.name)
        name = (resource.name, sort)
        kept = self._kept.get(name)
        if kept is not None and kept[0] == version:
            self._kept.move_to_end(name)
            return kept[1]
        rows = list(self._state.rows(resource.name))
        for field, descending in reversed(sort):
            rows.sort(key=_sort_key(resource, field), reverse=descending)
        self._keep(name, version, rows)
        return rows

    def _keep(self, name: Hashable, version: int, rows: Rows) -> None:
        self._kept[name] = version, rows
        self._kept.move_to_end(name)
        while len(self._kept) > _KEPT_LISTS:
            self._kept.popitem(last=False)

    def _page(self, resource: Resource, query: Query, rows: Rows, first: int) -> Rows:
        """Return a page; rows that the sort does not tell apart are shuffled for this request.

        Cliniko promises no order for them, so none may be leant on, not even between two pages.
        """
        end = min(first + query.per_page, len(rows))
        if first >= end or any(field == "id" for field, _ in query.sort):
            return rows[first:end]
        keys = [_sort_key(resource, field) for field, _ in query.sort]

        def same(one: Row, other: Row) -> bool:
            return all(key(one) == key(other) for key in keys)

        low, high = first, end
        while low > 0 and same(rows[low - 1], rows[first]):
            low -= 1
        while high < len(rows) and same(rows[high], rows[end - 1]):
            high += 1
        shuffled: list[Row] = []
        begin = low
        for index in range(low + 1, high + 1):
            if index == high or not same(rows[index], rows[begin]):
                shuffled += self._shuffled(rows[begin:index])
                begin = index
        return shuffled[first - low : end - low]

    def _shuffled(self, rows: Rows) -> Rows:
        """Return rows in an order that the account and the number of the request decide."""
        if len(rows) == 1:
            return rows
        seed = (self._state.shuffle_seed, self._asked)
        return sorted(rows, key=lambda row: hash((row["id"], seed)))


def _sort_key(resource: Resource, field: str) -> Callable[[Row], tuple[bool, Any]]:
    def key(row: Row) -> tuple[bool, Any]:
        value = resource.value(row, field)
        return (value is None, 0 if value is None else value)

    return key


def _lower_bound(query: Query) -> Condition | None:
    """Return the condition that cuts the front off the order, if the query has one."""
    field, descending = query.sort[0]
    if descending:
        return None
    bounds = (">=", ">")
    return next(
        (one for one in query.conditions if one.field == field and one.operator in bounds), None
    )


def _position(resource: Resource, rows: Rows, field: str, bound: Condition) -> int:
    cut = bisect_left if bound.operator == ">=" else bisect_right
    return cut(rows, (False, bound.value), key=_sort_key(resource, field))
