"""Reading what belongs to chosen patients: what hangs on them, and whatever that refers to.

Rows of the chosen patients are the core: whatever they refer to comes along. What came along
brings the patients and contacts it refers to, and rows of its own list (the first of a series, the
survivor of a merge). Its other references would lead on and on through the clinic, so those into
rows that the sample does not hold are cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.errors import NotVisibleError
from tap_cliniko.sample.references import lists, references, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_cliniko.paging import Row
    from tap_cliniko.streams.base import ClinikoStream

PEOPLE = frozenset({"patients", "contacts"})
"""Lists into which every reference is followed; it ends there."""


class Closure:
    """The rows that belong to a sample, each list by id.

    Args:
        streams: The lists to read, by name.

    Attributes:
        rows: The rows, as Cliniko sent them but for what is cut.
        invisible: The lists that the key's user may not read.
    """

    def __init__(self, streams: Mapping[str, ClinikoStream]) -> None:
        self._streams = streams
        self._asked: set[tuple[str, str]] = set()
        self._brought: set[tuple[str, str]] = set()
        self._unread: list[tuple[str, Row]] = []
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in streams}
        self.invisible: dict[str, NotVisibleError] = {}

    def read(self, patients: Iterable[Row]) -> None:
        """Read all that belongs to some patients."""
        for row in patients:
            self._add("patients", row)
        self._bring("patients")
        core = {(name, number) for name, rows in self.rows.items() for number in rows}
        while self._unread:
            self._follow(core)
            for parent in self._streams:
                if parent != "patients":
                    self._bring(parent)
        for name, rows in self.rows.items():
            for number, row in rows.items():
                if (name, number) not in core:
                    rows[number] = without(row, self._leads_out)

    def _follow(self, core: set[tuple[str, str]]) -> None:
        """Read what rows not looked at yet refer to."""
        wanted: dict[str, set[str]] = {name: set() for name in self._streams}
        for name, row in self._unread:
            everything = (name, str(row["id"])) in core
            for target, number in references(row):
                here = [other for other in lists(target) if other in wanted]
                if not any(number in self.rows[other] for other in here):
                    for other in here:
                        if everything or other in PEOPLE or other == name:
                            wanted[other].add(number)
        self._unread = []
        for name, ids in wanted.items():
            new = {(name, number) for number in ids} - self._asked
            self._asked |= new
            self._read(name, "id", {number for _, number in new})

    def _bring(self, parent: str) -> None:
        """Read what hangs on the rows of a list, once for each row."""
        new = {(parent, number) for number in self.rows[parent]} - self._brought
        self._brought |= new
        for name, stream in self._streams.items():
            if (column := stream.in_sample.hangs_on.get(parent)) is not None:
                self._read(name, column, {number for _, number in new})

    def _read(self, name: str, column: str, values: set[str]) -> None:
        if values and name not in self.invisible:
            try:
                for page in self._streams[name].having(column, sorted(values, key=int)):
                    for row in page:
                        self._add(name, row)
            except NotVisibleError as fault:
                self.invisible[name] = fault

    def _add(self, name: str, row: Row) -> None:
        if (number := str(row["id"])) not in self.rows[name]:
            self.rows[name][number] = row
            self._unread.append((name, row))

    def _leads_out(self, target: str, number: str) -> bool:
        """Whether a reference leads into lists of the sample but to no row it holds."""
        here = [name for name in lists(target) if name in self._streams]
        visible = here and not any(name in self.invisible for name in here)
        return bool(visible) and not any(number in self.rows[name] for name in here)
