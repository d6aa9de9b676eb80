"""Patients as persons: who must stand, who was adopted, field by field."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.check import phones
from sandbox.check.account import Account, Fields, is_live
from sandbox.check.patient_fields import OPTIONS_FROM_DATA, PATIENT_ID, Address, PatientFields
from sandbox.check.report import Section
from sandbox.check.values import OneOf, Row, folded, full_name, instant, same, squeezed, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.clinic import Clinic
    from sandbox.check.optional.signs import Signs
    from sandbox.check.settings import Settings


@dataclass
class People:
    """Which person stands for which patient.

    Attributes:
        ids: Pipedrive ids of persons by patient id.
        rejected: Patients with two or more candidates; they and their records must not stand.
        adopted: Pipedrive ids of persons that stood before and were taken over.
    """

    ids: dict[str, str] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)
    adopted: set[str] = field(default_factory=set)

    def takes(self, patient: str | None) -> bool:
        """Whether records of a patient must stand in Pipedrive."""
        return patient is not None and patient not in self.rejected


def compare(
    clinic: Clinic, account: Account, settings: Settings, signs: Signs
) -> tuple[Section, People]:
    """Compare all patients with all persons."""
    section = Section("person")
    people = People()
    standing = _by_patient(account)
    candidates = _candidates(clinic, account)
    people.rejected = {patient for patient, ids in candidates.items() if len(ids) > 1}
    expected = [row for row in clinic.patients if str(row["id"]) not in people.rejected]
    section.expected = len(expected)
    for patient in expected:
        key = str(patient["id"])
        rows = standing.pop(key, [])
        if not rows:
            section.missing.append(key)
            continue
        people.ids[key] = str(rows[0]["id"])
        section.duplicates += [f"{key} (Pipedrive {row['id']})" for row in rows[1:]]
    section.present = len(people.ids)
    section.extra += [
        f"with patient ID {key} (Pipedrive {row['id']})"
        for key, rows in standing.items()
        for row in rows
    ]
    section.extra += [
        f"Pipedrive {row['id']}"
        for row in account.live("persons")
        if account.is_new("persons", row)
        and not account.person_fields.read(PATIENT_ID, row)
        and not signs.person(row)
    ]
    people.adopted = _adopted(clinic, account, people)
    _Fields(clinic, account, settings, people, section).compare(candidates)
    return section, people


class _Fields:
    """Compares the persons that stand, field by field."""

    def __init__(
        self,
        clinic: Clinic,
        account: Account,
        settings: Settings,
        people: People,
        section: Section,
    ) -> None:
        self._clinic, self._account, self._people, self._section = clinic, account, people, section
        self._owner = settings.owner(account)
        self._custom = PatientFields(clinic, settings.currency)
        self._before = account.before("persons")
        self._rows = {str(row["id"]): row for row in account.live("persons")}
        self._merged_into = {
            str(row["merged_into"]) for row in account.rows("persons") if row.get("merged_into")
        }

    def compare(self, candidates: dict[str, list[str]]) -> None:
        claims = [ids[0] for ids in candidates.values() if len(ids) == 1]
        for patient in self._clinic.patients:
            key = str(patient["id"])
            person = self._people.ids.get(key)
            if person is None:
                continue
            matched = candidates.get(key, [])
            if len(matched) == 1 and claims.count(matched[0]) == 1 and matched[0] != person:
                self._section.differ(
                    key, person, "adopted person", matched[0], "another person was made"
                )
            if person in self._before and person in self._people.adopted and person not in matched:
                self._section.differ(
                    key, person, "adopted person", "same e-mail and same name", "someone else's"
                )
            for name, expected, actual in self._differences(patient, self._rows[person]):
                self._section.differ(key, person, name, expected, actual)

    def _differences(self, patient: Row, row: Row) -> Iterator[tuple[str, object, object]]:
        adopted = str(row["id"]) in self._people.adopted
        name = full_name(patient) or f"{PATIENT_ID} {patient['id']}"
        pairs: dict[str, tuple[object, object]] = {"name": (name, squeezed(row.get("name")))}
        if not adopted:
            pairs["add_time"] = (instant(patient.get("created_at")), instant(row.get("add_time")))
        owners: tuple[object, ...] = (self._owner,)
        if adopted:
            owners += (self._before.get(str(row["id"]), row).get("owner_id"),)
        pairs["owner"] = (OneOf(owners), row.get("owner_id"))
        pairs["emails"] = self._contacts(patient, row, "emails", _emails(patient), _email_list(row))
        pairs["phones"] = self._contacts(
            patient, row, "phones", phones.expected(self._clinic, patient), phones.actual(row)
        )
        for label, expected in self._custom.expected(patient).items():
            pairs[label] = (expected, self._account.person_fields.read(label, row))
        for label, (expected, actual) in pairs.items():
            if not _agrees(label, expected, actual):
                yield label, expected, actual

    def _contacts(
        self, patient: Row, row: Row, kind: str, expected: OneOf, actual: tuple[_Contact, ...]
    ) -> tuple[object, object]:
        """Let an adopted person keep what it had, and a merged one what its losers brought."""
        person = str(row["id"])
        tolerated: set[str] = set()
        if person in self._people.adopted:
            old = self._before.get(person, row)
            tolerated |= {str(each.get("value")).casefold() for each in old.get(kind) or []}
        if person in self._merged_into:
            for loser in self._clinic.losers.get(str(patient["id"]), []):
                lists = _emails(loser) if kind == "emails" else phones.expected(self._clinic, loser)
                tolerated |= {value for each in lists.values for value in _spoken(each)}
        if not tolerated:
            return expected, actual
        found = _spoken(actual)
        for each in expected.values:
            wanted = _spoken(each)
            if wanted <= found and found - wanted <= tolerated:
                return actual, actual
        return expected, actual


_Contact = tuple[str, str, bool]


def _spoken(contacts: object) -> set[str]:
    """Return the bare values of a list of contacts, without case."""
    if not isinstance(contacts, tuple):
        return set()
    return {str(value).casefold() for value, _, _ in contacts}


def _emails(patient: Row) -> OneOf:
    email = text(patient.get("email"))
    return OneOf((((email, "home", True),) if email else (),))


def _email_list(row: Row) -> tuple[_Contact, ...]:
    return tuple(
        (str(each.get("value")), str(each.get("label")), bool(each.get("primary")))
        for each in row.get("emails") or []
    )


def _agrees(name: str, expected: object, actual: object) -> bool:
    if name == "Address":
        return _address_agrees(expected, actual)
    if name in OPTIONS_FROM_DATA and expected is not None and actual is not None:
        return folded(expected) == folded(actual)
    return same(expected, actual)


def _address_agrees(expected: object, actual: object) -> bool:
    """Hold an address against its parts: each once, nothing else but separators.

    A country alone may be sent as an address or be taken for none.
    """
    if not isinstance(expected, Address):
        return actual is None
    if actual is None:
        return not expected.lines
    if not isinstance(actual, dict):
        return False
    value = squeezed(actual.get("value"))
    countries = expected.countries or ("",)
    if not any(_composed(value, (*expected.lines, country)) for country in countries):
        return False
    parts = {name: text(actual.get(name)) for name, _ in expected.subfields}
    return all(parts[name] in (None, part) for name, part in expected.subfields)


def _composed(value: str, parts: tuple[str, ...]) -> bool:
    for part in sorted((squeezed(part) for part in parts), key=len, reverse=True):
        if part not in value:
            return False
        value = value.replace(part, " ", 1)
    return re.fullmatch(r"[\s,;]*", value) is not None


def _by_patient(account: Account) -> dict[str, list[Row]]:
    standing: dict[str, list[Row]] = {}
    for row in account.live("persons"):
        key = account.person_fields.read(PATIENT_ID, row)
        if key:
            standing.setdefault(str(key), []).append(row)
    return standing


def _candidates(clinic: Clinic, account: Account) -> dict[str, list[str]]:
    """Return, by patient, the persons of the baseline with the same e-mail and the same name."""
    fields = Fields(account.before_fields("personFields"))
    by_key: dict[tuple[str, str], list[str]] = {}
    known: set[str] = set()
    for key, row in account.before("persons").items():
        ours = fields.read(PATIENT_ID, row)
        if ours:
            known.add(str(ours))
            continue
        if not is_live(row):
            continue
        for email in {folded(each.get("value")) for each in row.get("emails") or []} - {""}:
            by_key.setdefault((email, folded(row.get("name"))), []).append(key)
    found: dict[str, list[str]] = {}
    for patient in clinic.patients:
        name = full_name(patient)
        match = (folded(patient.get("email")), folded(name))
        if name and match[0] and match in by_key and str(patient["id"]) not in known:
            found[str(patient["id"])] = by_key[match]
    return found


def _adopted(clinic: Clinic, account: Account, people: People) -> set[str]:
    """Tell which persons stood before the migration.

    Without a baseline, ids tell: Pipedrive hands them out in order, so a person older than every
    one that bears its patient's creation time was there before us.
    """
    if account.has_baseline:
        return set(people.ids.values()) & set(account.before("persons"))
    rows = {str(row["id"]): row for row in account.live("persons")}
    made = [
        int(person)
        for patient, person in people.ids.items()
        if instant(rows[person].get("add_time"))
        == instant((clinic.get("patients", patient) or {}).get("created_at"))
    ]
    return {person for person in people.ids.values() if made and int(person) < min(made)}
