"""What Pipedrive offers: every operation with its price, every object with its keys.

Prices are the `x-token-cost` of Pipedrive's official OpenAPI files, keys are their request
bodies. Persons, organizations, deals, activities and products live on v2 alone; notes, files,
leads, activity types, users and merges exist on v1 alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

Version = Literal[1, 2]


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of request.

    Args:
        name: Our name for it, such as `person.create`; used in logs, counts and errors.
        method: HTTP method.
        version: API version that holds it.
        path: Path below `/api/v1` or `/api/v2`, with `{id}`-style places.
        cost: Price in tokens.
        search: Counts in Pipedrive's narrower window for searches.
    """

    name: str
    method: str
    version: Version
    path: str
    cost: int
    search: bool = False


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of object in Pipedrive.

    Args:
        name: Our name for it, such as `person`.
        writable: Built-in keys that a body may hold.
        create_only: Those of `writable` that only a create takes.
        required: Keys without which a create is refused.
        fields_object: Path of its custom fields, such as `personFields`; empty without any.
        carries_date: Whether `add_time` can hold a date of the past.
        list: Operation, or None where Pipedrive has none; so for the next four.
        get: See `list`.
        create: See `list`.
        update: See `list`.
        delete: See `list`.
        merge: See `list`.
        files: Lists the files of one object; see `list`.
        admin_only: Those of `writable` that are refused unless the token is an administrator's.
        clearable: Built-in keys that take null.
        empties: What empties a built-in that refuses null.
        html: Keys whose HTML the server rewrites, so that they are never compared.
        parents: Body keys that name the object it hangs on; at least one must be given.
        page: Rows in a page.
    """

    name: str
    writable: frozenset[str]
    create_only: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    fields_object: str = ""
    carries_date: bool = False
    list: Operation | None = None
    get: Operation | None = None
    create: Operation | None = None
    update: Operation | None = None
    delete: Operation | None = None
    merge: Operation | None = None
    files: Operation | None = None
    admin_only: frozenset[str] = frozenset()
    clearable: frozenset[str] = frozenset()
    empties: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    html: frozenset[str] = frozenset()
    parents: tuple[str, ...] = ()
    page: int = 500

    @property
    def custom_fields(self) -> bool:
        """Whether it can carry custom fields."""
        return bool(self.fields_object)


class Operations(TypedDict, total=False):
    """Requests that an object may have; the arguments of `ObjectType` under the same names."""

    list: Operation
    get: Operation
    create: Operation
    update: Operation
    delete: Operation
    merge: Operation
    files: Operation


@dataclass(frozen=True, slots=True)
class FieldOperations:
    """Requests about the custom fields of one object."""

    list: Operation
    create: Operation
    add_options: Operation


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _v2(name: str, plural: str, *, files: bool = True, merge: bool = True) -> Operations:
    """The five operations of a v2 object at v2's prices, and what v1 alone does with it."""
    row = f"/{plural}/{{id}}"
    operations: Operations = {
        "list": Operation(f"{name}.list", "GET", 2, f"/{plural}", 10),
        "get": Operation(f"{name}.get", "GET", 2, row, 1),
        "create": Operation(f"{name}.create", "POST", 2, f"/{plural}", 5),
        "update": Operation(f"{name}.update", "PATCH", 2, row, 5),
        "delete": Operation(f"{name}.delete", "DELETE", 2, row, 3),
    }
    if files:
        operations["files"] = Operation(f"{name}.files", "GET", 1, f"{row}/files", 20)
    if merge:
        operations["merge"] = Operation(f"{name}.merge", "PUT", 1, f"{row}/merge", 40)
    return operations


def _v1(name: str, plural: str, update: str) -> Operations:
    """The five operations of a v1 object, at v1's uniform prices."""
    row = f"/{plural}/{{id}}"
    return {
        "list": Operation(f"{name}.list", "GET", 1, f"/{plural}", 20),
        "get": Operation(f"{name}.get", "GET", 1, row, 2),
        "create": Operation(f"{name}.create", "POST", 1, f"/{plural}", 10),
        "update": Operation(f"{name}.update", update, 1, row, 10),
        "delete": Operation(f"{name}.delete", "DELETE", 1, row, 6),
    }


_activity_type = _v1("activity_type", "activityTypes", "PUT")
del _activity_type["get"]  # Pipedrive reads activity types as a whole list only

PARENTS: Mapping[str, str] = MappingProxyType(
    {
        "person_id": "person",
        "org_id": "organization",
        "deal_id": "deal",
        "product_id": "product",
        "activity_id": "activity",
        "lead_id": "lead",
    }
)
"""Body keys that name a parent → its object."""

OBJECTS: Mapping[str, ObjectType] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ObjectType(
                "person",
                # The last row exists only in accounts with contact sync; elsewhere it is refused.
                writable=_keys(
                    "name first_name last_name owner_id org_id add_time emails phones visible_to "
                    "label_ids marketing_status "
                    "im postal_address notes birthday job_title"
                ),
                create_only=_keys("add_time"),
                required=("name",),
                fields_object="personFields",
                carries_date=True,
                empties=MappingProxyType({"emails": [], "phones": [], "label_ids": []}),
                **_v2("person", "persons"),
            ),
            ObjectType(
                "organization",
                writable=_keys(
                    "name owner_id add_time visible_to label_ids address "
                    "website linkedin industry annual_revenue employee_count"
                ),
                create_only=_keys("add_time"),
                required=("name",),
                fields_object="organizationFields",
                carries_date=True,
                clearable=_keys("website linkedin industry annual_revenue employee_count"),
                empties=MappingProxyType({"label_ids": []}),
                **_v2("organization", "organizations"),
            ),
            ObjectType(
                "deal",
                # `add_time` was dropped with v1; `is_deleted` is listed but belongs to delete.
                writable=_keys(
                    "title owner_id person_id org_id pipeline_id stage_id value currency status "
                    "is_archived archive_time probability lost_reason visible_to close_time "
                    "won_time lost_time expected_close_date label_ids"
                ),
                required=("title",),
                fields_object="dealFields",
                clearable=_keys("probability lost_reason close_time"),
                empties=MappingProxyType({"label_ids": []}),
                **_v2("deal", "deals"),
            ),
            ObjectType(
                "lead",
                # Leads borrow the deals' custom fields in v1 shapes; those are not written here.
                writable=_keys(
                    "title owner_id label_ids person_id organization_id value "
                    "expected_close_date visible_to was_seen origin_id channel channel_id"
                ),
                create_only=_keys("origin_id"),
                required=("title",),
                clearable=_keys(
                    "person_id organization_id value expected_close_date channel channel_id"
                ),
                parents=("person_id", "organization_id"),
                **_v1("lead", "leads", "PATCH"),
            ),
            ObjectType(
                "activity",
                # `person_id` only mirrors the primary participant; `attendees` may be sent
                # invitations by the calendar sync, so it is no key of ours.
                writable=_keys(
                    "subject type owner_id deal_id lead_id org_id project_id due_date due_time "
                    "duration busy done location participants public_description priority note"
                ),
                required=("subject",),
                empties=MappingProxyType(
                    {"note": "", "public_description": "", "participants": []}
                ),
                html=_keys("note"),
                **_v2("activity", "activities", files=False, merge=False),
            ),
            ObjectType(
                "activity_type",
                writable=_keys("name icon_key color order_nr"),
                required=("name", "icon_key"),
                **_activity_type,
            ),
            ObjectType(
                "note",
                writable=_keys(
                    "content lead_id deal_id person_id org_id project_id task_id user_id add_time "
                    "pinned_to_lead_flag pinned_to_deal_flag pinned_to_organization_flag "
                    "pinned_to_person_flag pinned_to_project_flag pinned_to_task_flag"
                ),
                required=("content",),
                admin_only=_keys("user_id"),
                carries_date=True,
                html=_keys("content"),
                parents=("person_id", "org_id", "deal_id", "lead_id", "project_id", "task_id"),
                **_v1("note", "notes", "PUT"),
            ),
            ObjectType(
                "product",
                writable=_keys(
                    "name code description unit tax category owner_id is_linkable visible_to "
                    "prices billing_frequency billing_frequency_cycles"
                ),
                required=("name",),
                fields_object="productFields",
                clearable=_keys("billing_frequency_cycles"),
                empties=MappingProxyType({"code": "", "description": "", "unit": "", "tax": 0}),
                **_v2("product", "products", merge=False),
            ),
            ObjectType(
                "file",
                writable=_keys("name description") | frozenset(PARENTS),
                create_only=frozenset(PARENTS),
                parents=tuple(PARENTS),
                page=100,
                **_v1("file", "files", "PUT"),
            ),
        )
    }
)


def _fields(path: str) -> FieldOperations:
    return FieldOperations(
        list=Operation(f"{path}.list", "GET", 2, f"/{path}", 10),
        create=Operation(f"{path}.create", "POST", 2, f"/{path}", 5),
        add_options=Operation(f"{path}.add_options", "POST", 2, f"/{path}/{{code}}/options", 5),
    )


FIELDS: Mapping[str, FieldOperations] = MappingProxyType(
    {kind.name: _fields(kind.fields_object) for kind in OBJECTS.values() if kind.fields_object}
)
"""Requests about custom fields, by object."""

ME = Operation("users.me", "GET", 1, "/users/me", 2)
USERS = Operation("users.list", "GET", 1, "/users", 20)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        operation.name: operation
        for operation in (
            *(
                found
                for kind in OBJECTS.values()
                for found in (
                    kind.list,
                    kind.get,
                    kind.create,
                    kind.update,
                    kind.delete,
                    kind.merge,
                    kind.files,
                )
                if found is not None
            ),
            *(
                found
                for group in FIELDS.values()
                for found in (group.list, group.create, group.add_options)
            ),
            ME,
            USERS,
        )
    }
)
"""Every operation, by name: the price list."""

KNOWN_KEYS: frozenset[str] = frozenset().union(*(kind.writable for kind in OBJECTS.values())) | {
    "custom_fields",
    "id",
    "field_name",
    "field_type",
    "options",
    "label",
    "value",
    "primary",
    "currency",
    "price",
    "merge_with_id",
    "updated_since",
    "cursor",
    "limit",
}
"""Names of parameters: what an error text may repeat without giving a value away."""
