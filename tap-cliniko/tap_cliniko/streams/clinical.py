"""What is known of a patient's health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.ahead import map_ahead
from tap_cliniko.downloads import SizeError
from tap_cliniko.errors import NotVisibleError, ServerFaultError
from tap_cliniko.schemas import (
    ARCHIVED,
    DELETED,
    flag,
    link,
    record,
    stamp,
    text,
    whole,
)
from tap_cliniko.streams.base import IncrementalStream
from tap_cliniko.streams.content import note_content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cliniko.attachments import Content
    from tap_cliniko.paging import Row

DOWNLOADS_AT_ONCE = 4


class MedicalAlerts(IncrementalStream):
    """Warnings shown with a patient."""

    name = "medical_alerts"
    hidden = ("archived_at", "deleted_at")
    patient_filter = "patient_id"
    schema = record(
        text("name", "The warning."), link("patient", "The patient."), ARCHIVED, DELETED
    )


class TreatmentNotes(IncrementalStream):
    """Notes on treatments, with their whole content."""

    name = "treatment_notes"
    hidden = ("archived_at", "deleted_at")
    patient_filter = "patient_id"
    schema = record(
        text("author_name", "Who wrote it."),
        note_content(answered=True),
        flag("draft", "Whether it is not final."),
        stamp("finalized_at", "When it became final."),
        stamp("pinned_at", "When it was pinned."),
        text("title", "Title."),
        link("attendee", "The attendee treated."),
        link("booking", "The appointment."),
        link("patient", "The patient."),
        link("practitioner", "Who treated."),
        link("treatment_note_template", "Template it was made from."),
        ARCHIVED,
        DELETED,
    )


class PatientAttachments(IncrementalStream):
    """Files of patients; their content goes to the spool, the record says where.

    ``content_state`` is ``ready``, or why there is no content: ``pending`` (Cliniko has not
    processed it; looked at again by every run), ``archived`` (Cliniko removed it), ``skipped_size``
    (over ``max_attachment_mb``) or ``missing`` (Cliniko could not give it, or not whole).
    """

    name = "patient_attachments"
    hidden = ("archived_at",)
    patient_filter = "patient_id"
    schema = record(
        text("content_type", "MIME type."),
        text("description", "Description."),
        text("filename", "File name as uploaded."),
        stamp("pinned_at", "When it was pinned."),
        stamp("processed_at", "When Cliniko had processed it."),
        flag("processing_completed", "Whether Cliniko has processed it."),
        whole("size", "Bytes."),
        link("patient", "The patient."),
        link("user", "Who uploaded it."),
        ARCHIVED,
        text(
            "content_state",
            "Whether content_uri leads to the content.",
            "ready",
            "pending",
            "archived",
            "skipped_size",
            "missing",
        ),
        text("content_uri", "Where the content is kept, as fsspec opens it."),
        text("sha256", "SHA-256 of the content, hexadecimal."),
        whole("content_size", "Bytes of the content kept."),
    )

    def records(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Turn rows into records, several downloads at a time."""
        return map_ahead(
            self.with_content, rows, self._cliniko.stop_if_asked, workers=DOWNLOADS_AT_ONCE
        )

    def is_unsettled(self, record: Row) -> bool:
        """What is not processed yet: nothing says that processing touches a stamp."""
        return bool(record["content_state"] == "pending")

    def with_content(self, row: Row) -> Row:
        """Turn a row into a record, its content being in the spool."""
        shaped = self.shape({name: row[name] for name in row if name != "content"})
        largest = self._cliniko.settings.max_attachment_bytes
        content: Content | None = None
        if shaped.get("archived_at") is not None:
            state = "archived"
        elif row.get("content") is None and not shaped.get("processing_completed"):
            state = "pending"
        elif largest is not None and (shaped.get("size") or 0) > largest:
            state = "skipped_size"
        else:
            content = self._content(shaped)
            state = "ready" if content else "missing"
        return {
            **shaped,
            "content_state": state,
            "content_uri": content.uri if content else None,
            "sha256": content.sha256 if content else None,
            "content_size": content.size if content else None,
        }

    def _content(self, shaped: Row) -> Content | None:
        spool, number = self._cliniko.spool, shaped["id"]
        stamp, size = shaped.get("updated_at"), shaped.get("size")
        if (stored := spool.find(number, stamp, size)) is not None:
            return stored
        try:
            with spool.receiving(number, stamp) as partial:
                path = f"/patient_attachments/{number}/content"
                self._cliniko.client.download(path, partial, size)
                return spool.keep(partial, number, stamp)
        except NotVisibleError as fault:
            self.logger.warning(
                "attachment %s has no content in Cliniko (HTTP %d)", number, fault.status
            )
        except ServerFaultError as fault:
            if not isinstance(fault.__cause__, SizeError):
                raise
            # Cliniko's own file is not what its record says: no later run would fare better.
            self.logger.warning("attachment %s is left out: %s", number, fault.__cause__)
        return None
