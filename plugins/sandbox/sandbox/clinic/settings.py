"""The account's settings, with the patient fields a clinic has defined for itself."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.cliniko.resource import Row

INSURERS = ("Wattle Health", "Southern Shield", "Meridian Mutual", "Bluegum Cover")
INSURANCE_TYPES = ("Hospital", "Extras", "Hospital & Extras")

# name, type, archived, options, does it offer "other"
_Column = tuple[str, str, bool, tuple[str, ...], bool]
# section, archived, fields
_SECTIONS: tuple[tuple[str, bool, tuple[_Column, ...]], ...] = (
    (
        "Insurance coverage",
        False,
        (
            ("Provider", "radiobuttons", False, (*INSURERS, "Closed Fund"), True),
            ("Policy number", "text", False, (), False),
            ("Group", "text", False, (), False),
            ("Coverage details", "paragraph", False, (), False),
            ("Insurance type", "radiobuttons", False, INSURANCE_TYPES, False),
        ),
    ),
    (
        "About you",
        False,
        (
            ("Sports", "checkboxes", False, ("Running", "Swimming", "Cycling", "Netball"), True),
            ("Last GP visit", "date", False, (), False),
            ("Goals", "paragraph", False, (), False),
            ("Old file number", "text", True, (), False),
        ),
    ),
    (
        "Intake 2019",
        True,
        (("How did you hear of us?", "radiobuttons", True, ("Friend", "Web", "Sign"), True),),
    ),
)
ARCHIVED_OPTIONS = frozenset({"Closed Fund", "Netball"})


def definition() -> list[dict[str, Any]]:
    """Return the sections of `patient_custom_fields_definition`."""
    return [
        {
            "name": name,
            "token": _token(name),
            "archived": archived,
            "fields": [_field(name, field) for field in fields],
        }
        for name, archived, fields in _SECTIONS
    ]


def _field(section: str, column: _Column) -> dict[str, Any]:
    name, kind, archived, options, other = column
    field: dict[str, Any] = {
        "name": name,
        "token": _token(section, name),
        "type": kind,
        "archived": archived,
    }
    if options:
        field["options"] = [
            {
                "name": option,
                "token": _token(section, name, option),
                "archived": option in ARCHIVED_OPTIONS,
            }
            for option in options
        ]
        field["other"] = {"enabled": other, "archived": False}
    return field


def _token(*names: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("harbourside.example.com", *names))))


def build(b: Builder, practitioners: list[Row]) -> dict[str, Any]:
    """Return the object of `GET /settings`."""
    return {
        "account": {
            "id": str(b.key("businesses", b.ago(2600))),
            "name": "Harbourside Allied Health",
            "subdomain": "harbourside",
            "country": "Australia",
            "country_code": "AU",
            "currency_symbol": "$",
            "time_zone_support": True,
            "has_time_travelers": True,
            "email_from": "desk@harbourside.example.com",
            "first_name": "Miriam",
            "last_name": "Castellan",
            "compliance": {
                "has_hipaa_compliance_conflicts": False,
                "hipaa_compliance-conflict_messages": [],
            },
        },
        "calendar": {
            "start_hour": 7,
            "end_hour": 20,
            "multiple_appointments_gap": False,
            "show_current_time_indicator": True,
            "timeslot_height_in_pixels": 20,
            "timeslot_size_in_minutes": 15,
        },
        "documents_and_printing": {"logo_height": 80, "logo_url": None},
        "integrations": {
            "mail_chimp": {"enabled": False},
            "medipass": {"enabled": False},
            "xero": {"enabled": True},
        },
        "online_bookings": {
            "adroll": {"advertiser_id": None, "pixel_id": None},
            "allow_bookings_days_in_advance": 90,
            "allow_online_bookings_time_zone_choice": False,
            "booking_reservation_minutes": 10,
            "calendar_info": None,
            "daily_bookings_limit": 3,
            "disabled_text": None,
            "disabled_title": None,
            "enabled": True,
            "google_analytics": {"tracking_id": None},
            "google_tag_manager": {"container_id": None},
            "logo_url": None,
            "max_appointments_per_day_segment": 4,
            "min_hours_advance_required_to_book": 2,
            "min_hours_notice_for_patient_cancellation": 24,
            "notice_enabled": True,
            "notice_text": "Please arrive ten minutes early.",
            "notice_title": "Before you come",
            "notify_practitioner_by_email": True,
            "notify_practitioner_by_sms": False,
            "policy": "A fee may apply when you cancel on the day.",
            "practitioner_order": [str(row["id"]) for row in practitioners],
            "privacy_policy_url": None,
            "require_patient_address": False,
            "show_appointment_duration": True,
            "show_prices": True,
        },
        "online_payments": {"activated": True},
        "patient_custom_fields_definition": {"sections": definition()},
        "patient_privacy": {
            "anonymise_appointments_on_deletion": False,
            "anonymise_booking_notifications": False,
            "anonymise_invoices_and_payments_on_deletion": False,
            "baa_requested": False,
            "browser_title_name_format": "initials",
            "ical_patient_name_option": "first_name",
            "prevent_sending_financial_data_by_email": False,
            "requires_hipaa_compliance": False,
        },
        "reminders": {"default_reminder_type": "SMS & Email"},
        "sms": {
            "alphanumeric_source_number_required": False,
            "default_alphanumeric_source_number": "HARBOURSIDE",
            "max_message_length": 480,
            "number_of_usable_characters_per_message": 160,
            "replies_supported": True,
        },
        "terminology": {"patient": "patient", "titles": ["Mr", "Mrs", "Ms", "Mx", "Dr"]},
        "wait_list": {"default_wait_list_expiry_period": 30},
    }
