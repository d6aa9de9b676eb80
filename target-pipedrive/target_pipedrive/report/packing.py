"""The rows of the big table, packed for the page.

A packet holds some thousand rows as one text, deflated and in base64, so that nothing in a value
can reach the page's markup and 100,000 rows fit into a few megabytes. The page unpacks one packet
after the other and searches the texts as they are; assets/rows.js reads what is written here.

    row      = cell (UNIT cell)* detail*
    cell     = text | text ADDRESS url
    detail   = PART field UNIT expected UNIT found UNIT verdict
    packet   = row (ROW row)*                 expected, found: NOTHING for None
"""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from target_pipedrive.report.model import Link
from target_pipedrive.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.report.model import Cell, Difference, Records

ADDRESS, PART, ROW, UNIT, NOTHING = "\x1c", "\x1d", "\x1e", "\x1f", "\x00"
"""Controls that `plain` takes out of every text."""

PACKET_ROWS = 2000
PACKET_CHARACTERS = 400_000
"""A packet ends with the row that reaches either: the page answers between two packets."""

_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Packet:
    """So many rows, as the page embeds them."""

    rows: int
    data: str


@dataclass(slots=True)
class Packed:
    """Packs records; counts the values of facets and notes words that have colours on the way.

    Attributes:
        records: The table; its rows are read by `packets`, once.
        rows: How many there were.
        counts: Rows by value, for each facet's column.
        words: Words of `state` columns and verdicts of details.

    Raises:
        ValueError: A facet is no column.
    """

    records: Records
    rows: int = 0
    counts: dict[int, Counter[str]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        names = [column.name for column in self.records.columns]
        self.counts = {names.index(facet): Counter() for facet in self.records.facets}

    def packets(self) -> Iterator[Packet]:
        """Read the rows and yield them in packets.

        Raises:
            ValueError: A row has more or fewer cells than there are columns.
        """
        columns = len(self.records.columns)
        states = [at for at, column in enumerate(self.records.columns) if column.kind == "state"]
        rows: list[str] = []
        size = 0
        for record in self.records.rows:
            if len(record.cells) != columns:
                raise ValueError(f"a row has {len(record.cells)} cells for {columns} columns")
            cells = [shown(cell) for cell in record.cells]
            for column, counts in self.counts.items():
                counts[cells[column].partition(ADDRESS)[0]] += 1
            self.words.update(cells[column] for column in states)
            row = UNIT.join(cells) + "".join(self._detail(part) for part in record.detail)
            rows.append(row)
            size += len(row)
            if len(rows) == PACKET_ROWS or size >= PACKET_CHARACTERS:
                yield self._packet(rows)
                rows, size = [], 0
        if rows:
            yield self._packet(rows)

    def _packet(self, rows: list[str]) -> Packet:
        self.rows += len(rows)
        deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = deflate.compress(ROW.join(rows).encode()) + deflate.flush()
        return Packet(len(rows), base64.b64encode(data).decode())

    def _detail(self, part: Difference) -> str:
        verdict = plain(part.verdict)
        self.words.add(verdict)
        sides = (NOTHING if side is None else plain(side) for side in (part.expected, part.found))
        return PART + UNIT.join((plain(part.field), *sides, verdict))


def shown(cell: Cell) -> str:
    """A cell as text; a link that leads to the web with its address behind ADDRESS."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return plain(cell)
    if isinstance(cell, Link):
        url = safe_url(cell.url)
        return f"{plain(cell.text)}{ADDRESS}{url}" if url else plain(cell.text)
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def safe_url(url: str) -> str:
    """The address if it leads to the web, else nothing: no `javascript:`, no local file."""
    return plain(url) if url.startswith(("https://", "http://")) else ""
