"""Numbers and money, always decimal."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.functions.account import currency
from target_pipedrive.mapping.functions.registry import function
from target_pipedrive.mapping.text import text as trimmed
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from target_pipedrive.mapping.context import Context

_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?")


@function
def decimal(value: Any) -> Decimal | None:
    """A number as an exact decimal; nothing for nothing.

    Example:
        decimal('12.50') → Decimal('12.50')
        decimal('') → None
    """
    shown = trimmed(value)
    if shown is None:
        return None
    if not _NUMBER.fullmatch(shown):
        raise UnfitError("a number is needed here")
    return Decimal(shown)


@function
def total(values: list[Any]) -> Decimal:
    """Sum of numbers; those that are nothing are left out.

    Example:
        total(['1.10', None, '2.20']) → Decimal('3.30')
    """
    amounts = [decimal(value) for value in values]
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


@function
def prices(context: Context, amount: Any) -> list[dict[str, Any]] | None:
    """A product's list of prices: one entry, in the account's currency.

    Nothing when there is no amount.

    Example:
        prices('80.00') → [{'price': Decimal('80.00'), 'currency': 'AUD'}]
    """
    price = decimal(amount)
    if price is None:
        return None
    code = currency(context)
    if code is None:
        raise UnfitError("no currency is known; give the setting `currency`")
    return [{"price": price, "currency": code}]


@function
def line_total(price: Any, line: dict[str, Any]) -> Decimal | None:
    """Price times quantity of a line, less its discount (an amount or a percentage).

    Example:
        line_total('50', {'quantity': '2', 'discount_percentage': '10'}) → Decimal('90')
        line_total('50', {'quantity': '1', 'is_monetary_discount': True,
            'discounted_amount': '5'}) → Decimal('45')
    """
    amount = decimal(price)
    if amount is None:
        return None
    amount *= decimal(line.get("quantity")) or Decimal(0)
    if line.get("is_monetary_discount"):
        return amount - (decimal(line.get("discounted_amount")) or Decimal(0))
    percentage = decimal(line.get("discount_percentage")) or Decimal(0)
    return amount * (100 - percentage) / 100
