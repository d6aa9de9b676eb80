"""Making, changing and deleting custom fields and their options (API v2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import checks, query
from sandbox.pipedrive.call import Call, Handler, read_body
from sandbox.pipedrive.checks import Key
from sandbox.pipedrive.errors import ApiError, Invalid, not_found, refused
from sandbox.pipedrive.fields import MOST_OPTIONS, Field
from sandbox.pipedrive.v1 import demand_admin
from sandbox.pipedrive.values import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.pipedrive.checks import Check
    from sandbox.pipedrive.query import Parameters
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row

FIELD_PATHS = {
    "personFields": "persons",
    "organizationFields": "organizations",
    "dealFields": "deals",
    "activityFields": "activities",
    "productFields": "products",
}
_LABEL = Key(checks.text(longest=255, shortest=1), required=True)
_NAME = Key(checks.text(longest=255, shortest=1), required=True)


def _settings(_: PipedriveState, value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise Invalid("must be an object")
    return value


def _parts(kind: str) -> tuple[str, ...]:
    if kind in {"activities", "products"}:
        return ("ui_visibility",)
    return ("ui_visibility", "important_fields", "required_fields")


def _update_keys(kind: str) -> dict[str, Key]:
    keys = {"field_name": _NAME} | dict.fromkeys(_parts(kind), Key(_settings))
    if kind == "deals":
        keys["description"] = Key(checks.text(), nullable=True)
    return keys


def _create_keys(kind: str) -> dict[str, Key]:
    options = checks.listing(checks.shape({"label": _LABEL}, {}), longest=MOST_OPTIONS)
    return _update_keys(kind) | {
        "field_type": Key(checks.one_of(*TYPES), required=True),
        "options": Key(options),
    }


def _row(kind: str, field: Field, include: Iterable[str]) -> dict[str, Any]:
    """Return the record of a field; those of deals alone have a description."""
    row = field.as_json(include)
    return row | {"description": field.description} if kind == "deals" else row


def list_parameters(kind: str) -> Parameters:
    """Return the parameters of a list of fields."""
    return {
        "include_fields": query.some_of(*_parts(kind)),
        "limit": query.limit(),
        "cursor": query.plain,
    }


def lister(kind: str) -> Handler:
    """Return the handler that lists the live fields of a kind."""

    def get(call: Call) -> Mapping[str, Any]:
        page, cursor = query.offset_page(list(call.state.fields[kind]), call.query)
        include = call.query.get("include_fields", ())
        return {
            "data": [_row(kind, field, include) for field in page],
            "additional_data": {"next_cursor": cursor},
        }

    return get


def getter(kind: str) -> Handler:
    """Return the handler of one field."""

    def get(call: Call) -> Mapping[str, Any]:
        field = call.state.fields[kind].get(call.path["field_code"])
        if field is None:
            raise not_found("Field")
        return {"data": _row(kind, field, call.query.get("include_fields", ()))}

    return get


def creator(kind: str) -> Handler:
    """Return the handler that makes a field; equal names are no hindrance."""
    keys = _create_keys(kind)

    def post(call: Call) -> Mapping[str, Any]:
        demand_admin(call, "add custom fields")
        state = call.state
        body = read_body(call, keys, creating=True)
        chooses = body["field_type"] in {"enum", "set"}
        if chooses and not body.get("options"):
            raise refused([("options", f"is required for type {body['field_type']}")])
        if not chooses and "options" in body:
            raise refused([("options", f"is not allowed for type {body['field_type']}")])
        cap = state.plan.custom_fields
        if sum(len(fields.custom) for fields in state.fields.values()) >= cap:
            raise ApiError(
                403,
                f"The plan of this account allows {cap} custom fields",
                code="feature_capping_custom_fields_limit",
            )
        labels = state.codes.options(option["label"] for option in body.get("options", []))
        shown = {part: body[part] for part in _parts(kind) if part in body}
        field = Field(
            state.codes.code(),
            body["field_name"],
            body["field_type"],
            custom=True,
            labels=labels,
            shown=shown,
            description=body.get("description"),
        )
        state.fields[kind].add(field)
        return {"data": _row(kind, field, _parts(kind))}

    return post


def updater(kind: str) -> Handler:
    """Return the handler that renames a field or changes how it is shown."""
    keys = _update_keys(kind)

    def patch(call: Call) -> Mapping[str, Any]:
        field = _custom(call, kind)
        changes = read_body(call, keys, creating=False)
        if not changes:
            raise refused([("body", "must have at least one key")])
        field.name = changes.get("field_name", field.name)
        field.description = changes.get("description", field.description)
        field.shown |= {part: changes[part] for part in _parts(kind) if part in changes}
        return {"data": _row(kind, field, _parts(kind))}

    return patch


def deleter(kind: str) -> Handler:
    """Return the handler that deletes a field and with it all its values."""

    def delete(call: Call) -> Mapping[str, Any]:
        field = _custom(call, kind)
        call.state.fields[kind].remove(field.code)
        for row in call.state.tables[kind]:
            row["custom_fields"].pop(field.code, None)
        return {"data": field.as_json()}

    return delete


def options_adder(kind: str) -> Handler:
    """Return the handler that adds options; it answers the new ones alone."""

    def post(call: Call) -> Mapping[str, Any]:
        field = _choosable(call, kind)
        items = _items(call, checks.shape({"label": _LABEL}, {}))
        if len(field.labels) + len(items) > MOST_OPTIONS:
            raise refused([("options", f"a field holds at most {MOST_OPTIONS}")])
        made = call.state.codes.options(item["label"] for item in items)
        field.labels |= made
        return _options(made)

    return post


def options_renamer(kind: str) -> Handler:
    """Return the handler that renames options, all or none."""

    def patch(call: Call) -> Mapping[str, Any]:
        field = _choosable(call, kind)
        shape = checks.shape({"id": Key(checks.integer, required=True), "label": _LABEL}, {})
        renamed = {item["id"]: item["label"] for item in _items(call, shape)}
        _demand_known(field, renamed)
        field.labels |= renamed
        return _options(renamed)

    return patch


def options_remover(kind: str) -> Handler:
    """Return the handler that removes options, all or none, and empties values that use them."""

    def delete(call: Call) -> Mapping[str, Any]:
        field = _choosable(call, kind)
        items = _items(call, checks.shape({"id": Key(checks.integer, required=True)}, {}))
        ids = dict.fromkeys(item["id"] for item in items)
        _demand_known(field, ids)
        removed = {one: field.labels.pop(one) for one in ids}
        for row in call.state.tables[kind]:
            _empty(row, field, removed)
        return _options(removed)

    return delete


def _custom(call: Call, kind: str) -> Field:
    demand_admin(call, "change custom fields")
    code = call.path["field_code"]
    field = call.state.fields[kind].get(code)
    if field is None:
        raise not_found("Field")
    if not field.custom:
        raise ApiError(403, "Built-in fields cannot be changed")
    return field


def _choosable(call: Call, kind: str) -> Field:
    demand_admin(call, "change field options")
    field = call.state.fields[kind].get(call.path["field_code"])
    if field is None:
        raise not_found("Field")
    if not field.has_options:
        raise refused([("field_code", "the field has no options")])
    return field


def _items(call: Call, shape: Check) -> list[Row]:
    try:
        items: list[Row] = checks.listing(shape)(call.state, call.body)
    except Invalid as fault:
        raise refused([("body", str(fault))]) from fault
    if not items:
        raise refused([("body", "must have at least one option")])
    return items


def _demand_known(field: Field, ids: Mapping[int, Any]) -> None:
    if unknown := [str(one) for one in ids if one not in field.labels]:
        raise refused([("id", f"no such option: {', '.join(unknown)}")])


def _options(labels: Mapping[int, str]) -> Mapping[str, Any]:
    data = [{"id": one, "label": label} for one, label in labels.items()]
    return {"data": data, "additional_data": None}


def _empty(row: Row, field: Field, removed: Mapping[int, str]) -> None:
    if not field.custom:
        if field.code == "label_ids":
            row["label_ids"] = [one for one in row["label_ids"] if one not in removed]
        elif row.get(field.code) in removed:
            row[field.code] = None
        return
    values = row["custom_fields"]
    value = values.get(field.code)
    if isinstance(value, list):
        left = [one for one in value if one not in removed]
        if left:
            values[field.code] = left
        else:
            del values[field.code]
    elif value in removed:
        del values[field.code]
