"""Edits of group appointments and of who is on their list."""

# ruff: noqa: A002 - parameters are the JSON arguments of the control API

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.clinic.builder import moment
from sandbox.cliniko.state import stamp
from sandbox.edits.core import edit, live, live_patient

if TYPE_CHECKING:
    from sandbox.cliniko.resource import Row
    from sandbox.edits.core import Change

_TABLE = "group_appointments"


def _pick_member(change: Change, key: str | None, wanted: str) -> Row:
    groups = {row["id"] for row in change.state.rows(_TABLE) if live(row)}
    return change.choose(
        "attendees",
        key,
        lambda row: (
            live(row)
            and row["booking_id"] in groups
            and "arrived" not in row
            and live_patient(change.state, row)
        ),
        wanted,
    )


@edit
def edit_group(
    change: Change, id: str | None = None, notes: str = "Moved to the <big> room & bring water"
) -> None:
    """Change the notes of a group appointment."""
    row = change.choose(_TABLE, id, live, "live group appointment")
    change.set(_TABLE, row, notes=notes)


@edit
def move_group(change: Change, id: str | None = None, days: int = 7) -> None:
    """Move a group appointment by so many days; it keeps its id."""
    row = change.choose(_TABLE, id, live, "live group appointment")
    change.set(
        _TABLE,
        row,
        starts_at=stamp(moment(row["starts_at"]) + timedelta(days=days)),
        ends_at=stamp(moment(row["ends_at"]) + timedelta(days=days)),
    )


@edit
def join_group(change: Change, id: str | None = None, patient: str | None = None) -> None:
    """Put a patient on the list of a group appointment."""
    group = change.choose(
        _TABLE,
        id,
        lambda row: live(row) and len(row["patient_ids"]) < row["max_attendees"],
        "live group appointment with a place left",
    )
    person = change.choose(
        "patients",
        patient,
        lambda row: live(row) and str(row["id"]) not in group["patient_ids"],
        "live patient who is not on the list",
    )
    change.add("attendees", patient_id=person["id"], booking_id=group["id"])
    change.set(_TABLE, group, patient_ids=[*group["patient_ids"], str(person["id"])])


@edit
def leave_group(change: Change, id: str | None = None) -> None:
    """Take an attendee off the list of a group appointment: it is archived."""
    row = _pick_member(change, id, "live attendee of a group appointment")
    change.set("attendees", row, archived_at=change.now, deleted_at=change.now)
    group = change.state.row(_TABLE, row["booking_id"])
    rest = [key for key in group["patient_ids"] if key != str(row["patient_id"])]
    change.set(_TABLE, group, patient_ids=rest)


@edit
def arrive_attendee(change: Change, id: str | None = None) -> None:
    """Mark an attendee of a group appointment as arrived; the appointment is not stamped."""
    row = _pick_member(change, id, "live attendee of a group without a mark of arrival")
    change.set("attendees", row, arrived=True)
