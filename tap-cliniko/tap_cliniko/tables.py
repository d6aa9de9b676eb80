"""Tables for people: plain text for a terminal, Markdown for a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = str | int | None


@dataclass(frozen=True)
class Table:
    """A table. Numbers are set with thousands and to the right; None is shown as a dash.

    Attributes:
        head: Titles of the columns.
        rows: Cells, as many in each row as there are titles.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def text(self) -> str:
        """The table in plain text, columns two blanks apart."""
        lines = [self.head, *([printed(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        right = self._right()
        return "\n".join(
            "  ".join(
                cell.rjust(width) if number in right else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )

    def markdown(self) -> str:
        """The table in Markdown."""
        right = self._right()
        rule = ["---:" if number in right else "---" for number in range(len(self.head))]
        cells = [[_escaped(printed(cell)) for cell in row] for row in self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in (list(self.head), rule, *cells))

    def _right(self) -> frozenset[int]:
        """Columns that hold a number in any row."""
        return frozenset(
            number for row in self.rows for number, cell in enumerate(row) if isinstance(cell, int)
        )


def printed(cell: Cell) -> str:
    """A cell as people read it, on one line and without what would steer a terminal."""
    if cell is None:
        return "–"  # noqa: RUF001 - a dash
    if isinstance(cell, int):
        return f"{cell:,}"
    return "".join(sign if sign.isprintable() else " " for sign in cell).strip()


def _escaped(text: str) -> str:
    for sign in "\\|<*`[":
        text = text.replace(sign, f"\\{sign}")
    return text
