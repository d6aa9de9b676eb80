"""Geometry of the charts: figures to coordinates, nothing about markup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from target_pipedrive.report.shades import place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_pipedrive.report.model import Bar, Moment, Timeline
    from target_pipedrive.report.shades import Shades

WIDTH = 100
"""Of a panel, in percent: it is as wide as the page."""
HEIGHT = 96
"""Of a panel, in pixels."""
MOST_MOMENTS = 360
"""More do not show."""
LEAST_SHARE = 0.6
"""Percent of a bar that the smallest part takes, so that one in 100,000 can be seen."""
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
"""Seconds between two marks of the time axis; from a day on, whole days."""
_DAY = 86400
_MOST_MARKS = 7


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a bar: percentages, and the CSS class of its colour."""

    name: str
    count: int
    start: float
    width: float
    colour: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One curve over time.

    Attributes:
        name: What it counts.
        line: Points of the curve, as SVG wants them.
        total: The last value.
        marks: Of the vertical axis.
        limit: Height of the budget line, if there is one.
    """

    name: str
    line: str
    total: int
    marks: tuple[Mark, ...]
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A timeline: two panels over one time axis."""

    panels: tuple[Panel, ...]
    marks: tuple[Mark, ...]
    begin: datetime
    end: datetime


def slices(bar: Bar, shades: Shades) -> list[Slice]:
    """The parts of a bar from left to right; together they have 100 percent."""
    parts = sorted((part for part in bar.segments if part.count > 0), key=lambda p: place(p.name))
    total = sum(part.count for part in parts)
    widths = [max(part.count * 100 / total, LEAST_SHARE) for part in parts]
    scale = 100 / sum(widths) if widths else 1
    drawn: list[Slice] = []
    start = 0.0
    for part, share in zip(parts, widths, strict=True):
        width = share * scale
        colour = shades.of(part.name).colour
        drawn.append(Slice(part.name, part.count, round(start, 3), round(width, 3), colour))
        start += width
    return drawn


def draw(timeline: Timeline) -> Drawing | None:
    """Lay out a timeline; None where there is nothing to see."""
    moments = _thin(timeline.moments)
    if len(moments) < 2 or moments[0].at >= moments[-1].at:  # noqa: PLR2004 - a line has two ends
        return None
    begin, end = moments[0].at.astimezone(UTC), moments[-1].at.astimezone(UTC)
    seconds = (end - begin).total_seconds()

    def across(at: datetime) -> float:
        return round((at - begin).total_seconds() / seconds * WIDTH, 3)

    panels = (
        _panel("Objects written", moments, lambda moment: moment.written, across, None),
        _panel("Tokens spent", moments, lambda moment: moment.tokens, across, timeline.budget),
    )
    return Drawing(panels, tuple(_times(begin, end, across)), begin, end)


def _panel(
    name: str,
    moments: Sequence[Moment],
    count: Callable[[Moment], int],
    across: Callable[[datetime], float],
    limit: int | None,
) -> Panel:
    highest = max(*(count(moment) for moment in moments), limit or 0, 1)
    step = _round_step(highest)
    top = -(-highest // step) * step

    def up(value: int) -> float:
        return round(HEIGHT - value / top * HEIGHT, 2)

    line = " ".join(f"{across(moment.at)},{up(count(moment))}" for moment in moments)
    marks = tuple(Mark(up(value), f"{value:,}") for value in range(0, top + 1, step))
    return Panel(name, line, count(moments[-1]), marks, None if limit is None else up(limit))


def _round_step(highest: int) -> int:
    """1, 2 or 5 with zeros, so that two to five of them reach the highest value."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * 4 >= highest:
                return step
        power *= 10


def _thin(moments: Sequence[Moment]) -> list[Moment]:
    """At most so many moments, the first and the last among them."""
    stride = -(-len(moments) // MOST_MOMENTS)
    if stride <= 1:
        return list(moments)
    kept = list(moments[::stride])
    if kept[-1] is not moments[-1]:
        kept.append(moments[-1])
    return kept


def _times(begin: datetime, end: datetime, across: Callable[[datetime], float]) -> list[Mark]:
    """Marks of the time axis at round times."""
    seconds = (end - begin).total_seconds()
    step = next((step for step in _STEPS if seconds / step <= _MOST_MARKS), 0)
    if not step:
        step = _DAY * (int(seconds / _DAY / _MOST_MARKS) + 1)
    shape = "%d %b" if step >= _DAY else "%H:%M" if step >= 60 else "%H:%M:%S"  # noqa: PLR2004 - a minute
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = int((begin - midnight).total_seconds())
    at = midnight + timedelta(seconds=-(-passed // step) * step)
    marks: list[Mark] = []
    while at <= end:
        if at >= begin:
            marks.append(Mark(across(at), f"{at:{shape}}"))
        at += timedelta(seconds=step)
    return marks
