"""The custom fields themselves: each once, of the right type, with the right options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check.account import Fields, folded_labels, option_labels
from sandbox.check.patient_fields import FIXED_OPTIONS, OPTIONS_FROM_DATA, TYPES, PatientFields
from sandbox.check.products import ID_FIELD
from sandbox.check.report import Section
from sandbox.check.values import Row, folded

if TYPE_CHECKING:
    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.optional.signs import Signs
    from sandbox.check.people import People
    from sandbox.check.settings import Settings

MOST = 30
"""Custom fields the migration may make in all: the cap of Pipedrive's smallest plan."""

_KINDS = ("personFields", "productFields", "organizationFields", "dealFields")


def compare(
    clinic: Clinic, account: Account, settings: Settings, people: People, signs: Signs
) -> Section:
    """Compare the custom fields of the account with the mapping's list."""
    section = Section("field")
    patient_fields = PatientFields(clinic, settings.currency)
    values: dict[str, set[str]] = {name: set() for name in OPTIONS_FROM_DATA}
    for patient in clinic.patients:
        if people.takes(str(patient["id"])):
            expected = patient_fields.expected(patient)
            for name in OPTIONS_FROM_DATA:
                if value := expected[name]:
                    values[name].add(str(value))
    for name, kind in TYPES.items():
        if name not in values or values[name]:
            _compare_field(account.person_fields, name, kind, values.get(name), section)
    _compare_field(account.product_fields, ID_FIELD, "varchar", None, section)
    for kind in _KINDS:
        for name in sorted(signs.fields(kind)):
            _compare_field(Fields(account.rows(kind)), name, "varchar", None, section)
    _extras(account, section, signs)
    return section


def _compare_field(
    fields: Fields, name: str, kind: str, values: set[str] | None, section: Section
) -> None:
    section.expected += 1
    rows = fields.named(name)
    if not rows:
        section.missing.append(name)
        return
    section.present += 1
    section.duplicates += [f"{name} ({row['field_code']})" for row in rows[1:]]
    field = rows[0]
    if field.get("field_type") != kind:
        section.differ(None, field["field_code"], f"{name}: type", kind, field.get("field_type"))
        return
    labels = option_labels(field)
    if len(folded_labels(field)) != len(labels):
        section.differ(None, field["field_code"], f"{name}: options", "each once", labels)
    if name in FIXED_OPTIONS and set(labels) != set(FIXED_OPTIONS[name]):
        section.differ(
            None, field["field_code"], f"{name}: options", list(FIXED_OPTIONS[name]), labels
        )
    lacking = {value for value in values or () if folded(value) not in folded_labels(field)}
    if lacking:
        section.differ(None, field["field_code"], f"{name}: options", sorted(lacking), labels)


def _extras(account: Account, section: Section, signs: Signs) -> None:
    """Report custom fields that came since the baseline and that the mapping does not name."""
    wanted = {"personFields": set(TYPES), "productFields": {ID_FIELD}}
    made = 0
    for kind in _KINDS:
        named = wanted.get(kind, set()) | signs.fields(kind)
        before = {str(row.get("field_code")) for row in account.before_fields(kind)}
        for row in Fields(account.rows(kind)).custom:
            if _is_made(account, row, before, named):
                made += 1
                if row.get("field_name") not in named:
                    section.extra.append(f"{row.get('field_name')} ({row['field_code']})")
    if made > MOST:
        section.differ(None, None, "custom fields made in all", f"at most {MOST}", made)


def _is_made(account: Account, row: Row, before: set[str], wanted: set[str]) -> bool:
    if account.has_baseline:
        return str(row["field_code"]) not in before
    return row.get("field_name") in wanted
