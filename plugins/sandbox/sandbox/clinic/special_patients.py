"""The patients every migration trips over: one entry a case, for the first of the clinic."""

from __future__ import annotations

from typing import Any

from sandbox.clinic.phones import phone

FAMILY = "castor.family@example.com"
MATCHED = {"name": "Greta Sonnenfeld", "email": "greta.sonnenfeld@example.com"}
"""A person who already stands in Pipedrive: same name, same e-mail in another case."""
FAMILY_PERSON = {"name": "Alvin Castor", "email": FAMILY}
"""A person in Pipedrive with the e-mail of a family, who is none of its patients."""

LONG_OCCUPATION = (
    "Coordinator of volunteer programmes, regional transport planning, community gardens and, "
    "since the reorganisation of the department, also of the school crossing service, the "
    "mobile library, the neighbourhood tool exchange and the annual harbour festival with its "
    "four committees"
)


def cases() -> list[dict[str, Any]]:
    """Return what is special about the first patients, in order; None empties a field."""
    mobile = phone("Mobile", "0491 570 156", "61491570156")
    return [
        # One family on one e-mail; two of them even share the first name.
        {"first_name": "Pollux", "last_name": "Castor", "email": FAMILY},
        {"first_name": "Helen", "last_name": "Castor", "email": FAMILY.title()},
        {"first_name": "Pollux", "last_name": "Castor", "email": FAMILY,
         "date_of_birth": "2014-02-28"},
        # Two different people of one name.
        {"first_name": "John", "last_name": "Smithers", "email": "j.smithers@example.com"},
        {"first_name": "John", "last_name": "Smithers", "email": "smithers1958@example.org"},
        # Names beyond ASCII.
        {"first_name": "Te Āniwaniwa", "last_name": "Ngārimu", "country": "New Zealand",
         "country_code": "NZ", "city": "Auckland", "state": "", "post_code": "1011",
         "time_zone": "Pacific/Auckland",
         "patient_phone_numbers": [phone("Mobile", "+61 491 570 157", "61491570157")]},
        {"first_name": "Nguyễn Thị", "last_name": "Hồng Nhung"},
        {"first_name": "ليلى", "last_name": "الحسن", "pronouns": {
            "nominative": "she", "accusative": "her", "pronominal_possessive": "hers",
            "predicative_possessive": "her", "reflexive": "herself"}},
        {"first_name": "美咲", "last_name": "佐藤"},
        {"first_name": "Zoë", "last_name": "O'Hara-Łukasiewicz", "preferred_first_name": "Zo"},
        # Empty names.
        {"first_name": "", "last_name": "Onlylast"},
        {"first_name": "Onlyfirst", "last_name": ""},
        {"first_name": "", "last_name": "", "email": None, "label": ""},
        # Spaces to trim.
        {"first_name": "  Wilma ", "last_name": " Spacey  ", "occupation": "  Florist ",
         "preferred_first_name": "   "},
        # Phones: the same twice in two spellings, unparsable, foreign, none mobile.
        {"patient_phone_numbers": [phone("Home", "0491570156", "61491570156"), mobile]},
        {"patient_phone_numbers": [phone("Mobile", "ask his wife"), phone("Home", "555")]},
        {"country": "United Kingdom", "country_code": "GB", "city": "Leeds", "state": "",
         "post_code": "LS1 4AP",
         "patient_phone_numbers": [phone("Mobile", "07700 900123", "447700900123"),
                                   phone("Work", "+1 212 555 0142", "12125550142")]},
        {"patient_phone_numbers": [phone("Fax", "03 7010 0044", "61370100044"),
                                   phone("Work", "(03) 7010 0045", "61370100045"),
                                   phone("Other", "+44 7700 900456", "447700900456")]},
        # Text that does not fit.
        {"occupation": LONG_OCCUPATION},
        {"notes": "Line one\r\nLine two with <b>no</b> markup & an ampersand\r\n" + "…" * 400},
        # Cards and insurers.
        {"medicare": "2123 45670 1", "medicare_reference_number": "2"},
        {"medicare": "3950 12345 6", "medicare_reference_number": ""},
        {"dva_card_number": "VX123456", "invoice_extra_information": "Claim 77-1200"},
        # Already in Pipedrive.
        {"first_name": "Greta", "last_name": "Sonnenfeld", "email": "Greta.Sonnenfeld@Example.com"},
        # Reminders and consent of each kind.
        {"reminder_type": "None", "accepted_email_marketing": False,
         "accepted_sms_marketing": False},
        {"reminder_type": None, "accepted_email_marketing": None, "accepted_sms_marketing": None},
        {"reminder_type": "Email", "accepted_email_marketing": True,
         "accepted_sms_marketing": True},
        # The barest record.
        {"email": None, "patient_phone_numbers": [], "date_of_birth": None, "sex": None,
         "address_1": "", "city": None, "state": None, "post_code": None, "occupation": None,
         "notes": None, "custom_fields": None},
    ]  # fmt: skip


INSURANCE_CASES: list[dict[str, Any]] = [
    {"Provider": "Wattle Health", "Policy number": "WH-100 200", "Insurance type": "Hospital"},
    {"Provider": ("other", "Friendly Society of Lismore"), "Policy number": " FS-9 ", "Group": "B"},
    {"Provider": "Closed Fund", "Coverage details": "Covers two visits.\r\nThen 50 %."},
    {"Insurance type": "Hospital & Extras"},
]
"""Answers to the section on insurance, by field; a pair means the text typed beside *other*."""
