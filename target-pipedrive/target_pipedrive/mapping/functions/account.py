"""The Cliniko account: its locations, country and currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.functions.registry import function
from target_pipedrive.mapping.text import id_order
from target_pipedrive.mapping.text import text as trimmed

if TYPE_CHECKING:
    from target_pipedrive.mapping.context import Context

ACCOUNT = "account"
"""Key under which `businesses` are rolled up into `public_settings`, of which there is one."""

CURRENCIES = {
    "AE": "AED", "AT": "EUR", "AU": "AUD", "BE": "EUR", "BG": "EUR", "BR": "BRL", "CA": "CAD",
    "CH": "CHF", "CN": "CNY", "CY": "EUR", "CZ": "CZK", "DE": "EUR", "DK": "DKK", "EE": "EUR",
    "ES": "EUR", "FI": "EUR", "FJ": "FJD", "FR": "EUR", "GB": "GBP", "GG": "GBP", "GR": "EUR",
    "HK": "HKD", "HR": "EUR", "HU": "HUF", "ID": "IDR", "IE": "EUR", "IL": "ILS", "IM": "GBP",
    "IN": "INR", "IS": "ISK", "IT": "EUR", "JE": "GBP", "JP": "JPY", "KE": "KES", "KR": "KRW",
    "LI": "CHF", "LT": "EUR", "LU": "EUR", "LV": "EUR", "MC": "EUR", "MT": "EUR", "MX": "MXN",
    "MY": "MYR", "NL": "EUR", "NO": "NOK", "NZ": "NZD", "PG": "PGK", "PH": "PHP", "PL": "PLN",
    "PT": "EUR", "QA": "QAR", "RO": "RON", "SA": "SAR", "SE": "SEK", "SG": "SGD", "SI": "EUR",
    "SK": "EUR", "TH": "THB", "TR": "TRY", "TW": "TWD", "UA": "UAH", "US": "USD", "VN": "VND",
    "VU": "VUV", "WS": "WST", "ZA": "ZAR",
}  # fmt: skip
"""Currency by country; Cliniko tells the country alone (Cliniko API, "Settings")."""


def locations(context: Context) -> list[dict[str, Any]]:
    """Active locations of the account, oldest id first."""
    rows = context.world.children("businesses", "public_settings", ACCOUNT)
    active = [row for row in rows if not (row.get("archived_at") or row.get("deleted_at"))]
    return sorted(active, key=lambda row: id_order(row.get("id")))


def account_country(context: Context) -> str | None:
    """Country of the account, as an ISO code, from its settings."""
    account = (context.world.lookup("public_settings", None) or {}).get("account") or {}
    code = trimmed(account.get("country_code"))
    return code.upper() if code else None


def countries(context: Context, nearest: Any = None) -> list[str]:
    """Countries to try for a phone number: the patient's, the locations' and the account's."""
    codes = [nearest, *(row.get("country_code") for row in locations(context)[:1])]
    found = [code.upper() for code in map(trimmed, codes) if code]
    if (account := account_country(context)) is not None:
        found.append(account)
    return list(dict.fromkeys(found))


@function
def currency(context: Context) -> str | None:
    """Currency of all amounts.

    It is the setting `currency`, else that of the Cliniko account's country, else that of the
    Pipedrive account.

    Example:
        currency() → 'AUD'
    """
    if context.options.currency:
        return context.options.currency
    country = account_country(context)
    return CURRENCIES.get(country or "") or context.world.currency
