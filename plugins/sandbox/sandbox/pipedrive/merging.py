"""Merging two persons (API v1): one is kept, all that hangs on the other moves over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import v1
from sandbox.pipedrive.crud import find
from sandbox.pipedrive.objects import PERSONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row


def merge_persons(call: Call) -> Mapping[str, Any]:
    """Merge the person of the path into `merge_with_id`, whose values win."""
    state = call.state
    loser = find(state, PERSONS, call.id())
    kept_id = v1.integer_of(v1.body_of(call), "merge_with_id")
    if kept_id is None:
        raise v1.bad("merge_with_id is required")
    if kept_id == loser["id"]:
        raise v1.bad("A person cannot be merged with itself")
    kept = find(state, PERSONS, kept_id)
    now = state.now_v2()
    state.tables["persons"].update(kept, _united(kept, loser) | {"update_time": now})
    loser |= {"is_deleted": True, "update_time": now}
    state.merged[loser["id"]] = kept_id
    _move(state, loser["id"], kept_id)
    return {"data": _present(call, kept, loser["id"])}


def _united(kept: Row, loser: Row) -> Row:
    changes: Row = {
        name: loser[name]
        for name in ("first_name", "last_name", "org_id", "picture_id")
        if kept[name] is None and loser[name] is not None
    }
    for name in ("emails", "phones"):
        known = {contact["value"].casefold() for contact in kept[name]}
        more = [one for one in loser[name] if one["value"].casefold() not in known]
        changes[name] = kept[name] + [
            one | {"primary": one["primary"] and not kept[name]} for one in more
        ]
    labels = kept["label_ids"] + loser["label_ids"]
    changes["label_ids"] = list(dict.fromkeys(labels))
    changes["custom_fields"] = loser["custom_fields"] | kept["custom_fields"]
    return changes


def _move(state: PipedriveState, loser: int, kept: int) -> None:
    for kind in ("notes", "files", "deals"):
        table = state.tables[kind]
        for row in table.linked("person_id", loser):
            table.update(row, {"person_id": kept})
    for row in state.tables["leads"]:
        if row["person_id"] == loser:
            row["person_id"] = kept
    activities = state.tables["activities"]
    for row in activities:
        ids = [one["person_id"] for one in row["participants"]]
        if loser in ids:
            activities.update(row, _without(row, loser, kept))


def _without(activity: Row, loser: int, kept: int) -> Row:
    people: dict[int, Row] = {}
    for one in activity["participants"]:
        person = kept if one["person_id"] == loser else one["person_id"]
        primary = one["primary"] or (person in people and people[person]["primary"])
        people[person] = {"person_id": person, "primary": primary}
    primary_id = next((key for key, one in people.items() if one["primary"]), None)
    return {"participants": list(people.values()), "person_id": primary_id}


def _present(call: Call, row: Row, merged: int) -> Row:
    owner = call.state.users[row["owner_id"]]
    organization = call.state.tables["organizations"].get(row["org_id"]) if row["org_id"] else None
    return {
        "id": row["id"],
        "company_id": call.state.company["id"],
        "owner_id": row["owner_id"],
        "org_id": row["org_id"],
        "name": row["name"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "active_flag": True,
        "phone": row["phones"],
        "email": row["emails"],
        "first_char": row["name"][:1].lower(),
        "add_time": row["add_time"].replace("T", " ").removesuffix("Z"),
        "update_time": row["update_time"].replace("T", " ").removesuffix("Z"),
        "visible_to": str(row["visible_to"]),
        "picture_id": None,
        "label": row["label_ids"][0] if row["label_ids"] else None,
        "label_ids": row["label_ids"],
        "org_name": organization["name"] if organization else None,
        "owner_name": owner["name"],
        "cc_email": None,
        "merge_what_id": merged,
    }
