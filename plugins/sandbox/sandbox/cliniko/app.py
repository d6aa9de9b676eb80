"""The simulated Cliniko API: a read-only Starlette application over a state."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from sandbox.cliniko import access, storage
from sandbox.cliniko.access import Refusal
from sandbox.cliniko.catalog import NESTED, PARENT_ALIASES, RESOURCES
from sandbox.cliniko.query import QueryError, parse
from sandbox.cliniko.reader import Reader
from sandbox.cliniko.render import content_ready, link, record
from sandbox.cliniko.settings import public_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from sandbox.cliniko.query import Query
    from sandbox.cliniko.resource import Row
    from sandbox.cliniko.state import ClinikoState

    Scope = Callable[[Row], bool]

PREFIX = "/v1"


def create(state: ClinikoState, storage_origin: Callable[[], str]) -> Starlette:
    """Return the API over `state`.

    Args:
        state: The account.
        storage_origin: Tells the origin of the storage once it is listening.
    """
    api = _Api(state, storage_origin)
    return Starlette(
        routes=[
            Route(
                PREFIX + "/{path:path}",
                api.handle,
                methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            )
        ]
    )


class _Api:
    def __init__(self, state: ClinikoState, storage_origin: Callable[[], str]) -> None:
        self.state = state
        self.storage_origin = storage_origin
        self.reader = Reader(state)
        self.pace = access.Pace()
        self.fixed: dict[tuple[str, ...], Callable[[Request, Row], Response]] = {
            ("user",): self._user,
            ("settings",): self._settings,
            ("settings", "public"): self._public_settings,
            ("practitioners",): self._practitioners,
            ("practitioners", "inactive"): self._inactive,
            ("patient_cases", "active"): self._active_cases,
        }

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            access.check_headers(request.headers)
            user = access.authenticate(self.state, request.headers)
            self.pace.count(user["id"], self.state.per_minute)
            return self._answer(request, user)
        except QueryError as error:
            return _json({"message": str(error)}, 400)
        except Refusal as refusal:
            return _json(_refused(refusal), refusal.status, refusal.headers)

    def _answer(self, request: Request, user: Row) -> Response:
        if request.method not in {"GET", "HEAD"}:
            raise Refusal(405, "The simulated Cliniko is read-only; change it with `sandbox edit`")
        parts = tuple(request.path_params["path"].split("/"))
        if fixed := self.fixed.get(parts):
            return fixed(request, user)
        match parts:
            case (name,) if name in RESOURCES or name in PARENT_ALIASES:
                return self._list(request, user, PARENT_ALIASES.get(name, name), key=name)
            case ("patient_attachments", key, "content"):
                return self._content(user, self._key(key))
            case (name, key) if name not in {"services", "referral_sources"}:
                return self._single(request, user, PARENT_ALIASES.get(name, name), self._key(key))
            case (parent, key, *rest):
                return self._nested(request, user, parent, self._key(key), tuple(rest))
        raise Refusal(404)

    def _settings(self, _request: Request, user: Row) -> Response:
        access.check_permission(user, "settings")
        return _json(self.state.settings)

    def _public_settings(self, _request: Request, _user: Row) -> Response:
        return _json(public_settings(self.state.settings))

    @staticmethod
    def _user(_request: Request, user: Row) -> Response:
        return _json(record(RESOURCES["users"], user))

    def _inactive(self, request: Request, user: Row) -> Response:
        return self._list(request, user, "practitioners", lambda row: not row["active"])

    def _active_cases(self, request: Request, user: Row) -> Response:
        return self._list(request, user, "patient_cases", lambda row: "closed_at" not in row)

    @staticmethod
    def _key(text: str) -> int:
        if not (text.isascii() and text.isdigit()):
            raise Refusal(404)
        return int(text)

    def _list(
        self,
        request: Request,
        user: Row,
        name: str,
        scope: Scope | None = None,
        key: str | None = None,
    ) -> Response:
        access.check_permission(user, name)
        resource = RESOURCES[name]
        query = parse(resource, request.query_params.multi_items())
        if user["role"] != "administrator":
            scope = _both(scope, lambda row: access.visible(self.state, user, name, row))
        total, rows = self.reader.select(resource, query, scope)
        return _json(
            {
                key or name: [record(resource, row) for row in rows],
                "total_entries": total,
                "links": _page_links(request, query, total),
            }
        )

    def _practitioners(self, request: Request, user: Row) -> Response:
        asked = any(value.startswith("active:") for value in request.query_params.getlist("q[]"))
        return self._list(request, user, "practitioners", None if asked else _is_active)

    def _single(self, request: Request, user: Row, name: str, key: int) -> Response:
        if name not in RESOURCES:
            raise Refusal(404)
        access.check_permission(user, name, key)
        resource = RESOURCES[name]
        query = parse(resource, request.query_params.multi_items())
        row = self._row(name, key)
        if not self.reader.matches(resource, row, query):
            raise Refusal(404)
        if not access.visible(self.state, user, name, row):
            raise Refusal(404)
        return _json(record(resource, row))

    def _row(self, name: str, key: int) -> Row:
        try:
            return self.state.row(name, key)
        except KeyError:
            raise Refusal(404) from None

    def _nested(
        self, request: Request, user: Row, parent: str, key: int, rest: tuple[str, ...]
    ) -> Response:
        self._row(parent, key)
        match parent, rest:
            case "patients", ("referral_source",):
                return self._referral_source(request, user, key)
            case "patient_forms", ("signatures", number):
                return self._signature(key, self._key(number))
            case (
                ("individual_appointments" | "group_appointments" | "unavailable_blocks"),
                ("conflicts",),
            ):
                return _json({"conflicts": {"exist": False}})
            case "practitioners", ("appointment_types",):
                offered = self._offered("appointment_type_id", practitioner=key)
                return self._list(
                    request, user, "appointment_types", lambda row: row["id"] in offered
                )
            case (("appointment_types" | "businesses"), ("practitioners", *tail)) if tail in (
                [],
                ["inactive"],
            ):
                column = "appointment_type_id" if parent == "appointment_types" else "business_id"
                there = self._offering(column, key)
                wanted = not tail
                return self._list(
                    request,
                    user,
                    "practitioners",
                    lambda row: row["id"] in there and row["active"] == wanted,
                )
        nested = NESTED.get((parent, rest[0])) if len(rest) == 1 else None
        if nested is None:
            raise Refusal(404)
        return self._list(
            request, user, nested.source, lambda row: row.get(nested.column) == key, nested.key
        )

    def _offered(self, column: str, practitioner: int) -> frozenset[int]:
        return frozenset(
            row[column]
            for row in self.state.rows("services")
            if practitioner in row["practitioner_ids"]
        )

    def _offering(self, column: str, key: int) -> frozenset[int]:
        return frozenset(
            practitioner
            for row in self.state.rows("services")
            if row[column] == key
            for practitioner in row["practitioner_ids"]
        )

    def _referral_source(self, request: Request, user: Row, patient: int) -> Response:
        resource = RESOURCES["referral_sources"]
        access.check_permission(user, resource.name)
        query = parse(resource, request.query_params.multi_items())
        rows = self.state.where("referral_sources", patient_id=patient)
        found = [row for row in rows if self.reader.matches(resource, row, query)]
        if not found:
            raise Refusal(404)
        return _json(record(resource, max(found, key=lambda row: row["created_at"])))

    def _signature(self, form: int, key: int) -> Response:
        row = self._row("patient_forms", form)
        if row.get("signature_id") != key:
            raise Refusal(404)
        drawing = (
            "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="
        )
        return _json(
            {
                "id": str(key),
                "image": drawing,
                "created_at": row["created_at"],
                "updated_at": row["updated_at"],
                **link(f"/patient_forms/{form}/signatures/{key}"),
            }
        )

    def _content(self, user: Row, key: int) -> Response:
        access.check_permission(user, "patient_attachments")
        row = self._row("patient_attachments", key)
        if not content_ready(row):
            raise Refusal(404)
        target = self.storage_origin() + storage.signed_path(self.state, key)
        return Response(status_code=303, headers={"location": target})


def _refused(refusal: Refusal) -> dict[str, str] | None:
    if refusal.status == HTTPStatus.NOT_FOUND:
        return {"status": "404", "error": "Not Found"}
    return {"message": refusal.message} if refusal.message else None


def _is_active(row: Row) -> bool:
    return bool(row["active"])


def _both(first: Scope | None, second: Scope) -> Scope:
    if first is None:
        return second
    return lambda row: first(row) and second(row)


def _page_links(request: Request, query: Query, total: int) -> dict[str, str]:
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


def _json(
    body: dict[str, Any] | None, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    text = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    kind = None if body is None else "application/json; charset=utf-8"
    return Response(text, status, headers, kind)
