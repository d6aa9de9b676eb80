"""Appointments of single patients: past, future, cancelled, missed, repeated, archived."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox.clinic import words
from sandbox.clinic.builder import moment
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.clinic.practice import Practice
    from sandbox.cliniko.resource import Row

# How the first appointments of a clinic went, so that even a small one holds each case.
_OUTCOMES = (
    "arrived",
    "cancelled",
    "cancelled_with_note",
    "did_not_arrive",
    "future",
    "booked",
    "archived",
    "repeated",
    "cancelled_archived",
    "future_cancelled",
)
_WEIGHTS = (52, 5, 4, 6, 8, 16, 3, 3, 1, 2)
_COUNTS = (0, 1, 2, 2, 3, 3, 4, 4, 5, 6)
OLD_BEFORE_DAYS = 700
"""Appointments older than this may be of an archived type or place."""


def build(b: Builder, practice: Practice, patients: list[Row]) -> list[Row]:
    """Add the individual appointments, each with its one attendee."""
    made: list[Row] = []
    for number, patient in enumerate(patients):
        count = 3 if number < len(_OUTCOMES) else b.pick(_COUNTS)
        for turn in range(count):
            index = number * 3 + turn
            outcome = (
                _OUTCOMES[index % len(_OUTCOMES)]
                if number < len(_OUTCOMES)
                else b.rng.choices(_OUTCOMES, _WEIGHTS)[0]
            )
            made.extend(_appointments(b, practice, patient, outcome))
    return made


def local(day: datetime, place: Row, hour: int, minute: int) -> datetime:
    """Return the moment at which it is `hour:minute` in the zone of a business."""
    zone = ZoneInfo(place["time_zone_identifier"])
    return datetime.combine(day.date(), time(hour, minute), zone)


def slot(b: Builder, place: Row, earliest: datetime, latest: datetime) -> datetime:
    """Return the start of an appointment at a business, in its opening hours."""
    day = b.between(earliest, latest)
    return local(day, place, b.rng.randint(8, 17), b.pick((0, 15, 30, 45)))


def _appointments(b: Builder, practice: Practice, patient: Row, outcome: str) -> list[Row]:
    since = moment(patient["created_at"])
    future = outcome.startswith("future")
    old = not future and b.chance(0.15)
    place = practice.closed_business if old and b.chance(0.2) else b.pick(practice.businesses)
    kind = b.pick(practice.old_types if old else practice.types)
    person = b.pick(practice.practitioners if old else practice.active)
    if future:
        starts = slot(b, place, b.now + timedelta(days=1), b.now + timedelta(days=60))
    else:
        until = max(since + timedelta(days=1), b.ago(OLD_BEFORE_DAYS if old else 1))
        starts = min(slot(b, place, since, until), b.now - timedelta(hours=2))
    booked = min(max(since, starts - timedelta(days=b.rng.randint(1, 30))), b.now)
    changed = b.now if future else min(starts + timedelta(hours=1), b.now)
    changed = b.between(booked, changed)
    values: dict[str, Any] = {
        "starts_at": stamp(starts),
        "ends_at": stamp(starts + timedelta(minutes=kind["duration_in_minutes"])),
        "appointment_type_id": kind["id"],
        "business_id": place["id"],
        "practitioner_id": person["id"],
        "patient_id": patient["id"],
        "patient_name": patient["label"],
        "notes": b.pick(words.SENTENCES) if b.chance(0.35) else b.pick(("", None)),
        "telehealth_url": "https://telehealth.example.com/staff/room",
        "email_reminder_sent": b.chance(0.5),
    }
    if b.chance(0.1):
        values["booking_ip_address"] = "203.0.113.7"
    values |= _outcome(b, outcome, booked, starts)
    row = b.add("individual_appointments", booked, changed, **values)
    rows = [row, *_series(b, row, kind, starts)] if outcome == "repeated" else [row]
    for each in rows:
        attendee(b, each, patient, booked)
    return rows


def _outcome(b: Builder, outcome: str, booked: datetime, starts: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "cancelled" in outcome:
        code, label = b.pick(words.REASONS)
        values |= {
            "cancelled_at": stamp(b.between(booked, min(starts, b.now))),
            "cancellation_reason": code,
            "cancellation_reason_description": label,
        }
        if outcome != "cancelled":
            values["cancellation_note"] = b.pick(
                ("Rang at 8 am, will rebook.", "Kind of <ill>", "")
            )
    if "archived" in outcome:
        # deleted_at is the older twin of archived_at; rows bear one, the other, or both.
        gone = stamp(b.between(booked, b.now))
        names = b.pick((("archived_at",), ("deleted_at",), ("archived_at", "deleted_at")))
        values |= dict.fromkeys(names, gone)
    if outcome == "did_not_arrive":
        values["did_not_arrive"] = True
    if outcome in {"arrived", "repeated"}:
        values["patient_arrived"] = True
    if outcome == "repeated":
        values["repeat_rule"] = {
            "number_of_repeats": 2,
            "repeat_type": "Weekly",
            "repeating_interval": 1,
        }
    return values


def _series(b: Builder, first: Row, kind: Row, starts: datetime) -> list[Row]:
    rows = []
    kept = {
        key: value
        for key, value in first.items()
        if key not in {"id", "created_at", "updated_at", "patient_arrived", "attendee_id"}
    }
    for week in (1, 2):
        at = starts + timedelta(weeks=week)
        values = kept | {
            "starts_at": stamp(at),
            "ends_at": stamp(at + timedelta(minutes=kind["duration_in_minutes"])),
            "repeated_from_id": first["id"],
        }
        rows.append(b.add("individual_appointments", moment(first["created_at"]), **values))
    return rows


def attendee(b: Builder, booking: Row, patient: Row, since: datetime) -> Row:
    """Add the attendee of an individual appointment; it bears the same stamps."""
    copied = {
        key: booking[key]
        for key in (
            "cancelled_at",
            "cancellation_reason",
            "cancellation_reason_description",
            "cancellation_note",
            "archived_at",
            "deleted_at",
        )
        if key in booking
    }
    arrived = True if booking.get("patient_arrived") else None
    row = b.add(
        "attendees",
        since,
        moment(booking["updated_at"]),
        patient_id=patient["id"],
        booking_id=booking["id"],
        arrived=False if booking.get("did_not_arrive") else arrived,
        sent_sms_reminders_count=1 if booking.get("email_reminder_sent") else None,
        telehealth_url="https://telehealth.example.com/patient/room",
        cancellation_url="https://bookings.example.com/cancel/0000",
        **copied,
    )
    booking["attendee_id"] = row["id"]  # not served; spares a search
    return row
