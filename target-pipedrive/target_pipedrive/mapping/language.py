"""Operators, methods and limits of mapping expressions.

Everything an expression can do to a value stands here or in `functions`; there is no other way
from an expression into Python. Operators, keys and comparisons take plain values (text, numbers,
dates, truth, nothing), so that no expression can make Python walk a structure that is small to
write and huge to compare.
"""

from __future__ import annotations

import ast
import operator
import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SOURCE = 4_000
"""Characters of one expression."""
MAX_DEPTH = 60
"""Levels of nesting in one expression."""
MAX_LOOPS = 10_000
"""Turns of all comprehensions in one evaluation, as in the Singer SDK."""
MAX_TEXT = 100_000
"""Characters of one text made by an operator or a method, as in the Singer SDK."""
MAX_WORK = 20_000_000
"""Characters read or made by one evaluation."""
MAX_BITS = 4_096
"""Bits of a whole number."""

PLAIN = (str, int, float, Decimal, bool, date, type(None))


class LimitError(UnfitError):
    """An expression asks for more than the limits of the language allow."""


class Budget:
    """What one evaluation may still spend."""

    __slots__ = ("loops", "work")

    def __init__(self) -> None:
        self.loops = MAX_LOOPS
        self.work = MAX_WORK

    def loop(self) -> None:
        """Count one turn of a comprehension.

        Raises:
            LimitError: Too many turns.
        """
        self.loops -= 1
        if self.loops < 0:
            raise LimitError("too many turns in comprehensions")

    def charge(self, value: object) -> None:
        """Count the size of a value that was read or made.

        Raises:
            LimitError: The work is used up.
        """
        if isinstance(value, (str, list, tuple, dict, bytes)):
            self.work -= len(value)
            if self.work < 0:
                raise LimitError("too much text")


def plain(value: Any) -> Any:
    """The value itself, when it is a plain one.

    Raises:
        UnfitError: It is a list, a dict or something else.
    """
    if isinstance(value, PLAIN):
        return value
    raise UnfitError("a plain value is needed here, not a list or a record")


def _numbers(left: Any, right: Any) -> tuple[Any, Any]:
    """Two numbers fit for one operator: a float meets a Decimal as the decimal it shows."""
    for value in (left, right):
        if not isinstance(value, (int, float, Decimal)):
            raise UnfitError("a number is needed here")
    if isinstance(left, Decimal) and isinstance(right, float):
        return left, Decimal(str(right))
    if isinstance(left, float) and isinstance(right, Decimal):
        return Decimal(str(left)), right
    return left, right


def _bounded_text(length: int) -> None:
    if length > MAX_TEXT:
        raise LimitError("a text grew too long")


def add(left: Any, right: Any) -> Any:
    """Sum of numbers; texts and lists are joined."""
    if isinstance(left, str) and isinstance(right, str):
        _bounded_text(len(left) + len(right))
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *right]
    left, right = _numbers(left, right)
    return left + right


def multiply(left: Any, right: Any) -> Any:
    """Product of numbers; a text times a whole number is repeated."""
    if isinstance(left, str) and isinstance(right, int):
        _bounded_text(len(left) * right)
        return left * right
    if isinstance(right, str) and isinstance(left, int):
        return multiply(right, left)
    left, right = _numbers(left, right)
    if (
        isinstance(left, int)
        and isinstance(right, int)
        and left.bit_length() + right.bit_length() > MAX_BITS
    ):
        raise LimitError("a number grew too big")
    return left * right


def _numeric(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        return function(*_numbers(left, right))

    return apply


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: add,
    ast.Sub: _numeric(operator.sub),
    ast.Mult: multiply,
    ast.Div: _numeric(operator.truediv),
    ast.FloorDiv: _numeric(operator.floordiv),
    ast.Mod: _numeric(operator.mod),
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def _equal(left: Any, right: Any) -> bool:
    # A list may be compared with an empty one; more would compare structures.
    for one, other in ((left, right), (right, left)):
        if isinstance(one, (list, tuple, dict)) and isinstance(other, (list, tuple, dict)):
            if one and other:
                raise UnfitError("lists are not compared with lists")
            return type(one) is type(other) and len(one) == len(other)
    return bool(left == right)


def _contains(left: Any, right: Any) -> bool:
    return right is not None and plain(left) in right


def _ordered(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> bool:
        return bool(function(plain(left), plain(right)))

    return apply


COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: _equal,
    ast.NotEq: lambda left, right: not _equal(left, right),
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.In: _contains,
    ast.NotIn: lambda left, right: not _contains(left, right),
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


def _joined(separator: str, parts: Any) -> str:
    texts = list(parts)
    _bounded_text(sum(len(text) for text in texts) + len(separator) * len(texts))
    return separator.join(texts)


def _replaced(text: str, old: str, new: str) -> str:
    _bounded_text(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
    return text.replace(old, new)


def _padded(method: Callable[..., str]) -> Callable[..., str]:
    def apply(text: str, width: int, *fill: str) -> str:
        _bounded_text(width)
        return method(text, width, *fill)

    return apply


_TEXT_METHODS = (
    "capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit "
    "islower isnumeric isspace istitle isupper lower lstrip partition removeprefix removesuffix "
    "rfind rindex rpartition rsplit rstrip split splitlines startswith strip swapcase title upper"
)
METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    str: {
        **{name: getattr(str, name) for name in re.findall(r"\w+", _TEXT_METHODS)},
        "join": _joined,
        "replace": _replaced,
        "center": _padded(str.center),
        "ljust": _padded(str.ljust),
        "rjust": _padded(str.rjust),
        "zfill": _padded(str.zfill),
    },
    dict: {
        "get": lambda mapping, key, default=None: mapping.get(plain(key), default),
        "items": lambda mapping: [list(item) for item in mapping.items()],
        "keys": list,
        "values": lambda mapping: list(mapping.values()),
    },
    list: {
        "count": lambda items, value: sum(1 for item in items if _same(item, value)),
        "index": lambda items, value: [_same(item, value) for item in items].index(True),
    },
    date: {"isoformat": date.isoformat},
    datetime: {"isoformat": datetime.isoformat, "date": datetime.date},
}
METHOD_NAMES = frozenset(name for methods in METHODS.values() for name in methods)


def _same(item: Any, value: Any) -> bool:
    return isinstance(item, PLAIN) and bool(item == plain(value))


FORMAT_SPEC = re.compile(r"[<>^=]?[+\- ]?0?\d{0,2},?(\.\d{1,2})?[a-zA-Z%]?")
"""The format specifications allowed in f-strings: no fill, widths below 100."""
