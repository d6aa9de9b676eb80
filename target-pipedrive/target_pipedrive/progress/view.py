"""How progress is told: as one line, or as a picture of a few tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich import box
from rich.columns import Columns
from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from target_pipedrive.progress.picture import Picture

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_AROUND = 8
"""Lines of a picture beside the rows of its tables."""

_FEWEST = 3
"""Streams that are shown however low the terminal is."""


def line(picture: Picture) -> str:
    """Tell it in one line, for a log."""
    rejected = sum(picture.rejected.values())
    told = [
        f"{span(picture.at - picture.began)}: {sum(picture.read.values()):,} records read",
        f"{sum(picture.written.values()):,} objects written ({picture.rate:,.1f}/s)",
    ]
    if rejected:
        told.append(f"{rejected:,} rejected")
    return f"{', '.join(told)}; {tokens(picture)}"


def tokens(picture: Picture) -> str:
    """Tell the day's tokens, and how long they last."""
    told = f"{picture.tokens:,} tokens spent today, {picture.left:,} left"
    lasts = picture.lasts()
    if lasts is None:
        return told
    if lasts == 0:
        return f"{told}: nothing is written until the next day begins, at 00:00 UTC"
    at = datetime.fromtimestamp(picture.at + lasts, UTC)
    return f"{told}: until {at:%H:%M} UTC at this rate, in {span(lasts)}"


def span(seconds: float) -> str:
    """Tell a span of time in its two largest units."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR:02} h"


def moment(seconds: float) -> str:
    """Tell a moment, given in epoch seconds, by its day and time in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def picture_of(picture: Picture, status: str, *, height: int) -> RenderableType:
    """Tell it as tables, for a terminal.

    Args:
        picture: What to tell.
        status: How the run stands, in a few words.
        height: Lines that there are.
    """
    head = Text.assemble(
        (f"{picture.mode} ", "bold"),
        f"{picture.run}  ",
        (status, "bold"),
        f"  {span(picture.at - picture.began)}",
    )
    foot = f"{picture.rate:,.1f} objects a second, {picture.requests:,} requests\n{tokens(picture)}"
    tables = [_streams(picture, max(_FEWEST, height - _AROUND)), _objects(picture)]
    return Group(head, Columns(tables, padding=(0, 4)), Text(foot))


def _streams(picture: Picture, most: int) -> Table:
    """Streams that came, the newest last; the older ones summed up where there is no room."""
    names = list(picture.read)
    hidden = names[: max(0, len(names) - most + 1)] if len(names) > most else []
    rows = [_row(name, (name,), picture) for name in names[len(hidden) :]]
    if hidden:
        rows.insert(0, _row(f"{len(hidden)} before", hidden, picture))
    if len(names) > 1:
        rows.append(_row("all", names, picture))
    return _table("stream", ("read", "left out"), rows)


def _row(title: str, names: Iterable[str], picture: Picture) -> tuple[str, int, int]:
    of = tuple(names)
    return (
        title,
        sum(picture.read.get(name, 0) for name in of),
        sum(picture.left_out.get(name, 0) for name in of),
    )


def _objects(picture: Picture) -> Table:
    rows = [
        (
            name or "not kept",
            picture.written.get(name, 0),
            picture.stood.get(name, 0),
            picture.rejected.get(name, 0),
        )
        for name in picture.objects
    ]
    if len(rows) > 1:
        rows.append(
            (
                "all",
                sum(picture.written.values()),
                sum(picture.stood.values()),
                sum(picture.rejected.values()),
            )
        )
    return _table("object", ("written", "unchanged", "rejected"), rows)


def _table(
    what: str, columns: Iterable[str], rows: Iterable[tuple[str, *tuple[int, ...]]]
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(what)
    for column in columns:
        table.add_column(column, justify="right")
    for name, *numbers in rows:
        shown = (f"{number:,}" if number else "·" for number in numbers)
        table.add_row(name, *shown, style="bold" if name == "all" else "")
    return table
