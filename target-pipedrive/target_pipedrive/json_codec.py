"""JSON read and written on the way of every record.

msgspec takes a quarter of the time of the standard library. It knows no half of a surrogate pair
in a text, no NaN, and bounds how long a number is; what it refuses, the standard library decides.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = msgspec.json.Decoder()
_EXACT = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(order="sorted", enc_hook=str)


def decode(data: bytes | str) -> Any:
    """Read JSON.

    Raises:
        ValueError: It is none.
        RecursionError: It is nested too deeply.
    """
    return _decode(_PLAIN.decode, data)


def decode_exact(data: bytes | str) -> Any:
    """Read JSON, fractions as `Decimal`, so that every digit stays.

    Raises:
        ValueError: It is none, or holds NaN or Infinity.
        RecursionError: It is nested too deeply.
    """
    return _decode(_EXACT.decode, data, parse_float=Decimal, parse_constant=_no_number)


def encode_canonical(value: Any) -> bytes:
    """Write JSON; equal values become equal bytes. What JSON has no word for becomes its text."""
    try:
        return _ENCODER.encode(value)
    except (UnicodeEncodeError, TypeError):  # half characters, keys that are no text
        return json.dumps(value, sort_keys=True, default=str).encode()


def _decode(quick: Callable[[bytes | str], Any], data: bytes | str, **words: Any) -> Any:
    try:
        return quick(data)
    except ValueError:
        return json.loads(data, **words)


def _no_number(name: str) -> None:
    """Refuse NaN and Infinity, which Python reads and JSON does not know."""
    raise ValueError(name)
