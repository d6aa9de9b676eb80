"""What Pipedrive's objects take: their keys and kinds of values, parents, dates, custom fields.

Keys are the request bodies of Pipedrive's official OpenAPI files. Persons, organizations, deals
and their products, activities and products live on v2 alone; notes, files, leads, activity
types, users and merges exist on v1 alone.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive import operations
from target_pipedrive.pipedrive.objecttype import Kind, ObjectType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_pipedrive.pipedrive.operations import FieldOperations, Operation


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _kinds(text: str) -> Mapping[str, Kind]:
    """Read lines of `kind: key key …`."""
    lines = (line.partition(":") for line in text.splitlines() if line.strip())
    return MappingProxyType(
        {key: Kind(kind.strip()) for kind, _, keys in lines for key in keys.split()}
    )


def _map(**values: Any) -> Mapping[str, Any]:
    return MappingProxyType(values)


PARENTS: Mapping[str, str] = MappingProxyType(
    {
        "person_id": "person",
        "org_id": "organization",
        "deal_id": "deal",
        "product_id": "product",
        "activity_id": "activity",
        "lead_id": "lead",
        "organization_id": "organization",
    }
)
"""Body keys that name another object → which; `organization_id` is how leads say `org_id`."""

_FILE_PARENTS = tuple(key for key in PARENTS if key != "organization_id")
_LABELS = _map(labels=Kind.NAMES)
_ON_CREATE = "when it is created"

_activity_type = operations.v1("activity_type", "activityTypes", "PUT")
del _activity_type["get"]  # Pipedrive reads activity types as a whole list only

OBJECTS: Mapping[str, ObjectType] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ObjectType(
                "person",
                "persons",
                # The last line exists only in accounts with contact sync; elsewhere it is refused.
                keys=_kinds("""
                    text: name first_name last_name marketing_status
                    user: owner_id
                    reference: org_id
                    moment: add_time
                    contacts: emails phones
                    integer: visible_to
                    ids: label_ids
                    text: im postal_address notes birthday job_title
                """),
                names=_LABELS,
                create_only=_keys("add_time"),
                required=("name",),
                fields_object="personFields",
                empties=_map(emails=[], phones=[], label_ids=[]),
                defaults=_keys("owner_id visible_to first_name last_name marketing_status"),
                dates=_map(add_time=_ON_CREATE),
                **operations.v2("person", "persons"),
            ),
            ObjectType(
                "organization",
                "organizations",
                keys=_kinds("""
                    text: name website linkedin
                    user: owner_id
                    moment: add_time
                    integer: visible_to industry annual_revenue employee_count
                    ids: label_ids
                    address: address
                """),
                names=_LABELS,
                create_only=_keys("add_time"),
                required=("name",),
                fields_object="organizationFields",
                clearable=_keys("website linkedin industry annual_revenue employee_count"),
                empties=_map(label_ids=[]),
                defaults=_keys("owner_id visible_to"),
                dates=_map(add_time=_ON_CREATE),
                **operations.v2("organization", "organizations"),
            ),
            ObjectType(
                "deal",
                "deals",
                # `add_time` was dropped with v1; `is_deleted` is listed but belongs to delete.
                keys=_kinds("""
                    text: title currency status lost_reason
                    user: owner_id
                    reference: person_id org_id
                    integer: pipeline_id stage_id visible_to
                    number: value probability
                    flag: is_archived
                    stamp: archive_time
                    moment: close_time won_time lost_time
                    day: expected_close_date
                    ids: label_ids
                """),
                names=_map(pipeline=Kind.TEXT, stage=Kind.TEXT, labels=Kind.NAMES),
                required=("title",),
                fields_object="dealFields",
                clearable=_keys("probability lost_reason close_time"),
                by_status=_keys("won_time lost_time"),
                empties=_map(label_ids=[]),
                defaults=_keys("""
                    owner_id visible_to currency status pipeline stage pipeline_id stage_id
                    value won_time lost_time close_time
                """),
                dates=_map(
                    won_time="with `status: won`",
                    lost_time="with `status: lost`",
                    close_time="with `status: won` or `lost`",
                    expected_close_date="",
                    archive_time="with `is_archived: true`",
                ),
                archived=operations.DEALS_ARCHIVED,
                **operations.v2("deal", "deals"),
            ),
            ObjectType(
                "deal_product",
                "deal_products",
                keys=_kinds("""
                    reference: deal_id product_id
                    number: item_price quantity tax discount
                    text: comments discount_type tax_method billing_frequency
                    flag: is_enabled
                    integer: product_variation_id billing_frequency_cycles
                    day: billing_start_date
                """),
                required=("deal_id", "product_id", "item_price", "quantity"),
                clearable=_keys("product_variation_id billing_frequency_cycles billing_start_date"),
                empties=_map(comments="", discount=0, tax=0),
                parents=("deal_id",),
                defaults=_keys("tax tax_method discount_type is_enabled billing_frequency"),
                dates=_map(billing_start_date="for what is billed again and again"),
                **operations.deal_product(),
            ),
            ObjectType(
                "lead",
                "leads",
                # Leads borrow the deals' custom fields, in v1 shapes at the body's root.
                keys=_kinds("""
                    text: title visible_to origin_id channel_id
                    user: owner_id
                    ids: label_ids
                    reference: person_id organization_id
                    amount: value
                    day: expected_close_date
                    flag: was_seen
                    integer: channel
                """),
                names=_LABELS,
                create_only=_keys("origin_id"),
                required=("title",),
                fields_object="dealFields",
                clearable=_keys(
                    "person_id organization_id value expected_close_date channel channel_id"
                ),
                empties=_map(label_ids=[]),
                parents=("person_id", "organization_id"),
                defaults=_keys("owner_id visible_to was_seen"),
                dates=_map(expected_close_date=""),
                archived=operations.LEADS_ARCHIVED,
                **operations.v1("lead", "leads", "PATCH"),
            ),
            ObjectType(
                "activity",
                "activities",
                # `person_id` only mirrors the primary participant; `attendees` may be sent
                # invitations by the calendar sync, so it is no key of ours.
                keys=_kinds("""
                    text: subject type public_description
                    user: owner_id
                    reference: deal_id lead_id org_id
                    integer: project_id priority
                    day: due_date
                    clock: due_time
                    span: duration
                    flag: busy done
                    address: location
                    people: participants
                    html: note
                """),
                required=("subject",),
                empties=_map(note="", public_description="", participants=[]),
                defaults=_keys("subject type owner_id busy"),
                dates=_map(due_date="with `due_time`: one moment in UTC"),
                **operations.v2("activity", "activities", files=False, merge=False),
            ),
            ObjectType(
                "activity_type",
                "activity_types",
                keys=_kinds("""
                    text: name icon_key color
                    integer: order_nr
                """),
                required=("name", "icon_key"),
                defaults=_keys("color order_nr"),
                **_activity_type,
            ),
            ObjectType(
                "note",
                "notes",
                keys=_kinds("""
                    html: content
                    reference: lead_id deal_id person_id org_id
                    integer: project_id task_id
                    user: user_id
                    stamp: add_time
                    bit: pinned_to_lead_flag pinned_to_deal_flag pinned_to_organization_flag
                    bit: pinned_to_person_flag pinned_to_project_flag pinned_to_task_flag
                """),
                required=("content",),
                admin_only=_keys("user_id"),
                parents=("person_id", "org_id", "deal_id", "lead_id", "project_id", "task_id"),
                defaults=_keys("user_id add_time"),
                dates=_map(add_time="at any time"),
                **operations.v1("note", "notes", "PUT"),
            ),
            ObjectType(
                "product",
                "products",
                keys=_kinds("""
                    text: name code description unit billing_frequency
                    number: tax
                    integer: category visible_to billing_frequency_cycles
                    user: owner_id
                    flag: is_linkable
                    prices: prices
                """),
                required=("name",),
                fields_object="productFields",
                clearable=_keys("billing_frequency_cycles"),
                empties=_map(code="", description="", unit="", tax=0),
                defaults=_keys("owner_id visible_to is_linkable prices billing_frequency"),
                **operations.v2("product", "products", merge=False),
            ),
            ObjectType(
                "file",
                "files",
                keys=_kinds(f"""
                    text: name description
                    reference: {" ".join(_FILE_PARENTS)}
                """),
                create_only=frozenset(_FILE_PARENTS),
                parents=_FILE_PARENTS,
                page=100,
                **operations.v1("file", "files", "PUT"),
            ),
        )
    }
)

FIELDS: Mapping[str, FieldOperations] = MappingProxyType(
    {
        kind.name: operations.fields(kind.fields_object)
        for kind in OBJECTS.values()
        if kind.fields_object
    }
)
"""Requests about custom fields, by object."""


def fields_home(object: str) -> str:  # noqa: A002 - the API's term
    """The object whose custom fields an object carries: leads borrow the deals'."""
    kind = OBJECTS.get(object)
    if kind is None or not kind.custom_fields:
        return object
    return next(one.name for one in OBJECTS.values() if one.fields_object == kind.fields_object)


def _operations() -> Iterator[Operation]:
    for kind in OBJECTS.values():
        for name in ("archived", *operations.Operations.__annotations__):
            operation: Operation | None = getattr(kind, name)
            if operation is not None:
                yield operation
    for group in FIELDS.values():
        yield from (
            group.list,
            group.create,
            group.delete,
            group.add_options,
            group.remove_options,
        )
    yield from operations.ACCOUNT


OPERATIONS: Mapping[str, Operation] = MappingProxyType({one.name: one for one in _operations()})
"""Every operation, by name: the price list."""

KNOWN_KEYS: frozenset[str] = frozenset().union(*(kind.keys for kind in OBJECTS.values())) | {
    "custom_fields",
    "data",
    "id",
    "field_name",
    "field_type",
    "options",
    "label",
    "value",
    "amount",
    "primary",
    "currency",
    "price",
    "merge_with_id",
    "deal_ids",
    "updated_since",
    "cursor",
    "limit",
}
"""Names of parameters: what an error text may repeat without giving a value away."""
