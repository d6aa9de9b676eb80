"""People: e-mail addresses, phone numbers, names, and the account's own patient fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import phonenumbers

from target_pipedrive.mapping.functions.account import countries
from target_pipedrive.mapping.functions.registry import function
from target_pipedrive.mapping.functions.texts import join
from target_pipedrive.mapping.text import text as trimmed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.mapping.context import Context

PHONE_LABELS = {"Mobile": "mobile", "Home": "home", "Work": "work"}
"""Pipedrive's label by Cliniko's `phone_type`; `Fax`, `Other` and unknown ones become `other`."""


@function
def emails(email: Any, label: str = "home") -> list[dict[str, Any]] | None:
    """A person's list of e-mails from one address.

    Example:
        emails(' ann@bee.example ')
            → [{'value': 'ann@bee.example', 'label': 'home', 'primary': True}]
    """
    address = trimmed(email)
    return None if address is None else [{"value": address, "label": label, "primary": True}]


@function
def phones(context: Context, numbers: Any, country_code: Any = None) -> list[dict[str, Any]] | None:
    """A person's list of phones from Cliniko's `patient_phone_numbers`.

    A number is written as E.164 when it is one in the country given, else in that of the first
    location or of the account; otherwise it stays as typed. Equal numbers are sent once.
    The first mobile is primary, else the first number.

    Example:
        phones([{'number': '0412 345 678', 'phone_type': 'Mobile'}], 'AU')
            → [{'value': '+61412345678', 'label': 'mobile', 'primary': True}]
    """
    regions = countries(context, country_code)
    found: dict[str, str] = {}
    for row in numbers or []:
        number = trimmed(row.get("number"))
        if number is not None:
            label = PHONE_LABELS.get(str(row.get("phone_type")), "other")
            found.setdefault(e164(number, regions), label)
    if not found:
        return None
    primary = next((number for number, label in found.items() if label == "mobile"), None)
    primary = primary or next(iter(found))
    return [
        {"value": number, "label": label, "primary": number == primary}
        for number, label in found.items()
    ]


def e164(number: str, regions: list[str]) -> str:
    """The number as E.164, else as typed.

    A region in which the number is valid wins; if there is none, it is enough that the first region
    knows numbers of that length, since new ranges are in use before the tables know them.
    """
    nearest: phonenumbers.PhoneNumber | None = None
    for region in [*regions, None]:
        parsed = _parsed(number, region)
        if parsed is not None and phonenumbers.is_valid_number(parsed):
            return _written(parsed)
        nearest = nearest or parsed
    if nearest is not None and phonenumbers.is_possible_number(nearest):
        return _written(nearest)
    return number


def _written(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parsed(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    """The number as read in a region; None when it is none, or has an extension."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return None if parsed.extension else parsed


@function
def full_name(person: Any) -> str | None:
    """First and last name of a patient, practitioner or contact; else its company's name.

    Example:
        full_name({'first_name': 'Ann', 'last_name': 'Bee'}) → 'Ann Bee'
        full_name({'company_name': 'Bee Pty Ltd'}) → 'Bee Pty Ltd'
    """
    if person is None:
        return None
    name = join(" ", person.get("first_name"), person.get("last_name"))
    return name or trimmed(person.get("company_name"))


def answers(field: dict[str, Any]) -> list[str]:
    """What was answered in a custom field or a question: text, or the selected options.

    The text of a selected *other* counts as an option.
    """
    options = field.get("options") or field.get("answers")
    if options is None and not field.get("other"):
        value = trimmed(field.get("value", field.get("answer")))
        return [] if value is None else [value]
    selected = [
        trimmed(option.get("name", option.get("value")))
        for option in options or []
        if option.get("selected")
    ]
    other = field.get("other") or {}
    if other.get("selected"):
        selected.append(trimmed(other.get("value")))
    return [value for value in selected if value is not None]


@function
def custom(record: dict[str, Any], section: str, field: str) -> str | list[str] | None:
    """A patient's answer in a field that the account defined, by the names of section and field.

    Checkboxes give a list; everything else gives one text. Archived fields and options count.
    Write `custom(_, 'Section', 'Field')`.

    Example:
        custom({'custom_fields': {'sections': [{'name': 'Cover', 'fields': [
            {'name': 'Fund', 'type': 'text', 'value': 'HCF'}]}]}}, 'Cover', 'Fund')
            → 'HCF'
    """
    wanted, asked = section.strip(), field.strip()
    for name, row in custom_rows(record):
        if name == wanted and trimmed(row.get("name")) == asked:
            found = answers(row)
            if found:
                return found if row.get("type") == "checkboxes" else found[0]
    return None


def custom_rows(record: Any) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Section name and field of every account-defined field of a patient."""
    for section in (record.get("custom_fields") or {}).get("sections") or []:
        name = trimmed(section.get("name"))
        for row in section.get("fields") or []:
            yield name, row
