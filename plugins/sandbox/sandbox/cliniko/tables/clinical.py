"""Clinical records and files. Fields, links and filters as in the official OpenAPI of Cliniko."""

from __future__ import annotations

from sandbox.cliniko.resource import Resource, resource

TABLES: tuple[Resource, ...] = (
    resource(
        "treatment_notes",
        fields=(
            "archived_at author_name content created_at deleted_at draft finalized_at pinned_at "
            "title updated_at"
        ),
        one=(
            "attendee:attendees booking:bookings patient:patients practitioner:practitioners "
            "treatment_note_template:treatment_note_templates"
        ),
        filters=(
            "archived_at:datetime attendee_id:number booking_id:number created_at:datetime "
            "deleted_at:datetime draft:boolean id:number patient_id:number "
            "practitioner_id:number treatment_note_template_id:number updated_at:datetime"
        ),
        hides="archived_at deleted_at",
    ),
    resource(
        "treatment_note_templates",
        fields="archived_at content created_at deleted_at name print_settings updated_at",
        filters=(
            "archived_at:datetime created_at:datetime deleted_at:datetime id:number "
            "updated_at:datetime"
        ),
        hides="archived_at deleted_at",
    ),
    resource(
        "patient_forms",
        fields=(
            "archived_at completed_at content created_at edited_at "
            "email_to_patient_on_completion name restricted_to_practitioner updated_at url"
        ),
        one="attendee:attendees booking:bookings business:businesses patient:patients",
        filters=(
            "archived_at:datetime attendee_id:number completed_at:datetime created_at:datetime "
            "id:number patient_id:number updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "patient_form_templates",
        fields=(
            "archived_at content created_at email_to_patient_on_completion name "
            "restricted_to_practitioner updated_at"
        ),
        filters="archived_at:datetime created_at:datetime id:number updated_at:datetime",
        hides="archived_at",
    ),
    resource(
        "patient_attachments",
        fields=(
            "archived_at content_type created_at description filename pinned_at processed_at "
            "processing_completed size updated_at"
        ),
        one="patient:patients user:users",
        filters=(
            "archived_at:datetime content_type:string created_at:datetime description:string "
            "filename:string id:number patient_id:number processed_at:datetime size:number "
            "updated_at:datetime user_id:number"
        ),
        hides="archived_at",
    ),
    resource(
        "patient_cases",
        fields=(
            "archived_at attendee_ids closed closed_at created_at expiry_date "
            "include_cancelled_attendees include_dna_attendees issue_date max_invoiceable_amount "
            "max_sessions name notes referral referral_type updated_at"
        ),
        one="contact:contacts patient:patients",
        many={
            "attendees": "/patient_cases/{id}/attendees",
            "bookings": "/patient_cases/{id}/bookings",
            "invoices": "/patient_cases/{id}/invoices",
            "patient_attachments": "/patient_cases/{id}/patient_attachments",
        },
        filters=(
            "archived_at:datetime closed_at:datetime created_at:datetime expiry_date:date "
            "id:number issue_date:date name:string patient_id:number referral_type:string "
            "updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "medical_alerts",
        fields="archived_at created_at deleted_at name updated_at",
        one="patient:patients",
        filters=(
            "archived_at:datetime created_at:datetime deleted_at:datetime id:number "
            "patient_id:number updated_at:datetime"
        ),
        hides="archived_at deleted_at",
    ),
)
