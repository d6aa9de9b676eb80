"""What a report says, without a word about how it looks.

A command fills a `Report` and hands it to `report.write`. All texts are plain: nothing is taken
for markup, no text has to be escaped. Values of patients go through `masking.mask` first, unless
the setting `show_values` is on; say which of the two it was in `Report.values`.

    Report
    ├── verdict          Verdict: the one line that counts
    ├── facts            Fact: a figure with its name
    ├── bars             Bars > Bar > Segment: counts per object
    ├── timeline         Timeline > Moment: objects and tokens over time
    ├── sections         Section > Table: prose and small tables
    ├── records          Records > Record > Difference: the big table, any number of rows
    └── next_steps       Step: what to type next
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal

Tone = Literal["plain", "ok", "warn", "bad"]
"""How good a thing is: `plain` is neither, `warn` wants a look, `bad` wants an act."""

Kind = Literal["text", "number", "link", "code", "state"]
"""How a column of the record table is shown: `number` at the right with grouped thousands,
`code` in a fixed-width font (ids, codes), `state` as a word with the colour of `tones`."""

Values = Literal["none", "masked", "shown"]
"""Whether the report holds values of patients; the page says so to its reader."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The line that counts, at the top: "Everything arrived", "31 records differ"."""

    tone: Tone
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure with its name.

    Attributes:
        label: What it counts: "Tokens".
        value: As it is to be read: "12,345", "3 days". An int is grouped by thousands.
        note: One more short line: "of 60,000 a day".
        tone: Colours the value.
    """

    label: str
    value: str | int
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: so many objects of one outcome.

    Attributes:
        name: The outcome: "created", "different". The same name has the same colour everywhere
            in the page; known names have their colour and order (`shades.SHADES`), others take
            a colour that is left and come last, in the order given.
        count: Zero or more; a zero is left out.
    """

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a bar chart: an object, or a stream, and its parts."""

    label: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart; every bar has the full width, its parts are shares of it.

    Attributes:
        heading: Its heading: "What happens to each object".
        bars: From top to bottom. The numbers also stand in a table below, for every reader.
        note: A line under the heading.
    """

    heading: str
    bars: tuple[Bar, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run stood at a time.

    Attributes:
        at: Aware, any zone; ascending within a timeline.
        written: Objects written since the start of the run.
        tokens: Tokens spent since the start of the run.
    """

    at: datetime
    written: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run over time.

    Attributes:
        moments: At least two, or nothing is drawn. Thousands are fine, they are thinned out.
        budget: Tokens that the run might spend; drawn as a line.
        heading: Its heading.
        note: A line under the heading.
    """

    moments: tuple[Moment, ...]
    budget: int | None = None
    heading: str = "The run over time"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads somewhere; a `url` that is not http(s) is shown as text only."""

    text: str
    url: str


Cell: TypeAlias = "str | int | float | Decimal | Link | None"
"""What a cell may hold; None and "" are shown empty."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its head.
        kind: How its cells are shown.
        width: Its share of the width, as a factor of the others' (record table only).
    """

    name: str
    kind: Kind = "text"
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Table:
    """A small table in a section; all of its rows are always shown.

    Attributes:
        columns: Column names, or columns where a kind is needed.
        rows: As many cells each as there are columns.
        caption: What it shows.
    """

    columns: tuple[str | Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with prose, tables and lines to type.

    Attributes:
        heading: Its heading; it is listed in the page's contents.
        prose: Paragraphs.
        tables: Under the prose.
        tone: Anything but `plain` marks the section.
        folded: Whether a reader opens it first (long lists that few need).
    """

    heading: str
    prose: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    tone: Tone = "plain"
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What to type next, and what it does."""

    command: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a record, side by side.

    Attributes:
        field: Its name.
        expected: What should be there (`Records.sides[0]`), masked or not; None for nothing.
        found: What is there (`Records.sides[1]`).
        verdict: A word: "equal", "different", "edited"; coloured as in `Segment.name`.
    """

    field: str
    expected: str | None
    found: str | None
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the record table, and what shows when it is opened."""

    cells: tuple[Cell, ...]
    detail: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Records:
    """The big table: filtered, searched and opened in the browser.

    Attributes:
        columns: Its columns.
        rows: Read once, in order, while the file is written: a generator over 1,000,000 rows
            takes the memory of a few thousand.
        facets: Names of the columns that are offered as filters, with counts; columns of few
            values (object, action, verdict, code).
        heading: Its heading.
        note: A line under the heading.
        sides: Heads of the two sides of a detail.
    """

    columns: tuple[Column, ...]
    rows: Iterable[Record]
    facets: tuple[str, ...] = ()
    heading: str = "Records"
    note: str = ""
    sides: tuple[str, str] = ("Expected", "In Pipedrive")


@dataclass(frozen=True, slots=True)
class Report:
    """One page.

    Attributes:
        title: "Verification", "Plan".
        made_at: Aware; shown in UTC.
        verdict: The line that counts.
        subtitle: What it is about: the company's address, the run.
        values: Whether it holds values of patients.
        facts: Figures under the verdict, the most important first.
        bars: Charts.
        timeline: A run over time.
        sections: In order.
        next_steps: What to type next.
        records: The big table.
        tones: Tone of a word (`Segment.name`, a `state` cell, `Difference.verdict`) where it is
            to differ from the known ones in `shades.SHADES`.
    """

    title: str
    made_at: datetime
    verdict: Verdict
    subtitle: str = ""
    values: Values = "none"
    facts: tuple[Fact, ...] = ()
    bars: tuple[Bars, ...] = ()
    timeline: Timeline | None = None
    sections: tuple[Section, ...] = ()
    next_steps: tuple[Step, ...] = ()
    records: Records | None = None
    tones: Mapping[str, Tone] | None = None
