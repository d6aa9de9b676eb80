"""Versions of a stream, by which a target knows the rows that are gone.

Each record of a whole read carries a version higher than all before. When the read has come to its
end, ACTIVATE_VERSION names it, and a target deletes the rows that still have a lower one. Records
read by what changed carry the version of the last whole read.
"""

from __future__ import annotations

ADMINISTRATOR = "administrator"
"""The one role that sees every row (Cliniko help, "User roles"). Others may get fewer without being
told, which would make what they cannot see look deleted."""


def following(last: int | None, clock: float) -> int:
    """The next version: seconds since 1970, as the SDK's, but always higher than the last.

    Args:
        last: The version before; None when there was none.
        clock: The server's clock; it may have been set back.
    """
    return max(int(clock), (last or 0) + 1)
