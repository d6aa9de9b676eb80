"""The table of operations: path, price, parameters, handler; and those that are gone.

Prices: `x-token-cost` in the official OpenAPI of v1 and v2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.pipedrive import (
    account,
    activity_types,
    crud,
    deal_products,
    field_operations,
    files,
    leads,
    merging,
    notes,
    query,
    searching,
)
from sandbox.pipedrive.objects import DEALS, ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.pipedrive.call import Handler
    from sandbox.pipedrive.query import Parameters


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API.

    Attributes:
        method: HTTP method.
        version: `v1` or `v2`.
        path: Below `/api/v1` or `/api/v2`, with variables in braces.
        tokens: Price.
        run: What does it.
        query: Parameters it takes.
        created: Status of success.
        search: Whether it counts for the search window.
        admin: Whether only admins may.
    """

    method: str
    version: str
    path: str
    tokens: int
    run: Handler
    query: Parameters = field(default_factory=dict)
    created: int = 200
    search: bool = False
    admin: bool = False

    @property
    def name(self) -> str:
        """The name in logs and figures, such as `POST /v2/persons`."""
        return f"{self.method} /{self.version}{self.path}"


def _entities() -> Iterator[Operation]:
    for kind, entity in ENTITIES.items():
        listing, getting, creating, updating, deleting = entity.prices
        admin = entity.admin
        one = f"/{kind}/{{id}}"
        shaping = crud.shaping_parameters(entity)
        known = crud.list_parameters(entity)
        yield Operation("GET", "v2", f"/{kind}", listing, crud.lister(entity), known)
        yield Operation("GET", "v2", one, getting, crud.getter(entity), shaping)
        yield Operation(
            "POST",
            "v2",
            f"/{kind}",
            creating,
            crud.creator(entity),
            created=entity.created,
            admin=admin,
        )
        yield Operation("PATCH", "v2", one, updating, crud.updater(entity), admin=admin)
        yield Operation("DELETE", "v2", one, deleting, crud.deleter(entity), admin=admin)


def _fields() -> Iterator[Operation]:
    for path, kind in field_operations.FIELD_PATHS.items():
        one = f"/{path}/{{field_code}}"
        known = field_operations.list_parameters(kind)
        shaping = {"include_fields": known["include_fields"]}
        yield Operation("GET", "v2", f"/{path}", 10, field_operations.lister(kind), known)
        yield Operation("GET", "v2", one, 1, field_operations.getter(kind), shaping)
        if kind == "activities":
            continue
        yield Operation("POST", "v2", f"/{path}", 5, field_operations.creator(kind))
        yield Operation("PATCH", "v2", one, 5, field_operations.updater(kind))
        yield Operation("DELETE", "v2", one, 3, field_operations.deleter(kind))
        options = f"{one}/options"
        yield Operation("POST", "v2", options, 5, field_operations.options_adder(kind))
        yield Operation("PATCH", "v2", options, 5, field_operations.options_renamer(kind))
        yield Operation("DELETE", "v2", options, 3, field_operations.options_remover(kind))


def _searches() -> Iterator[Operation]:
    for kind in ("persons", "organizations", "deals", "products"):
        known = searching.parameters(kind)
        run = searching.searcher(kind)
        yield Operation("GET", "v2", f"/{kind}/search", 20, run, known, search=True)
    yield Operation(
        "GET",
        "v2",
        "/itemSearch",
        20,
        searching.search_items,
        searching.ITEM_PARAMETERS,
        search=True,
    )
    yield Operation(
        "GET",
        "v2",
        "/itemSearch/field",
        20,
        searching.search_field,
        searching.FIELD_PARAMETERS,
        search=True,
    )


def _old() -> Iterator[Operation]:
    yield Operation("GET", "v1", "/users", 20, account.list_users)
    yield Operation("GET", "v1", "/users/me", 2, account.get_me)
    yield Operation("GET", "v1", "/users/{id}", 2, account.get_user)
    currency_parameters = {"term": query.plain}
    yield Operation("GET", "v1", "/currencies", 20, account.list_currencies, currency_parameters)
    yield Operation("GET", "v1", "/activityTypes", 20, activity_types.list_types)
    yield Operation("POST", "v1", "/activityTypes", 10, activity_types.create_type)
    yield Operation("PUT", "v1", "/activityTypes/{id}", 10, activity_types.update_type)
    yield Operation("DELETE", "v1", "/activityTypes/{id}", 6, activity_types.delete_type)
    yield Operation("GET", "v1", "/notes", 20, notes.list_notes, notes.LIST_PARAMETERS)
    yield Operation("POST", "v1", "/notes", 10, notes.create_note)
    yield Operation("GET", "v1", "/notes/{id}", 2, notes.get_note)
    yield Operation("PUT", "v1", "/notes/{id}", 10, notes.update_note)
    yield Operation("DELETE", "v1", "/notes/{id}", 6, notes.delete_note)
    yield Operation("GET", "v1", "/files", 20, files.list_files, files.LIST_PARAMETERS)
    yield Operation("POST", "v1", "/files", 10, files.upload_file)
    yield Operation("GET", "v1", "/files/{id}", 2, files.get_file)
    yield Operation("PUT", "v1", "/files/{id}", 10, files.update_file)
    yield Operation("DELETE", "v1", "/files/{id}", 6, files.delete_file)
    yield Operation("GET", "v1", "/files/{id}/download", 20, files.download_file)
    for kind in files.OWNERS:
        path = f"/{kind}/{{id}}/files"
        yield Operation("GET", "v1", path, 20, files.list_of(kind), files.LIST_PARAMETERS)
    yield Operation("PUT", "v1", "/persons/{id}/merge", 40, merging.merge_persons)


def _selling() -> Iterator[Operation]:
    shaped = {"include_option_labels", "include_labels"}
    known = crud.list_parameters(DEALS)
    archived = {name: reader for name, reader in known.items() if name not in shaped}
    run = crud.lister(DEALS, archived=True)
    yield Operation("GET", "v2", "/deals/archived", 20, run, archived)
    every, lines = "/deals/products", "/deals/{id}/products"
    run, known = deal_products.list_all, deal_products.ALL_PARAMETERS
    yield Operation("GET", "v2", every, 10, run, known)
    run, known = deal_products.list_lines, deal_products.LIST_PARAMETERS
    yield Operation("GET", "v2", lines, 10, run, known)
    yield Operation("POST", "v2", lines, 5, deal_products.add_line, created=201)
    yield Operation("POST", "v2", f"{lines}/bulk", 25, deal_products.add_lines, created=201)
    run, known = deal_products.remove_lines, deal_products.REMOVE_PARAMETERS
    yield Operation("DELETE", "v2", lines, 15, run, known)
    one = f"{lines}/{{product_attachment_id}}"
    yield Operation("PATCH", "v2", one, 5, deal_products.update_line)
    yield Operation("DELETE", "v2", one, 3, deal_products.remove_line)
    yield Operation("GET", "v1", "/leads", 20, leads.list_leads, leads.LIST_PARAMETERS)
    run, known = leads.list_archived, leads.ARCHIVED_PARAMETERS
    yield Operation("GET", "v1", "/leads/archived", 40, run, known)
    yield Operation("POST", "v1", "/leads", 10, leads.create_lead, created=201)
    yield Operation("GET", "v1", "/leads/{id}", 2, leads.get_lead)
    yield Operation("PATCH", "v1", "/leads/{id}", 10, leads.update_lead)
    yield Operation("DELETE", "v1", "/leads/{id}", 6, leads.delete_lead)
    yield Operation("GET", "v1", "/leadLabels", 10, leads.list_labels)
    yield Operation("POST", "v1", "/leadLabels", 10, leads.create_label)
    yield Operation("DELETE", "v1", "/leadLabels/{id}", 6, leads.delete_label)


OPERATIONS: tuple[Operation, ...] = (
    *_entities(),
    *_fields(),
    *_searches(),
    *_old(),
    *_selling(),
)

_WITHDRAWN_KINDS = (
    "persons",
    "organizations",
    "deals",
    "activities",
    "products",
    "pipelines",
    "stages",
)
WITHDRAWN: frozenset[tuple[str, ...]] = frozenset(
    parts
    for kind in _WITHDRAWN_KINDS
    for parts in ((kind,), (kind, "{}"), (kind, "search"), (kind, "collection"))
) | {("itemSearch",), ("itemSearch", "field")}
"""Paths of v1 that v2 took over; a variable is `{}`. Withdrawn on 2026-08-01."""
