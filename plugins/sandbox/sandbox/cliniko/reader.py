"""Lists out of the tables: order, default hiding, filters, pages; no full scan where it can."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from sandbox.cliniko.query import hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.cliniko.query import Condition, Query
    from sandbox.cliniko.resource import Resource, Row
    from sandbox.cliniko.state import ClinikoState

    Sort = tuple[tuple[str, bool], ...]
    Scope = Callable[[Row], bool]

_KNUTH = 2654435761
_KEPT_ORDERS = 64


class Reader:
    """Answers queries from a state and keeps the sorted orders between two changes."""

    def __init__(self, state: ClinikoState) -> None:
        """Read from `state`."""
        self._state = state
        self._orders: dict[tuple[str, Sort], tuple[int, list[Row]]] = {}

    def select(
        self, resource: Resource, query: Query, scope: Scope | None = None
    ) -> tuple[int, Sequence[Row]]:
        """Return the number of matching rows and the rows of the page.

        Args:
            resource: The list.
            query: What is asked.
            scope: What narrows the list besides the query: its parent, the user's permissions.
        """
        rows = self._ordered(resource, query.sort)
        start, used = _lower_bound(resource, rows, query)
        tests = [
            (condition.field, condition.test)
            for condition in query.conditions
            if condition is not used and condition.operator != "*"
        ]
        lifted = frozenset(condition.field for condition in query.conditions)
        stamps = tuple(name for name in resource.hides if name not in lifted)
        first = (query.page - 1) * query.per_page
        if not tests and not stamps and scope is None:
            return len(rows) - start, rows[start + first : start + first + query.per_page]
        found = [
            row
            for row in (rows[start:] if start else rows)
            if not any(row.get(name) is not None for name in stamps)
            and (scope is None or scope(row))
            and all(test(resource.value(row, field)) for field, test in tests)
        ]
        return len(found), found[first : first + query.per_page]

    def matches(self, resource: Resource, row: Row, query: Query) -> bool:
        """Say whether a single record is visible to a query."""
        lifted = frozenset(condition.field for condition in query.conditions)
        return not hidden(resource, row, lifted) and all(
            condition.test(resource.value(row, condition.field)) for condition in query.conditions
        )

    def _ordered(self, resource: Resource, sort: Sort) -> list[Row]:
        version = self._state.version(resource.name)
        kept = self._orders.get((resource.name, sort))
        if kept is not None and kept[0] == version:
            return kept[1]
        # Equal values come in no promised order: shuffled, and anew after every change.
        rows = sorted(
            self._state.rows(resource.name),
            key=lambda row: (row["id"] ^ version) * _KNUTH % (1 << 32),
        )
        for field, descending in reversed(sort):
            rows.sort(key=_sort_key(resource, field), reverse=descending)
        if len(self._orders) >= _KEPT_ORDERS:
            self._orders.pop(next(iter(self._orders)))
        self._orders[resource.name, sort] = version, rows
        return rows


def _sort_key(resource: Resource, field: str) -> Callable[[Row], tuple[bool, Any]]:
    def key(row: Row) -> tuple[bool, Any]:
        value = resource.value(row, field)
        return (value is None, 0 if value is None else value)

    return key


def _lower_bound(resource: Resource, rows: list[Row], query: Query) -> tuple[int, Condition | None]:
    field, descending = query.sort[0]
    if descending:
        return 0, None
    for condition in query.conditions:
        if condition.field == field and condition.operator in {">=", ">"}:
            cut = bisect_left if condition.operator == ">=" else bisect_right
            key = _sort_key(resource, field)
            position = cut(rows, (False, condition.value), key=key)
            # Nulls stand at the end and match no bound: leave them to the plain filter.
            if not rows or not key(rows[-1])[0]:
                return position, condition
    return 0, None
