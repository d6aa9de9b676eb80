"""What an answer of Cliniko's means: rows, a wait, or a refusal."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from tap_cliniko.errors import NotVisibleError, RefusedQueryError
from tap_cliniko.paging import Page, Query
from tap_cliniko.retrying import TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import Response

REDIRECTS = frozenset({301, 302, 303, 307, 308})

THROTTLE_SECONDS = 60.0
"""How long to wait after a 429 that does not say."""

MAX_THROTTLE_SECONDS = 900.0


def object_of(response: Response) -> dict[str, Any]:
    """The object in an answer; numbers with a point stay the text they are, so exact.

    Raises:
        TransientError: When there is none: a proxy's page, or an answer that broke off.
    """
    try:
        body = json.loads(response.content, parse_float=str, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise TransientError("HTTP 200 with something that is not JSON") from None
    if not isinstance(body, dict):
        raise TransientError("HTTP 200 with JSON that is not an object")
    return body


def _no_number(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which only Python takes for JSON."""
    raise ValueError(name)


def page_of(response: Response, key: str, query: Query) -> Page:
    """The page in an answer.

    Args:
        response: An answer with status 200.
        key: Key of the rows in it.
        query: What was asked.

    Raises:
        TransientError: When it is no page of such rows, which must never look like an empty one.
    """
    body = object_of(response)
    rows, links = body.get(key), body.get("links")
    if not isinstance(rows, list):
        raise TransientError(f"an answer without its list {key}")
    columns = [column.partition(":")[0] for column in query.sort.split(",") if column]
    for row in rows:
        if not isinstance(row, dict) or any(not _sortable(row, column) for column in columns):
            raise TransientError(f"a list {key} with something in it that is not one of them")
    # A link to the next page is there only when there is one (Cliniko docs, "Pagination").
    more = "next" in links if isinstance(links, dict) else len(rows) >= query.per_page
    if more and not rows:
        raise TransientError("an empty page that is not the last")
    return Page(rows, more, _count(body.get("total_entries")))


def _sortable(row: Mapping[str, Any], column: str) -> bool:
    value = row.get(column)
    if column == "id":
        return str(value).isdecimal()
    return isinstance(value, str) if column.endswith("_at") else value is not None


def _count(value: object) -> int | None:
    """A number of rows; an old example of Cliniko's shows it as text."""
    text = str(value)
    return int(text) if text.isdecimal() else None


def refuse(path: str, api_url: str, response: Response) -> NoReturn:
    """Raise what a status other than 200, 401 or 429 means (Cliniko docs, "Errors").

    Args:
        path: Path below ``/v1``.
        api_url: Address of the API.
        response: The answer.
    """
    status = response.status_code
    html = "html" in response.headers.get("Content-Type", "")
    if status < HTTPStatus.MULTIPLE_CHOICES:
        raise TransientError(f"HTTP {status} without an answer")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or html:
        # Cliniko itself never answers in HTML: that is a proxy on the way.
        raise TransientError(f"HTTP {status}{' in HTML' if html else ''}", retry_after(response))
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        raise NotVisibleError(path, status)
    if status in REDIRECTS:
        raise RefusedQueryError(
            f"{api_url}{path} redirects elsewhere (HTTP {status}): check api_url"
        )
    raise RefusedQueryError(f"{path}: Cliniko does not accept this query (HTTP {status})")


def server_clock(response: Response) -> float:
    """The answer's Date header in seconds since 1970; our own clock if it has none."""
    return _moment(response.headers.get("Date")) or time.time()


def retry_after(response: Response) -> float:
    """Seconds that ``Retry-After`` asks to wait, given as such or as a moment; 0 without it."""
    after = response.headers.get("Retry-After", "").strip()
    if after.isdecimal():
        return float(after)
    moment = _moment(after)
    return max(moment - server_clock(response), 0.0) if moment else 0.0


def throttle_seconds(response: Response) -> float:
    """How long a 429 asks to wait.

    ``X-RateLimit-Reset`` is a moment in UNIX seconds (Cliniko docs, "Rate limiting"), so it is
    compared with the server's clock, not ours.
    """
    try:
        reset = float(response.headers.get("X-RateLimit-Reset", ""))
        seconds = reset - server_clock(response) + 1
    except ValueError:
        seconds = retry_after(response) or THROTTLE_SECONDS
    return min(max(seconds, 1.0), MAX_THROTTLE_SECONDS)


def _moment(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except ValueError:
        return None
