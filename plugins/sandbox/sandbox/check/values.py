"""The small rules for values that every object shares: trimming, folding, cutting, money, time."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Row = dict[str, Any]
"""One record as an API answers it."""

VARCHAR = 255


@dataclass(frozen=True)
class OneOf:
    """Several values that are equally right, because the mapping leaves the choice open."""

    values: tuple[object, ...]

    def __repr__(self) -> str:
        return " or ".join(repr(value) for value in self.values)


def same(expected: object, actual: object) -> bool:
    """Whether a value is the expected one or one of those."""
    if isinstance(expected, OneOf):
        return any(same(value, actual) for value in expected.values)
    return expected == actual


def text(value: object) -> str | None:
    """Trim; nothing, blank and null are all None. Line ends become LF."""
    if value is None:
        return None
    return str(value).replace("\r\n", "\n").replace("\r", "\n").strip() or None


def squeezed(value: object) -> str:
    """Return the text with every run of white space made one space."""
    return " ".join(str(value or "").split())


def folded(value: object) -> str:
    """Return the text without case, accents and surplus spaces, for comparing names."""
    plain = unicodedata.normalize("NFKD", squeezed(value))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def cut(value: str | None) -> str | None:
    """Cut at Pipedrive's `varchar` length with an ellipsis as the last character."""
    if value is None or len(value) <= VARCHAR:
        return value
    return value[: VARCHAR - 1] + "…"


def number(value: object) -> Decimal | None:
    """Read a decimal string or a JSON number without passing through binary rounding."""
    if value is None or isinstance(value, bool) or value == "":
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def instant(value: object) -> datetime | None:
    """Read a UTC time as Cliniko, Pipedrive v2 (RFC 3339) or v1 (`YYYY-MM-DD HH:MM:SS`) write it.

    Returns:
        An aware time in UTC, or None for nothing or for no time at all.
    """
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def minutes(value: object) -> int | None:
    """Read `HH:MM` or `HH:MM:SS` as minutes; None for nothing."""
    match = re.fullmatch(r"(\d{1,3}):(\d{2})(?::\d{2})?", str(value or ""))
    return int(match[1]) * 60 + int(match[2]) if match else None


def full_name(row: Row) -> str | None:
    """Join first and last name with one space; None when both are empty."""
    return squeezed(f"{row.get('first_name') or ''} {row.get('last_name') or ''}") or None
