"""Writes a report as one HTML file.

The page is made of the files in assets/: above.html and below.html (Jinja templates; the packets
of rows stand between them), page.css and the scripts. The packets go to the file one by one, so
that the rows are never all in memory.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from datetime import UTC
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from target_pipedrive.report.charts import HEIGHT, draw, slices
from target_pipedrive.report.model import Column, Link
from target_pipedrive.report.packing import Packed, safe_url, shown
from target_pipedrive.report.plain import plain
from target_pipedrive.report.shades import Shades, place

if TYPE_CHECKING:
    from typing import TextIO

    from target_pipedrive.report.model import Bars, Cell, Report

SCRIPTS = ("rows.js", "filters.js", "cells.js", "grid.js", "paper.js", "main.js")
"""In the order in which they build on each other; one script in the page."""
PRINTED_ROWS = 500
"""Rows of the big table that go to paper at most."""
FACET_VALUES = 60
"""Values of a facet that are offered, the most frequent first; search finds the others."""


def write(report: Report, path: Path) -> None:
    """Write a report as a page that only its owner can read (mode 0600).

    The file is complete or not there: it is written beside its place and moved into it.

    Args:
        report: What it says; `records.rows` is read once.
        path: Where to; its folder is made, a file that lies there is replaced.

    Raises:
        OSError: The file cannot be written.
        ValueError: Columns, rows and facets of the records do not fit together.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - a handle
            _write(report, file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def _write(report: Report, file: TextIO) -> None:
    style, script = _asset("page.css"), _script()
    shades = Shades(report.tones)
    packed = Packed(report.records) if report.records else None
    context: dict[str, Any] = {
        "report": report,
        "made_at": report.made_at.astimezone(UTC),
        "policy": _policy(style, script if packed else ""),
        "style": style,
        "script": script,
        "shades": shades,
        "charts": [_chart(bars, shades) for bars in report.bars],
        "drawing": draw(report.timeline) if report.timeline else None,
    }
    file.writelines(_environment().get_template("above.html").generate(context))
    if packed:
        file.writelines(
            f'<script type="text/plain" data-rows="{packet.rows}">{packet.data}</script>\n'
            for packet in packed.packets()
        )
        context["index"] = _index(packed, shades)
    file.writelines(_environment().get_template("below.html").generate(context))


def _index(packed: Packed, shades: Shades) -> dict[str, Any]:
    """What the scripts have to know besides the rows themselves."""
    records = packed.records
    facets = [
        {"column": column, "values": counts.most_common(FACET_VALUES)}
        for column, counts in packed.counts.items()
    ]
    return {
        "columns": [
            {"name": plain(column.name), "kind": column.kind, "width": column.width}
            for column in records.columns
        ],
        "facets": facets,
        "sides": [plain(side) for side in records.sides],
        "rows": packed.rows,
        "printed": PRINTED_ROWS,
        "colours": {word: shades.of(word).colour for word in sorted(packed.words - {""})},
    }


def _chart(bars: Bars, shades: Shades) -> dict[str, Any]:
    """A bar chart as the template draws it: every name that occurs is a column."""
    names = list(dict.fromkeys(part.name for bar in bars.bars for part in bar.segments))
    counts = [{part.name: part.count for part in bar.segments} for bar in bars.bars]
    names = sorted((name for name in names if any(row.get(name) for row in counts)), key=place)
    return {
        "heading": bars.heading,
        "note": bars.note,
        "names": [(name, shades.of(name).colour) for name in names],
        "rows": [
            {
                "label": bar.label,
                "slices": slices(bar, shades),
                "counts": [row.get(name, 0) for name in names],
                "total": sum(row.values()),
            }
            for bar, row in zip(bars.bars, counts, strict=True)
        ],
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("target_pipedrive.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["height"] = HEIGHT
    environment.filters |= {"cell": _cell, "column": _column, "figure": _figure}
    return environment


def _finalize(value: Any) -> Any:
    """Make what cannot be seen visible, in every text of the page."""
    return plain(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _cell(cell: Cell) -> dict[str, str]:
    """A cell of a small table: text and, where it leads somewhere, address."""
    if isinstance(cell, Link):
        return {"text": cell.text, "url": safe_url(cell.url)}
    if isinstance(cell, int | float | Decimal):
        return {"text": _figure(cell), "url": ""}
    return {"text": shown(cell), "url": ""}


def _column(column: str | Column) -> Column:
    return Column(column) if isinstance(column, str) else column


def _figure(value: str | float | Decimal) -> str:
    """Numbers in groups of thousands, texts as they are."""
    return value if isinstance(value, str) else f"{value:,}"


def _policy(style: str, script: str) -> str:
    """The content security policy: this style and this script, nothing else, no network."""
    rules = ["default-src 'none'", f"style-src {_hash(style)}", "base-uri 'none'"]
    rules += ["form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"]
    return "; ".join([*rules, f"script-src {_hash(script)}"] if script else rules)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _asset(name: str) -> str:
    return files("target_pipedrive.report").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """All scripts as one, with names of their own."""
    parts = "\n".join(_asset(name) for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'
