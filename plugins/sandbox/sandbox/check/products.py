"""Products, billable items and appointment types as products.

Prices are exact. A discount in percent can leave fractions of a cent; the exact figure and the one
rounded to cents, by line or in all, are accepted. A record without any price may stand at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from sandbox.check.clinic import link, removed
from sandbox.check.report import Section
from sandbox.check.values import OneOf, Row, cut, number, same, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.settings import Settings

ID_FIELD = "Cliniko ID"
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class _Product:
    key: str
    row: Row
    code: str | None
    prices: frozenset[Decimal]
    priced: bool
    tax: Decimal


def compare(clinic: Clinic, account: Account, settings: Settings) -> Section:
    """Compare all three kinds of source records with all products."""
    section = Section("product")
    standing: dict[str, list[Row]] = {}
    strangers: list[Row] = []
    for row in account.live("products"):
        key = account.product_fields.read(ID_FIELD, row)
        if key:
            standing.setdefault(str(key), []).append(row)
        elif account.is_new("products", row):
            strangers.append(row)
    for product in _expected(clinic):
        section.expected += 1
        rows = standing.pop(product.key, [])
        if not rows:
            section.missing.append(product.key)
            continue
        section.present += 1
        section.duplicates += [f"{product.key} (Pipedrive {row['id']})" for row in rows[1:]]
        for name, expected, actual in _differences(product, rows[0], settings.currency):
            section.differ(product.key, rows[0]["id"], name, expected, actual)
    section.extra = [
        f"{key} (Pipedrive {row['id']})" for key, rows in standing.items() for row in rows
    ] + [f"Pipedrive {row['id']}" for row in strangers]
    return section


def _expected(clinic: Clinic) -> Iterator[_Product]:
    for row in clinic.rows("products"):
        code = text(row.get("item_code")) or text(row.get("serial_number"))
        yield _single(clinic, f"product {row['id']}", row, code, _product_price(row))
    for row in clinic.rows("billable_items"):
        code = text(row.get("item_code"))
        yield _single(clinic, f"billable_item {row['id']}", row, code, number(row.get("price")))
    joins = {
        name: clinic.grouped(clinic.rows(f"appointment_type_{name}"), "appointment_type")
        for name in ("billable_items", "products")
    }
    for row in clinic.rows("appointment_types"):
        key = str(row["id"])
        lines = [
            *_lines(clinic, joins["billable_items"].get(key, []), "billable_item"),
            *_lines(clinic, joins["products"].get(key, []), "product"),
        ]
        yield _Product(f"appointment_type {key}", row, None, _sums(lines), bool(lines), Decimal())


def _single(
    clinic: Clinic, key: str, row: Row, code: str | None, price: Decimal | None
) -> _Product:
    tax = clinic.linked(row, "tax", "taxes")
    rate = number(tax.get("rate")) if tax else None
    prices = frozenset({Decimal() if price is None else price})
    return _Product(key, row, code, prices, price is not None, rate or Decimal())


def _product_price(row: Row) -> Decimal | None:
    price = number(row.get("price_ex_tax"))
    return number(row.get("price_including_tax")) if price is None else price


def _lines(clinic: Clinic, joins: list[Row], name: str) -> Iterator[Decimal]:
    """Yield what each item of an appointment type adds, discount taken off."""
    for join in joins:
        item = clinic.get(f"{name}s", link(join, name))
        if item is None or removed(item):
            continue
        price = _product_price(item) if name == "product" else number(item.get("price"))
        full = (price or Decimal()) * (number(join.get("quantity")) or Decimal())
        if join.get("is_monetary_discount"):
            yield full - (number(join.get("discounted_amount")) or Decimal())
        else:
            percent = number(join.get("discount_percentage")) or Decimal()
            yield full - full * percent / 100


def _sums(lines: list[Decimal]) -> frozenset[Decimal]:
    exact = sum(lines, Decimal())
    sums = {exact}
    for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN):
        sums.add(exact.quantize(_CENT, rounding))
        sums.add(sum((line.quantize(_CENT, rounding) for line in lines), Decimal()))
    return frozenset(sums)


def _differences(
    product: _Product, row: Row, currency: str | None
) -> Iterator[tuple[str, object, object]]:
    prices = [
        (number(entry.get("price")), entry.get("currency")) for entry in row.get("prices") or []
    ]
    wanted = OneOf(tuple([(price, currency)] for price in sorted(product.prices)))
    pairs: dict[str, tuple[object, object]] = {
        "name": (cut(text(product.row.get("name"))), row.get("name")),
        "code": (cut(product.code), text(row.get("code"))),
        "tax": (product.tax, number(row.get("tax")) or Decimal()),
        "is_linkable": (not removed(product.row), row.get("is_linkable")),
    }
    if product.priced or any(price for price, _ in prices):
        pairs["prices"] = (wanted, prices)
    for name, (expected, actual) in pairs.items():
        if not same(expected, actual):
            yield name, expected, actual
