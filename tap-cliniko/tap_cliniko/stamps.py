"""Timestamps as Cliniko writes them: UTC, whole seconds, ``2026-01-31T09:30:00Z``.

In this one form they sort as text, so they are kept and compared as text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


def written(moment: datetime) -> str:
    """Write a moment in Cliniko's form; a moment without a zone is UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%SZ")


def normal(text: str) -> str:
    """Bring any ISO 8601 date or date-time into Cliniko's form.

    Raises:
        ValueError: When the text is neither.
    """
    return written(datetime.fromisoformat(text))


def moved(text: str, by: timedelta) -> str:
    """Move a moment, in Cliniko's form, by a length of time."""
    return written(datetime.fromisoformat(text) + by)
