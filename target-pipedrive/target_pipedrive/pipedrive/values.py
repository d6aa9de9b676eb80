"""Custom field values between our shapes and those of API v2.

Our shapes are those of `desired.Custom.value`. Sources: official docs, "Custom fields"; v2
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

_TEXTS = frozenset({"varchar", "varchar_auto", "text", "phone", "date"})
_NUMBERS = frozenset({"int", "user", "org", "people"})
_COMPOUND = frozenset({"monetary", "address", "daterange", "timerange"})


def fold(text: str) -> str:
    """A label as it is compared: Pipedrive keeps no rule of its own about case or spaces."""
    return " ".join(text.split()).casefold()


def fold_name(text: str) -> str:
    """A person's name as it is compared: as `fold`, and accents are often left out in typing."""
    letters = unicodedata.normalize("NFKD", fold(text))
    return fold("".join(letter for letter in letters if not unicodedata.combining(letter)))


def chosen(type: str, value: Any) -> tuple[str, ...]:
    """Labels of the options that a value names, for `enum` and `set`; blank ones are nothing."""
    labels = (value,) if type == "enum" else tuple(value or ())
    return tuple(str(label) for label in labels if label is not None and str(label).strip())


def encode(type: str, value: Any, option: Callable[[str], int | str]) -> Any:
    """A value as v2 takes it; None for nothing, which empties the field.

    Args:
        type: Pipedrive's `field_type`.
        value: In the shape of `desired.Custom.value`.
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
    if type in _NUMBERS:
        return int(value)
    if type == "time":
        return dict(value) if isinstance(value, Mapping) else {"value": str(value)}
    if type in _COMPOUND:
        parts = {key: part for key, part in dict(value).items() if part not in (None, "")}
        return parts if "value" in parts else None
    raise ValueError(f"values of type {type} cannot be written")


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
