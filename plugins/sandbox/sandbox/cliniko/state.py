"""What stands in the simulated Cliniko: plain tables in memory, picklable as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.cliniko.catalog import PARENT_ALIASES, RESOURCES
from sandbox.cliniko.render import booking_kind, record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.cliniko.content import Content
    from sandbox.cliniko.resource import Row

BOOKINGS = ("individual_appointments", "group_appointments", "unavailable_blocks")


def stamp(moment: datetime) -> str:
    """Return a date-time as Cliniko writes it: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> str:
    """Return the server's clock as a stamp."""
    return stamp(datetime.now(UTC))


@dataclass
class Table:
    """The rows of one list by id; `version` grows with every change."""

    rows: dict[int, Row] = field(default_factory=dict)
    version: int = 0


@dataclass
class ClinikoState:
    """One account.

    Attributes:
        settings: The object of `GET /settings`; the public one is a part of it.
        keys: API key without shard suffix to the id of its user.
        secret: Signs the links to the storage.
        tables: Rows by list.
        contents: Bytes behind the attachments, by attachment id.
        per_minute: Requests a user may send in any rolling window.
        window_seconds: Length of that window; 60, as in Cliniko, unless time is scaled down.
        latency_ms: How much later every answer of the API comes.
        link_seconds: How long a link to the storage is valid.
        storage_ranges: Whether the storage serves parts of a file.
        own_notes_only: Whether practitioners are shown their own treatment notes alone.
        practitioner_finance: Whether practitioners may read what concerns money.
        future_fields: Whether records bear fields of a later version of the API.
        shard: The shard the keys belong to.
    """

    settings: dict[str, Any]
    keys: dict[str, int]
    secret: bytes
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table() for name in RESOURCES})
    contents: dict[int, Content] = field(default_factory=dict)
    per_minute: int = 200
    window_seconds: float = 60.0
    latency_ms: float = 0.0
    link_seconds: int = 60
    storage_ranges: bool = True
    own_notes_only: bool = True
    practitioner_finance: bool = False
    future_fields: bool = False
    shard: str = "au1"

    def put(self, name: str, row: Row) -> Row:
        """Store a new row."""
        table = self.tables[name]
        table.rows[row["id"]] = row
        table.version += 1
        return row

    def change(self, name: str, key: int, /, **values: Any) -> Row:
        """Change a row in place; a value of None takes the field away."""
        table = self.tables[name]
        row = table.rows[key]
        for column, value in values.items():
            if value is None:
                row.pop(column, None)
            else:
                row[column] = value
        table.version += 1
        return row

    def remove(self, name: str, key: int) -> None:
        """Delete a row for good."""
        table = self.tables[name]
        del table.rows[key]
        table.version += 1

    def row(self, name: str, key: int) -> Row:
        """Return one row.

        Raises:
            KeyError: There is none of this id.
        """
        if name == "bookings":
            for part in BOOKINGS:
                if key in self.tables[part].rows:
                    return self.tables[part].rows[key]
        return self.tables[PARENT_ALIASES.get(name, name)].rows[key]

    def rows(self, name: str) -> Iterable[Row]:
        """Return all rows of a list, hidden ones too; bookings are the union of their parts."""
        if name != "bookings":
            return self.tables[name].rows.values()
        return (_booking(row) for part in BOOKINGS for row in self.tables[part].rows.values())

    @property
    def shuffle_seed(self) -> int:
        """What decides the order of rows that a sort does not tell apart."""
        return int.from_bytes(self.secret[:7], "big")

    @property
    def revision(self) -> int:
        """A number that changes whenever any row does."""
        return sum(table.version for table in self.tables.values())

    def version(self, name: str) -> int:
        """Return a number that changes whenever a row of the list does."""
        if name == "bookings":
            return sum(self.tables[part].version for part in BOOKINGS)
        return self.tables[name].version

    def where(self, name: str, /, **wanted: Any) -> list[Row]:
        """Return the rows whose columns have these values, in order of insertion."""
        items = wanted.items()
        return [
            row
            for row in self.tables[name].rows.values()
            if all(row.get(column) == value for column, value in items)
        ]

    def dump(self) -> dict[str, Any]:
        """Return every record as the API would serve it, hidden ones too, and the files' hashes."""
        streams = {
            name: [record(RESOURCES[name], row) for row in self.rows(name)] for name in RESOURCES
        }
        attachments = {
            str(key): {"sha256": content.sha256(), "size": content.size}
            for key, content in self.contents.items()
        }
        return {"streams": streams, "settings": self.settings, "attachments": attachments}


def _booking(row: Row) -> Row:
    if booking_kind(row) == "individual_appointments":
        return {**row, "patient_ids": [str(row["patient_id"])]}
    return row
