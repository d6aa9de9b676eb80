"""Notes (API v1): HTML that the server rewrites, on one or more parents."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import query, v1
from sandbox.pipedrive.errors import ApiError, Invalid, not_found
from sandbox.pipedrive.html import rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.query import Parameters
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row

LONGEST = 100_000
_PARENTS = {"person_id": "persons", "org_id": "organizations", "deal_id": "deals"}
_ABSENT_PARENTS = {"project_id": "Project", "task_id": "Task"}
_PINS = {
    "pinned_to_deal_flag": "deal_id",
    "pinned_to_organization_flag": "org_id",
    "pinned_to_person_flag": "person_id",
    "pinned_to_lead_flag": "lead_id",
    "pinned_to_project_flag": "project_id",
    "pinned_to_task_flag": "task_id",
}
_SORTABLE = (
    "id user_id deal_id lead_id person_id org_id content add_time update_time".split()  # noqa: SIM905 - reads as a list of names
)


def _moment(given: str) -> str:
    return query.moment(given).replace("T", " ").removesuffix("Z")


def _day(given: str) -> str:
    try:
        return datetime.strptime(given, "%Y-%m-%d").strftime("%Y-%m-%d")  # noqa: DTZ007 - a date
    except ValueError as error:
        raise Invalid("must be a date in format YYYY-MM-DD") from error


_PIN_READER = query.one_of("0", "1")
LIST_PARAMETERS: Parameters = {
    **v1.page_parameters(),
    "user_id": query.integer,
    **dict.fromkeys(_PARENTS, query.integer),
    "lead_id": query.plain,
    "project_id": query.integer,
    "task_id": query.integer,
    "sort": v1.sorter(*_SORTABLE),
    "start_date": _day,
    "end_date": _day,
    "updated_since": _moment,
    **dict.fromkeys(_PINS, _PIN_READER),
}


def list_notes(call: Call) -> Mapping[str, Any]:
    """Answer a page of notes that are not deleted."""
    asked, table = call.query, call.state.tables["notes"]
    link = next((name for name in _PARENTS if name in asked), None)
    rows = table.linked(link, asked[link]) if link else list(table)
    equal = {
        name: value
        for name, value in asked.items()
        if name in _PARENTS or name in _ABSENT_PARENTS or name in {"user_id", "lead_id"}
    } | {name: asked[name] == "1" for name in _PINS if name in asked}
    since, first, last = (asked.get(key, "") for key in ("updated_since", "start_date", "end_date"))
    rows = [
        row
        for row in rows
        if row["active_flag"]
        and row["update_time"] >= since
        and row["add_time"][:10] >= first
        and (not last or row["add_time"][:10] <= last)
        and all(row[name] == value for name, value in equal.items())
    ]
    page, pagination = v1.page(v1.arrange(rows, asked.get("sort", [("id", False)])), asked)
    data = page and [present(call.state, row, call.user) for row in page]
    return {"data": data, "additional_data": {"pagination": pagination}}


def get_note(call: Call) -> Mapping[str, Any]:
    """Answer a note, deleted or not."""
    row = call.state.tables["notes"].get(call.id())
    if row is None:
        raise not_found("Note")
    return {"data": present(call.state, row, call.user)}


def create_note(call: Call) -> Mapping[str, Any]:
    """Make a note."""
    body = v1.body_of(call)
    now = call.state.now_v1()
    row: Row = {
        "active_flag": True,
        "add_time": now,
        "content": None,
        "lead_id": None,
        **dict.fromkeys(_PARENTS),
        "project_id": None,
        "task_id": None,
        "last_update_user_id": None,
        **dict.fromkeys(_PINS, False),
        "update_time": now,
        "user_id": call.user["id"],
    }
    row |= _changes(call, body, row)
    if row["content"] is None:
        raise v1.bad("content is required")
    return {"data": present(call.state, call.state.tables["notes"].add(row), call.user)}


def update_note(call: Call) -> Mapping[str, Any]:
    """Change a note; keys that are not sent stay."""
    row = _standing(call)
    changes = _changes(call, v1.body_of(call), row)
    changes |= {"last_update_user_id": call.user["id"], "update_time": call.state.now_v1()}
    call.state.tables["notes"].update(row, changes)
    return {"data": present(call.state, row, call.user)}


def delete_note(call: Call) -> Mapping[str, Any]:
    """Mark a note deleted; GET goes on answering it."""
    row = _standing(call)
    row |= {"active_flag": False, "update_time": call.state.now_v1()}
    return {"data": True}


def _standing(call: Call) -> Row:
    row = call.state.tables["notes"].get(call.id())
    if row is None or not row["active_flag"]:
        raise not_found("Note")
    return row


def _changes(call: Call, body: Row, row: Row) -> Row:
    changes: Row = {}
    if "content" in body:
        content = v1.text_of(body, "content")
        if len(content) > LONGEST:
            raise v1.bad(f"content is too long, at most {LONGEST} characters are taken")
        changes["content"] = rewrite(content)
    for name, kind in _PARENTS.items():
        if name in body:
            changes[name] = _parent(call.state, kind, v1.integer_of(body, name))
    if "lead_id" in body:
        changes["lead_id"] = v1.lead_of(call.state, body)
    for name, what in _ABSENT_PARENTS.items():
        if body.get(name) is not None:
            raise not_found(what)
    after = row | changes
    if after["lead_id"] is None and all(after[name] is None for name in _PARENTS):
        raise v1.bad("At least one of deal_id, lead_id, org_id, person_id is required")
    return changes | _authorship(call, body) | _pins(body, after)


def _pins(body: Row, after: Row) -> Row:
    pins = {name: v1.flag_of(body[name], name) for name in _PINS if name in body}
    for name, pinned in pins.items():
        if pinned and after[_PINS[name]] is None:
            raise v1.bad(f"{name} needs {_PINS[name]}")
    return pins


def _authorship(call: Call, body: Row) -> Row:
    changes: Row = {}
    author = v1.integer_of(body, "user_id")
    if author is not None:
        if author != call.user["id"]:
            v1.demand_admin(call, "set the author of a note")
        if author not in call.state.users:
            raise not_found("User")
        changes["user_id"] = author
    added = v1.time_of(body, "add_time")
    if added is not None:
        changes["add_time"] = added
    return changes


def _parent(state: PipedriveState, kind: str, row_id: int | None) -> int | None:
    if row_id is None:
        return None
    row = state.tables[kind].get(row_id)
    if row is None or row["is_deleted"]:
        raise ApiError(404, f"No such item in {kind}", info="Check the parent's id.")
    return row_id


def present(state: PipedriveState, row: Row, viewer: Row) -> Row:
    """Return a note as the API answers it to a user."""
    author = state.users[row["user_id"]]
    return row | {
        "deal": _named(state, "deals", row["deal_id"], "title"),
        "organization": _named(state, "organizations", row["org_id"], "name"),
        "person": _named(state, "persons", row["person_id"], "name"),
        "project": None,
        "task": None,
        "user": {
            "email": author["email"],
            "icon_url": author["icon_url"],
            "is_you": author["id"] == viewer["id"],
            "name": author["name"],
        },
    }


def _named(state: PipedriveState, kind: str, row_id: int | None, key: str) -> Row | None:
    if row_id is None:
        return None
    row = state.tables[kind].rows[row_id]
    return {key: row[key]}
