"""The newest run, told beside the ledger: a ledger that does not know it is an old copy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from target_pipedrive.ledger import Ledger

NAME = "newest-run.json"


def is_behind(folder: Path, company: str, ledger: Ledger) -> bool:
    """Return whether a newer run than the ledger knows of wrote into an account.

    Args:
        folder: The output folder.
        company: The account.
        ledger: The ledger, before this run's beginning is in it.
    """
    newest = _read(folder).get(company)
    return newest is not None and not ledger.book.knows(newest)


def note(folder: Path, company: str, run: str) -> None:
    """Tell that a run began; the ledger must know of it already.

    Args:
        folder: The output folder.
        company: The account.
        run: Name of the run.
    """
    fresh = folder / f"{NAME}.new"
    fresh.write_text(json.dumps(_read(folder) | {company: run}) + "\n", encoding="utf-8")
    fresh.replace(folder / NAME)


def _read(folder: Path) -> dict[str, str]:
    try:
        read = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a first run; or a file that somebody broke
        return {}
    return read if isinstance(read, dict) else {}
