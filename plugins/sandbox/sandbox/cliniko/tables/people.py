"""Patients and those around them.

Fields, links and filters as in the official OpenAPI of Cliniko. Recalls are not in it: what is
known of them comes from clients that read them live.
"""

from __future__ import annotations

from sandbox.cliniko.resource import Resource, resource

TABLES: tuple[Resource, ...] = (
    resource(
        "patients",
        fields=(
            "accepted_email_marketing accepted_privacy_policy accepted_sms_marketing address_1 "
            "address_2 address_3 appointment_notes archived_at city country country_code "
            "created_at custom_fields date_of_birth deleted_at dva_card_number email "
            "emergency_contact first_name follow_ups_communication_channels "
            "follow_ups_communication_channels_description gender gender_identity "
            "invoice_default_to invoice_email invoice_extra_information label last_name medicare "
            "medicare_reference_number merged_at notes occupation old_reference_id "
            "patient_phone_numbers post_code preferred_first_name pronouns "
            "receives_cancellation_emails receives_confirmation_emails referral_source "
            "reminder_type reminders_communication_channels "
            "reminders_communication_channels_description sex state time_zone title updated_at"
        ),
        one=(
            "concession_type:concession_types latest_booking:bookings "
            "merged_with_patient:patients referring_doctor:contacts"
        ),
        many={
            "appointments": "/patients/{id}/appointments",
            "attendees": "/attendees?q%5B%5D=patient_id%3A%3D{id}",
            "invoices": "/patients/{id}/invoices",
            "medical_alerts": "/patients/{id}/medical_alerts",
            "patient_attachments": "/patients/{id}/patient_attachments",
            "relationships": "/relationships?q%5B%5D=patient_id%3A%3D{id}",
        },
        filters=(
            "accepted_privacy_policy:boolean archived_at:datetime created_at:datetime "
            "date_of_birth:date email:string first_name:string id:number last_name:string "
            "old_reference_id:string preferred_first_name:string updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "contacts",
        fields=(
            "address_1 address_2 address_3 archived_at city company_name country country_code "
            "created_at deleted_at doctor_type email first_name last_name notes occupation "
            "phone_numbers post_code preferred_name provider_number state title type type_code "
            "updated_at"
        ),
        filters=(
            "archived_at:datetime company_name:string created_at:datetime deleted_at:datetime "
            "email:string first_name:string id:number last_name:string occupation:string "
            "type_code:number updated_at:datetime"
        ),
        hides="archived_at deleted_at",
    ),
    resource(
        "relationships",
        fields="archived_at created_at relation relation_description updated_at",
        one="patient:patients related_patient:patients",
        filters=(
            "archived_at:datetime created_at:datetime id:number patient_id:number "
            "updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "referral_sources",
        fields="archived_at created_at notes referrer_type subcategory updated_at",
        one="patient:patients referral_source_type:referral_source_types",
        path="/patients/{patient_id}/referral_source",
        filters=(
            "archived_at:datetime created_at:datetime id:number referral_source_type_id:number "
            "referrer_id:number updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "referral_source_types",
        fields="archived_at created_at name referrer_type subcategories updated_at",
        many={
            "referrers": "/patients",
        },
        null_links="referrers",
        filters="archived_at:datetime created_at:datetime id:number updated_at:datetime",
        hides="archived_at",
    ),
    resource(
        "concession_types",
        fields="archived_at created_at name updated_at",
        filters="archived_at:datetime created_at:datetime id:number updated_at:datetime",
        hides="archived_at",
    ),
    resource(
        "communications",
        fields=(
            "archived_at category category_code confidential content content_subject created_at "
            "direction_code direction_description from to type type_code updated_at"
        ),
        one=(
            "attendee:attendees booking:bookings invoice:invoices letter:letters "
            "patient:patients payment:payments"
        ),
        filters=(
            "archived_at:datetime category_code:number created_at:datetime id:number "
            "letter_id:number patient_id:number type_code:number updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "recall_types",
        fields="archived_at created_at name updated_at",
        filters="archived_at:datetime created_at:datetime id:number updated_at:datetime",
        hides="archived_at",
    ),
    resource(
        "recalls",
        fields="archived_at created_at notes recall_at recalled_at updated_at",
        one="patient:patients recall_type:recall_types",
        filters=(
            "archived_at:datetime created_at:datetime id:number patient_id:number "
            "recall_type_id:number updated_at:datetime"
        ),
        hides="archived_at",
    ),
)
