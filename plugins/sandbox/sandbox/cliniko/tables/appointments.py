"""The calendar. Fields, links and filters as in the official OpenAPI of Cliniko."""

from __future__ import annotations

from sandbox.cliniko.resource import Resource, resource

TABLES: tuple[Resource, ...] = (
    resource(
        "individual_appointments",
        fields=(
            "archived_at booking_ip_address cancellation_note cancellation_reason "
            "cancellation_reason_description cancelled_at created_at deleted_at did_not_arrive "
            "email_reminder_sent ends_at has_patient_appointment_notes invoice_status notes "
            "online_booking_policy_accepted patient_arrived patient_name repeat_rule "
            "sms_reminder_sent starts_at telehealth_url treatment_note_status updated_at"
        ),
        one=(
            "appointment_type:appointment_types business:businesses patient:patients "
            "patient_case:patient_cases practitioner:practitioners "
            "repeated_from:individual_appointments"
        ),
        many={
            "attendees": "/individual_appointments/{id}/attendees",
            "conflicts": "/individual_appointments/{id}/conflicts",
            "repeats": "/individual_appointments?q%5B%5D=repeated_from_id%3A%3D{id}",
        },
        null_links="conflicts repeats",
        filters=(
            "appointment_type_id:number archived_at:datetime business_id:number "
            "cancelled_at:datetime created_at:datetime deleted_at:datetime "
            "did_not_arrive:boolean ends_at:datetime id:number patient_id:number "
            "practitioner_id:number repeated_from_id:number starts_at:datetime "
            "updated_at:datetime"
        ),
        hides="archived_at cancelled_at deleted_at",
        defaults={
            "cancellation_reason_description": "",
            "did_not_arrive": False,
            "email_reminder_sent": False,
            "sms_reminder_sent": False,
            "patient_arrived": False,
            "repeat_rule": {},
            "has_patient_appointment_notes": False,
        },
    ),
    resource(
        "group_appointments",
        fields=(
            "archived_at created_at deleted_at ends_at max_attendees notes patient_ids "
            "repeat_rule starts_at telehealth_url updated_at"
        ),
        one=(
            "appointment_type:appointment_types business:businesses practitioner:practitioners "
            "repeated_from:group_appointments"
        ),
        many={
            "attendees": "/group_appointments/{id}/attendees",
            "conflicts": "/group_appointments/{id}/conflicts",
            "repeats": "/group_appointments?q%5B%5D=repeated_from_id%3A%3D{id}",
        },
        null_links="conflicts repeats",
        filters=(
            "appointment_type_id:number archived_at:datetime business_id:number "
            "created_at:datetime deleted_at:datetime ends_at:datetime id:number "
            "patient_ids:array practitioner_id:number repeated_from_id:number starts_at:datetime "
            "updated_at:datetime"
        ),
        hides="archived_at deleted_at",
        defaults={"repeat_rule": {}},
    ),
    resource(
        "attendees",
        columns={"appointment_id": "booking_id"},
        fields=(
            "archived_at arrived booking_ip_address cancellation_note cancellation_reason "
            "cancellation_reason_description cancellation_url cancelled_at created_at deleted_at "
            "email_reminder_sent invoice_status notes online_booking_policy_accepted "
            "sent_email_follow_ups_count sent_email_reminders_count sent_sms_follow_ups_count "
            "sent_sms_reminders_count sms_reminder_sent telehealth_url treatment_note_status "
            "updated_at"
        ),
        one="booking:bookings patient:patients patient_case:patient_cases",
        many={
            "invoices": "/attendees/{id}/invoices",
            "patient_forms": "/attendees/{id}/patient_forms",
        },
        filters=(
            "appointment_id:number archived_at:datetime booking_id:number cancelled_at:datetime "
            "created_at:datetime deleted_at:datetime id:number patient_case_id:number "
            "patient_id:number updated_at:datetime"
        ),
        hides="archived_at cancelled_at deleted_at",
        defaults={
            "cancellation_reason_description": "",
            "email_reminder_sent": False,
            "sms_reminder_sent": False,
            "sent_email_reminders_count": 0,
            "sent_sms_reminders_count": 0,
            "sent_email_follow_ups_count": 0,
            "sent_sms_follow_ups_count": 0,
        },
    ),
    resource(
        "bookings",
        fields="",  # each row is served as what it is: a group, an individual one or a block
        filters=(
            "appointment_type_id:number archived_at:datetime business_id:number "
            "cancelled_at:datetime created_at:datetime deleted_at:datetime "
            "did_not_arrive:boolean email_reminder_sent:boolean ends_at:datetime id:number "
            "invoice_status:number patient_ids:array practitioner_id:number "
            "repeated_from_id:number sms_reminder_sent:boolean starts_at:datetime "
            "treatment_note_status:number updated_at:datetime"
        ),
        hides="archived_at cancelled_at deleted_at",
    ),
    resource(
        "unavailable_blocks",
        fields="archived_at created_at deleted_at ends_at notes repeat_rule starts_at updated_at",
        one=(
            "business:businesses practitioner:practitioners repeated_from:unavailable_blocks "
            "unavailable_block_type:unavailable_block_types"
        ),
        many={
            "conflicts": "/unavailable_blocks/{id}/conflicts",
            "repeats": "/unavailable_blocks?q%5B%5D=repeated_from_id%3A%3D{id}",
        },
        null_links="conflicts repeats",
        filters=(
            "archived_at:datetime business_id:number created_at:datetime deleted_at:datetime "
            "ends_at:datetime id:number practitioner_id:number repeated_from_id:number "
            "starts_at:datetime unavailable_block_type_id:number updated_at:datetime"
        ),
        hides="archived_at deleted_at",
        defaults={"repeat_rule": {}},
    ),
    resource(
        "unavailable_block_types",
        fields="archived_at color created_at duration_in_minutes name system_controlled updated_at",
        filters="archived_at:datetime created_at:datetime id:number updated_at:datetime",
        hides="archived_at",
    ),
    resource(
        "availability_blocks",
        fields="created_at ends_at repeat_rule starts_at updated_at",
        one="business:businesses practitioner:practitioners",
        filters=(
            "business_id:number created_at:datetime id:number practitioner_id:number "
            "starts_at:datetime updated_at:datetime"
        ),
        defaults={"repeat_rule": {}},
    ),
    resource(
        "daily_availabilities",
        fields="availabilities created_at day_of_week time_zone time_zone_identifier updated_at",
        one="business:businesses practitioner:practitioners",
        filters=(
            "business_id:number created_at:datetime id:number practitioner_id:number "
            "updated_at:datetime"
        ),
    ),
)
