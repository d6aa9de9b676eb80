"""Leads and their labels (API v1): UUIDs for ids, deals' custom fields at the body's root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import checks, query, v1
from sandbox.pipedrive.checks import Key
from sandbox.pipedrive.errors import ApiError, Invalid
from sandbox.pipedrive.values import v1_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.query import Parameters
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row

COLORS = "blue brown dark-gray gray green orange pink purple red yellow".split()  # noqa: SIM905 - reads as a list of names
_SORTABLE = (
    "id",
    "title",
    "owner_id",
    "creator_id",
    "was_seen",
    "expected_close_date",
    "next_activity_id",
    "add_time",
    "update_time",
)
_MOST_ROWS = 500


def _label(state: PipedriveState, value: Any) -> str:
    if type(value) is not str or value not in state.tables["leadLabels"].rows:
        raise Invalid("must be the id of a lead label")
    return value


def _visibility(state: PipedriveState, value: Any) -> str:
    """Take a visibility as text, as leads alone want it."""
    if type(value) is not str or not value.isdigit():
        raise Invalid("must be one of [1, 3, 5, 7]")
    return str(checks.visibility(state, int(value)))


_VALUE = checks.shape(
    {"amount": Key(checks.number, required=True), "currency": Key(checks.currency, required=True)},
    {"amount": 0, "currency": None},
)
KEYS = {
    "title": Key(checks.text(shortest=1), required=True),
    "owner_id": Key(checks.active_user),
    "label_ids": Key(checks.listing(_label)),
    "person_id": Key(checks.reference("persons"), nullable=True),
    "organization_id": Key(checks.reference("organizations"), nullable=True),
    "is_archived": Key(checks.boolean, create=False),
    "value": Key(_VALUE, nullable=True),
    "expected_close_date": Key(checks.day, nullable=True),
    "visible_to": Key(_visibility),
    "was_seen": Key(checks.boolean),
    "origin_id": Key(checks.text(), nullable=True, update=False),
    "channel": Key(checks.integer, nullable=True),
    "channel_id": Key(checks.text(), nullable=True),
}
ARCHIVED_PARAMETERS: Parameters = {
    **v1.page_parameters(_MOST_ROWS),
    "owner_id": query.integer,
    "person_id": query.integer,
    "organization_id": query.integer,
    "filter_id": query.unsimulated("filters"),
    "sort": v1.sorter(*_SORTABLE),
}
LIST_PARAMETERS: Parameters = {**ARCHIVED_PARAMETERS, "updated_since": query.moment}


def list_leads(call: Call) -> Mapping[str, Any]:
    """Answer a page of leads that are not archived."""
    return _listed(call, archived=False)


def list_archived(call: Call) -> Mapping[str, Any]:
    """Answer a page of archived leads."""
    return _listed(call, archived=True)


def get_lead(call: Call) -> Mapping[str, Any]:
    """Answer a lead."""
    return {"data": present(_find(call))}


def create_lead(call: Call) -> Mapping[str, Any]:
    """Make a lead; it needs a person or an organization."""
    now = call.state.now_v2()
    row: Row = {
        "title": "",
        "owner_id": call.user["id"],
        "creator_id": call.user["id"],
        "label_ids": [],
        "person_id": None,
        "organization_id": None,
        "source_name": "API",
        "origin": "API",
        "origin_id": None,
        "channel": None,
        "channel_id": None,
        "is_archived": False,
        "was_seen": False,
        "value": None,
        "expected_close_date": None,
        "next_activity_id": None,
        "add_time": now,
        "update_time": now,
        "visible_to": str(call.state.plan.visibilities[-1]),
        "is_deleted": False,
        "custom_fields": {},
    }
    row |= _changes(call, row, creating=True)
    return {"data": present(call.state.tables["leads"].add(row))}


def update_lead(call: Call) -> Mapping[str, Any]:
    """Change a lead; keys that are not sent stay. An archived one can only be taken back."""
    row = _find(call)
    changes = _changes(call, row, creating=False)
    if row["is_archived"] and changes.get("is_archived") is not False:
        raise v1.bad("An archived lead cannot be changed")
    changes["update_time"] = call.state.now_v2()
    call.state.tables["leads"].update(row, changes)
    return {"data": present(row)}


def delete_lead(call: Call) -> Mapping[str, Any]:
    """Delete a lead; what hangs on it stays."""
    row = _find(call)
    row |= {"is_deleted": True, "update_time": call.state.now_v2()}
    return {"data": {"id": row["id"]}}


def list_labels(call: Call) -> Mapping[str, Any]:
    """Answer all lead labels."""
    return {"data": [dict(row) for row in call.state.tables["leadLabels"]]}


def create_label(call: Call) -> Mapping[str, Any]:
    """Make a lead label."""
    body = v1.body_of(call)
    if body.get("color") not in COLORS:
        raise v1.bad(f"color must be one of {', '.join(COLORS)}")
    return {"data": dict(add_label(call.state, v1.text_of(body, "name"), body["color"]))}


def delete_label(call: Call) -> Mapping[str, Any]:
    """Delete a lead label; leads that bear it bear it no more."""
    labels = call.state.tables["leadLabels"]
    label = call.path["id"]
    if label not in labels.rows:
        raise ApiError(404, "Lead label not found", info="Object was not found.")
    del labels.rows[label]
    labels.ids.remove(label)
    for lead in call.state.tables["leads"]:
        lead["label_ids"] = [one for one in lead["label_ids"] if one != label]
    return {"data": {"id": label}}


def add_label(state: PipedriveState, name: str, color: str) -> Row:
    """Add a lead label to an account."""
    now = state.now_v2()
    row = {"name": name, "color": color, "add_time": now, "update_time": now}
    return state.tables["leadLabels"].add(row)


def present(row: Row) -> Row:
    """Return a lead as the API answers it: custom values at the root, unset ones missing."""
    shown = {name: value for name, value in row.items() if name not in _INNER}
    custom: Row = row["custom_fields"]
    return shown | custom


_INNER = frozenset({"is_deleted", "custom_fields"})


def _find(call: Call) -> Row:
    row = call.state.tables["leads"].rows.get(call.path["id"])
    if row is None or row["is_deleted"]:
        raise ApiError(404, "requested lead not found", info="Object was not found.")
    return row


def _listed(call: Call, *, archived: bool) -> Mapping[str, Any]:
    asked = call.query
    rows = [
        row
        for row in call.state.tables["leads"]
        if not row["is_deleted"]
        and row["is_archived"] is archived
        and row["update_time"] >= asked.get("updated_since", "")
        and all(
            row[name] == asked[name]
            for name in ("owner_id", "person_id", "organization_id")
            if name in asked
        )
    ]
    page, figures = v1.page(v1.arrange(rows, asked.get("sort", [("add_time", False)])), asked)
    return {"data": [present(row) for row in page or ()], "additional_data": figures}


def _changes(call: Call, row: Row, *, creating: bool) -> Row:
    body = v1.body_of(call)
    changes: Row = {}
    if creating and not body.get("title"):
        raise v1.bad("title is required")
    for name, given in body.items():
        key = KEYS.get(name)
        if key is None:  # a custom field's code
            continue
        if not (key.create if creating else key.update):
            raise v1.bad(f"{name} is not allowed")
        if given is None and not key.nullable:
            raise v1.bad(f"{name} must not be null")
        try:
            changes[name] = None if given is None else key.check(call.state, given)
        except Invalid as fault:
            raise v1.bad(f"{name} {fault}") from fault
    custom = dict(_custom(call.state, {name: body[name] for name in body if name not in KEYS}))
    after = row | changes
    if after["person_id"] is None and after["organization_id"] is None:
        raise v1.bad("A lead must be linked to a person or an organization")
    kept = {
        name: value for name, value in (row["custom_fields"] | custom).items() if value is not None
    }
    return changes | {"custom_fields": kept}


def _custom(state: PipedriveState, given: Row) -> Iterator[tuple[str, Any]]:
    """Yield the custom values of a body; a key that is none of the deals' is refused."""
    for name, value in given.items():
        code, _, part = name.partition("_")
        field = state.fields["deals"].custom.get(code)
        if field is None:
            raise v1.bad(f"{name} is not allowed")
        try:
            yield name, None if value is None else v1_value(state, field, part, value)
        except Invalid as fault:
            raise v1.bad(f"{name} {fault}") from fault
