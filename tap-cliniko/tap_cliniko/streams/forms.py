"""Forms that patients fill in, and what notes and forms are made from."""

from __future__ import annotations

from tap_cliniko.schemas import ARCHIVED, DELETED, flag, group, link, record, stamp, text
from tap_cliniko.streams.base import ClinikoStream, IncrementalStream
from tap_cliniko.streams.content import form_content, note_content


class TreatmentNoteTemplates(ClinikoStream):
    """Templates of treatment notes, with their questions."""

    name = "treatment_note_templates"
    hidden = ("archived_at", "deleted_at")
    schema = record(
        note_content(answered=False),
        text("name", "Name."),
        group(
            "print_settings",
            "What is printed with a note.",
            flag("include_patient_address", "Whether the patient's address is."),
            flag("include_patient_dob", "Whether the date of birth is."),
            flag("include_patient_medicare", "Whether the Medicare number is."),
            flag("include_patient_occupation", "Whether the occupation is."),
            flag("include_patient_reference_number", "Whether the reference number is."),
            text("title", "Title of the print-out."),
        ),
        ARCHIVED,
        DELETED,
    )


class PatientFormTemplates(ClinikoStream):
    """Templates of patient forms, with their questions."""

    name = "patient_form_templates"
    hidden = ("archived_at",)
    schema = record(
        form_content(answered=False),
        flag("email_to_patient_on_completion", "Whether patients get what they filled in."),
        text("name", "Name."),
        flag("restricted_to_practitioner", "Whether only practitioners may read the forms."),
        ARCHIVED,
    )


class PatientForms(IncrementalStream):
    """Forms of patients, with their answers. Images of signatures are never read."""

    name = "patient_forms"
    hidden = ("archived_at",)
    patient_filter = "patient_id"
    sensitive = (text("url", "Where it is filled in, by whoever holds the address."),)
    schema = record(
        stamp("completed_at", "When the patient completed it; null until then."),
        form_content(answered=True),
        stamp("edited_at", "When somebody edited it after that."),
        flag("email_to_patient_on_completion", "Whether the patient gets what was filled in."),
        text("name", "Name."),
        flag("restricted_to_practitioner", "Whether only practitioners may read it."),
        link("attendee", "The attendee it was sent for."),
        link("booking", "The appointment it was sent for."),
        link("business", "Where."),
        link("patient", "The patient."),
        link("signatures", "The signature; its image is never read."),
        ARCHIVED,
    )
