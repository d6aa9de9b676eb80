"""One writer at a time: two loaders on one ledger would both create what neither has written."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from sqlalchemy import text

from target_pipedrive.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

logger = logging.getLogger("target_pipedrive")

WAIT = 30.0
"""Seconds that a stopping loader may take to finish what is under way."""

_LOOK = 0.1
"""Seconds between two looks whether the lock is free."""

_TAKE = text(
    # Of the database's session, so that it goes with the connection; one for each schema, since
    # each can hold a ledger. The first number is this program's.
    "SELECT pg_try_advisory_lock(1886405732, hashtext(coalesce(current_schema(), '')))"
)

_HELD = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 1886405732 "
    # An oid has no sign, a hash has one.
    "AND objid::bigint = hashtext(coalesce(current_schema(), ''))::bigint & 4294967295 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


def lock_file(ledger: Path, *, wait: float = WAIT) -> FileLock:
    """Take the lock beside an SQLite ledger; the system frees it when its owner ends.

    Args:
        ledger: The ledger's file.
        wait: Seconds to wait for another loader.

    Raises:
        SettingsError: Another loader holds it for longer.
    """
    held = FileLock(ledger.with_name(ledger.name + ".lock"), mode=0o600)

    def take() -> bool:
        try:
            held.acquire(timeout=0)
        except Timeout:
            return False
        return True

    _take(take, str(ledger), wait)
    return held


def lock_database(connection: Connection, shown: str, *, wait: float = WAIT) -> None:
    """Take the lock of a PostgreSQL ledger; the server frees it when the connection ends.

    Args:
        connection: The writer's, without an open transaction.
        shown: The ledger's address, without its password.
        wait: Seconds to wait for another loader.

    Raises:
        SettingsError: Another loader holds it for longer.
    """

    def take() -> bool:
        with connection.begin():
            return bool(connection.execute(_TAKE).scalar_one())

    _take(take, shown, wait)


def file_is_held(ledger: Path) -> bool:
    """Return whether somebody writes with an SQLite ledger.

    To ask takes the lock for a moment: a loader that begins just then waits that long.

    Args:
        ledger: The ledger's file.
    """
    lock = FileLock(ledger.with_name(ledger.name + ".lock"), mode=0o600)
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def database_is_held(connection: Connection) -> bool:
    """Return whether somebody writes with a PostgreSQL ledger.

    Args:
        connection: A reader's.
    """
    return bool(connection.execute(_HELD).scalar_one())


def _take(take: Callable[[], bool], shown: str, wait: float) -> None:
    """Try until the lock is taken or the wait is over."""
    if take():
        return
    logger.warning("Another loader still writes with this ledger; waiting up to %.0f s", wait)
    until = time.monotonic() + wait
    while time.monotonic() < until:
        time.sleep(_LOOK)
        if take():
            return
    raise SettingsError(
        f"Another loader is writing with the ledger {shown}. Wait until it has ended, or "
        "name another `ledger` if it loads another account."
    )
