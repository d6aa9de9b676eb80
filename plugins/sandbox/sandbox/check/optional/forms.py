"""Completed forms as notes: title, when it was completed, questions with their answers.

Like treatment notes, a long one may stand in several parts. A form that only practitioners may read
must not stand at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check import note_content, notes
from sandbox.check.clinic import removed
from sandbox.check.optional.signs import NOTES
from sandbox.check.report import Section
from sandbox.check.values import Row, instant, same, squeezed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.notes import Part
    from sandbox.check.people import People
    from sandbox.check.settings import Settings

_HEAD = ("Completed: ", "Edited: ")


def compare(clinic: Clinic, account: Account, settings: Settings, people: People) -> Section:
    """Compare all forms with the notes they became."""
    section = Section("form")
    standing: dict[str, list[Part]] = {}
    for row in account.live("notes"):
        key, part = notes.read_part(row, settings, NOTES["patient_forms"])
        if key:
            standing.setdefault(key, []).append(part)
    kept: set[str] = set()
    for form in clinic.rows("patient_forms"):
        key = str(form["id"])
        if removed(form) and settings.when_removed == "keep":
            kept.add(key)
        if not _counts(form) or not people.takes(clinic.patient(form)):
            continue
        section.expected += 1
        parts = standing.pop(key, [])
        if not parts:
            section.missing.append(key)
            continue
        section.present += 1
        section.normalised += len(parts)
        whole = notes.without_duplicates(key, parts, section)
        for name, expected, actual in _differences(clinic, people, form, whole):
            if not same(expected, actual):
                section.differ(key, parts[0].row["id"], name, expected, actual)
    section.extra = [
        f"{key} (Pipedrive {part.row['id']})"
        for key, parts in standing.items()
        if key not in kept
        for part in parts
    ]
    return section


def _counts(form: Row) -> bool:
    restricted = form.get("restricted_to_practitioner") is True
    return bool(form.get("completed_at")) and not restricted and not removed(form)


def _differences(
    clinic: Clinic, people: People, form: Row, parts: list[Part]
) -> Iterator[tuple[str, object, object]]:
    person = people.ids.get(clinic.patient(form) or "", "missing")
    completed = instant(form.get("completed_at"))
    title = squeezed(form.get("name")) or "Patient form"
    bodies = []
    for part in parts:
        yield "person_id", person, str(part.row.get("person_id"))
        yield "add_time", completed, instant(part.row.get("add_time"))
        number = f" ({part.number}/{part.count})" if part.count > 1 else ""
        yield "title", title + number, part.lines[0].text if part.lines else ""
        told = [line for line in part.lines[1:] if not line.text.startswith(_HEAD)]
        bodies.append([line.text for line in told])
    yield "parts", list(range(1, parts[0].count + 1)), [part.number for part in parts]
    head = [line.text for line in parts[0].lines[1:3] if line.text.startswith(_HEAD)]
    zones = clinic.zones_of(clinic.linked(form, "business", "businesses"))
    for label, name in (("Completed", "completed_at"), ("Edited", "edited_at")):
        at = instant(form.get(name))
        shown = [line for line in head if line.startswith(f"{label}: ")]
        right = {f"{label}: {at.astimezone(z):%Y-%m-%d %H:%M} {z.key}" for z in zones if at}
        yield label, True, len(shown) == bool(at) and set(shown) <= right
    outline = note_content.outline(form.get("content"))
    yield "content", None, note_content.first_fault(outline.blocks, note_content.tokens(bodies))
