"""Practitioners as users: by the e-mail of the practitioner's login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check.clinic import link
from sandbox.check.values import Row, full_name, text

if TYPE_CHECKING:
    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic


class Practitioners:
    """Finds the Pipedrive user of a record's practitioner.

    Args:
        clinic: The source.
        account: Pipedrive, with its users.
        default_owner: User id for practitioners without a user.
    """

    def __init__(self, clinic: Clinic, account: Account, default_owner: int) -> None:
        self._clinic, self._account, self._default = clinic, account, default_owner

    def user(self, row: Row) -> int:
        """Return the user id of the practitioner a record links to."""
        practitioner = self._clinic.linked(row, "practitioner", "practitioners")
        user = self._clinic.linked(practitioner, "user", "users") if practitioner else None
        return (self._account.user(user.get("email")) if user else None) or self._default

    def agrees(self, row: Row, said: str) -> bool:
        """Whether a footer's value names the practitioner by a name of its and by its id."""
        practitioner = self._clinic.linked(row, "practitioner", "practitioners")
        if practitioner is None:
            return True
        names = (
            full_name(practitioner),
            text(practitioner.get("label")),
            text(practitioner.get("display_name")),
        )
        named = not any(names) or any(name in said for name in names if name)
        return named and str(practitioner["id"]) in said

    def name(self, row: Row) -> str:
        """Say which practitioner is meant, for a report."""
        practitioner = self._clinic.linked(row, "practitioner", "practitioners")
        if practitioner is None:
            return "nobody"
        return f"{full_name(practitioner)}, {link(row, 'practitioner')}"
