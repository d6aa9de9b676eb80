"""Values of patients, told by kind and size alone.

A reader sees that a date was expected and text was found, or that a long note came back short,
and learns nothing else. Sizes are told in classes: an exact length narrows a name down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

_DOTS = "••••"
_CLASSES = (1, 4, 8, 16, 32, 64, 128, 256, 1024, 4096, 16384, 65536)
"""Upper bounds of the length classes, in characters."""
_KINDS = (
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("time", re.compile(r"\d\d:\d\d(:\d\d)?")),
    (
        "date and time",
        re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"),
    ),
)
"""Texts of one length only: it is not told."""
_SIZED = (
    ("number", re.compile(r"-?\d+([.,]\d+)?")),
    ("e-mail", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("phone", re.compile(r"\+?[\d ()./-]{5,}")),
    ("address on the web", re.compile(r"https?://\S+")),
    ("HTML", re.compile(r"(?s).*<(/?[a-zA-Z][^<>]*)>.*")),
)


def mask(value: Any) -> str:
    """Tell a value by its kind and size; nothing of it can be read.

    Args:
        value: Anything JSON can hold, or a Decimal.

    Returns:
        For example `•••• e-mail, 17-32 characters`; an empty string for None, which hides
        nothing, and `empty` for an empty value.

    Raises:
        TypeError: It is something else.
    """
    if value is None:
        return ""
    if isinstance(value, str | Mapping | Sequence) and not value:
        return "empty"
    return f"{_DOTS} {_told(value)}"


def _told(value: Any) -> str:
    match value:
        case bool():
            return "yes or no"
        case str():
            return _text(value)
        case int() | float() | Decimal():
            return _text(str(value))
        case Mapping():
            return _several(len(value), "entry", "entries")
        case Sequence():
            return f"list of {_several(len(value), 'value', 'values')}"
        case _:
            raise TypeError(f"no value of JSON: {type(value).__name__}")


def _text(text: str) -> str:
    """Kind, length class and what a comparison may turn on."""
    bare = text.strip()
    for kind, shape in _KINDS:
        if shape.fullmatch(bare):
            told = [kind]
            break
    else:
        kind = next((kind for kind, shape in _SIZED if shape.fullmatch(bare)), "text")
        told = [kind, _several(len(text), "character", "characters")]
    if bare != text:
        told.append("spaces around it")
    if "\n" in bare:
        told.append(_several(bare.count("\n") + 1, "line", "lines"))
    return ", ".join(told)


def _several(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{_class_of(count)} {many}"


def _class_of(count: int) -> str:
    lower = 1
    for upper in _CLASSES:
        if count <= upper:
            return str(upper) if lower == upper else f"{lower}-{upper}"
        lower = upper + 1
    return f"over {_CLASSES[-1]}"
