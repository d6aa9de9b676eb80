"""What a country's code or name says: its ISO code and its currency.

Cliniko's settings show no currency code, only the account's country (Cliniko API, public settings).
"""

from __future__ import annotations

_EURO = ("AT", "BE", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV")

_CURRENCIES = {
    **dict.fromkeys((*_EURO, "MT", "NL", "PT", "SI", "SK"), "EUR"),
    "AE": "AED",
    "AU": "AUD",
    "CA": "CAD",
    "CH": "CHF",
    "CN": "CNY",
    "DK": "DKK",
    "GB": "GBP",
    "HK": "HKD",
    "IN": "INR",
    "JP": "JPY",
    "MY": "MYR",
    "NO": "NOK",
    "NZ": "NZD",
    "PH": "PHP",
    "SE": "SEK",
    "SG": "SGD",
    "TH": "THB",
    "US": "USD",
    "VN": "VND",
    "ZA": "ZAR",
}

_NAMES = {
    "australia": "AU",
    "canada": "CA",
    "china": "CN",
    "france": "FR",
    "germany": "DE",
    "hong kong": "HK",
    "india": "IN",
    "ireland": "IE",
    "japan": "JP",
    "netherlands": "NL",
    "new zealand": "NZ",
    "singapore": "SG",
    "south africa": "ZA",
    "united arab emirates": "AE",
    "united kingdom": "GB",
    "united states": "US",
    "viet nam": "VN",
    "vietnam": "VN",
}


def code(country_code: object, country: object) -> str | None:
    """Return the ISO 3166 code from Cliniko's `country_code`, else from its `country` name."""
    given = str(country_code or "").strip().upper()
    return given or _NAMES.get(str(country or "").strip().casefold())


def currency(country: str | None) -> str | None:
    """Return the ISO 4217 code of a country, or None for one this table does not know."""
    return _CURRENCIES.get(country or "")
