"""A copy of the ledger, for runs that must change nothing: to work with, then to throw away."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, create_engine, event, text

from target_pipedrive.ledger import Ledger, schema
from target_pipedrive.ledger.opening import look

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import Connection

_BATCH = 5_000
"""Rows read before they are written."""


class LedgerCopy(Ledger):
    """A copy that is gone when it is closed; the ledger that it was made of is only read.

    It lies in an SQLite file, mode 0600, in a folder of its own.

    Args:
        url: SQLAlchemy URL of the ledger.
        run: Name of this run.
        folder: Where the copy may lie; it holds what the ledger holds.
        without: Tables that are left empty.
        or_empty: A ledger that is not there counts as one without rows.

    Raises:
        SettingsError: The ledger cannot be read, is not there, or a newer release wrote it.
    """

    def __init__(
        self,
        url: str,
        run: str,
        folder: Path,
        *,
        without: Collection[str] = (),
        or_empty: bool = False,
    ) -> None:
        self.place = tempfile.TemporaryDirectory(prefix=".copy-", dir=folder)
        try:
            path = f"{self.place.name}/ledger.db"
            _copy(url, path, without, or_empty=or_empty)
            super().__init__(f"sqlite:///{path}", run)
            self._database.run(text("PRAGMA synchronous = OFF"))  # nothing of it must last
        except BaseException:
            self.place.cleanup()
            raise

    def close(self) -> None:
        """Throw the copy away."""
        try:
            super().close()
        finally:
            self.place.cleanup()


def _copy(url: str, path: str, without: Collection[str], *, or_empty: bool) -> None:
    """Copy all tables of a ledger, of whatever version it is, as they stood at one moment."""
    with look(url, or_none=or_empty) as original:
        if original is None:
            return
        tables = MetaData()
        event.listen(tables, "column_reflect", _make_generic)
        tables.reflect(original, only=lambda name, _: name in schema.metadata.tables)
        engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
        try:
            with engine.begin() as copy:
                _fill(original, copy, tables, without)
        finally:
            engine.dispose()


def _fill(
    original: Connection, copy: Connection, tables: MetaData, without: Collection[str]
) -> None:
    tables.create_all(copy)
    for table in tables.sorted_tables:
        if table.name in without:
            continue
        rows = original.execution_options(yield_per=_BATCH).execute(table.select())
        for batch in rows.mappings().partitions():
            copy.execute(table.insert(), [dict(row) for row in batch])


def _make_generic(_inspector: object, _table: object, column: Any) -> None:
    """Take a column's type without what only its own database knows of it."""
    column["type"] = column["type"].as_generic()
    column["default"] = None
