"""Comparing rows that a record became, column by column, when each is found by a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.check import footer, html_text
from sandbox.check.report import Section
from sandbox.check.values import Row, same, squeezed, text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from sandbox.check.account import Account, Fields


@dataclass(frozen=True)
class Wanted:
    """A row that must stand.

    Attributes:
        key: By which it is found.
        columns: What must be in it, by a name of ours.
    """

    key: str
    columns: dict[str, object]


def compare(
    kind: str,
    wanted: Iterable[Wanted],
    standing: dict[str, list[Row]],
    columns: Callable[[Row], dict[str, object]],
    kept: Collection[str] = (),
) -> Section:
    """Compare all rows of one kind.

    Args:
        kind: The section's name.
        wanted: What must stand.
        standing: What stands, by key.
        columns: What a row holds, by the names that `wanted` uses.
        kept: Keys of rows that may stand though nothing asks for them.
    """
    section, left = Section(kind), dict(standing)
    for one in wanted:
        section.expected += 1
        rows = left.pop(one.key, [])
        if not rows:
            section.missing.append(one.key)
            continue
        section.present += 1
        section.duplicates += [f"{one.key} (Pipedrive {row['id']})" for row in rows[1:]]
        actual = columns(rows[0])
        for name, expected in one.columns.items():
            if not same(expected, actual.get(name)):
                section.differ(one.key, rows[0]["id"], name, expected, actual.get(name))
    section.extra = [
        f"{key} (Pipedrive {row['id']})"
        for key, rows in left.items()
        if key not in kept
        for row in rows
    ]
    return section


def by_line(rows: Iterable[Row], column: str, label: str) -> dict[str, list[Row]]:
    """Group rows by the key in a line at the end of their text."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        key = footer.marker(html_text.lines(row.get(column), newlines=True)[-1:], label)
        if key:
            found.setdefault(key, []).append(row)
    return found


def by_field(account: Account, kind: str, fields: Fields, name: str) -> dict[str, list[Row]]:
    """Group the rows of a kind by the key in a custom field."""
    found: dict[str, list[Row]] = {}
    for row in account.live(kind):
        key = fields.read(name, row)
        if key:
            found.setdefault(str(key), []).append(row)
    return found


def told(values: dict[str, object]) -> tuple[str, ...]:
    """Return labelled values as lines, in no particular order; those without a value left out."""
    lines: list[str] = []
    for label, value in values.items():
        shown = text(value)
        if shown is not None:
            lines += [squeezed(line) for line in f"{label}: {shown}".split("\n") if line.strip()]
    return tuple(sorted(lines))


def said(content: object) -> tuple[str, ...]:
    """Return what a text says before its last line, in no particular order."""
    lines = html_text.lines(None if content is None else str(content), newlines=True)
    return tuple(sorted(lines[:-1]))
