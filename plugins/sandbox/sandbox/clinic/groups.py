"""Group appointments: classes with attendees who came, cancelled, stayed away or were taken off."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.clinic import words
from sandbox.clinic.builder import moment
from sandbox.clinic.calendar import slot
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.clinic.builder import Builder
    from sandbox.clinic.practice import Practice
    from sandbox.cliniko.resource import Row

PATIENTS_PER_GROUP = 8
_FATES = ("came", "came", "came", "booked", "cancelled", "missed", "archived")


def build(b: Builder, practice: Practice, patients: list[Row]) -> list[Row]:
    """Add the group appointments; the second has no attendee left, the third is archived."""
    made = []
    for number in range(max(3, b.size // PATIENTS_PER_GROUP)):
        future = number % 5 == 4  # noqa: PLR2004 - every fifth is still to come
        place = b.pick(practice.businesses)
        kind = practice.group_types[number % len(practice.group_types)]
        if future:
            starts = slot(b, place, b.now + timedelta(days=1), b.now + timedelta(days=30))
        else:
            starts = slot(b, place, b.ago(900), b.ago(2))
        booked = min(starts - timedelta(days=40), b.now)
        gone = stamp(b.between(booked, b.now)) if number == 2 else None  # noqa: PLR2004 - the third
        row = b.add(
            "group_appointments",
            booked,
            b.between(booked, min(starts, b.now)),
            starts_at=stamp(starts),
            ends_at=stamp(starts + timedelta(minutes=kind["duration_in_minutes"])),
            max_attendees=kind["max_attendees"],
            notes="Bring your own mat." if number % 2 else "",
            telehealth_url="https://telehealth.example.com/staff/class",
            appointment_type_id=kind["id"],
            business_id=place["id"],
            practitioner_id=b.pick(practice.active)["id"],
            patient_ids=[],
            archived_at=gone,
            deleted_at=gone,
        )
        _attendees(b, row, patients, number, booked, future=future)
        made.append(row)
    return made


def _attendees(
    b: Builder, group: Row, patients: list[Row], number: int, booked: datetime, *, future: bool
) -> None:
    count = min(len(patients), b.rng.randint(2, min(7, group["max_attendees"])))
    chosen = b.rng.sample(range(len(patients)), count)
    for turn, index in enumerate(chosen):
        patient = patients[index]
        if number == 1:
            fate = "archived" if turn % 2 else "cancelled"
        elif number == 0:
            fate = _FATES[(turn * 2) % len(_FATES)]
        else:
            fate = "booked" if future else b.pick(_FATES)
        since = min(max(booked, moment(patient["created_at"])), b.now)
        changed = b.between(since, b.now)
        values: dict[str, Any] = {}
        if fate == "cancelled":
            code, label = b.pick(words.REASONS)
            values = {
                "cancelled_at": stamp(changed),
                "cancellation_reason": code,
                "cancellation_reason_description": label,
                "cancellation_note": "Texted the desk." if turn % 2 else None,
            }
        elif fate == "archived":
            values = dict.fromkeys(("archived_at", "deleted_at"), stamp(changed))
        elif fate in {"came", "missed"}:
            values = {"arrived": fate == "came"}
        b.add(
            "attendees",
            since,
            changed,
            patient_id=patient["id"],
            booking_id=group["id"],
            notes="First time" if b.chance(0.1) else None,
            **values,
        )
        if (
            fate != "archived"
        ):  # Cliniko lists the patients booked; those taken off are gone from it.
            group["patient_ids"].append(str(patient["id"]))
