"""Patients and what describes them: custom fields, alerts, relationships."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.clinic import phones, words
from sandbox.clinic.builder import moment
from sandbox.clinic.settings import INSURANCE_TYPES, INSURERS, definition
from sandbox.clinic.special_patients import INSURANCE_CASES, cases
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.cliniko.resource import Row

REMINDERS = ("SMS & Email", "SMS", "Email", "None")
_CHANNELS = {"SMS & Email": [1, 2], "SMS": [1], "Email": [2]}


def build(b: Builder, concessions: list[Row], contacts: list[Row]) -> list[Row]:
    """Add the patients to the account; the first ones are the special ones."""
    special = cases()
    patients: list[Row] = []
    # An import once brought many patients in one second.
    imported = b.ago(1900)
    for number in range(b.size):
        created = imported if b.chance(0.2) else b.between(b.ago(2400), b.ago(1))
        changed = b.between(created, b.now) if b.chance(0.5) else created
        values = _ordinary(b, number)
        if b.chance(0.12):
            values["concession_type_id"] = b.pick(concessions)["id"]
        if b.chance(0.1):
            values["referring_doctor_id"] = b.pick(contacts)["id"]
        values["custom_fields"] = _custom_fields(b, number)
        if number < len(special):
            values |= special[number]
        if b.chance(0.06) and number >= len(special):
            # Archiving a patient does not touch updated_at.
            values["archived_at"] = stamp(b.between(changed, b.now))
        values.setdefault("label", f"{values['first_name']} {values['last_name']}".strip())
        patients.append(b.add("patients", created, changed, **values))
    return patients


def _ordinary(b: Builder, number: int) -> dict[str, Any]:
    first, last = b.pick(words.FIRST_NAMES), b.pick(words.LAST_NAMES)
    city, state, post_code = b.pick(words.TOWNS)
    reminder = b.pick(REMINDERS)
    channels = _CHANNELS.get(reminder, [])
    born = date(1935, 1, 1) + timedelta(days=int(b.rng.random() * 30000))
    return {
        "title": b.pick(("Mr", "Ms", "Mrs", "", None)),
        "first_name": first,
        "last_name": last,
        "preferred_first_name": first[:3] if b.chance(0.1) else b.pick(("", None)),
        "email": f"{first}.{last}{number}@example.com".lower() if b.chance(0.85) else None,
        "date_of_birth": born.isoformat() if b.chance(0.93) else None,
        "sex": b.pick(("Female", "Male", "Female", "Male", "Intersex", None)),
        "gender_identity": b.pick((None, None, "Non-binary")),
        "patient_phone_numbers": phones.usual(b),
        "address_1": f"{b.rng.randint(1, 220)} {b.pick(words.STREETS)}" if b.chance(0.85) else "",
        "address_2": "Unit 4" if b.chance(0.1) else "",
        "address_3": "",
        "city": city,
        "state": state,
        "post_code": post_code,
        "country": "Australia",
        "country_code": "AU",
        "occupation": b.pick(words.OCCUPATIONS),
        "emergency_contact": b.pick((None, "", "Partner, 0491 570 110", "Neighbour: Beryl")),
        "notes": b.pick(words.SENTENCES) if b.chance(0.3) else b.pick(("", None)),
        "appointment_notes": "Prefers mornings." if b.chance(0.1) else None,
        "medicare": f"{b.rng.randint(2000, 5999)} {b.rng.randint(10000, 99999)} 1"
        if b.chance(0.4)
        else None,
        "medicare_reference_number": str(b.rng.randint(1, 5)) if b.chance(0.6) else None,
        "old_reference_id": f"OLD-{number:05d}" if b.chance(0.2) else None,
        "reminder_type": reminder,
        "reminders_communication_channels": channels,
        "follow_ups_communication_channels": channels,
        "accepted_privacy_policy": b.pick((True, True, False, None)),
        "accepted_email_marketing": b.pick((True, False, None)),
        "accepted_sms_marketing": b.pick((True, False, None)),
        "receives_confirmation_emails": True,
        "receives_cancellation_emails": b.chance(0.8),
        "invoice_default_to": "Workers' Fund\r\nPO Box 9" if b.chance(0.05) else None,
    }


def _custom_fields(b: Builder, number: int) -> dict[str, Any] | None:
    if number < len(INSURANCE_CASES):
        answers: dict[str, Any] = dict(INSURANCE_CASES[number])
    elif b.chance(0.45):
        return None
    else:
        answers = {}
        if b.chance(0.6):
            answers["Provider"] = b.pick(INSURERS)
            answers["Policy number"] = f"{b.rng.randint(10**7, 10**8)}"
            answers["Insurance type"] = b.pick(INSURANCE_TYPES)
            if b.chance(0.3):
                answers["Group"] = f"G{b.rng.randint(1, 40)}"
        if b.chance(0.4):
            answers["Sports"] = b.pick(
                (("Running", "Cycling"), ("Swimming",), ("other", "Dragon boats"))
            )
        if b.chance(0.3):
            answers["Last GP visit"] = b.ago(b.rng.randint(1, 900)).date().isoformat()
        if b.chance(0.2):
            answers["Goals"] = b.pick(words.SENTENCES)
        if b.chance(0.1):
            answers["Old file number"] = f"F-{b.rng.randint(1, 999)}"
            answers["How did you hear of us?"] = "Sign"
    return {
        "sections": [
            {
                **section,
                "fields": [
                    _answered(entry, answers.get(entry["name"])) for entry in section["fields"]
                ],
            }
            for section in _BLANK
        ]
    }


def _blank(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a field of the definition as an unanswered field of a patient."""
    offered = entry.get("other", {}).get("enabled")
    return {key: value for key, value in entry.items() if key != "other" or offered}


_BLANK = [
    {**section, "fields": [_blank(entry) for entry in section["fields"]]}
    for section in definition()
]


def _answered(entry: dict[str, Any], answer: Any) -> dict[str, Any]:
    """Return a field with its answer; one without is shared by all patients."""
    if answer is None:
        return entry
    if "options" not in entry:
        return {**entry, "value": answer}
    if isinstance(answer, tuple) and answer[0] == "other":
        return {**entry, "other": {**entry["other"], "selected": True, "value": answer[1]}}
    chosen = (answer,) if isinstance(answer, str) else answer
    options = [
        {**option, "selected": True} if option["name"] in chosen else option
        for option in entry["options"]
    ]
    return {**entry, "options": options}


def alerts(b: Builder, patients: list[Row]) -> None:
    """Add medical alerts: several on some patients, some archived."""
    for number, patient in enumerate(patients):
        count = 3 if number == 0 else int(b.chance(0.2)) + int(b.chance(0.1))
        for turn in range(count):
            since = b.between(moment(patient["created_at"]), b.now)
            gone = stamp(b.between(since, b.now)) if b.chance(0.15) or turn == 2 else None  # noqa: PLR2004 - the third one
            b.add(
                "medical_alerts",
                since,
                name=words.ALERTS[(number + turn) % len(words.ALERTS)],
                patient_id=patient["id"],
                archived_at=gone,
                deleted_at=gone if b.chance(0.5) else None,
            )


RELATIONS = {
    10: "Parent",
    20: "Child",
    30: "Sibling",
    40: "Spouse",
    50: "Partner",
    60: "Relative",
    70: "Other",
}
"""Labels of `relation` by code."""


def relationships(b: Builder, patients: list[Row]) -> None:
    """Add relationships, each written once."""
    kinds = tuple((code, RELATIONS[code]) for code in (10, 20, 40, 60))
    for number in range(0, len(patients) - 1, 9):
        code, label = b.pick(kinds)
        one, other = patients[number], patients[number + 1]
        b.add(
            "relationships",
            max(moment(one["created_at"]), moment(other["created_at"])),
            relation=code,
            relation_description=label,
            patient_id=one["id"],
            related_patient_id=other["id"],
            archived_at=stamp(b.ago(5)) if number == 9 else None,  # noqa: PLR2004 - one archived
        )
