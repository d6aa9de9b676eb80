"""A patient's phone numbers as a person's.

The mapping wants E.164 "when it parses". Whether that means a number the numbering plan knows, one
of a possible length, or anything the parser accepts is left open, and so is whether the businesses'
countries are tried when the patient has a country of its own; so is the label of a number that is
typed twice, as mobile and as something else. Every combination is accepted, but one list must be
all of one kind.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import phonenumbers

from sandbox.check import countries
from sandbox.check.values import OneOf, Row, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.check.clinic import Clinic

_LABELS = {"Mobile": "mobile", "Home": "home", "Work": "work"}


def _anything(_: Any) -> bool:
    return True


_JUDGES = (phonenumbers.is_valid_number, phonenumbers.is_possible_number, _anything)


def expected(clinic: Clinic, patient: Row) -> OneOf:
    """Return the lists that are right, each a tuple of `(value, label, primary)`."""
    own = countries.code(patient.get("country_code"), patient.get("country"))
    every = list(dict.fromkeys([*([own] if own else []), *clinic.countries]))
    regions = [every, every[:1]] if len(every) > 1 else [every]
    return OneOf(
        tuple(
            dict.fromkeys(
                _listed(patient, region, judge, mobile_wins=wins)
                for region in regions
                for judge in _JUDGES
                for wins in (False, True)
            )
        )
    )


def actual(row: Row) -> tuple[tuple[str, str, bool], ...]:
    """Return a person's phones as tuples of `(value, label, primary)`."""
    return tuple(
        (str(phone.get("value")), str(phone.get("label")), bool(phone.get("primary")))
        for phone in row.get("phones") or []
    )


def _listed(
    patient: Row,
    regions: list[str],
    judge: Callable[[phonenumbers.PhoneNumber], bool],
    *,
    mobile_wins: bool,
) -> tuple[tuple[str, str, bool], ...]:
    found: dict[str, str] = {}
    for phone in patient.get("patient_phone_numbers") or []:
        typed = text(phone.get("number"))
        if typed:
            label = _LABELS.get(phone.get("phone_type"), "other")
            value = _e164(typed, regions, judge) or typed
            if mobile_wins and label == "mobile":
                found[value] = label
            found.setdefault(value, label)
    labels = list(found.values())
    primary = labels.index("mobile") if "mobile" in labels else 0
    return tuple((value, found[value], at == primary) for at, value in enumerate(found))


def _e164(
    typed: str, regions: list[str], judge: Callable[[phonenumbers.PhoneNumber], bool]
) -> str | None:
    for region in regions or ["ZZ"]:
        parsed = _parsed(typed, region)
        if parsed and judge(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None


@lru_cache(maxsize=4096)
def _parsed(typed: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        return None
