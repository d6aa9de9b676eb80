"""Who owns what: Pipedrive's users, found by e-mail and never made (each is a paid seat)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.desired import Owner
    from target_pipedrive.pipedrive.users import Account, User


class Users:
    """Active users by e-mail, case folded.

    Args:
        account: The token's account.
        users: All users of the company.
        default_owner: E-mail of who owns what nobody else does; None for the token's user.

    Raises:
        SettingsError: No active user has the default owner's e-mail.
    """

    def __init__(self, account: Account, users: Sequence[User], default_owner: str | None) -> None:
        self._ids = {user.email.strip().casefold(): user.id for user in users if user.active}
        self._default = account.user_id
        if default_owner:
            found = self._ids.get(default_owner.strip().casefold())
            if found is None:
                raise SettingsError(
                    f"`default_owner` is {default_owner}, but no active Pipedrive user has that "
                    "e-mail. Type the e-mail of one, or leave it empty for the token's user."
                )
            self._default = found

    def id_of(self, owner: Owner) -> int:
        """Return the user of an owner, the default owner's when there is none."""
        if owner.email is None:
            return self._default
        return self._ids.get(owner.email.strip().casefold(), self._default)

    def described(self) -> str:
        """Return a text that changes when anything may come to belong to somebody else."""
        return f"{self._default} {sorted(self._ids.items())}"

    def has(self, email: str | None) -> bool:
        """Return whether an active user has this e-mail."""
        return email is not None and email.strip().casefold() in self._ids
