"""CSV files that spreadsheets open without harm."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ACTIVE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]|[\t\r]")  # noqa: RUF001 - full-width forms
"""How a cell begins that a spreadsheet takes for a formula (OWASP, "CSV injection")."""
_NEXT = re.compile(r"(;)([=+\-@＝＋－＠])")  # noqa: RUF001 - as above
"""Where a spreadsheet set to semicolons would let another cell begin."""
_PHONE = re.compile(r"\+[\d ().-]{3,30}")


def inert(cell: str, *, phone: bool = False) -> str:
    """A cell that no spreadsheet runs as a formula: a leading apostrophe keeps it text.

    Args:
        cell: Its text.
        phone: Whether a phone number may stay as it is.
    """
    if ";" in cell:
        cell = _NEXT.sub(r"\1'\2", cell)
    if _ACTIVE.match(cell) and not (phone and _PHONE.fullmatch(cell)):
        return "'" + cell
    return cell


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file by RFC 4180: UTF-8, CRLF, quotes where they are needed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()
