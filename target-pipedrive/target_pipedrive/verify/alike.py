"""Whether two values say the same: what should stand, and what Pipedrive answers.

Servers spell: phone numbers get spaces, times seconds, addresses the parts that a map knows. What
is spelt otherwise and says the same is told apart from what differs, each by a rule with a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive.api import moment
from target_pipedrive.pipedrive.objecttype import Kind
from target_pipedrive.verify.structure import letters, structure

if TYPE_CHECKING:
    from collections.abc import Callable

SAME = ""
"""Instead of the name of a rule."""

PHONE = "phone number"
E_MAIL = "e-mail in other letters"
SPACES = "white space"
ORDER = "order"
TIME = "time"
NUMBER = "number"
PARTS = "parts of the address looked up"
MARKUP = "HTML"
FORMATTING = "formatting lost"
"""The one rule that a person's edit may stand behind as well."""

_ZERO_DATE = "0000-00-00"
"""What Pipedrive makes of an empty date."""

_FEWEST_DIGITS = 5
"""Of what counts as a phone number."""

Rule = str | None
"""The name of the rule by which two values say the same, `SAME`, or None when they do not."""


def is_empty(value: Any) -> bool:
    """Return whether a row's value stands for nothing."""
    if isinstance(value, Mapping):
        return all(is_empty(part) for part in value.values())
    return value in (None, "", _ZERO_DATE, 0, False) or (isinstance(value, list) and not value)


def alike(kind: Kind, want: Any, got: Any) -> Rule:
    """Compare a value of one of Pipedrive's own keys.

    Args:
        kind: What the key holds.
        want: What should stand, references and names resolved to ids.
        got: The row's value.
    """
    if want == got and type(want) is type(got):
        return SAME
    if got is None:
        return SAME if is_empty(want) else None
    return _BY_KIND[kind](want, got)


def alike_custom(type: str, want: Any, got: Any) -> Rule:  # noqa: A002 - the API's term
    """Compare a value of a custom field.

    Args:
        type: Pipedrive's `field_type`.
        want: As API v2 takes it.
        got: As API v2 gives it.
    """
    if want == got:
        return SAME
    if want is None:
        nothing = got in ("", []) or (isinstance(got, Mapping) and is_empty(got))
        return SAME if nothing else None
    if got is None:
        return None
    return _BY_TYPE.get(type, _text)(want, got)


# plain values


def _text(want: Any, got: Any) -> Rule:
    want, got = str(want), str(got)
    if want == got:
        return SAME
    return SPACES if _spaced(want) == _spaced(got) else None


def _spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).replace("\u00a0", " ").split())


def _number(want: Any, got: Any) -> Rule:
    try:
        wanted, found = Decimal(str(want)), Decimal(str(got))
    except InvalidOperation:
        return None
    if wanted == found:
        return SAME
    return NUMBER if float(wanted) == float(found) else None


def _flag(want: Any, got: Any) -> Rule:
    return SAME if bool(want) == bool(got) else None


def _id(want: Any, got: Any) -> Rule:
    """Compare ids; old lists give an object with the id in it."""
    if isinstance(got, Mapping):
        got = got.get("id", got.get("value"))
    return SAME if str(want) == str(got) else None


def _ids(want: Any, got: Any) -> Rule:
    wanted, found = _as_set(want), _as_set(got)
    return SAME if wanted == found else None


def _as_set(value: Any) -> frozenset[str]:
    items = value if isinstance(value, list | tuple) else str(value).split(",")
    return frozenset(str(item) for item in items)


def _day(want: Any, got: Any) -> Rule:
    if str(want) == str(got):
        return SAME
    return TIME if str(want)[:10] == str(got)[:10] else None


def _clock(want: Any, got: Any) -> Rule:
    wanted, found = _seconds(want), _seconds(got)
    if wanted is None or wanted != found:
        return None
    return SAME if str(want) == str(got) else TIME


def _seconds(clock: Any) -> int | None:
    parts = str(clock).split(":")
    if len(parts) not in {2, 3} or not all(part.isdecimal() for part in parts):
        return None
    hours, minutes, *seconds = map(int, parts)
    return hours * 3600 + minutes * 60 + sum(seconds)


def _moment(want: Any, got: Any) -> Rule:
    if str(want) == str(got):
        return SAME
    try:
        wanted, found = moment(str(want)), moment(str(got))
    except ValueError:
        return None
    same = wanted.astimezone(UTC).replace(microsecond=0) == found.astimezone(UTC).replace(
        microsecond=0
    )
    return TIME if same else None


def _html(want: Any, got: Any) -> Rule:
    if str(want) == str(got):
        return SAME
    if structure(str(want)) == structure(str(got)):
        return MARKUP
    return FORMATTING if letters(str(want)) == letters(str(got)) else None


def _phone(want: Any, got: Any) -> Rule:
    if str(want) == str(got):
        return SAME
    wanted, found = _digits(want), _digits(got)
    return PHONE if wanted == found and len(wanted) >= _FEWEST_DIGITS else _text(want, got)


def _digits(phone: Any) -> str:
    """Return the digits of a phone number; those of 00 61 and +61 are the same."""
    return re.sub(r"[^\d]", "", re.sub(r"^\s*00", "", str(phone)))


# values of several parts


def _contacts(want: Any, got: Any) -> Rule:
    wanted, found = _entries(want), _entries(got)
    if wanted == found:
        return SAME
    rules: set[str] = set()
    if len(wanted) != len(found):
        return None
    left = list(found)
    for entry in wanted:
        at, rule = next(
            (
                (at, rule)
                for at, other in enumerate(left)
                if entry[1:] == other[1:] and (rule := _contact(entry[0], other[0])) is not None
            ),
            (-1, SAME),
        )
        if at < 0:
            return None
        left.pop(at)
        rules.add(rule)
    return next(iter(sorted(rules - {SAME})), ORDER)


def _entries(value: Any) -> list[tuple[str, str, bool]]:
    """Return value, label and whether it is the primary one, as an absent one is filled in."""
    rows = [row for row in value or () if row.get("value")]
    named = any(row.get("primary") for row in rows)
    return [
        (
            str(row["value"]),
            str(row.get("label") or "work").casefold(),
            bool(row.get("primary")) if named else at == 0,
        )
        for at, row in enumerate(rows)
    ]


def _contact(want: str, got: str) -> Rule:
    if want == got:
        return SAME
    if "@" in want:
        return E_MAIL if _spaced(want).casefold() == _spaced(got).casefold() else None
    return _phone(want, got)


def _people(want: Any, got: Any) -> Rule:
    wanted, found = (
        {str(row["person_id"]): bool(row.get("primary")) for row in rows or ()}
        for rows in (want, got)
    )
    return SAME if wanted == found else None


def _prices(want: Any, got: Any) -> Rule:
    wanted, found = ({str(row.get("currency")): row for row in rows or ()} for rows in (want, got))
    if wanted.keys() != found.keys():
        return None
    pairs = [
        (_number if key != "notes" else _text)(value, found[currency].get(key))
        for currency, row in wanted.items()
        for key, value in row.items()
        if key != "currency" and value is not None
    ]
    return _together(pairs)


def _parts(**rules: Callable[[Any, Any], Rule]) -> Callable[[Any, Any], Rule]:
    """Compare the parts that should stand, each by its rule."""

    def compare(want: Any, got: Any) -> Rule:
        if not isinstance(want, Mapping) or not isinstance(got, Mapping):
            return None
        return _together(
            [
                None if got.get(part) is None else rules.get(part, _text)(value, got[part])
                for part, value in want.items()
                if value is not None
            ]
        )

    return compare


def _address(want: Any, got: Any) -> Rule:
    """Compare addresses: Pipedrive may look up parts that were not sent."""
    if not isinstance(got, Mapping):
        got = {"value": got}
    rule = _parts()(want, got)
    more = any(got[part] and not want.get(part) for part in got)
    return PARTS if rule == SAME and more else rule


def _together(rules: list[Rule]) -> Rule:
    named = [rule for rule in rules if rule is not None]
    if len(named) < len(rules):
        return None
    return next(filter(None, named), SAME)


_BY_KIND: Mapping[Kind, Callable[[Any, Any], Rule]] = {
    Kind.TEXT: _text,
    Kind.HTML: _html,
    Kind.NUMBER: _number,
    Kind.INTEGER: _number,
    Kind.FLAG: _flag,
    Kind.BIT: _flag,
    Kind.DAY: _day,
    Kind.CLOCK: _clock,
    Kind.SPAN: _clock,
    Kind.MOMENT: _moment,
    Kind.STAMP: _moment,
    Kind.USER: _id,
    Kind.REFERENCE: _id,
    Kind.CONTACTS: _contacts,
    Kind.ADDRESS: _address,
    Kind.AMOUNT: _parts(amount=_number),
    Kind.PRICES: _prices,
    Kind.PEOPLE: _people,
    Kind.IDS: _ids,
    Kind.NAMES: _ids,
}
_BY_TYPE: Mapping[str, Callable[[Any, Any], Rule]] = {
    "phone": _phone,
    "double": _number,
    "monetary": _parts(value=_number),
    "date": _day,
    "daterange": _parts(value=_day, until=_day),
    "time": _parts(value=_clock),
    "timerange": _parts(value=_clock, until=_clock),
    "address": _address,
    "enum": _id,
    "set": _ids,
    "user": _id,
    "org": _id,
    "people": _id,
}
"""Types that are no plain text."""
