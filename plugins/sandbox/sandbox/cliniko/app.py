"""The simulated Cliniko API: a read-only Starlette application over a state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from sandbox.cliniko import access, storage
from sandbox.cliniko.access import Refusal
from sandbox.cliniko.answers import future, json_answer, page_links, refused
from sandbox.cliniko.catalog import NESTED, PARENT_ALIASES, RESOURCES
from sandbox.cliniko.query import QueryError, parse
from sandbox.cliniko.reader import Reader, Scope
from sandbox.cliniko.render import content_ready, link, record
from sandbox.cliniko.settings import public_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from sandbox.cliniko.resource import Resource, Row
    from sandbox.cliniko.state import ClinikoState

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
        """Answer one request, as late as the latency says; the limit counts its arrival."""
        response = self._guarded(request)
        if self.state.latency_ms:
            await asyncio.sleep(self.state.latency_ms / 1000)
        return response

    def _guarded(self, request: Request) -> Response:
        try:
            access.check_headers(request.headers)
            user = access.authenticate(self.state, request.headers)
            self.pace.count(user["id"], self.state.per_minute, self.state.window_seconds)
            return self._answer(request, user)
        except QueryError as error:
            return json_answer({"message": str(error)}, 400)
        except Refusal as refusal:
            return refused(refusal)

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
        access.check_permission(self.state, user, "settings")
        return json_answer(self.state.settings)

    def _public_settings(self, _request: Request, _user: Row) -> Response:
        return json_answer(public_settings(self.state.settings))

    @staticmethod
    def _user(_request: Request, user: Row) -> Response:
        return json_answer(record(RESOURCES["users"], user))

    def _inactive(self, request: Request, user: Row) -> Response:
        return self._list(
            request, user, "practitioners", Scope(lambda row: not row["active"], "inactive")
        )

    def _active_cases(self, request: Request, user: Row) -> Response:
        return self._list(
            request, user, "patient_cases", Scope(lambda row: "closed_at" not in row, "active")
        )

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
        access.check_permission(self.state, user, name)
        resource = RESOURCES[name]
        query = parse(resource, request.query_params.multi_items())
        if user["role"] != "administrator":
            own = access.sees_own_notes_only(self.state, user)
            allowed = Scope(
                lambda row: access.visible(self.state, user, name, row), (user["id"], own)
            )
            scope = _both(scope, allowed)
        total, rows = self.reader.select(resource, query, scope)
        return json_answer(
            {
                key or name: [self._record(resource, row) for row in rows],
                "total_entries": total,
                "links": page_links(request, query, total),
            }
        )

    def _record(self, resource: Resource, row: Row) -> dict[str, Any]:
        body = record(resource, row)
        return future(body) if self.state.future_fields else body

    def _practitioners(self, request: Request, user: Row) -> Response:
        asked = any(value.startswith("active:") for value in request.query_params.getlist("q[]"))
        return self._list(request, user, "practitioners", None if asked else _ACTIVE)

    def _single(self, request: Request, user: Row, name: str, key: int) -> Response:
        if name not in RESOURCES:
            raise Refusal(404)
        access.check_permission(self.state, user, name, key)
        resource = RESOURCES[name]
        query = parse(resource, request.query_params.multi_items())
        row = self._row(name, key)
        if not self.reader.matches(resource, row, query):
            raise Refusal(404)
        if not access.visible(self.state, user, name, row):
            raise Refusal(404)
        return json_answer(self._record(resource, row))

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
                return self._signature(user, key, self._key(number))
            case (
                ("individual_appointments" | "group_appointments" | "unavailable_blocks"),
                ("conflicts",),
            ):
                return json_answer({"conflicts": {"exist": False}})
            case "practitioners", ("appointment_types",):
                offered = self._offered("appointment_type_id", practitioner=key)
                return self._list(
                    request,
                    user,
                    "appointment_types",
                    Scope(lambda row: row["id"] in offered, ("offered", key)),
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
                    Scope(
                        lambda row: row["id"] in there and row["active"] == wanted,
                        (column, key, wanted),
                    ),
                )
        nested = NESTED.get((parent, rest[0])) if len(rest) == 1 else None
        if nested is None:
            raise Refusal(404)
        scope = Scope(lambda row: row.get(nested.column) == key, (nested.column, key))
        return self._list(request, user, nested.source, scope, nested.key)

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
        access.check_permission(self.state, user, resource.name)
        query = parse(resource, request.query_params.multi_items())
        rows = self.state.where("referral_sources", patient_id=patient)
        found = [row for row in rows if self.reader.matches(resource, row, query)]
        if not found:
            raise Refusal(404)
        return json_answer(self._record(resource, max(found, key=lambda row: row["created_at"])))

    def _signature(self, user: Row, form: int, key: int) -> Response:
        access.check_permission(self.state, user, "patient_forms")
        row = self._row("patient_forms", form)
        seen = access.visible(self.state, user, "patient_forms", row)
        if row.get("signature_id") != key or not seen:
            raise Refusal(404)
        drawing = (
            "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="
        )
        return json_answer(
            {
                "id": str(key),
                "image": drawing,
                "created_at": row["created_at"],
                "updated_at": row["updated_at"],
                **link(f"/patient_forms/{form}/signatures/{key}"),
            }
        )

    def _content(self, user: Row, key: int) -> Response:
        access.check_permission(self.state, user, "patient_attachments")
        row = self._row("patient_attachments", key)
        if not content_ready(row):
            raise Refusal(404)
        target = self.storage_origin() + storage.signed_path(self.state, key)
        return Response(status_code=303, headers={"location": target})


_ACTIVE = Scope(lambda row: bool(row["active"]), "active")
_INACTIVE = Scope(lambda row: not row["active"], "inactive")
_OPEN_CASES = Scope(lambda row: "closed_at" not in row, "open")


def _both(first: Scope | None, second: Scope) -> Scope:
    if first is None:
        return second
    return Scope(lambda row: first.test(row) and second.test(row), (first.name, second.name))
