"""JSON bodies with exact decimals."""

from __future__ import annotations

import json
import re
import secrets
from decimal import Decimal
from typing import Any

_MARK = secrets.token_hex(16)
_MARKED = re.compile(f'"{_MARK}([^"]*)"')


def _default(value: object) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("JSON has no number for an infinite or undefined decimal")
        return f"{_MARK}{value:f}"
    raise TypeError(f"a body cannot hold a {type(value).__name__}")


def encode(body: Any) -> bytes:
    """A body as JSON in UTF-8.

    A `Decimal` becomes a number with exactly its digits: the standard encoder knows floats only,
    so it leaves as a marked string and the mark is cut off with its quotation marks.

    Raises:
        TypeError: The body holds something that JSON has no word for.
        ValueError: It holds a number that is not finite.
    """
    text = json.dumps(
        body, default=_default, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    if _MARK in text:
        text = _MARKED.sub(r"\1", text)
    return text.encode("utf-8", errors="replace")
