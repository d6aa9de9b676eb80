"""Ways a record goes and comes back: archived, brought back, deleted for good.

Archiving bumps `updated_at` where the examples of the Cliniko docs do; everywhere else it is left
alone, so that a reader who looks at that stamp only would miss it.
"""

# ruff: noqa: A002, FBT001, FBT002 - parameters are the JSON arguments of the control API

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.cliniko.merge import CHILDREN
from sandbox.edits.core import edit, live, live_patient

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cliniko.resource import Row
    from sandbox.edits.core import Change

_MEMO = 12


def _archiving(
    name: str,
    table: str,
    what: str,
    *,
    twin: bool = False,
    bumps: bool = False,
    fits: Callable[[Row], bool] = live,
) -> None:
    """Register the edit that archives a record of a list.

    Args:
        name: The edit.
        table: The list.
        what: The record in words.
        twin: Whether `deleted_at` is set too, as on lists of that stamp.
        bumps: Whether a new `updated_at` is what Cliniko sets.
        fits: Which records can be archived.
    """

    def archive(change: Change, id: str | None = None, bump: bool = bumps) -> None:
        row = change.choose(
            table,
            id,
            lambda row: fits(row) and ("patient_id" not in row or live_patient(change.state, row)),
            f"live {what}",
        )
        gone = {"archived_at": change.now} | ({"deleted_at": change.now} if twin else {})
        change.set(table, row, bump=bump, **gone)

    archive.__name__ = name
    archive.__doc__ = f"Archive a {what}."
    edit(archive)


_archiving("archive_block", "unavailable_blocks", "unavailable block", twin=True, bumps=True)
_archiving("archive_business", "businesses", "business")
_archiving("archive_case", "patient_cases", "patient case")
_archiving("archive_contact", "contacts", "contact", twin=True)
_archiving("archive_form", "patient_forms", "patient form")
_archiving("archive_group", "group_appointments", "group appointment", twin=True, bumps=True)
_archiving("archive_item", "billable_items", "billable item")
_archiving(
    "archive_memo",
    "communications",
    "memo",
    fits=lambda row: live(row) and row["category_code"] == _MEMO,
)
_archiving("archive_note_template", "treatment_note_templates", "note template", twin=True)
_archiving("archive_product", "products", "product")
_archiving("archive_recall", "recalls", "recall")
_archiving("archive_referral", "referral_sources", "referral source")
_archiving("archive_relationship", "relationships", "relationship")


@edit
def unarchive_note(change: Change, id: str | None = None, bump: bool = True) -> None:
    """Bring an archived treatment note back."""
    row = change.choose(
        "treatment_notes",
        id,
        lambda row: (
            bool(row.keys() & {"archived_at", "deleted_at"}) and live_patient(change.state, row)
        ),
        "archived note of a live patient",
    )
    change.set("treatment_notes", row, bump=bump, archived_at=None, deleted_at=None)


@edit
def unarchive_business(change: Change, id: str | None = None, bump: bool = True) -> None:
    """Open a closed business again."""
    row = change.choose("businesses", id, lambda row: "archived_at" in row, "closed business")
    change.set("businesses", row, bump=bump, archived_at=None, deleted_at=None)


@edit
def delete_patient(change: Change, id: str | None = None) -> None:
    """Delete a patient for good, with all that hangs on it and those merged into it."""
    owners = {row["patient_id"] for row in change.state.rows("individual_appointments")}
    row = change.choose(
        "patients", id, lambda row: id is not None or (live(row) and row["id"] in owners), "patient"
    )
    _delete_patient(change, row)


def _delete_patient(change: Change, patient: Row) -> None:
    state, key = change.state, patient["id"]
    for loser in state.where("patients", merged_with_patient_id=key):
        _delete_patient(change, loser)
    for invoice in state.where("invoices", patient_id=key):
        for line in state.where("invoice_items", invoice_id=invoice["id"]):
            change.drop("invoice_items", line)
    for row in state.where("patient_attachments", patient_id=key):
        state.contents.pop(row["id"], None)
    for name in CHILDREN:
        for row in state.where(name, patient_id=key):
            change.drop(name, row)
    _forget(change, key)
    change.drop("patients", patient)


def _forget(change: Change, key: int) -> None:
    """Take a patient out of the records of others."""
    state = change.state
    for row in state.where("relationships", related_patient_id=key):
        change.drop("relationships", row)
    for row in state.where("referral_sources", referrer_id=key, referrer_type="Patient"):
        change.set("referral_sources", row, bump=False, referrer_id=None)
    for row in state.rows("group_appointments"):
        if str(key) in row["patient_ids"]:
            rest = [other for other in row["patient_ids"] if other != str(key)]
            change.set("group_appointments", row, bump=False, patient_ids=rest)


@edit
def delete_tax(change: Change, id: str | None = None, bump: bool = False) -> None:
    """Delete a tax for good; what bore it bears none."""
    row = change.choose("taxes", id, lambda _row: True, "tax")
    for name in ("billable_items", "products"):
        for item in change.state.where(name, tax_id=row["id"]):
            change.set(name, item, bump=bump, tax_id=None)
    change.drop("taxes", row)


@edit
def remove_type_item(change: Change, id: str | None = None) -> None:
    """Take a billable item off an appointment type; the row between them is gone for good."""
    _take_off(change, id, "billable_item")


@edit
def remove_type_product(change: Change, id: str | None = None) -> None:
    """Take a product off an appointment type; the row between them is gone for good."""
    _take_off(change, id, "product")


def _take_off(change: Change, key: str | None, kind: str) -> None:
    table, column = f"appointment_type_{kind}s", f"{kind}_id"
    row = change.choose(table, key, lambda _row: True, f"{kind} of an appointment type")
    change.drop(table, row)
    left = change.state.where(table, appointment_type_id=row["appointment_type_id"])
    owner = change.state.row("appointment_types", row["appointment_type_id"])
    if owner.get(column) == row[column]:
        # The deprecated link names one of several; the last one when there is one left.
        last = left[-1][column] if left else None
        change.set("appointment_types", owner, bump=False, **{column: last})


@edit
def delete_reference_number(change: Change, id: str | None = None) -> None:
    """Delete a reference number of a practitioner for good."""
    table = "practitioner_reference_numbers"
    change.drop(table, change.choose(table, id, lambda _row: True, "reference number"))


@edit
def remove_availability(change: Change, id: str | None = None) -> None:
    """Take hours of opening out of the calendar; the block is gone for good."""
    table = "availability_blocks"
    change.drop(table, change.choose(table, id, lambda _row: True, "availability block"))
