"""Invoices and their lines, with totals that add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox.clinic.builder import moment
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.clinic.builder import Builder
    from sandbox.clinic.practice import Practice
    from sandbox.cliniko.resource import Row

OPEN, PAID, CLOSED, CREDIT = 10, 20, 30, 40
LABELS = {OPEN: "Open", PAID: "Paid", CLOSED: "Closed", CREDIT: "Open credit"}
_CENT = Decimal("0.01")
_FIRST_NUMBER = 1001
_RARE_CASES = 6


@dataclass(frozen=True)
class Line:
    """One line of an invoice."""

    item: Row
    column: str
    quantity: Decimal
    unit: Decimal
    rate: Decimal
    tax_name: str | None

    @property
    def net(self) -> Decimal:
        """The price without tax."""
        return _money(self.quantity * self.unit)

    @property
    def tax(self) -> Decimal:
        """The tax on it."""
        return _money(self.net * self.rate / 100)


def _money(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)


def number_text(value: Decimal) -> str:
    """Return a decimal as Cliniko writes it: no trailing zeros but one behind a bare point."""
    text = format(value.normalize(), "f")
    return text if "." in text else f"{text}.0"


def line(practice: Practice, item: Row, column: str, quantity: str) -> Line:
    """Return a line for a billable item or product at its price of today."""
    taxes = {row["id"]: row for row in practice.taxes}
    tax = taxes.get(item.get("tax_id", 0))
    price = item.get("price") or item.get("price_ex_tax") or item.get("price_including_tax") or "0"
    return Line(
        item=item,
        column=column,
        quantity=Decimal(quantity),
        unit=Decimal(price),
        rate=Decimal(tax["rate"]) if tax else Decimal(0),
        tax_name=tax["name"] if tax else None,
    )


def amounts(lines: list[Line], sign: int = 1) -> dict[str, str]:
    """Return the money fields of an invoice over these lines."""
    net = sign * sum((each.net for each in lines), Decimal(0))
    tax = sign * sum((each.tax for each in lines), Decimal(0))
    return {
        "net_amount": number_text(net),
        "tax_amount": number_text(tax),
        "total_amount": number_text(net + tax),
        "discounted_amount": "0.0",
    }


def build(b: Builder, practice: Practice, patients: list[Row], appointments: list[Row]) -> None:
    """Add invoices: most for an appointment, some over the counter; some patients have none."""
    without = {row["id"] for row in patients[5::7]}
    settled = {row["id"] for row in patients[3::4]}
    by_patient: dict[int, list[Row]] = {row["id"]: [] for row in patients}
    for row in appointments:
        if row["ends_at"] < stamp(b.now) and not row.keys() & {"cancelled_at", "archived_at"}:
            by_patient[row["patient_id"]].append(row)
    counter = _FIRST_NUMBER
    for patient in patients:
        if patient["id"] in without:
            continue
        bookings = by_patient[patient["id"]]
        for booking in [row for row in bookings if b.chance(0.85)] + [None] * b.pick(
            (0, 0, 1, 1, 2)
        ):
            statuses = (
                (PAID, PAID, CLOSED) if patient["id"] in settled else (PAID, PAID, OPEN, CLOSED)
            )
            _invoice(b, practice, patient, booking, counter, b.pick(statuses))
            counter += 1
    _rare(b, practice, patients, counter)


def _rare(b: Builder, practice: Practice, patients: list[Row], counter: int) -> None:
    firsts: dict[int, Row] = {}
    for row in b.state.rows("invoices"):
        firsts.setdefault(row["patient_id"], row)
    named = {row["id"]: row for row in patients}
    for number, (key, first) in enumerate(list(firsts.items())[:_RARE_CASES]):
        patient = named[key]
        issued = moment(first["created_at"])
        if number == 0:
            # Two of one day: the higher number is the later one.
            _invoice(b, practice, patient, None, counter, OPEN, issued=issued)
            _invoice(b, practice, patient, None, counter + 1, PAID, issued=issued)
        elif number in {1, 2}:
            credit = _invoice(b, practice, patient, None, counter, CREDIT, issued=issued)
            b.state.change("invoices", credit["id"], original_invoice_id=first["id"])
        else:
            # Archiving or deleting an invoice does not touch updated_at.
            names = (("archived_at",), ("deleted_at",), ("archived_at", "deleted_at"))[number % 3]
            b.state.change("invoices", first["id"], **dict.fromkeys(names, stamp(b.ago(3))))
        counter += 2


def _invoice(
    b: Builder,
    practice: Practice,
    patient: Row,
    booking: Row | None,
    number: int,
    status: int,
    *,
    issued: datetime | None = None,
) -> Row:
    place = b.pick(practice.businesses)
    person = b.pick(practice.active)["id"]
    when = issued or b.between(moment(patient["created_at"]), b.now)
    if booking:
        place = b.state.row("businesses", booking["business_id"])
        person = booking["practitioner_id"]
        when = min(moment(booking["ends_at"]) + timedelta(minutes=5), b.now)
    lines = [line(practice, b.pick(practice.billable_items[:6]), "billable_item", "1.0")]
    if b.chance(0.3):
        lines.append(line(practice, b.pick(practice.products), "product", b.pick(("1.0", "2.0"))))
    closed = None
    if status in {PAID, CLOSED}:
        closed = b.between(when, min(when + timedelta(days=30), b.now))
    values: dict[str, Any] = {
        "number": number,
        "issue_date": when.astimezone(ZoneInfo(place["time_zone_identifier"])).date().isoformat(),
        "status": status,
        "status_description": LABELS[status],
        "closed_at": stamp(closed) if closed else None,
        "calculation_method": 2,
        "calculation_method_description": "Tax exclusive",
        "invoice_to": f"{patient['label']}\r\n{patient.get('address_1', '')}",
        "notes": "",
        "online_payment_url": "https://pay.example.com/0000",
        "patient_id": patient["id"],
        "practitioner_id": person,
        "business_id": place["id"],
        **amounts(lines, -1 if status == CREDIT else 1),
    }
    if booking:
        values |= {"appointment_id": booking["id"], "attendee_id": booking.get("attendee_id")}
    row = b.add("invoices", when, closed or when, **values)
    for each in lines:
        add_line(b, row, each, when)
    if booking:
        b.state.change("individual_appointments", booking["id"], invoice_status=status)
        if "attendee_id" in booking:
            b.state.change("attendees", booking["attendee_id"], invoice_status=status)
    return row


def add_line(b: Builder, invoice: Row, each: Line, when: datetime) -> None:
    """Add one line of an invoice."""
    b.add(
        "invoice_items",
        when,
        name=each.item["name"],
        code=each.item.get("item_code"),
        quantity=number_text(each.quantity),
        unit_price=number_text(each.unit),
        net_price=number_text(each.net),
        tax_amount=number_text(each.tax),
        tax_name=each.tax_name,
        tax_rate=number_text(each.rate),
        total_including_tax=float(each.net + each.tax),
        is_monetary_discount=False,
        invoice_id=invoice["id"],
        **{f"{each.column}_id": each.item["id"]},
    )
