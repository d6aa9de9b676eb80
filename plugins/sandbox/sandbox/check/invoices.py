"""A patient's invoices rolled up into the fields of its person."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.check.account import Money
from sandbox.check.clinic import link
from sandbox.check.values import OneOf, Row, instant, number, text

if TYPE_CHECKING:
    from sandbox.check.clinic import Clinic

_OPEN, _PAID = 10, 20
_STATUSES = {10: "Open", 20: "Paid", 30: "Closed", 40: "Open credit"}


def expected(clinic: Clinic, invoices: list[Row], currency: str | None) -> dict[str, object]:
    """Return the six invoice fields by name.

    Args:
        clinic: The source.
        invoices: The patient's invoices that are neither archived nor deleted.
        currency: ISO code the amounts are in.

    Returns:
        Every field with None when there is no invoice.
    """
    if not invoices:
        return dict.fromkeys(
            (
                "Outstanding balance",
                "Last payment date",
                "Total invoiced",
                "Invoice count",
                "Last invoice date",
                "Last invoice status",
            )
        )
    last = max(invoices, key=lambda row: (row.get("issue_date") or "", int(row.get("number") or 0)))
    unpaid = [row for row in invoices if row.get("status") == _OPEN]
    return {
        "Outstanding balance": Money(_total(unpaid), currency),
        "Last payment date": _last_payment(clinic, invoices),
        "Total invoiced": Money(_total(invoices), currency),
        "Invoice count": Decimal(len(invoices)),
        "Last invoice date": text(last.get("issue_date")),
        "Last invoice status": _STATUSES.get(last.get("status") or 0),
    }


def _total(invoices: list[Row]) -> Decimal:
    return sum((number(row.get("total_amount")) or Decimal() for row in invoices), Decimal())


def _last_payment(clinic: Clinic, invoices: list[Row]) -> object:
    closed = [
        (moment, clinic.get("businesses", link(row, "business")))
        for row in invoices
        if row.get("status") == _PAID and (moment := instant(row.get("closed_at")))
    ]
    if not closed:
        return None
    latest = max(moment for moment, _ in closed)
    dates = {
        latest.astimezone(zone).date().isoformat()
        for moment, business in closed
        if moment == latest
        for zone in clinic.zones_of(business)
    }
    return OneOf(tuple(sorted(dates)))
