"""List, get, create, update and delete of any v2 object, by the table in `objects`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import query
from sandbox.pipedrive.call import Call, Handler, read_body
from sandbox.pipedrive.errors import Invalid, not_found
from sandbox.pipedrive.values import labelled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.pipedrive.entity import Entity
    from sandbox.pipedrive.query import Parameters
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row

_COLUMN_READERS: dict[str, query.Parameter] = {"done": query.boolean, "lead_id": query.plain}


def present(
    state: PipedriveState, entity: Entity, row: Row, asked: Mapping[str, Any] | None = None
) -> Row:
    """Return a row as v2 answers it: every custom code, null when unset.

    Args:
        state: The account.
        entity: What the row is.
        row: The row as it is kept, custom values only where there are some.
        asked: Query parameters that shape the answer.
    """
    asked = asked or {}
    answer = dict(row)
    for extra in entity.extras:
        if extra not in asked.get("include_fields", ()):
            del answer[extra]
    if entity.custom:
        values = row["custom_fields"]
        fields = state.fields[entity.kind].custom
        chosen = asked.get("custom_fields")
        codes = fields if chosen is None else [code for code in fields if code in chosen]
        shown = {code: values.get(code) for code in codes}
        if asked.get("include_option_labels"):
            shown = {code: labelled(fields[code], value) for code, value in shown.items()}
        answer["custom_fields"] = shown
    if "prices" in row:
        answer["prices"] = [{"product_id": row["id"], **price} for price in row["prices"]]
    if asked.get("include_labels"):
        labels = state.fields[entity.kind]["label_ids"].labels
        answer["labels"] = [{"id": one, "label": labels[one]} for one in row["label_ids"]]
    return answer


def find(state: PipedriveState, entity: Entity, row_id: int) -> Row:
    """Return a row that is not deleted.

    Raises:
        ApiError: There is none.
    """
    row = state.tables[entity.kind].get(row_id)
    if row is None or row["is_deleted"]:
        raise not_found(entity.noun)
    return row


def getter(entity: Entity) -> Handler:
    """Return the handler of GET by id."""

    def get(call: Call) -> Mapping[str, Any]:
        row = call.state.tables[entity.kind].get(call.id())
        if row is None or (row["is_deleted"] and not entity.kept_readable):
            raise not_found(entity.noun)
        return {"data": present(call.state, entity, row, call.query)}

    return get


def lister(entity: Entity, *, archived: bool = False) -> Handler:
    """Return the handler of a list; archived rows have one of their own."""

    def get(call: Call) -> Mapping[str, Any]:
        table = call.state.tables[entity.kind]
        rows, cursor = query.keyset_page(
            table, call.query, _matcher(call, entity, archived=archived)
        )
        return {
            "data": [present(call.state, entity, row, call.query) for row in rows],
            "additional_data": {"next_cursor": cursor},
        }

    return get


def _matcher(call: Call, entity: Entity, *, archived: bool) -> Callable[[Row], bool]:
    """Return the test whether a row belongs in the list that was asked for."""
    asked = call.query
    equal = [(name, asked[name]) for name in entity.filters if name in asked]
    since, until, ids = (asked.get(key) for key in ("updated_since", "updated_until", "ids"))
    statuses = asked.get("status")
    if "deal_id" in asked and "deal_id" not in entity.filters:
        deal = call.state.tables["deals"].get(asked["deal_id"])
        ids = {deal["person_id"]} & (ids or {deal["person_id"]}) if deal else set()

    def matches(row: Row) -> bool:
        if row["is_deleted"]:
            shown = statuses is not None and "deleted" in statuses
        else:
            shown = statuses is None or row["status"] in statuses
        return (
            shown
            and (since is None or row["update_time"] >= since)
            and (until is None or row["update_time"] < until)
            and (ids is None or row["id"] in ids)
            and row.get("is_archived", False) is archived
            and all(row[name] == value for name, value in equal)
        )

    return matches


def creator(entity: Entity) -> Handler:
    """Return the handler of a create."""

    def post(call: Call) -> Mapping[str, Any]:
        changes = read_body(call, entity.keys, creating=True)
        row = entity.blank(call)
        entity.settle(call, row, changes)
        _keep(row, changes)
        row.update(changes)
        return {"data": present(call.state, entity, call.state.tables[entity.kind].add(row))}

    return post


def updater(entity: Entity) -> Handler:
    """Return the handler of an update; keys that are not sent stay as they are."""

    def patch(call: Call) -> Mapping[str, Any]:
        row = find(call.state, entity, call.id())
        changes = read_body(call, entity.keys, creating=False)
        if changes:
            entity.settle(call, row, changes)
            _keep(row, changes)
            changes["update_time"] = call.state.now_v2()
            call.state.tables[entity.kind].update(row, changes)
        return {"data": present(call.state, entity, row)}

    return patch


def deleter(entity: Entity) -> Handler:
    """Return the handler of a delete; what hangs on the row stays."""

    def delete(call: Call) -> Mapping[str, Any]:
        row = find(call.state, entity, call.id())
        row |= {"is_deleted": True, "update_time": call.state.now_v2()}
        return {"data": {"id": row["id"]}}

    return delete


def _keep(row: Row, changes: Row) -> None:
    if "custom_fields" in changes:
        merged = row["custom_fields"] | changes["custom_fields"]
        changes["custom_fields"] = {
            code: value for code, value in merged.items() if value is not None
        }


def shaping_parameters(entity: Entity) -> dict[str, query.Parameter]:
    """Return the parameters that shape the answer of a get; a product's get has none."""
    known: dict[str, query.Parameter] = {}
    if entity.extras or entity.other_extras:
        known["include_fields"] = query.some_of(*entity.extras, unsimulated=entity.other_extras)
    if entity.custom and entity.kind != "products":
        known |= {
            "custom_fields": query.codes,
            "include_option_labels": query.boolean,
            "include_labels": query.boolean,
        }
    return known


def list_parameters(entity: Entity) -> Parameters:
    """Return all parameters of a list."""
    known: dict[str, query.Parameter] = {
        "limit": query.limit(),
        "cursor": query.plain,
        "sort_by": query.one_of(*entity.sorts),
        "sort_direction": query.one_of("asc", "desc"),
        **{name: _COLUMN_READERS.get(name, query.integer) for name in entity.filters},
    }
    if entity.kind in {"pipelines", "stages"}:
        return known
    known |= {
        "filter_id": query.unsimulated("filters"),
        "ids": query.ids,
        "updated_since": query.moment,
    }
    if entity.kind == "products":
        known["custom_fields"] = query.codes
    else:
        known["updated_until"] = query.moment
    if entity.kind == "persons":
        known["deal_id"] = query.integer
    if entity.kind == "deals":
        known["status"] = _statuses
    return known | shaping_parameters(entity)


def _statuses(given: str) -> tuple[str, ...]:
    words = tuple(given.split(","))
    if not set(words) <= {"open", "won", "lost", "deleted"}:
        raise Invalid("must only contain [open, won, lost, deleted]")
    return words
