"""Query parameters: how each is read from its text, and how lists are cut into pages."""

from __future__ import annotations

import base64
import binascii
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from sandbox.pipedrive.checks import stamp
from sandbox.pipedrive.errors import Invalid, not_simulated, refused

if TYPE_CHECKING:
    from sandbox.pipedrive.table import Row, Table

Parameter: TypeAlias = Callable[[str], Any]
Parameters: TypeAlias = Mapping[str, Parameter]

DEFAULT_LIMIT = 100
MOST_ROWS = 500
MOST_IDS = 100
MOST_CUSTOM_FIELDS = 15

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBERED = frozenset({"id", "order_nr"})


def integer(given: str) -> int:
    """Read a whole number."""
    if not _INTEGER.fullmatch(given):
        raise Invalid("must be an integer")
    return int(given)


def count(given: str) -> int:
    """Read a whole number that is not negative."""
    if given.startswith("-"):
        raise Invalid("must be 0 or more")
    return integer(given)


def boolean(given: str) -> bool:
    """Read `true` or `false`."""
    if given not in {"true", "false"}:
        raise Invalid("must be a boolean")
    return given == "true"


def plain(given: str) -> str:
    """Take any text."""
    return given


def moment(given: str) -> str:
    """Read an RFC 3339 time; only whole seconds in UTC are taken."""
    try:
        at = datetime.strptime(given, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        at = None
    if at is None or not given.endswith("Z"):
        raise Invalid("must be in RFC3339 format, whole seconds, e.g. 2025-01-01T10:20:00Z")
    return stamp(at)


def limit(most: int = MOST_ROWS) -> Parameter:
    """Return a reader of the page size."""

    def read(given: str) -> int:
        size = integer(given)
        if not 1 <= size <= most:
            raise Invalid(f"must be between 1 and {most}")
        return size

    return read


def one_of(*allowed: str) -> Parameter:
    """Return a reader of one word."""

    def read(given: str) -> str:
        if given not in allowed:
            raise Invalid(f"must be one of [{', '.join(allowed)}]")
        return given

    return read


def some_of(*allowed: str, unsimulated: Iterable[str] = ()) -> Parameter:
    """Return a reader of a comma list of words."""
    known_elsewhere = frozenset(unsimulated)

    def read(given: str) -> tuple[str, ...]:
        words = tuple(given.split(","))
        if lacking := known_elsewhere.intersection(words):
            raise not_simulated(f"the optional field {min(lacking)}")
        if any(word not in allowed for word in words):
            raise Invalid(f"must only contain [{', '.join(allowed)}]")
        return words

    return read


def ids(given: str) -> frozenset[int]:
    """Read a comma list of at most 100 ids."""
    found = frozenset(integer(part.strip()) for part in given.split(","))
    if len(found) > MOST_IDS:
        raise Invalid(f"must contain at most {MOST_IDS} ids")
    return found


def codes(given: str) -> frozenset[str]:
    """Read a comma list of at most 15 custom field codes."""
    found = frozenset(part.strip() for part in given.split(","))
    if len(found) > MOST_CUSTOM_FIELDS:
        raise Invalid(f"must contain at most {MOST_CUSTOM_FIELDS} keys")
    return found


def unsimulated(what: str) -> Parameter:
    """Return a reader that says openly that the sandbox lacks a real parameter."""

    def read(_: str) -> Any:
        raise not_simulated(what)

    return read


def read_query(given: Iterable[tuple[str, str]], known: Parameters, *, strict: bool) -> Row:
    """Read all parameters.

    Args:
        given: Names and texts as they came.
        known: The operation's table.
        strict: Whether unknown names are refused, as v2 does; v1 passes over them.

    Raises:
        ApiError: A parameter is unknown or wrong.
    """
    values: Row = {}
    faults = []
    for name, text in given:
        reader = known.get(name)
        if reader is None:
            if strict:
                faults.append((name, "is not allowed"))
            continue
        try:
            values[name] = reader(text)
        except Invalid as fault:
            faults.append((name, str(fault)))
    if faults:
        raise refused(faults)
    return values


def encode_cursor(*position: object) -> str:
    """Return an opaque cursor for a position."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> list[Any]:
    """Return the position in a cursor.

    Raises:
        ApiError: It is none of ours.
    """
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        position = None
    if not isinstance(position, list) or len(position) != parts:
        raise refused([("cursor", "is invalid")])
    return position


def offset_page(rows: list[Any], query: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    """Cut a page out of a short list that does not move, such as fields or search results."""
    start = 0
    if "cursor" in query:
        (start,) = decode_cursor(query["cursor"], 1)
        if type(start) is not int or start < 0:
            raise refused([("cursor", "is invalid")])
    end = start + query.get("limit", DEFAULT_LIMIT)
    return rows[start:end], encode_cursor(end) if end < len(rows) else None


def keyset_page(
    table: Table, query: Mapping[str, Any], matches: Callable[[Row], bool]
) -> tuple[list[Row], str | None]:
    """Cut a page by sort value and id, so that rows which move do not shift the page.

    Returns:
        The rows and the cursor of the next page, null on the last one.
    """
    order = query.get("sort_by", "id")
    down = query.get("sort_direction", "asc") == "desc"
    after = None
    if "cursor" in query:
        *sorting, value, row_id = decode_cursor(query["cursor"], 4)
        expected = int if order in _NUMBERED else str
        if sorting != [order, down] or type(row_id) is not int or type(value) is not expected:
            raise refused([("cursor", "is invalid for this sorting")])
        after = (value, row_id)
    size = query.get("limit", DEFAULT_LIMIT)
    rows = _by_id(table, after, down=down) if order == "id" else _by(table, order, after, down=down)
    page: list[Row] = []
    for row in rows:
        if matches(row):
            if len(page) == size:
                last = page[-1]
                return page, encode_cursor(order, down, _place(last, order)[0], last["id"])
            page.append(row)
    return page, None


def _by_id(table: Table, after: tuple[Any, int] | None, *, down: bool) -> Iterator[Row]:
    ids = table.ids
    if down:
        start = len(ids) if after is None else bisect_left(ids, after[1])
        return (table.rows[ids[index]] for index in range(start - 1, -1, -1))
    start = 0 if after is None else bisect_right(ids, after[1])
    return (table.rows[ids[index]] for index in range(start, len(ids)))


def _by(table: Table, order: str, after: tuple[Any, int] | None, *, down: bool) -> Iterator[Row]:
    rows = sorted(table, key=lambda row: _place(row, order), reverse=down)
    for row in rows:
        place = _place(row, order)
        if after is None or (place < after if down else place > after):
            yield row


def _place(row: Row, order: str) -> tuple[Any, int]:
    value = row[order]
    return ("" if value is None else value, row["id"])
