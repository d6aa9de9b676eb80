"""Individual and group appointments as activities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.check import footer, html_text, statuses
from sandbox.check.clinic import removed
from sandbox.check.practitioners import Practitioners
from sandbox.check.report import Section
from sandbox.check.values import OneOf, Row, folded, instant, minutes, same, squeezed, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.optional.signs import Signs
    from sandbox.check.people import People
    from sandbox.check.settings import Settings

MARKER = "Cliniko appointment"
_LABELS = ("Status", "Practitioner", "Location", MARKER)


@dataclass(frozen=True)
class _Appointment:
    """An appointment that must stand as an activity.

    Attributes:
        row: The source record.
        patients: Patients that take part, the primary one first, merged ones resolved.
        attendees: Attendee rows that belong to it; for a group the absent ones too.
        group: Whether it is a group appointment.
    """

    row: Row
    patients: tuple[str, ...]
    attendees: tuple[Row, ...]
    group: bool


def compare(
    clinic: Clinic, account: Account, settings: Settings, people: People, signs: Signs
) -> Section:
    """Compare all appointments with all activities."""
    section = Section("activity")
    standing: dict[str, list[Row]] = {}
    strangers: list[Row] = []
    for row in account.live("activities"):
        key = footer.marker(html_text.lines(row.get("note")), MARKER)
        if key:
            standing.setdefault(key, []).append(row)
        elif account.is_new("activities", row) and not signs.activity(row):
            strangers.append(row)
    comparer = _Comparer(clinic, account, settings, people, section)
    for appointment in _expected(clinic, people):
        key = str(appointment.row["id"])
        section.expected += 1
        rows = standing.pop(key, [])
        if not rows:
            section.missing.append(key)
            continue
        section.present += 1
        section.duplicates += [f"{key} (Pipedrive {row['id']})" for row in rows[1:]]
        comparer.compare(appointment, rows[0])
    kept = _removed_ids(clinic) if settings.when_removed == "keep" else set()
    section.extra = [
        f"of appointment {key} (Pipedrive {row['id']})"
        for key, rows in standing.items()
        if key not in kept
        for row in rows
    ] + [f"Pipedrive {row['id']}" for row in strangers]
    return section


def _expected(clinic: Clinic, people: People) -> Iterator[_Appointment]:
    attendees = clinic.grouped(clinic.rows("attendees"), "booking")
    for row in clinic.live("individual_appointments"):
        patient = clinic.patient(row)
        if patient and people.takes(patient):
            own = tuple(attendees.get(str(row["id"]), []))
            yield _Appointment(row, (patient,), own, group=False)
    for row in clinic.live("group_appointments"):
        own = tuple(attendees.get(str(row["id"]), []))
        present = [each for each in own if not removed(each) and not each.get("cancelled_at")]
        found = (clinic.patient(each) for each in present)
        patients = tuple(dict.fromkeys(key for key in found if key and people.takes(key)))
        if patients:
            yield _Appointment(row, patients, own, group=True)


def _removed_ids(clinic: Clinic) -> set[str]:
    return {
        str(row["id"])
        for stream in ("individual_appointments", "group_appointments")
        for row in clinic.rows(stream)
        if removed(row)
    }


class _Comparer:
    def __init__(
        self,
        clinic: Clinic,
        account: Account,
        settings: Settings,
        people: People,
        section: Section,
    ) -> None:
        self._clinic, self._account, self._settings = clinic, account, settings
        self._people, self._section = people, section
        self._practitioners = Practitioners(clinic, account, settings.owner(account))
        self._invoiced = statuses.raised(clinic)

    def compare(self, appointment: _Appointment, row: Row) -> None:
        """Compare one appointment with its activity."""
        self._section.normalised += 1
        for name, (expected, actual) in {
            **self._scheduling(appointment, row),
            **self._parties(appointment, row),
        }.items():
            if not same(expected, actual):
                self._section.differ(appointment.row["id"], row["id"], name, expected, actual)
        for name, expected, actual in self._note(appointment, row):
            self._section.differ(appointment.row["id"], row["id"], name, expected, actual)

    def _scheduling(self, appointment: _Appointment, row: Row) -> dict[str, tuple[object, object]]:
        source = appointment.row
        starts, ends = instant(source.get("starts_at")), instant(source.get("ends_at"))
        past = self._settings.past(ends)
        cancelled = not appointment.group and bool(source.get("cancelled_at"))
        absent = not appointment.group and source.get("did_not_arrive") is True
        pairs: dict[str, tuple[object, object]] = {
            "done": (
                OneOf(tuple(sorted({cancelled or absent or each for each in past}))),
                row.get("done"),
            ),
            "busy": (
                OneOf(tuple(sorted({not cancelled and not each for each in past}))),
                row.get("busy"),
            ),
        }
        if starts:
            due = f"{row.get('due_date')} {row.get('due_time') or ''}"
            pairs["due_date, due_time"] = (starts, instant(due))
        if starts and ends:
            length = int((ends - starts).total_seconds() // 60)
            pairs["duration"] = (length, minutes(row.get("duration")))
        kind = self._clinic.linked(source, "appointment_type", "appointment_types")
        if kind:
            suffix = " (cancelled)" if cancelled else " (did not arrive)" if absent else ""
            pairs["subject"] = (f"{text(kind.get('name'))}{suffix}", row.get("subject"))
            shown = self._account.type_names.get(str(row.get("type")))
            pairs["type"] = (folded(kind.get("name")), folded(shown))
        return pairs

    def _parties(self, appointment: _Appointment, row: Row) -> dict[str, tuple[object, object]]:
        found = row.get("participants") or []
        persons = tuple(self._people.ids.get(key, "missing") for key in appointment.patients)
        return {
            "owner_id": (self._practitioners.user(appointment.row), row.get("owner_id")),
            "participants": (
                tuple(sorted(persons)),
                tuple(sorted(str(each.get("person_id")) for each in found)),
            ),
            "primary participant": (
                persons[:1],
                tuple(str(each.get("person_id")) for each in found if each.get("primary")),
            ),
            "attendees": (0, len(row.get("attendees") or row.get("_invitations") or ())),
        }

    def _note(self, appointment: _Appointment, row: Row) -> Iterator[tuple[str, object, object]]:
        source = appointment.row
        read = footer.read(html_text.lines(row.get("note")), _LABELS)
        wanted = _note_lines(source)
        if not same(wanted, read.body):
            yield "note", wanted, read.body
        status = read.values.get("Status", "")
        fault = self._status_fault(appointment, status)
        if fault:
            yield "note: Status", fault, status
        practitioner = read.values.get("Practitioner", "")
        if not self._practitioners.agrees(source, practitioner):
            yield "note: Practitioner", self._practitioners.name(source), practitioner
        business = self._clinic.linked(source, "business", "businesses")
        place = squeezed((business or {}).get("business_name"))
        if place and read.values.get("Location") != place:
            yield "note: Location", place, read.values.get("Location")

    def _status_fault(self, appointment: _Appointment, status: str) -> str | None:
        past = self._settings.past(instant(appointment.row.get("ends_at")))
        if appointment.group:
            return statuses.group_fault(
                self._clinic, appointment.attendees, status, past, self._invoiced
            )
        return statuses.individual_fault(
            appointment.row, appointment.attendees, status, past, self._invoiced
        )


def _note_lines(source: Row) -> OneOf:
    """Return the note's lines; what looks like HTML may be shown as text or as its meaning."""
    notes = text(source.get("notes")) or ""
    plain = tuple(squeezed(line) for line in notes.split("\n") if line.strip())
    shapes = [plain]
    if html_text.is_html(notes):
        shapes.append(tuple(html_text.lines(notes)))
    return OneOf(tuple(shapes))
