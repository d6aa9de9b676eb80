"""The practice itself: its people, places and services.

Fields, links and filters as in the official OpenAPI of Cliniko.
"""

from __future__ import annotations

from sandbox.cliniko.resource import Resource, resource

TABLES: tuple[Resource, ...] = (
    resource(
        "users",
        fields=(
            "active created_at email first_name last_name phone_numbers role time_zone "
            "time_zone_identifier title updated_at user_active"
        ),
        filters="created_at:datetime id:number updated_at:datetime",
    ),
    resource(
        "practitioners",
        fields=(
            "active created_at description designation display_name first_name label last_name "
            "show_in_online_bookings title updated_at"
        ),
        one="default_appointment_type:appointment_types user:users",
        many={
            "appointment_types": "/practitioners/{id}/appointment_types",
            "appointments": "/practitioners/{id}/appointments",
            "invoices": "/practitioners/{id}/invoices",
            "practitioner_reference_numbers": "/practitioners/{id}/practitioner_reference_numbers",
        },
        filters=(
            "active:boolean created_at:datetime id:number show_in_online_bookings:boolean "
            "updated_at:datetime user_id:number"
        ),
    ),
    resource(
        "practitioner_reference_numbers",
        fields="created_at name reference_number updated_at",
        one="business:businesses practitioner:practitioners",
        filters=(
            "business_id:number created_at:datetime id:number practitioner_id:number "
            "reference_number:string updated_at:datetime"
        ),
    ),
    resource(
        "businesses",
        fields=(
            "additional_information additional_invoice_information address_1 address_2 "
            "appointment_reminders_enabled appointment_type_ids archived_at business_name "
            "business_registration_name business_registration_value city contact_information "
            "country country_code created_at deleted_at display_name email_reply_to label "
            "post_code show_in_online_bookings state time_zone time_zone_identifier updated_at "
            "website_address"
        ),
        many={
            "appointments": "/businesses/{id}/appointments",
            "practitioners": "/businesses/{id}/practitioners",
        },
        filters=(
            "appointment_type_ids:array archived_at:datetime created_at:datetime "
            "deleted_at:datetime id:number show_in_online_bookings:boolean updated_at:datetime"
        ),
        hides="archived_at deleted_at",
    ),
    resource(
        "services",
        fields="",
        one="appointment_type:appointment_types business:businesses",
    ),
    resource(
        "appointment_types",
        fields=(
            "add_deposit_to_account_credit appointment_confirmation_template_ids "
            "appointment_follow_up_template_ids appointment_reminder_template_ids archived_at "
            "category color created_at deposit_price description duration_in_minutes "
            "max_attendees name online_bookings_lead_time_hours online_payments_enabled "
            "online_payments_mode show_in_online_bookings telehealth_enabled updated_at"
        ),
        one=(
            "billable_item:billable_items product:products "
            "treatment_note_template:treatment_note_templates"
        ),
        many={
            "appointment_type_billable_items": (
                "/appointment_type_billable_items?q%5B%5D=appointment_type_id%3A%3D{id}"
            ),
            "appointment_type_products": (
                "/appointment_type_products?q%5B%5D=appointment_type_id%3A%3D{id}"
            ),
            "practitioners": "/appointment_types/{id}/practitioners",
        },
        filters=(
            "appointment_confirmation_template_ids:array "
            "appointment_follow_up_template_ids:array appointment_reminder_template_ids:array "
            "archived_at:datetime category:string created_at:datetime id:number "
            "online_payments_mode:string show_in_online_bookings:boolean updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "appointment_type_billable_items",
        fields=(
            "created_at discount_percentage discounted_amount is_monetary_discount quantity "
            "updated_at"
        ),
        one="appointment_type:appointment_types billable_item:billable_items",
        filters=(
            "appointment_type_id:number billable_item_id:number created_at:datetime id:number "
            "updated_at:datetime"
        ),
    ),
    resource(
        "appointment_type_products",
        fields=(
            "created_at discount_percentage discounted_amount is_monetary_discount quantity "
            "updated_at"
        ),
        one="appointment_type:appointment_types product:products",
        filters=(
            "appointment_type_id:number created_at:datetime id:number product_id:number "
            "updated_at:datetime"
        ),
    ),
)
