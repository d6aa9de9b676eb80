"""Custom field values between our shapes and those of the API.

Our shapes are those of `desired.Custom.value`, references and owners resolved. API v2 takes a
value under its field's key within `custom_fields`; v1, where leads live, takes it flat at the
root of a body, in pieces where it has several. Sources: official docs, "Custom fields"; v2
migration guide.
"""

# ruff: noqa: A002, PLR0911 - `type` is the API's term; values have any shape, a line each

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS = frozenset({"enum", "set"})
"""Types whose values are chosen from a list."""

MOST_DIGITS = 14
"""Digits of a number that Pipedrive keeps (its help pages; the API's docs speak of 16)."""

ADDRESS_PARTS = (
    "street_number",
    "route",
    "sublocality",
    "subpremise",
    "locality",
    "admin_area_level_1",
    "admin_area_level_2",
    "country",
    "postal_code",
    "formatted_address",
)
"""What an address may hold beside its `value`."""

_TEXTS = frozenset({"varchar", "varchar_auto", "text", "phone", "date"})
_IDS = frozenset({"user", "org", "people"})
_PARTS: Mapping[str, tuple[str, ...]] = {
    "monetary": ("currency",),
    "daterange": ("until",),
    "time": ("timezone_name",),
    "timerange": ("until", "timezone_name"),
    "address": ADDRESS_PARTS,
}
"""Types with several pieces → the pieces beside `value`."""
_NEEDED = frozenset({"currency", "until"})

TYPES = (*sorted(_TEXTS), "double", *sorted(_IDS), *_PARTS, *sorted(OPTIONS))
"""The 16 types that can be made (official OpenAPI v2)."""


def fold(text: str) -> str:
    """A label as it is compared: without case, spaces at its ends or doubled, and accents.

    Pipedrive keeps no rule of its own. Other marks stay: in Japanese they make another letter.
    """
    return _folded(text, lambda mark: "\u0300" <= mark <= "\u036f")


def fold_name(text: str) -> str:
    """A person's name as it is compared: as `fold`, and without all other marks too."""
    return _folded(text, lambda mark: unicodedata.combining(mark) > 0)


def _folded(text: str, is_mark: Callable[[str], bool]) -> str:
    if text.isascii():
        return " ".join(text.lower().split())  # the same, quicker
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in letters if not is_mark(letter))
    return " ".join(unicodedata.normalize("NFKD", bare.casefold()).split())


def digits(number: float | Decimal) -> int:
    """Digits of a number written out, without zeros at its ends."""
    _, figures, exponent = Decimal(str(number)).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("a number that is not finite has no digits")  # noqa: TRY004 - it is a number
    shown = "".join(map(str, figures))
    bare = shown.rstrip("0")
    exponent += len(shown) - len(bare)
    return max(len(bare.lstrip("0")) + max(exponent, 0), -exponent) if bare else 1


def chosen(type: str, value: Any) -> tuple[str, ...]:
    """Labels of the options that a value names, for `enum` and `set`; blank ones are nothing."""
    labels = (value,) if type == "enum" else tuple(value or ())
    return tuple(str(label) for label in labels if label is not None and str(label).strip())


def encode(type: str, value: Any, option: Callable[[str], int | str]) -> Any:
    """A value as v2 takes it; None for nothing, which empties the field.

    Args:
        type: Pipedrive's `field_type`.
        value: In the shape of `desired.Custom.value`, ids instead of references and owners.
        option: Option ID of a label.

    Raises:
        ValueError: The type cannot be written.
    """
    if type in OPTIONS:
        ids = list(dict.fromkeys(option(label) for label in chosen(type, value)))
        if not ids:
            return None  # v2 refuses [] for a set
        return ids[0] if type == "enum" else ids
    if value is None or value == "":
        return None
    if type in _TEXTS:
        return str(value)
    if type == "double":
        return value if isinstance(value, int | float | Decimal) else Decimal(str(value))
    if type in _IDS:
        return int(value)
    if type in _PARTS:
        given = dict(value) if isinstance(value, Mapping) else {"value": str(value)}
        parts = {key: part for key, part in given.items() if part not in (None, "")}
        needed = {"value", *_NEEDED.intersection(_PARTS[type])}
        return parts if needed <= parts.keys() else None
    raise ValueError(f"values of type {type} cannot be written")


def flat(type: str, code: str, value: Any) -> dict[str, Any]:
    """A value of v2 as v1 takes it: keys at the root of a body.

    The name of a time zone is left out: v1 knows zones by numbers of its own, and takes that of
    the token's user.

    Args:
        type: Pipedrive's `field_type`.
        code: Hash key of the field.
        value: As `encode` returns it.
    """
    if value is None:
        return {code: None} | {
            f"{code}_until": None for part in _PARTS.get(type, ()) if part == "until"
        }
    if type == "set":
        return {code: ",".join(map(str, value))}
    if not isinstance(value, Mapping):
        return {code: value}
    parts = {f"{code}_{key}": part for key, part in value.items() if key in _PARTS[type]}
    parts.pop(f"{code}_timezone_name", None)
    return {code: value["value"], **parts}


def gathered(type: str, code: str, row: Mapping[str, Any]) -> Any:
    """A value of a v1 row, which is flat at its root, as v2 would give it."""
    value = row.get(code)
    if value in (None, ""):
        return None
    if type == "set":
        return [_id(item) for item in str(value).split(",")]
    if type == "enum":
        return _id(value)
    if type in _IDS and isinstance(value, Mapping):
        return value.get("id", value.get("value"))
    if type in _PARTS:
        return {"value": value} | {key: row.get(f"{code}_{key}") for key in _PARTS[type]}
    return value


def decode(type: str, raw: Any, labels: Mapping[int | str, str]) -> Any:
    """A value of an answer in our shape; None for nothing.

    Args:
        type: Pipedrive's `field_type`.
        raw: Value in `custom_fields` of a v2 row.
        labels: Option ID → label; an ID without a label stands for itself.
    """
    if raw is None or raw in ("", []):
        return None
    if type == "enum":
        return labels.get(raw, str(raw))
    if type == "set":
        return tuple(labels.get(id_, str(id_)) for id_ in raw)
    if type == "double":
        return raw if isinstance(raw, int) else Decimal(str(raw))
    if type == "time" and isinstance(raw, Mapping):
        return raw.get("value")
    if isinstance(raw, Mapping):
        parts = {key: part for key, part in raw.items() if part not in (None, "")}
        if "value" not in parts:
            return None
        if type == "monetary":
            parts["value"] = Decimal(str(parts["value"]))
        return parts
    return raw


def _id(value: Any) -> int | str:
    shown = str(value)
    return int(shown) if shown.isdecimal() else shown
