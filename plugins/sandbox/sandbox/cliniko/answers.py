"""The form of an answer: JSON, links between pages, refusals, fields of a later version."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.cliniko.access import Refusal
    from sandbox.cliniko.query import Query


def json_answer(
    body: dict[str, Any] | None, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a JSON answer; without a body an empty one that names no type."""
    text = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    kind = None if body is None else "application/json; charset=utf-8"
    return Response(text, status, headers, kind)


def refused(refusal: Refusal) -> Response:
    """Return the answer to a request that was refused."""
    body: dict[str, Any] | None = {"message": refusal.message} if refusal.message else None
    if refusal.status == HTTPStatus.NOT_FOUND:
        body = {"status": "404", "error": "Not Found"}
    return json_answer(body, refusal.status, refusal.headers)


def page_links(request: Request, query: Query, total: int) -> dict[str, str]:
    """Return the links of a page; one that leads nowhere is left out."""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "page"]
    base = f"{request.url.scheme}://{request.url.netloc}{request.url.path}"

    def page(number: int) -> str:
        return f"{base}?{urlencode([*kept, ('page', str(number))])}"

    links = {"self": page(query.page)}
    if query.page > 1:
        links["previous"] = page(query.page - 1)
    if query.page * query.per_page < total:
        links["next"] = page(query.page + 1)
    return links


def future(body: dict[str, Any]) -> dict[str, Any]:
    """Return a record as a later version of the API might serve it: with fields nobody knows."""
    return {
        **body,
        "risk_flags": [{"code": 3, "label": "R&D <new>"}],
        "revision": 7,
        "pinned_by": {"links": {"self": "https://api.au1.cliniko.com/v1/users/1"}},
        "summary": None,
    }
