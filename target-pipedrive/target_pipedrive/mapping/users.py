"""The rule by which practitioners are matched with Pipedrive users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_pipedrive.mapping.guard import value_of
from target_pipedrive.mapping.text import text as trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.mapping.context import Context
    from target_pipedrive.mapping.expression import Expression


@dataclass(frozen=True, slots=True)
class UserRule:
    """How a record of `stream` names a Pipedrive user.

    Args:
        stream: Source stream, usually `practitioners`.
        email: Login e-mail of a record.
        overrides: Key → e-mail in Pipedrive, where it differs from Cliniko's.
    """

    stream: str
    email: Expression
    overrides: Mapping[str, str]

    def email_of(self, key: str, context: Context) -> str | None:
        """E-mail of a kept record; None when none is known."""
        if (override := self.overrides.get(key)) is not None:
            return override
        record = context.world.lookup(self.stream, key)
        if record is None:
            return None
        return trimmed(value_of(self.email, record, context))
