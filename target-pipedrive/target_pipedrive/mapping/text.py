"""Plain rules about text, used by functions and by the making of values."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from collections.abc import Mapping

ELLIPSIS = "…"
_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def text(value: Any) -> str | None:
    """Trimmed text of a plain value; None when nothing is left.

    Control characters other than tab and line ends, and halves of characters, are dropped, since
    no API takes them.

    Raises:
        UnfitError: The value is truth, a list or a record.
    """
    if value is None:
        return None
    if type(value) is str:  # nearly always, so it comes first
        shown = value.strip()
        return (shown if shown.isprintable() else _UNSENDABLE.sub("", shown).strip()) or None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise UnfitError("text is needed here, not truth, a list or a record")
    return _UNSENDABLE.sub("", str(value)).strip() or None


def cut(value: str, limit: int) -> str:
    """The text itself, or its beginning and an ellipsis, `limit` characters in all."""
    if len(value) <= limit:
        return value
    return value[: limit - 1] + ELLIPSIS


def id_order(value: Any) -> tuple[int, str]:
    """Sort key for ids, which are whole numbers written as text and differ in length."""
    shown = str(value or "")
    return (int(shown), "") if shown.isdecimal() else (-1, shown)


def record_key(record: Mapping[str, Any], name: str) -> str | None:
    """A record's key as text; None when it has no usable value."""
    value = record.get(name)
    return text(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
