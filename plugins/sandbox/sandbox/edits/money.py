"""Edits of invoices."""

# ruff: noqa: A002, FBT001, FBT002 - parameters are the JSON arguments of the control API

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clinic.billing import LABELS, OPEN, PAID, add_line, amounts, line
from sandbox.clinic.practice import Practice
from sandbox.edits.core import EditError, edit, live, live_patient

if TYPE_CHECKING:
    from sandbox.cliniko.resource import Row
    from sandbox.edits.core import Change


def bill(change: Change, patient: Row, booking: Row | None = None, status: int = OPEN) -> Row:
    """Add an invoice over one consultation."""
    item = change.choose("billable_items", None, live, "live billable item")
    place = change.choose("businesses", None, live, "open business")
    person = change.choose("practitioners", None, lambda row: row["active"], "active practitioner")
    lines = [line(Practice(taxes=list(change.state.rows("taxes"))), item, "billable_item", "1.0")]
    invoice = change.add(
        "invoices",
        number=1 + max((row["number"] for row in change.state.rows("invoices")), default=1000),
        issue_date=change.now[:10],
        status=status,
        status_description=LABELS[status],
        closed_at=change.now if status == PAID else None,
        patient_id=patient["id"],
        business_id=place["id"],
        practitioner_id=person["id"],
        appointment_id=booking["id"] if booking else None,
        attendee_id=booking.get("attendee_id") if booking else None,
        **amounts(lines),
    )
    for each in lines:
        add_line(change.build, invoice, each, change.build.now)
    _mark(change, invoice)
    return invoice


def _mark(change: Change, invoice: Row) -> None:
    """Show the status of an invoice on its appointment and attendee, which counts as a change."""
    for name, column in (
        ("individual_appointments", "appointment_id"),
        ("attendees", "attendee_id"),
    ):
        row = change.state.tables[name].rows.get(invoice.get(column, 0))
        if row is not None:
            change.set(name, row, invoice_status=invoice["status"])


@edit
def insert_invoice(change: Change, patient: str | None = None, paid: bool = False) -> None:
    """Add an invoice over one consultation."""
    owner = change.choose("patients", patient, live, "live patient")
    bill(change, owner, status=PAID if paid else OPEN)


@edit
def pay_invoice(change: Change, id: str | None = None) -> None:
    """Pay an open invoice."""
    row = change.choose(
        "invoices",
        id,
        lambda row: live(row) and row["status"] == OPEN and live_patient(change.state, row),
        "open invoice of a live patient",
    )
    change.set("invoices", row, status=PAID, status_description=LABELS[PAID], closed_at=change.now)
    _mark(change, row)


@edit
def archive_invoice(change: Change, id: str | None = None, bump: bool = False) -> None:
    """Archive an invoice."""
    row = change.choose(
        "invoices",
        id,
        lambda row: live(row) and live_patient(change.state, row),
        "live invoice of a live patient",
    )
    change.set("invoices", row, bump=bump, archived_at=change.now, deleted_at=change.now)


@edit
def change_price(change: Change, id: str | None = None, price: str = "99.0") -> None:
    """Change the price of a billable item."""
    if not price.replace(".", "", 1).isdigit():
        raise EditError(f"price must be a decimal such as 99.0, not {price!r}")
    row = change.choose("billable_items", id, live, "live billable item")
    change.set("billable_items", row, price=price)
