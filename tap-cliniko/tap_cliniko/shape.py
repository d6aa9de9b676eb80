"""From a row of Cliniko's to a record: links flat, ids and decimals text, the rest untouched.

A row is shaped by what its schema says of it, and by name where the schema is silent: fields that
Cliniko adds tomorrow pass through, and an id is text wherever it stands. Cliniko sent ids as
numbers until 2020 and several decimals until 2025 (official OpenAPI, 2023 and 2025).
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tap_cliniko.links import SENSITIVE, flatten

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tap_cliniko.paging import Row

_LISTS_OF_IDS = frozenset({"practitioner_order"})
"""Fields that hold ids although their name does not say so."""

_MOST_ZEROS = 100
"""An exponent beyond this is no amount; written out it could fill the memory."""


class Shape:
    """Shapes the rows of one stream.

    Args:
        schema: Schema of the stream's records.
        dropped: Fields to leave out.
    """

    def __init__(self, schema: Mapping[str, Any], dropped: Collection[str] = SENSITIVE) -> None:
        fields: Mapping[str, Any] = schema["properties"]
        # A dictionary keeps the order of the schema, which a set would not.
        self._links = dict.fromkeys(name for name in fields if name.endswith("_id"))
        self._decimals = tuple(
            name for name, field in fields.items() if field.get("format") == "singer.decimal"
        )
        self._dropped = dropped

    def __call__(self, row: Row) -> Row:
        """Shape a row, which is not changed."""
        record = flatten(row, self._links, self._dropped)
        for name, value in record.items():
            if isinstance(value, (dict, list, int)):
                record[name] = _with_text_ids(value, name)
        for name in self._decimals:
            if (value := record.get(name)) is not None:
                record[name] = exact(value)
        return record


def exact(value: Any) -> Any:
    """An amount as plain decimal digits; what is no number stays as it is.

    >>> exact(50), exact("50.00"), exact("9.05e1")
    ('50', '50.00', '90.5')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return value
    text = str(value)
    if "e" not in text.lower():
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return value
    if not number.is_finite() or abs(number.adjusted()) > _MOST_ZEROS:
        return text
    return f"{number:f}"


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith(("_id", "_ids")) or name in _LISTS_OF_IDS


def _with_text_ids(value: Any, name: str) -> Any:
    """A value with every id in it as text."""
    if isinstance(value, dict):
        return {key: _with_text_ids(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_text_ids(inner, name) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and _is_id(name):
        return str(value)
    return value
