"""What a person asked of a rollback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_pipedrive.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.ledger import Ledger

LAST = "last"
"""Stands for the newest run that loaded."""

_NAMED = 5
"""So many runs are named to one who named none of them."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What to take back, and how.

    Args:
        runs: Only what these runs made or changed; everything when empty.
        do: Do it; otherwise only say what would be done.
        schema: Custom fields, options, labels and activity types, too.
        force: What a person edited since, too.
    """

    runs: frozenset[str] = frozenset()
    do: bool = False
    schema: bool = False
    force: bool = False


def named_runs(ledger: Ledger, names: Sequence[str]) -> frozenset[str]:
    """Return the runs that are meant.

    Args:
        ledger: Knows all of them.
        names: As they were typed.

    Raises:
        SettingsError: There is none of a name.
    """
    if not names:
        return frozenset()
    known = ledger.undo.loads()
    meant = [known[0] if name == LAST and known else name for name in names]
    if unknown := [name for name in meant if name not in known]:
        there = ", ".join(known[:_NAMED]) or "none"
        raise SettingsError(
            *(
                f"The audit log knows no run {name} that loaded; the newest there: {there}"
                for name in unknown
            )
        )
    return frozenset(meant)
