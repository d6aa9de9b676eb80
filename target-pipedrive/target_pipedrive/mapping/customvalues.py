"""Values of custom fields, type by type: what an expression may give, and what it becomes.

Sources: official docs, "Custom fields"; v2 migration guide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Owner, Ref
from target_pipedrive.mapping.functions.account import currency
from target_pipedrive.mapping.functions.money import decimal
from target_pipedrive.mapping.functions.times import day
from target_pipedrive.mapping.text import text as trimmed
from target_pipedrive.mapping.unfit import UnfitError
from target_pipedrive.pipedrive.values import ADDRESS_PARTS, MOST_DIGITS, digits

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from target_pipedrive.mapping.context import Context

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_REFERENCED = {"org": "organization", "people": "person"}
_E_MAIL = re.compile(r"[^@\s]+@[^@\s]+")


def fitted(field_type: str, value: Any, context: Context) -> Any:
    """A value as `desired.Custom` holds it; None for nothing. Nothing is cut here.

    Args:
        field_type: One of Pipedrive's 16 types.
        value: What an expression gave.
        context: Where a currency is found.

    Raises:
        UnfitError: The value does not fit the type.
    """
    match field_type:
        case "org" | "people":
            return _reference(_REFERENCED[field_type], value)
        case "monetary":
            return _money(context, value)
        case _:
            shape = _BY_TYPE.get(field_type)
            return trimmed(value) if shape is None else shape(value)


def _number(value: Any) -> int | Decimal | None:
    number = value if type(value) is int else decimal(value)
    if number is not None and digits(number) > MOST_DIGITS:
        raise UnfitError(
            f"a number of more than {MOST_DIGITS} digits, which Pipedrive does not keep; round it, "
            "or give the field `type: varchar`"
        )
    return number


def _money(context: Context, value: Any) -> dict[str, Any] | None:
    amount = _number(value)
    if amount is None:
        return None
    code = currency(context)
    if code is None:
        raise UnfitError("no currency is known; give the setting `currency`")
    return {"value": decimal(amount), "currency": code}


def _labels(value: Any) -> tuple[str, ...] | None:
    items = value if isinstance(value, (list, tuple)) else [value]
    labels = [label for item in items if (label := trimmed(item)) is not None]
    return tuple(dict.fromkeys(labels)) or None


def _clock(value: Any) -> str | None:
    """A time of day as HH:MM:SS."""
    shown = trimmed(value)
    if shown is None:
        return None
    found = _CLOCK.fullmatch(shown)
    if found is None:
        raise UnfitError("a time of day is needed here, as HH:MM or HH:MM:SS")
    hour, minute, second = found.groups()
    return f"{int(hour):02}:{minute}:{second or '00'}"


def _time(value: Any) -> str | dict[str, str] | None:
    if not isinstance(value, dict):
        return _clock(value)
    at = _clock(value.get("value"))
    return None if at is None else {"value": at, **_zone(value)}


def _range(one: Callable[[Any], str | None], value: Any) -> dict[str, str] | None:
    """Two ends: a list of two, a record with `value` and `until`, or one text `a/b`."""
    if isinstance(value, str):
        value = value.split("/")
    if isinstance(value, dict):
        ends = [value.get("value"), value.get("until")]
    elif isinstance(value, (list, tuple)):
        ends = list(value)
    else:
        ends = [value]
    known = [one(end) for end in ends]
    if not any(known):
        return None
    if len(known) != 2 or not all(known):  # noqa: PLR2004 - a range has two ends
        raise UnfitError("a range needs both its ends, such as `[from, until]`")
    zone = _zone(value) if isinstance(value, dict) else {}
    return {"value": str(known[0]), "until": str(known[1]), **zone}


def _days(value: Any) -> dict[str, str] | None:
    found = _range(day, value)
    if found is not None and found["until"] < found["value"]:
        raise UnfitError("a range that ends before it begins")
    return found


def _times(value: Any) -> dict[str, str] | None:
    return _range(_clock, value)  # one that ends before it begins passes midnight


def _zone(value: dict[str, Any]) -> dict[str, str]:
    zone = trimmed(value.get("timezone_name"))
    return {} if zone is None else {"timezone_name": zone}


def _address(value: Any) -> dict[str, str] | None:
    if not isinstance(value, dict):
        value = {"value": value}
    if unknown := value.keys() - {"value", *ADDRESS_PARTS}:
        raise UnfitError(f"an address has no part {', '.join(sorted(map(str, unknown)))}")
    parts = {key: shown for key, part in value.items() if (shown := trimmed(part)) is not None}
    return parts if "value" in parts else None


def _user(value: Any) -> Owner | None:
    """An owner, or a user's e-mail."""
    if isinstance(value, Owner):
        return value if value.email else None
    email = trimmed(value)
    if email is not None and not _E_MAIL.fullmatch(email):
        raise UnfitError("a user is needed here: an e-mail, or user(…)")
    return None if email is None else Owner(email)


def _reference(wanted: str, value: Any) -> Ref | None:
    if value is None or (isinstance(value, Ref) and value.object == wanted):
        return value
    raise UnfitError(f"a reference is needed here, such as ref('{wanted}', 'STREAM', id)")


_BY_TYPE: dict[str, Callable[[Any], Any]] = {
    "date": day,
    "daterange": _days,
    "time": _time,
    "timerange": _times,
    "double": _number,
    "set": _labels,
    "address": _address,
    "user": _user,
}
"""Types that are no plain text."""
