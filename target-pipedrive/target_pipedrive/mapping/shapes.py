"""Shapes of Pipedrive's own keys: whatever a record holds becomes what the API takes.

A column of a spreadsheet is text, whatever it means: numbers, dates, yes and no are read from it
where the key wants one. Sources: official OpenAPI, v2 migration guide.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Owner, Ref
from target_pipedrive.mapping.functions.account import currency
from target_pipedrive.mapping.functions.money import decimal
from target_pipedrive.mapping.functions.times import day
from target_pipedrive.mapping.text import text
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.mapping.context import Context

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d")
_YES = frozenset({"true", "yes", "y", "t", "1"})
_NO = frozenset({"false", "no", "n", "f", "0"})


def shaped(kind: str, value: Any, context: Context) -> Any:
    """A value as a key of this kind takes it; None for nothing.

    Args:
        kind: A `Kind` of the registry of objects.
        value: Whatever an expression or a record holds.
        context: Where a currency is found.

    Raises:
        UnfitError: It cannot be read as one.
    """
    if value is None or isinstance(value, (Ref, Owner)):
        return value
    return _BY_KIND.get(kind, _plain)(value, context)


def flag(value: Any) -> bool | None:
    """Yes or no, as people and programs write it.

    Raises:
        UnfitError: It is neither.
    """
    if value is None or isinstance(value, bool):
        return value
    word = (text(value) or "").casefold()
    if not word:
        return None
    if word not in _YES | _NO:
        raise UnfitError("true or false is needed here")
    return word in _YES


def contacts(value: Any) -> list[dict[str, Any]] | None:
    """E-mails or phones: one, several with commas or semicolons, or records with `value`."""
    if isinstance(value, str):
        value = value.replace(";", ",").split(",")
    found: dict[str, dict[str, Any]] = {}
    for item in value if isinstance(value, (list, tuple)) else [value]:
        entry = dict(item) if isinstance(item, dict) else {"value": item}
        shown = text(entry.get("value"))
        if shown is not None:
            found.setdefault(shown, {"label": "work", "primary": False, **entry, "value": shown})
    entries = list(found.values())
    if entries and not any(entry["primary"] for entry in entries):
        entries[0]["primary"] = True
    return entries or None


def names(value: Any) -> list[str] | None:
    """Names in a list, or in one text with commas."""
    items = value.split(",") if isinstance(value, str) else value
    found = [text(item) for item in (items if isinstance(items, (list, tuple)) else [items])]
    return list(dict.fromkeys(name for name in found if name is not None)) or None


def _plain(value: Any, _context: Context) -> Any:
    if isinstance(value, (bool, int, Decimal)):
        return value
    if isinstance(value, (list, tuple, dict)):
        return value or None
    return text(value)


def _number(value: Any, _context: Context) -> Any:
    if isinstance(value, bool):
        raise UnfitError("a number is needed here")
    return value if isinstance(value, int) else decimal(value)


def _integer(value: Any, context: Context) -> int | None:
    number = _number(value, context)
    if number is not None and number != int(number):
        raise UnfitError("a whole number is needed here")
    return None if number is None else int(number)


def _flag(value: Any, _context: Context) -> bool | None:
    return flag(value)


def _bit(value: Any, _context: Context) -> int | None:
    given = flag(value)
    return None if given is None else int(given)


def _day(value: Any, _context: Context) -> str | None:
    """A day; of a date and time, the day that is written there."""
    shown = text(value)
    is_moment = shown is not None and _MOMENT.match(shown)
    return day(shown[:10] if shown is not None and is_moment else shown)


def _moment(value: Any, _context: Context) -> str | None:
    at = _utc(value)
    return None if at is None else f"{at.isoformat()}Z"


def _stamp(value: Any, _context: Context) -> str | None:
    at = _utc(value)
    return None if at is None else at.isoformat(" ")


def _utc(value: Any) -> datetime | None:
    """A time in UTC, whole seconds, without its zone; one that has none is UTC."""
    shown = text(value.isoformat() if isinstance(value, datetime) else value)
    if shown is None:
        return None
    try:
        at = datetime.fromisoformat(shown)
    except ValueError:
        raise UnfitError("a date or time is needed here, such as 2026-01-31T09:00:00Z") from None
    if at.tzinfo is not None:
        at = at.astimezone(UTC)
    return at.replace(tzinfo=None, microsecond=0)


def _contacts(value: Any, _context: Context) -> Any:
    return contacts(value)


def _names(value: Any, _context: Context) -> Any:
    return names(value)


def _reference(value: Any, context: Context) -> Any:
    """An id of Pipedrive's own: a number, or a lead's UUID."""
    shown = _plain(value, context)
    return int(shown) if isinstance(shown, str) and shown.isdecimal() else shown


def _address(value: Any, _context: Context) -> Any:
    if isinstance(value, dict):
        return value if text(value.get("value")) else None
    shown = text(value)
    return None if shown is None else {"value": shown}


def _amount(value: Any, context: Context) -> Any:
    if isinstance(value, dict):
        return value or None
    number = _number(value, context)
    return None if number is None else {"amount": number, "currency": _currency(context)}


def _prices(value: Any, context: Context) -> Any:
    if isinstance(value, (list, tuple)):
        return list(value) or None
    number = _number(value, context)
    return None if number is None else [{"price": number, "currency": _currency(context)}]


def _currency(context: Context) -> str:
    code = currency(context)
    if code is None:
        raise UnfitError("no currency is known; give the setting `currency`")
    return code


_BY_KIND: dict[str, Callable[[Any, Context], Any]] = {
    "number": _number,
    "integer": _integer,
    "flag": _flag,
    "bit": _bit,
    "day": _day,
    "moment": _moment,
    "stamp": _stamp,
    "user": _reference,
    "reference": _reference,
    "contacts": _contacts,
    "address": _address,
    "amount": _amount,
    "prices": _prices,
    "names": _names,
}
"""Kinds that need more than trimming."""
