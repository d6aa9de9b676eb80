"""The functions of the Singer SDK's stream maps."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from target_pipedrive.mapping.functions.registry import register
from target_pipedrive.mapping.language import MAX_TEXT, LimitError, plain
from target_pipedrive.mapping.unfit import UnfitError


def _str(value: Any) -> str:
    """A plain value as text.

    Example:
        str(12) → '12'
    """
    return str(plain(value))


def _int(value: Any) -> int:
    """A whole number.

    Example:
        int('12') → 12
    """
    return int(plain(value))


def _float(value: Any) -> float:
    """A binary number; use `decimal` for money.

    Example:
        float('1.5') → 1.5
    """
    return float(plain(value))


def _bool(value: Any) -> bool:
    """Whether there is something: not nothing, not 0, not empty.

    Example:
        bool('') → False
    """
    return bool(value)


def _len(value: Any) -> int:
    """How many characters or items; 0 for nothing.

    Example:
        len([1, 2]) → 2
    """
    return 0 if value is None else len(value)


def _md5(value: Any) -> str:
    """MD5 of a text, as hex.

    Example:
        md5('a') → '0cc175b9c0f1b6a831c399e269772661'
    """
    return hashlib.md5(_str(value).encode(), usedforsecurity=False).hexdigest()


def _sha256(value: Any) -> str:
    """SHA-256 of a text, as hex.

    Example:
        sha256('') → 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    return hashlib.sha256(_str(value).encode()).hexdigest()


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise UnfitError("this kind of value cannot be written as JSON")


def _dumps(value: Any) -> str:
    """A value as JSON text.

    Example:
        json.dumps({'a': 1}) → '{"a": 1}'
    """
    # Piece by piece: a small expression may name one list a great many times.
    parts: list[str] = []
    length = 0
    for part in json.JSONEncoder(ensure_ascii=False, default=_default).iterencode(value):
        length += len(part)
        if length > MAX_TEXT:
            raise LimitError("a text grew too long")
        parts.append(part)
    return "".join(parts)


def _loads(value: Any) -> Any:
    """The value of JSON text; its fractions are exact decimals.

    Example:
        json.loads('[1]') → [1]
    """
    return json.loads(_str(value), parse_float=Decimal)


def _date(value: Any) -> date:
    """A day, to be compared with another.

    Example:
        datetime.date.fromisoformat('2026-03-01').isoformat() → '2026-03-01'
    """
    return date.fromisoformat(_str(value))


def _datetime(value: Any) -> datetime:
    """A moment, to be compared with another or with `now`.

    Example:
        datetime.datetime.fromisoformat('2026-03-01T00:00:00Z') < now → True
    """
    return datetime.fromisoformat(_str(value))


for _name, _call in {
    "str": _str,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "len": _len,
    "md5": _md5,
    "sha256": _sha256,
    "json.dumps": _dumps,
    "json.loads": _loads,
    "datetime.date.fromisoformat": _date,
    "datetime.datetime.fromisoformat": _datetime,
}.items():
    register(_name, _call)
