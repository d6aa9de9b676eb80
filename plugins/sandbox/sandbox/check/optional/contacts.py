"""Contacts as persons or organizations, each with a note of what has no field of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check import phones
from sandbox.check.clinic import removed
from sandbox.check.optional import rows
from sandbox.check.optional.rows import Wanted
from sandbox.check.optional.signs import CONTACT_ID, NOTES
from sandbox.check.values import Row, folded, full_name, instant, squeezed, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.report import Section
    from sandbox.check.settings import Settings


def compare(clinic: Clinic, account: Account, settings: Settings) -> Iterator[Section]:
    """Compare all contacts with the persons, the organizations and the notes they became."""
    persons = rows.by_field(account, "persons", account.person_fields, CONTACT_ID)
    firms = rows.by_field(account, "organizations", account.organization_fields, CONTACT_ID)
    kept: set[str] = set()
    if settings.when_removed == "keep":
        kept = {str(row["id"]) for row in clinic.rows("contacts") if removed(row)}
    owner = settings.owner(account)
    people, companies, notes = [], [], []
    for contact in clinic.live("contacts"):
        key = str(contact["id"])
        is_person = full_name(contact) is not None
        parents = (persons if is_person else firms).get(key, [])
        kind = "persons" if is_person else "organizations"
        if _ambiguous(account, kind, contact, is_person=is_person):
            continue
        adopted = bool(parents) and not account.is_new(kind, parents[0]) and account.has_baseline
        fresh: dict[str, object] = {"add_time": instant(contact.get("created_at"))}
        columns = {"owner_id": owner, **({} if adopted else fresh)}
        if is_person:
            email = text(contact.get("email"))
            told = {"patient_phone_numbers": contact.get("phone_numbers")}
            columns |= {
                "name": full_name(contact),
                "emails": ((email, "work", True),) if email else (),
                "phones": phones.expected(clinic, {**contact, **told}),
            }
            people.append(Wanted(key, columns))
        else:
            name = text(contact.get("company_name")) or f"Cliniko contact ID {key}"
            columns |= {"name": squeezed(name), "address": _address(contact)}
            companies.append(Wanted(key, columns))
        parent = str(parents[0]["id"]) if parents else "missing"
        notes.append(_note(contact, "person_id" if is_person else "org_id", parent))
    yield rows.compare("contact's person", people, persons, _person, kept)
    yield rows.compare("contact's firm", companies, firms, _firm, kept)
    standing = rows.by_line(account.live("notes"), "content", NOTES["contacts"])
    yield rows.compare("contact's note", notes, standing, _told, kept)


def adopted(account: Account) -> set[tuple[str, str]]:
    """Return the rows, by kind and id, that stood before the migration and were taken over."""
    return {
        (kind, str(row["id"]))
        for kind, fields in (
            ("persons", account.person_fields),
            ("organizations", account.organization_fields),
        )
        for row in account.live(kind)
        if fields.read(CONTACT_ID, row) and str(row["id"]) in account.before(kind)
    }


def _ambiguous(account: Account, kind: str, contact: Row, *, is_person: bool) -> bool:
    """Whether two or more rows of others agree, so that a person must say which one it is."""
    name = full_name(contact) if is_person else text(contact.get("company_name"))
    found = 0
    for row in account.before(kind).values():
        emails = {folded(each.get("value")) for each in row.get("emails") or []}
        agrees = folded(row.get("name")) == folded(name)
        found += agrees and (not is_person or folded(contact.get("email")) in emails - {""})
    return found > 1


def _address(contact: Row) -> str | None:
    parts = (
        squeezed(contact.get(name))
        for name in (
            "address_1",
            "address_2",
            "address_3",
            "city",
            "state",
            "post_code",
            "country",
        )
    )
    return ", ".join(part for part in parts if part) or None


def _note(contact: Row, column: str, parent: str) -> Wanted:
    kind = text(contact.get("doctor_type"))
    numbers = [squeezed(each.get("number")) for each in contact.get("phone_numbers") or []]
    lines = rows.told(
        {
            "Contact": contact.get("type"),
            "Doctor": kind.replace("_", " ") if kind else None,
            "Title": contact.get("title"),
            "Preferred name": contact.get("preferred_name"),
            "Occupation": contact.get("occupation"),
            "Company": contact.get("company_name"),
            "Provider number": contact.get("provider_number"),
            "E-mail": contact.get("email"),
            "Phone": ", ".join(number for number in numbers if number),
            "Address": _address(contact),
            "Notes": contact.get("notes"),
        }
    )
    columns: dict[str, object] = {column: parent, "text": lines}
    columns["add_time"] = instant(contact.get("created_at"))
    return Wanted(str(contact["id"]), columns)


def _person(row: Row) -> dict[str, object]:
    emails = tuple(
        (each.get("value"), each.get("label"), bool(each.get("primary")))
        for each in row.get("emails") or []
    )
    return {
        "name": squeezed(row.get("name")),
        "emails": emails,
        "phones": phones.actual(row),
        "owner_id": row.get("owner_id"),
        "add_time": instant(row.get("add_time")),
    }


def _firm(row: Row) -> dict[str, object]:
    return {
        "name": squeezed(row.get("name")),
        "address": text((row.get("address") or {}).get("value")),
        "owner_id": row.get("owner_id"),
        "add_time": instant(row.get("add_time")),
    }


def _told(row: Row) -> dict[str, object]:
    return {
        "person_id": str(row.get("person_id")),
        "org_id": str(row.get("org_id")),
        "add_time": instant(row.get("add_time")),
        "text": rows.said(row.get("content")),
    }
