"""What commands print: tables for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from target_pipedrive.mapping.table import inert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Row = "Mapping[str, Any]"

BY_HAND = "by hand"
"""In place of the run of what a command did."""

FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to print it.",
)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as aligned columns under their names; nothing for no rows."""
    if not rows:
        return ""
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def as_json(value: Any) -> str:
    """Return a value as JSON for reading."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"


def as_csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV (RFC 4180)."""
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    for row in rows:  # ids and labels come from elsewhere, and people open this in a spreadsheet
        writer.writerow(
            {name: inert(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        )
    return out.getvalue()


def moment(seconds: float | None) -> str:
    """Return epoch seconds as ISO 8601 in UTC; empty for none."""
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
