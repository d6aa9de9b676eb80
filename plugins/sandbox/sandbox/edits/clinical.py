"""Edits of treatment notes and attachments."""

# ruff: noqa: A002, FBT001, FBT002 - parameters are the JSON arguments of the control API

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.cliniko.content import Content
from sandbox.edits.core import edit, live, live_patient

if TYPE_CHECKING:
    from sandbox.cliniko.resource import Row
    from sandbox.edits.core import Change


def write_note(change: Change, patient: Row, booking: Row | None, text: str = "All well.") -> Row:
    """Add a final treatment note."""
    author = change.choose("practitioners", None, lambda row: row["active"], "active practitioner")
    note = change.add(
        "treatment_notes",
        title="Standard consultation",
        author_name=author["label"],
        content=_content(text),
        draft=False,
        finalized_at=change.now,
        patient_id=patient["id"],
        practitioner_id=author["id"],
        booking_id=booking["id"] if booking else None,
        attendee_id=booking.get("attendee_id") if booking else None,
    )
    if booking:
        change.state.change("individual_appointments", booking["id"], treatment_note_status=90)
    return note


def _content(text: str) -> dict[str, object]:
    question = {"name": "Plan", "type": "paragraph", "answer": f"<p>{text}</p>"}
    return {"sections": [{"name": "Treatment", "description": None, "questions": [question]}]}


def _pick_note(change: Change, key: str | None) -> Row:
    return change.choose(
        "treatment_notes",
        key,
        lambda row: live(row) and live_patient(change.state, row),
        "live note of a live patient",
    )


@edit
def insert_note(change: Change, patient: str | None = None, text: str = "All well.") -> None:
    """Add a treatment note."""
    write_note(change, change.choose("patients", patient, live, "live patient"), None, text)


@edit
def edit_note(change: Change, id: str | None = None, text: str = "Changed plan.") -> None:
    """Replace the content of a treatment note."""
    change.set("treatment_notes", _pick_note(change, id), content=_content(text))


@edit
def archive_note(change: Change, id: str | None = None, bump: bool = False) -> None:
    """Archive a treatment note."""
    gone = {"archived_at": change.now, "deleted_at": change.now}
    change.set("treatment_notes", _pick_note(change, id), bump=bump, **gone)


@edit
def finish_note(change: Change, id: str | None = None) -> None:
    """Turn a draft into a final treatment note."""
    row = change.choose(
        "treatment_notes",
        id,
        lambda row: live(row) and bool(row["draft"]) and live_patient(change.state, row),
        "draft of a live patient",
    )
    change.set("treatment_notes", row, draft=False, finalized_at=change.now)


@edit
def rename_note_template(
    change: Change, id: str | None = None, name: str = "Review & <plan>"
) -> None:
    """Rename a template of treatment notes."""
    row = change.choose("treatment_note_templates", id, live, "live template")
    change.set("treatment_note_templates", row, name=name)


@edit
def rename_attachment(
    change: Change, id: str | None = None, filename: str = "Renamed (1).pdf"
) -> None:
    """Give an attachment another name; its content stays."""
    row = change.choose(
        "patient_attachments",
        id,
        lambda row: live(row) and live_patient(change.state, row),
        "live attachment of a live patient",
    )
    change.set("patient_attachments", row, filename=filename)


@edit
def insert_attachment(
    change: Change, patient: str | None = None, filename: str = "New scan.pdf", size: int = 1500
) -> None:
    """Add a processed attachment of `size` bytes."""
    owner = change.choose("patients", patient, live, "live patient")
    row = change.add(
        "patient_attachments",
        filename=filename,
        content_type="application/pdf",
        size=size,
        processing_completed=True,
        processed_at=change.now,
        patient_id=owner["id"],
    )
    change.state.contents[row["id"]] = Content(size, row["id"], b"%PDF-1.4\n"[:size])


@edit
def process_attachment(change: Change, id: str | None = None, bump: bool = True) -> None:
    """Finish the processing of an attachment, so that its content can be fetched."""
    row = change.choose(
        "patient_attachments",
        id,
        lambda row: live(row) and not row.get("processing_completed"),
        "attachment still being processed",
    )
    change.set(
        "patient_attachments", row, bump=bump, processing_completed=True, processed_at=change.now
    )


@edit
def archive_attachment(change: Change, id: str | None = None, bump: bool = False) -> None:
    """Archive an attachment; its content is gone with it."""
    row = change.choose(
        "patient_attachments",
        id,
        lambda row: (
            live(row) and live_patient(change.state, row) and bool(row["processing_completed"])
        ),
        "live attachment of a live patient",
    )
    change.set("patient_attachments", row, bump=bump, archived_at=change.now)
