"""One writer at a time: two loaders on one ledger would both create what neither has written."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from target_pipedrive.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger("target_pipedrive")

WAIT = 30.0
"""Seconds that a stopping loader may take to finish what is under way."""


def lock(ledger: Path, *, wait: float = WAIT) -> FileLock:
    """Take the lock beside an SQLite ledger; the system frees it when its owner ends.

    Args:
        ledger: The ledger's file.
        wait: Seconds to wait for another loader.

    Raises:
        SettingsError: Another loader holds it for longer.
    """
    held = FileLock(ledger.with_name(ledger.name + ".lock"), mode=0o600)
    try:
        held.acquire(timeout=0)
    except Timeout:
        logger.warning("Another loader still writes with this ledger; waiting up to %.0f s", wait)
        try:
            held.acquire(timeout=wait)
        except Timeout as error:
            raise SettingsError(
                f"Another loader is writing with the ledger {ledger}. Wait until it has ended, or "
                "name another `ledger` if it loads another account."
            ) from error
    return held
