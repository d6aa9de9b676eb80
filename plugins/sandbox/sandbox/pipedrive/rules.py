"""Rules of single v2 objects: what a new one starts as, and what holds between its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import checks
from sandbox.pipedrive.errors import ApiError, Invalid, refused
from sandbox.pipedrive.html import rewrite

if TYPE_CHECKING:
    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row

LONGEST_ACTIVITY_NOTE = 100_000
MOST_BILLING_CYCLES = 208
_FREQUENCIES = ("one-time", "annually", "semi-annually", "quarterly", "monthly", "weekly")


def activity_note(state: PipedriveState, value: Any) -> str:
    """Take the HTML of an activity, at most 100 KB; keep it as the server rewrites it."""
    sent: str = checks.text()(state, value)
    if len(sent.encode()) > LONGEST_ACTIVITY_NOTE:
        raise Invalid(f"size must be at most {LONGEST_ACTIVITY_NOTE} bytes")
    return rewrite(sent)


def activity_type(state: PipedriveState, value: Any) -> str:
    """Take the `key_string` of an active activity type."""
    if type(value) is not str or value not in state.activity_type_keys():
        raise Invalid("must be the key_string of an active activity type")
    return value


def billing_frequency(state: PipedriveState, value: Any) -> str:
    """Take a billing frequency; recurring ones come with the Growth plan and up."""
    taken: str = checks.one_of(*_FREQUENCIES)(state, value)
    if taken != "one-time" and state.plan_name == "lite":
        raise ApiError(403, "Recurring billing is not available in the plan of this account")
    return taken


def percent(state: PipedriveState, value: Any) -> int:
    """Take an integer from 0 to 100."""
    if not 0 <= checks.integer(state, value) <= 100:  # noqa: PLR2004 - per cent
        raise Invalid("must be between 0 and 100")
    return int(value)


def zero_date(state: PipedriveState, value: Any) -> str:
    """Take a date; an empty text becomes a zero date, as it was seen on a live account."""
    return "0000-00-00" if value == "" else checks.day(state, value)


def nothing_to_settle(_: Call, __: Row, ___: Row) -> None:
    """Leave the changes as they are."""


def _common(call: Call) -> Row:
    now = call.state.now_v2()
    return {"add_time": now, "update_time": now, "is_deleted": False}


def _owned(call: Call) -> Row:
    return {
        "owner_id": call.user["id"],
        **_common(call),
        "visible_to": call.state.plan.visibilities[-1],
        "label_ids": [],
        "custom_fields": {},
    }


def blank_person(call: Call) -> Row:
    """Return a person with nothing said about it."""
    parts = {"name": "", "first_name": None, "last_name": None, "org_id": None}
    return {**parts, **_owned(call), "emails": [], "phones": [], "picture_id": None}


def settle_person(_: Call, row: Row, changes: Row) -> None:
    """Keep name and parts in step, and one primary in each list of contacts."""
    parts = {"first_name", "last_name"} & changes.keys()
    if parts and "name" in changes:
        raise refused([("name", f"must not be sent together with {', '.join(sorted(parts))}")])
    if parts:
        both = (
            changes.get("first_name", row["first_name"]),
            changes.get("last_name", row["last_name"]),
        )
        changes["name"] = " ".join(part for part in both if part)
    elif "name" in changes:
        first, _blank, last = changes["name"].partition(" ")
        changes |= {"first_name": first, "last_name": last or None}
    if not changes.get("name", row["name"]):
        raise refused([("name", "is required")])
    for contacts in ("emails", "phones"):
        if contacts in changes:
            _one_primary(contacts, changes[contacts])


def blank_organization(call: Call) -> Row:
    """Return an organization with nothing said about it."""
    return {"name": "", **_owned(call), "address": None}


def blank_deal(call: Call) -> Row:
    """Return an open deal in the first stage of the first pipeline."""
    stage = next(row for row in call.state.tables["stages"] if not row["is_deleted"])
    nothing = dict.fromkeys(
        (
            "person_id",
            "org_id",
            "probability",
            "lost_reason",
            "close_time",
            "won_time",
            "lost_time",
            "expected_close_date",
            "archive_time",
            "origin_id",
            "channel",
            "channel_id",
        )
    )
    return {
        "title": "",
        "creator_user_id": call.user["id"],
        **_owned(call),
        **nothing,
        "pipeline_id": stage["pipeline_id"],
        "stage_id": stage["id"],
        "stage_change_time": None,
        "value": 0,
        "currency": call.user["default_currency"],
        "status": "open",
        "is_archived": False,
        "origin": "API",
    }


def settle_deal(call: Call, row: Row, changes: Row) -> None:
    """Let the stage decide the pipeline, and the status which times and reasons are taken."""
    stages = call.state.tables["stages"]
    if "stage_id" in changes:
        changes["pipeline_id"] = stages.rows[changes["stage_id"]]["pipeline_id"]
    elif changes.get("pipeline_id", row["pipeline_id"]) != row["pipeline_id"]:
        first = next(iter(stages.linked("pipeline_id", changes["pipeline_id"])), None)
        if first is None:
            raise refused([("pipeline_id", "has no stages")])
        changes["stage_id"] = first["id"]
    if changes.get("stage_id", row["stage_id"]) != row["stage_id"]:
        changes["stage_change_time"] = call.state.now_v2()
    status = changes.get("status", row["status"])
    wanted = {
        "won_time": {"won"},
        "lost_time": {"lost"},
        "lost_reason": {"lost"},
        "close_time": {"won", "lost"},
    }
    faults = [
        (name, f"is allowed only with status {' or '.join(sorted(statuses))}")
        for name, statuses in wanted.items()
        if changes.get(name) is not None and status not in statuses
    ]
    if faults:
        raise refused(faults)
    if status != row["status"]:
        ended = None if status == "open" else call.state.now_v2()
        for name, statuses in wanted.items():
            if name != "lost_reason":
                changes.setdefault(name, ended if status in statuses else None)


def blank_activity(call: Call) -> Row:
    """Return an activity of the account's first type, without time and people."""
    nothing = dict.fromkeys(
        (
            "deal_id",
            "lead_id",
            "person_id",
            "org_id",
            "project_id",
            "due_date",
            "due_time",
            "duration",
            "marked_as_done_time",
            "location",
            "conference_meeting_client",
            "conference_meeting_url",
            "conference_meeting_id",
            "public_description",
            "priority",
            "note",
        )
    )
    user = call.user["id"]
    return {
        "subject": "",
        "type": "call",
        "owner_id": user,
        "creator_user_id": user,
        **_common(call),
        **nothing,
        "busy": False,
        "done": False,
        "participants": [],
        "attendees": [],
    }


def settle_activity(call: Call, row: Row, changes: Row) -> None:
    """Mirror the primary participant, name an unnamed activity, date its end."""
    people = changes.get("participants")
    if people is not None:
        ids = [person["person_id"] for person in people]
        if len(set(ids)) < len(ids):
            raise refused([("participants", "must not contain the same person twice")])
        _one_primary("participants", people)
        primary = (person["person_id"] for person in people if person["primary"])
        changes["person_id"] = next(primary, None)
    after = row | changes
    if not after["subject"]:
        changes["subject"] = call.state.activity_type_name(after["type"])
    if "busy" not in changes and "id" not in row:
        changes["busy"] = changes.get("due_time") is not None
    if changes.get("done", row["done"]) != row["done"]:
        changes["marked_as_done_time"] = call.state.now_v2() if changes["done"] else None


def blank_product(call: Call) -> Row:
    """Return a product that costs nothing in the user's currency."""
    price = {"price": 0, "currency": call.user["default_currency"], "cost": 0, "direct_cost": None}
    owned = _owned(call)
    del owned["label_ids"]
    return {
        "name": "",
        "code": None,
        "description": None,
        "unit": "",
        "tax": 0,
        "category": None,
        **owned,
        "is_linkable": True,
        "billing_frequency": "one-time",
        "billing_frequency_cycles": None,
        "prices": [price | {"notes": ""}],
    }


def settle_product(_: Call, row: Row, changes: Row) -> None:
    """Hold prices to one per currency, the tax to a percentage, and cycles to the frequency."""
    faults = []
    currencies = [price["currency"] for price in changes.get("prices", [])]
    if len(set(currencies)) < len(currencies):
        faults.append(("prices", "must not contain the same currency twice"))
    if changes.get("tax", 0) < 0:
        faults.append(("tax", "must be at least 0"))
    if {"billing_frequency", "billing_frequency_cycles"} & changes.keys():
        frequency = changes.get("billing_frequency", row["billing_frequency"])
        cycles = changes.get("billing_frequency_cycles", row["billing_frequency_cycles"])
        if frequency == "one-time" and cycles is not None:
            faults.append(("billing_frequency_cycles", "must be null when billed one-time"))
        if frequency == "weekly" and cycles is None:
            faults.append(("billing_frequency_cycles", "must not be null when billed weekly"))
        if cycles is not None and not 1 <= cycles <= MOST_BILLING_CYCLES:
            faults.append(
                ("billing_frequency_cycles", f"must be between 1 and {MOST_BILLING_CYCLES}")
            )
    if faults:
        raise refused(faults)


def blank_pipeline(call: Call) -> Row:
    """Return a pipeline after the last one."""
    order = len(call.state.tables["pipelines"]) + 1
    return {"name": "", "order_nr": order, "is_deal_probability_enabled": False, **_common(call)}


def blank_stage(call: Call) -> Row:
    """Return a stage of no pipeline yet."""
    return {
        "name": "",
        "pipeline_id": None,
        "order_nr": 0,
        "deal_probability": 100,
        "is_deal_rot_enabled": False,
        "days_to_rotten": None,
        **_common(call),
    }


def settle_stage(call: Call, row: Row, changes: Row) -> None:
    """Put a stage at the end of its pipeline."""
    pipeline = changes.get("pipeline_id")
    if pipeline is not None and pipeline != row["pipeline_id"]:
        changes["order_nr"] = len(call.state.tables["stages"].linked("pipeline_id", pipeline)) + 1


def _one_primary(name: str, items: list[Row]) -> None:
    primaries = sum(item["primary"] for item in items)
    if primaries > 1:
        raise refused([(name, "must contain at most one primary")])
    if items and not primaries:
        items[0]["primary"] = True
