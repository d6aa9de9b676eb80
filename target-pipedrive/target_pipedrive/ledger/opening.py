"""Opening the ledger's database: alone to write, or beside the writer to read."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from target_pipedrive.errors import SettingsError
from target_pipedrive.ledger import schema
from target_pipedrive.ledger.lock import (
    database_is_held,
    file_is_held,
    lock_database,
    lock_file,
)
from target_pipedrive.ledger.migrations import found_version, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, Connection, Engine

_SQLITE, _POSTGRES = "sqlite", "postgresql"

_POSTGRES_OPTIONS = {
    "fallback_application_name": "target-pipedrive",
    "connect_timeout": 10,  # seconds, so for the next
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}
"""A server that went away is noticed within a minute, instead of waited for."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open database.

    Args:
        connection: Of the newest version, without an open transaction.
        let_go: Closes it and gives back what was taken for it.
    """

    connection: Connection
    let_go: Callable[[], None]


def connect(url: str, *, alone: bool) -> Opened:
    """Open the ledger's database; an SQLite file is made with mode 0600.

    Args:
        url: SQLAlchemy URL.
        alone: To write, which one may do at a time; False to read, beside whoever writes.

    Raises:
        SettingsError: The URL is wrong, there is nothing to read, the place cannot be written,
            another loader holds it, or it was written by a newer release.
    """
    with _faults_told(url) as parsed:
        if not alone:
            _let_be_readable(parsed)
        return _open(parsed, alone=alone)


@contextmanager
def _faults_told(url: str) -> Iterator[URL]:
    """Give the parsed URL; tell what goes wrong with it so that a person can mend it."""
    try:
        parsed = _parse(url)
    except (ArgumentError, NoSuchModuleError) as error:
        raise SettingsError(
            f"`ledger` is no usable SQLAlchemy URL ({type(error).__name__}). "
            "Try sqlite:///output/ledger.db or postgresql://USER@HOST/DATABASE"
        ) from error
    try:
        yield parsed
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"`ledger` is in PostgreSQL, whose driver {error.name} is not installed. Install "
            "target-pipedrive with its extra: target-pipedrive[postgres]"
        ) from error
    except (OSError, DBAPIError) as error:
        cause = getattr(error, "strerror", None) or _kind(error)
        raise SettingsError(
            f"The ledger {_shown(parsed)} cannot be opened: {cause}. {_todo(parsed)}"
        ) from error


@contextmanager
def look(url: str, *, or_none: bool = False) -> Iterator[Connection | None]:
    """Open a ledger of any version to read it as it stands at one moment, beside whoever writes.

    Args:
        url: SQLAlchemy URL.
        or_none: Yield None for a ledger that is not there.

    Raises:
        SettingsError: The URL is wrong, or there is nothing to read.
    """
    with _faults_told(url) as parsed:
        path = _file(parsed)
        engine = None if path is not None and not path.exists() else _engine(parsed)
        connection = None if engine is None else engine.connect()
    try:
        with _faults_told(url):
            if connection is not None:
                _begin_reading(connection)
            found = None if connection is None else found_version(connection)
            if found is None and not or_none:
                raise _no_ledger(parsed)
        yield None if found is None else connection
    finally:
        if connection is not None:
            connection.invalidate()
            connection.close()
        if engine is not None:
            engine.dispose()


def _begin_reading(connection: Connection) -> None:
    """Begin a transaction that sees one moment and can change nothing."""
    _only_read(connection)
    if connection.dialect.name == _SQLITE:
        connection.exec_driver_sql("BEGIN")  # Python begins none for a SELECT
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def is_held(url: str, connection: Connection) -> bool:
    """Return whether somebody writes with a ledger.

    Args:
        url: Its SQLAlchemy URL.
        connection: A reader's connection to it.
    """
    path = _file(_parse(url))
    return database_is_held(connection) if path is None else file_is_held(path)


def _parse(url: str) -> URL:
    if url.startswith("postgres://"):  # as libpq writes it, too
        url = url.replace("postgres", _POSTGRES, 1)
    parsed = make_url(url)
    if parsed.drivername == _POSTGRES:
        parsed = parsed.set(drivername=f"{_POSTGRES}+psycopg")
    if parsed.drivername not in {_SQLITE, f"{_SQLITE}+pysqlite", f"{_POSTGRES}+psycopg"}:
        raise ArgumentError("another database or driver")
    return parsed


def _open(url: URL, *, alone: bool) -> Opened:
    path = _file(url)
    if path is not None and alone:
        _make_private(path)
    held = lock_file(path) if path is not None and alone else None
    engine: Engine | None = None
    connection: Connection | None = None

    def let_go() -> None:
        if connection is not None:
            connection.invalidate()  # nothing is pending, or it cannot be written any more
            connection.close()
        if engine is not None:
            engine.dispose()
        if held is not None:
            held.release()

    try:
        engine = _engine(url)
        connection = engine.connect()
        if alone:
            if url.get_backend_name() == _POSTGRES:
                lock_database(connection, _shown(url))
            prepare(connection)
        else:
            _only_read(connection)
    except BaseException:
        let_go()
        raise
    return Opened(connection, let_go)


def _let_be_readable(url: URL) -> None:
    """See that there is a ledger of this release's version; bring an older one up to it."""
    path = _file(url)
    if path is not None and not path.exists():
        raise _no_ledger(url)
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            found = found_version(connection)
    finally:
        engine.dispose()
    if found is None:
        raise _no_ledger(url)
    if found != schema.VERSION:
        _open(url, alone=True).let_go()


def _no_ledger(url: URL) -> SettingsError:
    return SettingsError(
        f"There is no ledger at {_shown(url)}: either nothing was loaded with it yet, or `ledger` "
        "(TARGET_PIPEDRIVE_LEDGER) names another place than the loader's."
    )


def _engine(url: URL) -> Engine:
    options = {}
    if url.get_backend_name() == _POSTGRES:
        options = {key: value for key, value in _POSTGRES_OPTIONS.items() if key not in url.query}
    # Its errors would tell values.
    engine = create_engine(url, hide_parameters=True, connect_args=options)
    if url.get_backend_name() == _SQLITE:
        event.listen(engine, "connect", _tune_sqlite)
    return engine


def _file(url: URL) -> Path | None:
    if url.get_backend_name() != _SQLITE or url.database in {None, "", ":memory:"}:
        return None
    return Path(url.database or "")


def _make_private(path: Path) -> None:
    """Let only its owner read an SQLite file, which holds health data.

    SQLite gives the files beside it (-wal, -shm) the same mode.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_mode & 0o077:  # brought back from a backup, for instance
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _tune_sqlite(connection: Any, _record: object) -> None:
    """Set a write-ahead log, for readers beside the writer, synced at each commit.

    The sync is what lets an announced create be known even after a power cut.
    """
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA busy_timeout = 5000")
    cursor.close()


def _only_read(connection: Connection) -> None:
    if connection.dialect.name == _SQLITE:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    else:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
    connection.commit()


def _shown(url: URL) -> str:
    """Return where a ledger is, without a password."""
    path = _file(url)
    return url.render_as_string() if path is None else str(path)


def _kind(error: BaseException) -> str:
    return type(getattr(error, "orig", None) or error).__name__


def _todo(url: URL) -> str:
    if url.get_backend_name() == _POSTGRES:
        return "Check host, database, user and password in `ledger`, and that the server runs."
    return "Check the rights of its folder, or name another `ledger`."
