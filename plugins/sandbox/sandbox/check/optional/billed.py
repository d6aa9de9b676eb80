"""Lines of invoices as the products of a case's deal.

An invoice belongs to the case of the attendee it is for, else to that of the appointment; no other
way from an invoice to a case is known. Credits do not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check.clinic import link, removed
from sandbox.check.optional import cases, rows
from sandbox.check.optional.rows import Wanted
from sandbox.check.optional.signs import LINES
from sandbox.check.products import ID_FIELD
from sandbox.check.values import Row, number

if TYPE_CHECKING:
    from decimal import Decimal

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.people import People
    from sandbox.check.report import Section
    from sandbox.check.settings import Settings

_CREDIT = 40
_TAX_INCLUDED = 3


def compare(clinic: Clinic, account: Account, settings: Settings, people: People) -> Section:
    """Compare the lines of all cases' invoices with the products of their deals."""
    del settings
    deals = {key: str(found[0]["id"]) for key, found in cases.standing(account).items()}
    products = {
        key: str(found[0]["id"])
        for key, found in rows.by_field(
            account, "products", account.product_fields, ID_FIELD
        ).items()
    }
    wanted = []
    for line in clinic.live("invoice_items"):
        invoice = clinic.linked(line, "invoice", "invoices")
        case = _case(clinic, invoice) if invoice else None
        if invoice is None or case is None or not people.takes(clinic.patient(case)):
            continue
        item = link(line, "billable_item")
        good = f"billable_item {item}" if item else f"product {link(line, 'product')}"
        included = invoice.get("calculation_method") == _TAX_INCLUDED
        wanted.append(
            Wanted(
                str(line["id"]),
                {
                    "deal": deals.get(str(case["id"]), "missing"),
                    "product": products.get(good, "missing"),
                    "price": number(line.get("unit_price")),
                    "quantity": number(line.get("quantity")),
                    "tax": number(line.get("tax_rate")) or number("0"),
                    "tax_method": "inclusive" if included else "exclusive",
                    "discount": _discount(line),
                    "invoice": f"Invoice: {invoice.get('number')}",
                },
            )
        )
    standing = {row["id"] for row in account.live("deals")}
    lines = [row for row in account.live("dealProducts") if row["deal_id"] in standing]
    found = rows.by_line(lines, "comments", LINES["deal_products"])
    return rows.compare("case's product", wanted, found, _line)


def _case(clinic: Clinic, invoice: Row) -> Row | None:
    if removed(invoice) or invoice.get("status") == _CREDIT or link(invoice, "original_invoice"):
        return None
    visitor = clinic.linked(invoice, "attendee", "attendees")
    visit = clinic.linked(invoice, "appointment", "individual_appointments")
    for row in (visitor, visit):
        case = clinic.linked(row, "patient_case", "patient_cases") if row else None
        if case:
            return None if removed(case) else case
    return None


def _discount(line: Row) -> tuple[str, Decimal | None]:
    if line.get("is_monetary_discount"):
        return "amount", number(line.get("discounted_amount")) or number("0")
    return "percentage", number(line.get("discount_percentage")) or number("0")


def _line(row: Row) -> dict[str, object]:
    return {
        "deal": str(row.get("deal_id")),
        "product": str(row.get("product_id")),
        "price": number(row.get("item_price")),
        "quantity": number(row.get("quantity")),
        "tax": number(row.get("tax")),
        "tax_method": row.get("tax_method"),
        "discount": (row.get("discount_type"), number(row.get("discount"))),
        "invoice": str(row.get("comments")).split("\n", maxsplit=1)[0],
    }
