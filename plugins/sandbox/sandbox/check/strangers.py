"""What other people put into Pipedrive before the migration must stand unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check import footer, html_text
from sandbox.check.account import Fields
from sandbox.check.appointments import MARKER as APPOINTMENT
from sandbox.check.notes import MARKER as NOTE
from sandbox.check.patient_fields import PATIENT_ID
from sandbox.check.products import ID_FIELD
from sandbox.check.report import Section

if TYPE_CHECKING:
    from sandbox.check.account import Account
    from sandbox.check.people import People
    from sandbox.check.values import Row

_KINDS = (
    "users",
    "organizations",
    "persons",
    "deals",
    "leads",
    "activities",
    "activityTypes",
    "notes",
    "products",
    "files",
    "pipelines",
    "stages",
)

_DERIVED = frozenset(
    ("deal", "organization", "person", "user", "deal_name", "org_name", "person_name")
)
"""Columns of notes and files that repeat a parent's name and change with it."""


def compare(account: Account, people: People, adopted: set[tuple[str, str]]) -> Section:
    """Compare every row of the baseline that is neither ours nor adopted with what it is now.

    Args:
        account: Pipedrive, with its baseline.
        people: The persons of patients, adopted ones among them.
        adopted: Kinds and ids of other rows that were adopted.
    """
    section = Section("others' rows")
    for kind in _KINDS:
        now = {str(row["id"]): row for row in account.rows(kind)}
        for key, old in account.before(kind).items():
            if _is_ours(account, kind, old) or (kind == "persons" and key in people.adopted):
                continue
            if (kind, key) in adopted:
                continue
            section.expected += 1
            if key not in now:
                section.missing.append(f"{kind} {key}")
                continue
            section.present += 1
            _compare_row(kind, old, now[key], section)
    return section


def _compare_row(kind: str, old: Row, new: Row, section: Section) -> None:
    before, after = _values(old), _values(new)
    for name in sorted((before.keys() | after.keys()) - _DERIVED):
        if before.get(name) != after.get(name):
            section.differ(None, f"{kind} {old['id']}", name, before.get(name), after.get(name))


def _values(row: Row) -> Row:
    """Return a row's values one by one; a custom field made since is empty and does not count."""
    custom = row.get("custom_fields") or {}
    return {
        **{name: value for name, value in row.items() if name != "custom_fields"},
        **{f"custom field {code}": value for code, value in custom.items() if value is not None},
    }


def _is_ours(account: Account, kind: str, row: Row) -> bool:
    """Whether a row of the baseline already bore our marker."""
    match kind:
        case "persons":
            return bool(Fields(account.before_fields("personFields")).read(PATIENT_ID, row))
        case "products":
            return bool(Fields(account.before_fields("productFields")).read(ID_FIELD, row))
        case "activities":
            return bool(footer.marker(html_text.lines(row.get("note")), APPOINTMENT))
        case "notes":
            return bool(footer.marker(html_text.lines(row.get("content"), newlines=True), NOTE))
        case _:
            return False
