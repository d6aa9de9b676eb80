"""Edits of the calendar."""

# ruff: noqa: A002, FBT001, FBT002 - parameters are the JSON arguments of the control API

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.clinic.builder import moment
from sandbox.cliniko.state import stamp
from sandbox.edits.core import edit, live, live_patient

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cliniko.resource import Row
    from sandbox.edits.core import Change

_TABLE = "individual_appointments"


def book(change: Change, patient: Row) -> Row:
    """Add an appointment of yesterday with its attendee."""
    kind = change.choose(
        "appointment_types", None, lambda row: live(row) and row["max_attendees"] == 1, "live type"
    )
    person = change.choose("practitioners", None, lambda row: row["active"], "active practitioner")
    place = change.choose("businesses", None, live, "open business")
    starts = change.build.ago(1).replace(minute=0, second=0)
    booking = change.add(
        _TABLE,
        starts_at=stamp(starts),
        ends_at=stamp(starts + timedelta(minutes=kind["duration_in_minutes"])),
        appointment_type_id=kind["id"],
        practitioner_id=person["id"],
        business_id=place["id"],
        patient_id=patient["id"],
        patient_name=patient["label"],
        patient_arrived=True,
    )
    attendee = change.add(
        "attendees", patient_id=patient["id"], booking_id=booking["id"], arrived=True
    )
    booking["attendee_id"] = attendee["id"]
    return booking


def _pick(change: Change, key: str | None, fits: Callable[[Row], bool], wanted: str) -> Row:
    return change.choose(
        _TABLE,
        key,
        lambda row: fits(row) and (key is not None or live_patient(change.state, row)),
        wanted,
    )


def _attendee(change: Change, booking: Row) -> Row | None:
    rows = change.state.where("attendees", booking_id=booking["id"])
    return rows[0] if rows else None


@edit
def insert_appointment(change: Change, patient: str | None = None) -> None:
    """Add an appointment of yesterday."""
    book(change, change.choose("patients", patient, live, "live patient"))


@edit
def cancel_appointment(
    change: Change,
    id: str | None = None,
    note: str = "Called in sick",
    bump: bool = False,
) -> None:
    """Cancel an appointment with reason and note; its attendee bears the same stamps."""
    row = _pick(change, id, live, "live appointment")
    values = {
        "cancelled_at": change.now,
        "cancellation_reason": 30,
        "cancellation_reason_description": "Sick",
        "cancellation_note": note,
    }
    change.set(_TABLE, row, bump=bump, **values)
    if attendee := _attendee(change, row):
        change.set("attendees", attendee, bump=bump, **values)


@edit
def uncancel_appointment(change: Change, id: str | None = None, bump: bool = True) -> None:
    """Take back a cancellation."""
    row = _pick(
        change,
        id,
        lambda row: "cancelled_at" in row and not row.keys() & {"archived_at", "deleted_at"},
        "cancelled appointment",
    )
    values = dict.fromkeys(
        (
            "cancelled_at",
            "cancellation_reason",
            "cancellation_reason_description",
            "cancellation_note",
        )
    )
    change.set(_TABLE, row, bump=bump, **values)
    if attendee := _attendee(change, row):
        change.set("attendees", attendee, bump=bump, **values)


@edit
def archive_appointment(change: Change, id: str | None = None, bump: bool = True) -> None:
    """Archive an appointment and its attendee."""
    row = _pick(change, id, live, "live appointment")
    gone = {"archived_at": change.now, "deleted_at": change.now}
    change.set(_TABLE, row, bump=bump, **gone)
    if attendee := _attendee(change, row):
        change.set("attendees", attendee, bump=bump, **gone)


@edit
def move_appointment(change: Change, id: str | None = None, days: int = 7) -> None:
    """Move an appointment by so many days; it keeps its id."""
    row = _pick(change, id, live, "live appointment")
    change.set(
        _TABLE,
        row,
        starts_at=stamp(moment(row["starts_at"]) + timedelta(days=days)),
        ends_at=stamp(moment(row["ends_at"]) + timedelta(days=days)),
    )


@edit
def arrive_appointment(change: Change, id: str | None = None) -> None:
    """Mark the patient of an appointment as arrived."""
    row = _pick(
        change,
        id,
        lambda row: live(row) and not row.get("patient_arrived") and not row.get("did_not_arrive"),
        "live appointment without a mark of arrival",
    )
    change.set(_TABLE, row, patient_arrived=True)
    if attendee := _attendee(change, row):
        change.set("attendees", attendee, arrived=True)


@edit
def miss_appointment(change: Change, id: str | None = None) -> None:
    """Mark the patient of an appointment as not arrived."""
    row = _pick(
        change, id, lambda row: live(row) and not row.get("did_not_arrive"), "live appointment"
    )
    change.set(_TABLE, row, did_not_arrive=True, patient_arrived=None)
    if attendee := _attendee(change, row):
        change.set("attendees", attendee, arrived=False)


@edit
def cancel_attendee(change: Change, id: str | None = None, bump: bool = False) -> None:
    """Cancel one attendee of a group appointment."""
    groups = {row["id"] for row in change.state.rows("group_appointments") if live(row)}
    row = change.choose(
        "attendees",
        id,
        lambda row: live(row) and row["booking_id"] in groups,
        "live attendee of a group appointment",
    )
    change.set(
        "attendees",
        row,
        bump=bump,
        cancelled_at=change.now,
        cancellation_reason=40,
        cancellation_reason_description="Away",
        cancellation_note="On holiday",
    )


@edit
def rename_appointment_type(
    change: Change, id: str | None = None, name: str = "Standard consultation (new)"
) -> None:
    """Rename an appointment type."""
    row = change.choose("appointment_types", id, live, "live appointment type")
    change.set("appointment_types", row, name=name)


@edit
def archive_appointment_type(change: Change, id: str | None = None, bump: bool = False) -> None:
    """Archive an appointment type."""
    row = change.choose("appointment_types", id, live, "live appointment type")
    change.set("appointment_types", row, bump=bump, archived_at=change.now)
