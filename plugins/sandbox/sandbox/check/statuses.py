"""What the "Status" line of an appointment may say.

The words are the mapping's; how reason, note and names are strung together is left open, so a
line is held to containing them. A group's line must name everyone absent and nobody present.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check.clinic import link, removed
from sandbox.check.values import Row, squeezed, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.check.clinic import Clinic


def raised(clinic: Clinic) -> frozenset[str]:
    """Return the ids of appointments and attendees with a standing invoice or treatment note."""
    return frozenset(
        key
        for stream, names in (
            ("invoices", ("appointment", "attendee")),
            ("treatment_notes", ("booking", "attendee")),
        )
        for row in clinic.live(stream)
        for name in names
        if (key := link(row, name))
    )


def individual_fault(
    row: Row,
    attendees: Iterable[Row],
    said: str,
    past: frozenset[bool],
    invoiced: frozenset[str],
) -> str | None:
    """Return what an individual appointment's status should be, or None when it is right."""
    if row.get("cancelled_at"):
        return _told(said, "Cancelled", _reasons(row))
    if row.get("did_not_arrive") is True:
        return None if said == "Did not arrive" else "Did not arrive"
    words = _words(row, list(attendees), past, invoiced)
    return None if said in words else " or ".join(sorted(words))


def group_fault(
    clinic: Clinic,
    attendees: Iterable[Row],
    said: str,
    past: frozenset[bool],
    invoiced: frozenset[str],
) -> str | None:
    """Return what a group appointment's status should say, or None when it is right."""
    absent, present, optional = [], [], []
    for row in attendees:
        name = clinic.patient_name(link(row, "patient")) or ""
        if row.get("cancelled_at") and not removed(row):
            absent.append((name, _reasons(row)))
        elif removed(row):
            optional.append(name)
        elif row.get("arrived") is False:
            absent.append((name, []))
        else:
            present.append(name)
    for name, reasons in absent:
        fault = _told(said, name, reasons)
        if fault:
            return fault
    named = [name for name, _ in absent] + optional
    for name in present:
        if name and name in said and not any(name in other for other in named):
            return f"without {name}, who is present"
    if absent or optional:
        return None if said else "who is absent"
    words = _words(None, list(attendees), past, invoiced)
    return None if said in words else " or ".join(sorted(words))


def _told(said: str, start: str, parts: list[str]) -> str | None:
    if start in said and all(part.casefold() in said.casefold() for part in parts):
        return None
    return ", ".join([start, *parts])


def _reasons(row: Row) -> list[str]:
    parts = (row.get("cancellation_reason_description"), row.get("cancellation_note"))
    return [squeezed(part) for part in parts if text(part)]


def _words(
    booking: Row | None, attendees: list[Row], past: frozenset[bool], invoiced: frozenset[str]
) -> set[str]:
    """Return the statuses that are right for someone neither cancelled nor absent.

    The appointment's own marks are binding. Where only an attendee, an invoice or a note tells of
    a visit (a cached code, a group), it may be read as attended or not.
    """
    timed = {"Completed" if each else "Booked" for each in past}
    if booking and (booking.get("patient_arrived") is True or _coded(booking)):
        return {"Attended"}
    rows = [*([booking] if booking else []), *attendees]
    hinted = any(
        row.get("arrived") is True or _coded(row) or str(row["id"]) in invoiced for row in rows
    )
    return {"Attended"} | timed if hinted else timed


def _coded(row: Row) -> bool:
    return any(row.get(code) is not None for code in ("invoice_status", "treatment_note_status"))
