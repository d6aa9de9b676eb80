"""By which sign a row of an optional mapping file is told: a line of its text or a custom field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check import footer, html_text

if TYPE_CHECKING:
    from sandbox.check.account import Account
    from sandbox.check.values import Row

NOTES = {
    "contacts": "Cliniko contact",
    "patient_cases": "Cliniko case",
    "patient_forms": "Cliniko patient form",
    "relationships": "Cliniko relationship",
}
ACTIVITIES = {"recalls": "Cliniko recall"}
LINES = {"deal_products": "Cliniko invoice item"}
CONTACT_ID = "Cliniko contact ID"
CASE_ID = "Cliniko ID"
FIELDS = {
    "contacts": {"personFields": {CONTACT_ID}, "organizationFields": {CONTACT_ID}},
    "patient_cases": {"dealFields": {CASE_ID}},
}
NAMES = frozenset((*NOTES, *ACTIVITIES, *LINES))
"""The optional files, by their names without `.yml`."""


class Signs:
    """Tells the rows that the files which are switched on made.

    Args:
        account: Where they stand.
        on: The files.
    """

    def __init__(self, account: Account, on: frozenset[str]) -> None:
        self._account, self._on = account, on

    def note(self, row: Row) -> bool:
        """Whether a note is theirs."""
        lines = html_text.lines(row.get("content"), newlines=True)
        return any(footer.marker(lines[-1:], NOTES[name]) for name in self._on & NOTES.keys())

    def activity(self, row: Row) -> bool:
        """Whether an activity is theirs."""
        lines = html_text.lines(row.get("note"))
        return any(footer.marker(lines, ACTIVITIES[name]) for name in self._on & ACTIVITIES.keys())

    def person(self, row: Row) -> bool:
        """Whether a person is theirs."""
        return "contacts" in self._on and bool(self._account.person_fields.read(CONTACT_ID, row))

    def fields(self, kind: str) -> set[str]:
        """Names of the custom fields that they need on an object."""
        return {label for name in self._on for label in FIELDS.get(name, {}).get(kind, ())}
