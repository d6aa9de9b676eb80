"""The target's settings that change what must stand in Pipedrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.check.account import Account

_SLACK = timedelta(minutes=10)


@dataclass(frozen=True)
class Settings:
    """Settings of the run that is judged, and when it ran.

    Attributes:
        now: Time of the run, aware. What depends on it is judged with ten minutes of slack.
        default_owner: E-mail of the default owner; None for the token's user.
        currency: ISO 4217 code, already derived from the account's country when not given.
        note_format: `html` or `text`.
        when_removed: `delete` or `keep`.
        max_file_mb: Largest file to upload, in megabytes.
        optional: The optional mapping files that are switched on.
    """

    now: datetime
    default_owner: str | None = None
    currency: str | None = None
    note_format: str = "html"
    when_removed: str = "delete"
    max_file_mb: float = 50
    optional: frozenset[str] = frozenset()

    def past(self, moment: datetime | None) -> frozenset[bool]:
        """Say whether a moment had passed at the run: one answer, or both close to the run."""
        if moment is None:
            return frozenset({False})
        if abs(moment - self.now) <= _SLACK:
            return frozenset({True, False})
        return frozenset({moment < self.now})

    def owner(self, account: Account) -> int:
        """Return the id of the default owner."""
        return account.default_owner(self.default_owner)
