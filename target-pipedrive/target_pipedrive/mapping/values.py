"""Fitting evaluated values to Pipedrive: types of custom fields, empty values, cut text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Custom
from target_pipedrive.mapping.functions.account import currency
from target_pipedrive.mapping.functions.money import decimal
from target_pipedrive.mapping.functions.times import day
from target_pipedrive.mapping.shapes import shaped
from target_pipedrive.mapping.text import cut
from target_pipedrive.mapping.text import text as trimmed
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from target_pipedrive.mapping.context import Context

SHORT_KEYS = frozenset({"name", "title", "subject", "code"})
"""Pipedrive's own keys that are as short as a `varchar` field."""


class Fitter:
    """Fits the values of one object and remembers what it had to cut.

    Args:
        context: Currency and limits.
        kinds: Key of Pipedrive's own → what its value is.
    """

    def __init__(self, context: Context, kinds: Mapping[str, str]) -> None:
        self.context = context
        self.kinds = kinds
        self.truncated: list[str] = []

    def own(self, key: str, value: Any) -> Any:
        """A value for one of Pipedrive's own keys; None when it is empty."""
        shown = shaped(self.kinds.get(key, "text"), value, self.context)
        return self.short(key, shown) if key in SHORT_KEYS and isinstance(shown, str) else shown

    def custom(self, label: str, field_type: str, value: Any) -> Custom:
        """A value for a custom field.

        Raises:
            UnfitError: The value does not fit the field's type.
        """
        if field_type == "varchar":
            return Custom(field_type, self.short(label, trimmed(value)))
        return Custom(field_type, _BY_TYPE[field_type](self.context, value))

    def short(self, label: str, value: str | None) -> str | None:
        """Text that fits a `varchar`; what had to be cut is remembered under the label."""
        limit = self.context.options.max_varchar
        if value is None or len(value) <= limit:
            return value
        self.truncated.append(label)
        return cut(value, limit)


def _text(_context: Context, value: Any) -> str | None:
    return trimmed(value)


def _day(_context: Context, value: Any) -> str | None:
    return day(value)


def _number(_context: Context, value: Any) -> int | Decimal | None:
    return value if type(value) is int else decimal(value)


def _money(context: Context, value: Any) -> dict[str, Any] | None:
    amount = decimal(value)
    if amount is None:
        return None
    code = currency(context)
    if code is None:
        raise UnfitError("no currency is known; give the setting `currency`")
    return {"value": amount, "currency": code}


def _labels(_context: Context, value: Any) -> tuple[str, ...] | None:
    items = value if isinstance(value, (list, tuple)) else [value]
    labels = [label for item in items if (label := trimmed(item)) is not None]
    return tuple(dict.fromkeys(labels)) or None


def _address(_context: Context, value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return value if trimmed(value.get("value")) else None
    shown = trimmed(value)
    return None if shown is None else {"value": shown}


_BY_TYPE: dict[str, Callable[[Context, Any], Any]] = {
    "text": _text,
    "phone": _text,
    "time": _text,
    "enum": _text,
    "date": _day,
    "double": _number,
    "monetary": _money,
    "set": _labels,
    "address": _address,
}

FIELD_TYPES = frozenset({"varchar", *_BY_TYPE})
"""Types of custom fields that a value can be fitted to."""
