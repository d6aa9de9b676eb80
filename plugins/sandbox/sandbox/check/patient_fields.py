"""The custom fields of a person: their names, types, options and the value for a patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.check import html_text, invoices
from sandbox.check.clinic import link, removed
from sandbox.check.values import OneOf, Row, cut, full_name, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.clinic import Clinic

_DASH = " \u2013 "

PATIENT_ID = "Cliniko patient ID"

TYPES = {
    PATIENT_ID: "varchar",
    "Cliniko status": "enum",
    "Date of birth": "date",
    "Sex": "enum",
    "Preferred name": "varchar",
    "Address": "address",
    "Occupation": "varchar",
    "Emergency contact": "text",
    "Patient notes": "text",
    "Medical alerts": "text",
    "Concession type": "enum",
    "Referral source": "varchar",
    "Reminder preference": "enum",
    "Marketing consent": "set",
    "Medicare number": "varchar",
    "Insurance provider": "varchar",
    "Insurance policy number": "varchar",
    "Insurance group": "varchar",
    "Insurance coverage details": "text",
    "Insurance type": "enum",
    "Outstanding balance": "monetary",
    "Last payment date": "date",
    "Total invoiced": "monetary",
    "Invoice count": "double",
    "Last invoice date": "date",
    "Last invoice status": "enum",
}

FIXED_OPTIONS = {
    "Cliniko status": ("Active", "Archived"),
    "Reminder preference": ("None", "SMS", "Email", "SMS & Email"),
    "Marketing consent": ("Email", "SMS"),
    "Last invoice status": ("Open", "Paid", "Closed", "Open credit"),
}

OPTIONS_FROM_DATA = ("Sex", "Concession type", "Insurance type")

_INSURANCE = {
    "Insurance provider": "Provider",
    "Insurance policy number": "Policy number",
    "Insurance group": "Group",
    "Insurance coverage details": "Coverage details",
    "Insurance type": "Insurance type",
}


@dataclass(frozen=True)
class Address:
    """What an address must hold.

    Attributes:
        lines: The parts of the address but the country.
        countries: The accepted ways to write the country (its name, its code); empty for none.
        subfields: Parts by the name of Pipedrive's subfield, compared when Pipedrive shows them.
    """

    lines: tuple[str, ...]
    countries: tuple[str, ...]
    subfields: tuple[tuple[str, str], ...]


class PatientFields:
    """Works out the custom fields of every patient's person.

    Args:
        clinic: The source.
        currency: ISO code of the account's money.
    """

    def __init__(self, clinic: Clinic, currency: str | None) -> None:
        self._clinic = clinic
        self._currency = currency
        self._alerts = clinic.of_patients(clinic.live("medical_alerts"))
        self._sources = clinic.of_patients(clinic.live("referral_sources"))
        self._invoices = clinic.of_patients(clinic.live("invoices"))

    def expected(self, patient: Row) -> dict[str, object]:
        """Return every custom field's value by name, as `account.Fields.read` would read it."""
        key = str(patient["id"])
        values: dict[str, object] = {
            PATIENT_ID: key,
            "Cliniko status": "Archived" if removed(patient) else "Active",
            "Date of birth": text(patient.get("date_of_birth")),
            "Sex": text(patient.get("sex")),
            "Preferred name": text(patient.get("preferred_first_name")),
            "Address": address(patient),
            "Occupation": text(patient.get("occupation")),
            "Emergency contact": text(patient.get("emergency_contact")),
            "Patient notes": text(patient.get("notes")),
            "Medical alerts": _alert_lines(self._alerts.get(key, [])),
            "Concession type": self._concession(patient),
            "Referral source": self._referral(self._sources.get(key, [])),
            "Reminder preference": text(patient.get("reminder_type")),
            "Marketing consent": _consent(patient),
            "Medicare number": _medicare(patient),
            **{name: _insurance(patient, field) for name, field in _INSURANCE.items()},
            **invoices.expected(self._clinic, self._invoices.get(key, []), self._currency),
        }
        return {
            name: cut(value) if TYPES[name] == "varchar" and isinstance(value, str) else value
            for name, value in values.items()
        }

    def _concession(self, patient: Row) -> str | None:
        row = self._clinic.linked(patient, "concession_type", "concession_types")
        return text(row.get("name")) if row else None

    def _referral(self, sources: list[Row]) -> object:
        if not sources:
            return None
        newest = max(sources, key=lambda row: (str(row.get("created_at")), int(row["id"])))
        kind = self._clinic.linked(newest, "referral_source_type", "referral_source_types")
        name = text(kind.get("name")) if kind else None
        notes = text(newest.get("notes"))
        middles = self._referrers(newest) or [text(newest.get("subcategory"))]
        joined = (_DASH.join(part for part in (name, middle, notes) if part) for middle in middles)
        return OneOf(tuple(cut(text(each)) for each in joined))

    def _referrers(self, source: Row) -> list[str | None]:
        """Return the accepted names of a referrer: a contact's may bear its title."""
        key = link(source, "referrer")
        if source.get("referrer_type") != "Contact":
            name = self._clinic.patient_name(key)
            return [name] if name else []
        contact = self._clinic.get("contacts", key) or {}
        name, title = full_name(contact), text(contact.get("title"))
        if name and title:
            return [name, f"{title} {name}"]
        company = name or text(contact.get("company_name"))
        return [company] if company else []


def address(patient: Row) -> Address | None:
    """Return what a patient's address must hold, or None when there is none."""
    parts = {
        name: text(patient.get(name))
        for name in ("address_1", "address_2", "address_3", "city", "state", "post_code")
    }
    lines = tuple(part for part in parts.values() if part)
    countries = tuple(
        part for part in (text(patient.get("country")), text(patient.get("country_code"))) if part
    )
    named = {
        "locality": parts["city"],
        "admin_area_level_1": parts["state"],
        "postal_code": parts["post_code"],
    }
    if not lines and not countries:
        return None
    return Address(lines, countries, tuple((name, part) for name, part in named.items() if part))


def _alert_lines(alerts: list[Row]) -> str | None:
    ordered = sorted(alerts, key=lambda row: (str(row.get("created_at")), int(row["id"])))
    return "\n".join(name for row in ordered if (name := text(row.get("name")))) or None


def _consent(patient: Row) -> tuple[str, ...] | None:
    given = [
        label
        for label, name in (
            ("Email", "accepted_email_marketing"),
            ("SMS", "accepted_sms_marketing"),
        )
        if patient.get(name) is True
    ]
    return tuple(given) or None


def _medicare(patient: Row) -> str | None:
    card = text(patient.get("medicare"))
    reference = text(patient.get("medicare_reference_number"))
    return f"{card} {reference}" if card and reference else card


def _insurance(patient: Row, name: str) -> object:
    for field in _fields(patient, "Insurance coverage", name):
        value = _answer(field)
        if value and field.get("type") == "paragraph" and html_text.is_html(value):
            return OneOf((value, "\n".join(html_text.lines(value))))
        if value:
            return value
    return None


def _fields(patient: Row, section: str, name: str) -> Iterator[Row]:
    for group in (patient.get("custom_fields") or {}).get("sections") or []:
        if text(group.get("name")) == section:
            yield from (
                field for field in group.get("fields") or [] if text(field.get("name")) == name
            )


def _answer(field: Row) -> str | None:
    if "options" not in field and "other" not in field:
        return text(field.get("value"))
    chosen = [
        text(option.get("name")) for option in field.get("options") or [] if option.get("selected")
    ]
    other = field.get("other") or {}
    if other.get("selected"):
        chosen.append(text(other.get("value")))
    return ", ".join(label for label in chosen if label) or None
