"""What the operations of API v1 share: lenient bodies, old page parameters, admin rights.

v1 takes numbers as text (forms are text anyway) and passes over keys it does not know.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import query
from sandbox.pipedrive.errors import ApiError, Invalid, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.query import Parameters
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row


def bad(message: str) -> ApiError:
    """Return the refusal of a body."""
    return ApiError(400, message, info="Please check developers.pipedrive.com")


def body_of(call: Call) -> Row:
    """Return the body.

    Raises:
        ApiError: It is no object.
    """
    if not isinstance(call.body, dict):
        raise bad("Bad request: the body must be an object")
    return call.body


def integer_of(body: Row, name: str) -> int | None:
    """Return a number of a body; null, an empty text and no key are None.

    Raises:
        ApiError: It is no whole number.
    """
    value = body.get(name)
    if value is None or value == "":
        return None
    if type(value) is int:
        return value
    try:
        return query.integer(str(value))
    except Invalid as fault:
        raise bad(f"{name} {fault}") from fault


def text_of(body: Row, name: str) -> str:
    """Return a required text of a body.

    Raises:
        ApiError: It is missing, empty or no text.
    """
    value = body.get(name)
    if type(value) is not str or not value.strip():
        raise bad(f"{name} must be a non-empty string")
    return value


def lead_of(state: PipedriveState, body: Row) -> str | None:
    """Return the lead that a body names.

    Raises:
        ApiError: It does not stand.
    """
    value = body.get("lead_id")
    if value is None or value == "":
        return None
    row = state.tables["leads"].get(str(value))
    if row is None or row["is_deleted"]:
        raise not_found("Lead")
    return str(value)


def flag_of(value: Any, name: str) -> bool:
    """Return a flag that v1 wants as 0 or 1.

    Raises:
        ApiError: It is neither.
    """
    if type(value) in {int, str} and value in {0, 1, "0", "1"}:
        return value in {1, "1"}
    raise bad(f"{name} must be 0 or 1")


def time_of(body: Row, name: str) -> str | None:
    """Return a time `YYYY-MM-DD HH:MM:SS` of a body.

    Raises:
        ApiError: It has another form.
    """
    value = body.get(name)
    if value is None:
        return None
    try:
        at = datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - UTC by contract
    except ValueError as error:
        raise bad(f"{name} must be in format YYYY-MM-DD HH:MM:SS") from error
    return at.strftime("%Y-%m-%d %H:%M:%S")


def demand_admin(call: Call, what: str) -> None:
    """Hold an operation to admins.

    Raises:
        ApiError: The token's user is none.
    """
    if not is_admin(call.user):
        raise ApiError(403, f"You do not have permissions to {what}", info="An admin can.")


def is_admin(user: Row) -> bool:
    """Say whether a user may change the account's settings."""
    return any(entry["admin"] for entry in user["access"])


def page_parameters(most: int = query.MOST_ROWS) -> Parameters:
    """Return the parameters `start` and `limit`."""
    return {"start": query.count, "limit": query.limit(most)}


def sorter(*columns: str) -> Callable[[str], list[tuple[str, bool]]]:
    """Return a reader of `sort`: `column ASC|DESC` pairs, as (column, descending)."""

    def read(given: str) -> list[tuple[str, bool]]:
        order = []
        for part in given.split(","):
            column, _, direction = part.strip().partition(" ")
            if column not in columns or direction.strip().upper() not in {"", "ASC", "DESC"}:
                raise bad(f"sort takes {', '.join(columns)}, each with ASC or DESC")
            order.append((column, direction.strip().upper() == "DESC"))
        return order

    return read


def arrange(rows: list[Row], order: list[tuple[str, bool]]) -> list[Row]:
    """Return rows in the order that `sorter` read."""
    for column, down in reversed(order):
        rows = sorted(rows, key=lambda row: (row[column] is not None, row[column]), reverse=down)
    return rows


def page(rows: list[Row], asked: Mapping[str, Any]) -> tuple[list[Row] | None, Row]:
    """Cut a page by `start` and `limit`.

    Returns:
        The rows, null when there is none, and the pagination figures.
    """
    start, size = asked.get("start", 0), asked.get("limit", query.DEFAULT_LIMIT)
    cut = rows[start : start + size]
    more = len(rows) > start + size
    figures: Row = {"start": start, "limit": size, "more_items_in_collection": more}
    if more:
        figures["next_start"] = start + size
    return cut or None, figures
