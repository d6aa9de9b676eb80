"""Rules that keep records with a parent: roll-ups into its fields, and one CSV file on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import File
from target_pipedrive.mapping import table
from target_pipedrive.mapping.functions.money import total
from target_pipedrive.mapping.guard import value_of
from target_pipedrive.mapping.text import id_order
from target_pipedrive.mapping.text import text as trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_pipedrive.desired import FieldSpec
    from target_pipedrive.mapping.context import Context
    from target_pipedrive.mapping.expression import Expression
    from target_pipedrive.mapping.faults import Place


@dataclass(frozen=True, slots=True)
class Aggregation:
    """A custom field of the parent computed from its children."""

    spec: FieldSpec
    how: str
    """`sum`, `max`, `min`, `last`, `first`, `lines` or `count`."""
    value: Expression | None
    where: Expression | None
    order: Sequence[Expression]
    empty: Expression | None
    place: Place

    def of(self, rows: list[dict[str, Any]], context: Context, parent: dict[str, Any]) -> Any:
        """The aggregate of children already filtered and sorted by their rule."""
        if not rows:
            return value_of(self.empty, parent, context)
        if self.where is not None:
            rows = [row for row in rows if value_of(self.where, row, context)]
        if self.order:
            rows = ordered(rows, self.order, context)
        if self.how == "count":
            return len(rows)
        return _AGGREGATES[self.how]([value_of(self.value, row, context) for row in rows])


def _present(values: list[Any]) -> list[Any]:
    return [value for value in values if value not in (None, "")]


def _lines(values: list[Any]) -> str | None:
    return "\n".join(line for value in values if (line := trimmed(value))) or None


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "sum": total,
    "max": lambda values: max(_present(values), default=None),
    "min": lambda values: min(_present(values), default=None),
    "last": lambda values: values[-1] if values else None,
    "first": lambda values: values[0] if values else None,
    "lines": _lines,
}


@dataclass(frozen=True, slots=True)
class ChildRule:
    """What rules of children have in common: whose they are, which count, in which order."""

    stream: str
    parent: str
    by: Expression
    where: Expression | None
    order: Sequence[Expression]
    keep: frozenset[str] | None
    onto: str | None

    def rows(self, parent_id: str, context: Context) -> list[dict[str, Any]]:
        """The parent's children that count, in order."""
        rows = context.world.children(self.stream, self.parent, parent_id)
        if self.where is not None:
            rows = [row for row in rows if value_of(self.where, row, context)]
        return ordered(rows, self.order, context)


@dataclass(frozen=True, slots=True)
class Rollup(ChildRule):
    """Children kept for the parent's expressions, and aggregates for its fields."""

    aggregations: Sequence[Aggregation] = ()


@dataclass(frozen=True, slots=True)
class Collate(ChildRule):
    """Children as rows of one CSV file on the parent's object."""

    file: str = ""
    columns: Sequence[tuple[str, Expression]] = ()
    phone_columns: frozenset[str] = frozenset()

    def table(self, parent_id: str, context: Context) -> File | None:
        """The file, or None when there is no row."""
        rows = [
            [
                table.inert(
                    trimmed(value_of(value, row, context)) or "",
                    phone=heading in self.phone_columns,
                )
                for heading, value in self.columns
            ]
            for row in self.rows(parent_id, context)
        ]
        if not rows:
            return None
        data = table.csv_bytes([heading for heading, _ in self.columns], rows)
        return File(self.file, len(data), hashlib.sha256(data).hexdigest(), data=data)


def ordered(
    rows: list[dict[str, Any]], order: Sequence[Expression], context: Context
) -> list[dict[str, Any]]:
    """Rows sorted by expressions, then by id, so that the order never depends on their coming."""

    def key(row: dict[str, Any]) -> list[tuple[Any, ...]]:
        values = [value_of(expression, row, context) for expression in order]
        return [*map(_sortable, values), _sortable(row.get("id"))]

    return sorted(rows, key=key)


def _sortable(value: Any) -> tuple[Any, ...]:
    """A key by which nothing comes first, then numbers and ids, then text."""
    if value is None:
        return (0, 0, "")
    if isinstance(value, (int, float, Decimal)):
        return (1, value, "")
    number, shown = id_order(value)
    return (1, number, "") if number >= 0 else (2, 0, shown)
