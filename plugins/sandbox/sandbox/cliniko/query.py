"""What a request asks of a list: the `q[]` grammar, sorting and paging, each fault with its text.

Operators by type as in the Cliniko docs, section on filtering: a date-time knows no `=`, only a
number takes a list, `?` means set, `!?` unset, and `*` anything, which lifts the default hiding of
a stamp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.cliniko.resource import Resource, Row

    Test = Callable[[Any], bool]

OPERATORS: dict[str, tuple[str, ...]] = {
    "date": (">=", "<=", "!?", "=", ">", "<", "?"),
    "datetime": (">=", "<=", "!?", ">", "<", "?", "*"),
    "number": (">=", "<=", "!=", "!?", "=", ">", "<", "?"),
    "string": ("!=", "!?", "~~", "=", "~", "?"),
    "boolean": ("!=", "="),
    "array": ("~",),
}
_UNARY = frozenset({"?", "!?", "*"})
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_DATE = re.compile(r"[\d*]{4}-[\d*]{2}-[\d*]{2}", re.ASCII)
_NUMBER = re.compile(r"-?\d+", re.ASCII)
PER_PAGE = 50
MAX_PER_PAGE = 100
PARAMETERS = frozenset({"q[]", "q", "page", "per_page", "sort", "order"})


class QueryError(ValueError):
    """A request that the API answers with 400; the text is the message of the body."""


@dataclass(frozen=True)
class Condition:
    """One `q[]` of a request."""

    field: str
    operator: str
    value: Any
    test: Test


@dataclass(frozen=True)
class Query:
    """A list request that was understood."""

    conditions: tuple[Condition, ...]
    sort: tuple[tuple[str, bool], ...]
    page: int
    per_page: int

    @cached_property
    def lifted(self) -> frozenset[str]:
        """The fields that a condition names, which lifts the hiding by that stamp."""
        return frozenset(condition.field for condition in self.conditions)


def parse(resource: Resource, parameters: Iterable[tuple[str, str]]) -> Query:
    """Read the query string of a list or single request.

    Raises:
        QueryError: Something in it the API refuses.
    """
    conditions: list[Condition] = []
    single: dict[str, str] = {}
    for name, value in parameters:
        if name not in PARAMETERS:
            raise QueryError(f"{name} is not a parameter of this list")
        if name in {"q[]", "q"}:
            conditions.append(_condition(resource, value))
        else:
            single[name] = value
    return Query(
        conditions=tuple(conditions),
        sort=_sort(resource, single.get("sort", ""), single.get("order", "asc")),
        page=_bounded("page", single.get("page", "1"), 1, None),
        per_page=_bounded("per_page", single.get("per_page", str(PER_PAGE)), 1, MAX_PER_PAGE),
    )


def _bounded(name: str, text: str, lowest: int, highest: int | None) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < lowest or (highest is not None and number > highest):
        upper = f" and at most {highest}" if highest is not None else ""
        raise QueryError(f"{name} must be a number of at least {lowest}{upper}")
    return number


def _sort(resource: Resource, text: str, order: str) -> tuple[tuple[str, bool], ...]:
    if order not in {"asc", "desc"}:
        raise QueryError("order must be asc or desc")
    keys: list[tuple[str, bool]] = []
    for part in filter(None, text.split(",")):
        field, _, direction = part.partition(":")
        if not resource.sortable(field):
            raise QueryError("Sort parameter must be a valid column name")
        if direction not in {"", "asc", "desc"}:
            raise QueryError("Sort direction must be asc or desc")
        keys.append((field, (direction or order) == "desc"))
    return tuple(keys) or ((resource.default_sort, order == "desc"),)


def _condition(resource: Resource, text: str) -> Condition:
    field, colon, rest = text.partition(":")
    if not colon:
        raise QueryError(f"Filter {field!r} has no value; write FIELD:OPERATORVALUE")
    kind = resource.filters.get(field)
    if kind is None:
        raise QueryError(f"{field} is not filterable")
    operator = next((sign for sign in OPERATORS[kind] if rest.startswith(sign)), None)
    if operator is None:
        raise QueryError(f"Filter {field} needs one of {' '.join(OPERATORS[kind])}")
    raw = rest[len(operator) :]
    if operator in _UNARY:
        if raw:
            raise QueryError(f"Filter operator {operator} for {field} takes no value")
        return Condition(field, operator, None, _unary(operator))
    value, test = _READERS[kind](field, operator, raw)
    return Condition(field, operator, value, test)


def _unary(operator: str) -> Test:
    if operator == "*":
        return lambda _found: True
    if operator == "?":
        return lambda found: found is not None
    return lambda found: found is None


def _compare(operator: str, value: Any) -> Test:
    tests: dict[str, Test] = {
        "=": lambda found: found == value,
        "!=": lambda found: found is not None and found != value,
        ">=": lambda found: found is not None and found >= value,
        ">": lambda found: found is not None and found > value,
        "<=": lambda found: found is not None and found <= value,
        "<": lambda found: found is not None and found < value,
    }
    return tests[operator]


def _is_real(raw: str) -> bool:
    """Say whether a date or date-time of the right shape is one of the calendar."""
    try:
        if "T" in raw:
            datetime.fromisoformat(raw)
        else:
            date.fromisoformat(raw)
    except ValueError:
        return False
    return True


def _datetime(field: str, operator: str, raw: str) -> tuple[Any, Test]:
    if not _DATETIME.fullmatch(raw) or not _is_real(raw):
        raise QueryError(
            f"Filter value for {field} must be a date-time such as 2026-01-31T00:00:00Z"
        )
    return raw, _compare(operator, raw)


def _date(field: str, operator: str, raw: str) -> tuple[Any, Test]:
    if not _DATE.fullmatch(raw) or ("*" in raw and operator != "="):
        raise QueryError(f"Filter value for {field} must be a date such as 2026-01-31")
    if "*" in raw:
        pattern = re.compile(raw.replace("*", r"\d"))
        return raw, lambda found: found is not None and bool(pattern.fullmatch(found))
    if not _is_real(raw):
        raise QueryError(f"Filter value for {field} must be a date of the calendar")
    return raw, _compare(operator, raw)


def _number(field: str, operator: str, raw: str) -> tuple[Any, Test]:
    parts = raw.split(",")
    if not all(_NUMBER.fullmatch(part) for part in parts):
        raise QueryError(f"Filter value for {field} must be a number")
    if len(parts) == 1:
        return int(raw), _compare(operator, int(raw))
    if operator != "=":
        raise QueryError(f"Filter {field} takes a list of numbers only with =")
    wanted = frozenset(int(part) for part in parts)
    return wanted, lambda found: found in wanted


def _string(_field: str, operator: str, raw: str) -> tuple[Any, Test]:
    if operator == "~":
        low = raw.casefold()
        return raw, lambda found: found is not None and low in found.casefold()
    if operator == "~~":
        pieces = ".*".join(re.escape(piece) for piece in raw.split("%"))
        pattern = re.compile(pieces, re.IGNORECASE | re.DOTALL)
        return raw, lambda found: found is not None and bool(pattern.fullmatch(found))
    return raw, _compare(operator, raw)


def _boolean(field: str, operator: str, raw: str) -> tuple[Any, Test]:
    if raw not in {"true", "false"}:
        raise QueryError(f"Filter value for {field} must be true or false")
    return raw == "true", _compare(operator, raw == "true")


def _array(field: str, _operator: str, raw: str) -> tuple[Any, Test]:
    # Every array that can be filtered holds ids.
    if not _NUMBER.fullmatch(raw):
        raise QueryError(f"Filter value for {field} must be a number")
    return raw, lambda found: found is not None and raw in found


_READERS: dict[str, Callable[[str, str, str], tuple[Any, Test]]] = {
    "date": _date,
    "datetime": _datetime,
    "number": _number,
    "string": _string,
    "boolean": _boolean,
    "array": _array,
}


def hidden(resource: Resource, row: Row, lifted: frozenset[str]) -> bool:
    """Say whether a stamp keeps this row out of a request that named only the `lifted` ones."""
    return any(row.get(stamp) is not None for stamp in resource.hides if stamp not in lifted)
