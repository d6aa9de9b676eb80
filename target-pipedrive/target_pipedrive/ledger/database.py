"""The ledger's database: one connection, one writer.

Statements run at once inside an open transaction, so reads see them; `durable()` makes them
outlive a crash, many callers sharing one commit.
"""

from __future__ import annotations

import asyncio
import json
import os
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, create_engine, delete, event, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from target_pipedrive.errors import SettingsError
from target_pipedrive.ledger import schema
from target_pipedrive.ledger.lock import lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filelock import FileLock
    from sqlalchemy import (
        Column,
        ColumnElement,
        CursorResult,
        Delete,
        Engine,
        FromClause,
        Row,
        Select,
        Table,
        TextClause,
    )
    from sqlalchemy.sql import Executable


class Database:
    """An open ledger database.

    Args:
        engine: SQLAlchemy engine of an SQLite or PostgreSQL database.
        held: The writer's lock, given back at the end.

    Raises:
        SettingsError: The ledger was written by a newer release.
    """

    def __init__(self, engine: Engine, held: FileLock | None = None) -> None:
        self._engine = engine
        self._held = held
        self._insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert
        self._commit_done: asyncio.Future[None] | None = None
        self._connection = engine.connect()
        with self._connection.begin():
            schema.prepare(self._connection)

    @classmethod
    def open(cls, url: str) -> Database:
        """Open the database at a SQLAlchemy URL; an SQLite file is made with mode 0600.

        Raises:
            SettingsError: The URL is wrong, its place cannot be written, another loader holds
                it, or it was written by a newer release.
        """
        try:
            parsed = make_url(url)
            if parsed.get_backend_name() != "sqlite" or not parsed.database:
                return cls(create_engine(parsed, hide_parameters=True))
            path = Path(parsed.database)
            _make_private(path)
            engine = create_engine(parsed, hide_parameters=True)  # its errors would tell values
            event.listen(engine, "connect", _tune_sqlite)
            held = lock(path)
            try:
                return cls(engine, held)
            except BaseException:
                held.release()
                raise
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise SettingsError(
                f"`ledger` is no usable SQLAlchemy URL ({type(error).__name__}). "
                "Try sqlite:///output/ledger.db"
            ) from error
        except (OSError, DBAPIError) as error:
            cause = getattr(error, "strerror", None) or type(error).__name__
            raise SettingsError(
                f"The ledger {make_url(url).render_as_string()} cannot be opened for writing: "
                f"{cause}. Check the rights of its folder, or name another `ledger`."
            ) from error

    def close(self) -> None:
        """Write down what is pending and let go of the database."""
        self._connection.commit()
        self._connection.close()
        self._engine.dispose()
        if self._held is not None:
            self._held.release()

    async def durable(self) -> None:
        """Return when everything written so far would outlive a crash."""
        if self._commit_done is None:
            loop = asyncio.get_running_loop()
            self._commit_done = loop.create_future()
            loop.call_soon(self._commit)
        await asyncio.shield(self._commit_done)

    def _commit(self) -> None:
        done, self._commit_done = self._commit_done, None
        if done is None:
            return
        try:
            self._connection.commit()
        except DBAPIError as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    def run(
        self, statement: Executable, rows: list[dict[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement, for many rows if given."""
        return self._connection.execute(statement, rows)

    def put(self, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Insert a row, or change it where it stands."""
        statement = _upsert(table, tuple(key), tuple(values))
        self._connection.execute(statement, {**key, **values})

    def put_new(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert a row unless it stands there already."""
        self.run(self._insert(table).values(**values).on_conflict_do_nothing())

    def add(self, table: Table, key: Mapping[str, Any], amounts: Mapping[str, int]) -> None:
        """Add to a row's numbers, starting from nothing."""
        statement = self._insert(table).values(**key, **amounts)
        sums = {name: table.c[name] + amount for name, amount in amounts.items()}
        self.run(statement.on_conflict_do_update(index_elements=list(key), set_=sums))

    def drop(self, table: Table, key: Mapping[str, Any]) -> bool:
        """Delete rows; True when there were any."""
        return self._connection.execute(_delete(table, tuple(key)), dict(key)).rowcount > 0

    def row(self, table: Table, key: Mapping[str, Any]) -> Row[Any] | None:
        """Return the row with this key, or None."""
        statement = _select(tuple(table.c), tuple(key))
        return self._connection.execute(statement, dict(key)).one_or_none()

    def value(self, column: Column[Any], key: Mapping[str, Any]) -> Any:
        """Return one column of the row with this key, or None."""
        statement = _select((column,), tuple(key))
        return self._connection.execute(statement, dict(key)).scalar_one_or_none()


# Statements for every record are built once: building one takes longer than running it.


@cache
def _upsert(table: Table, key: tuple[str, ...], values: tuple[str, ...]) -> TextClause:
    """Return "insert, or change where it stands", in the words SQLite and PostgreSQL share.

    As text: SQLAlchemy keeps no compiled form of its own `insert ... on conflict`.
    """
    names = (*key, *values)
    statement = text(
        f"INSERT INTO {table.name} ({', '.join(names)}) "  # noqa: S608 - our own names
        f"VALUES ({', '.join(f':{name}' for name in names)}) "
        f"ON CONFLICT ({', '.join(key)}) "
        f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in values)}"
    )
    return statement.bindparams(*(bindparam(name, type_=table.c[name].type) for name in names))


@cache
def _delete(table: Table, key: tuple[str, ...]) -> Delete:
    return delete(table).where(*_equal(table, key))


@cache
def _select(columns: tuple[Column[Any], ...], key: tuple[str, ...]) -> Select[Any]:
    return select(*columns).where(*_equal(columns[0].table, key))


def _equal(table: FromClause, names: tuple[str, ...]) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(name) for name in names]


def pack(record: Mapping[str, Any]) -> bytes:
    """Make a record small; equal records become equal bytes."""
    return zlib.compress(json.dumps(record, sort_keys=True, default=str).encode(), 1)


def unpack(data: bytes) -> dict[str, Any]:
    """Return a packed record."""
    record: dict[str, Any] = json.loads(zlib.decompress(data))
    return record


def _make_private(path: Path) -> None:
    """Make an SQLite file that only its owner can read: it holds health data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _tune_sqlite(connection: Any, _record: object) -> None:
    """Set a write-ahead log, for readers beside the writer, synced at each commit.

    The sync is what lets an announced create be known even after a power cut.
    """
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA busy_timeout = 5000")
    cursor.close()
