"""How Cliniko answers a query of a list: what it hides, refuses, sorts and counts.

Kept apart from the server, so that tests without a network use the very same rules. They follow the
official OpenAPI and are as unkind as it lets them be: rows of equal sort values come in another
order at every request, and what is not documented is refused.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

from tap_cliniko.streams import STREAMS

HIDDEN: dict[str, tuple[str, ...]] = {each.name: each.hidden for each in STREAMS if each.hidden}

_OTHERS = """
patients: accepted_privacy_policy=bool date_of_birth=date email=str first_name=str last_name=str
  old_reference_id=str preferred_first_name=str
practitioners: active=bool show_in_online_bookings=bool user_id=num
businesses: appointment_type_ids=arr show_in_online_bookings=bool
individual_appointments: appointment_type_id=num business_id=num did_not_arrive=bool ends_at=dt
  patient_id=num practitioner_id=num repeated_from_id=num starts_at=dt
group_appointments: appointment_type_id=num business_id=num ends_at=dt patient_ids=arr
  practitioner_id=num repeated_from_id=num starts_at=dt
attendees: appointment_id=num booking_id=num patient_case_id=num patient_id=num
unavailable_blocks: business_id=num ends_at=dt practitioner_id=num repeated_from_id=num starts_at=dt
  unavailable_block_type_id=num
availability_blocks: business_id=num practitioner_id=num starts_at=dt
daily_availabilities: business_id=num practitioner_id=num
appointment_types: category=str show_in_online_bookings=bool
appointment_type_billable_items: appointment_type_id=num billable_item_id=num
appointment_type_products: appointment_type_id=num product_id=num
billable_items: tax_id=num
products: name=str tax_id=num
product_suppliers: name=str
stock_adjustments: product_id=num
concession_prices: billable_item_id=num concession_type_id=num
invoices: appointment_id=num attendee_id=num business_id=num closed_at=dt issue_date=date number=num
  original_invoice_id=num patient_id=num practitioner_id=num status=num
invoice_items: invoice_id=num source_item_id=num
treatment_notes: attendee_id=num booking_id=num draft=bool patient_id=num practitioner_id=num
  treatment_note_template_id=num
patient_forms: attendee_id=num completed_at=dt patient_id=num
patient_attachments: content_type=str description=str filename=str patient_id=num processed_at=dt
  size=num user_id=num
patient_cases: closed_at=dt expiry_date=date issue_date=date name=str patient_id=num
communications: category_code=num letter_id=num patient_id=num type_code=num
medical_alerts: patient_id=num
contacts: company_name=str email=str first_name=str last_name=str occupation=str type_code=num
relationships: patient_id=num
referral_sources: referral_source_type_id=num referrer_id=num
practitioner_reference_numbers: business_id=num practitioner_id=num reference_number=str
recalls: patient_id=num
"""

_OPERATORS = {
    "date": ("!?", "?", ">=", "<=", ">", "<", "="),
    "dt": ("!?", "?", "*", ">=", "<=", ">", "<"),
    "num": ("!?", "?", "!=", ">=", "<=", ">", "<", "="),
    "str": ("!?", "?", "!=", "~~", "~", "="),
    "bool": ("!=", "="),
    "arr": ("~",),
}
_VALUES = {
    "dt": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "num": re.compile(r"\d+(,\d+)*"),
    "bool": re.compile("true|false"),
    "arr": re.compile(r"\d+"),
    "str": re.compile(r".+"),
}
_LISTS_WITHOUT_FILTERS = {"services"}


def _filters() -> dict[str, dict[str, str]]:
    common = {"id": "num", "created_at": "dt", "updated_at": "dt"}
    found = {
        each.name: {**common, **dict.fromkeys(each.hidden, "dt")}
        for each in STREAMS
        if each.name not in _LISTS_WITHOUT_FILTERS
    }
    for line in re.sub(r"\n\s+", " ", _OTHERS).strip().splitlines():
        name, _, fields = line.partition(":")
        found[name].update(field.split("=") for field in fields.split())
    return found


FILTERS = _filters()


class BadQueryError(Exception):
    """What Cliniko answers 400 to."""


def answer(
    name: str,
    rows: list[dict[str, Any]],
    filters: list[str],
    sort: str = "",
    per_page: int = 50,
    page: int = 1,
    chance: random.Random | None = None,
) -> tuple[list[dict[str, Any]], bool, int]:
    """Answer a query: the rows of the page, whether more follow, and how many match in all.

    Raises:
        BadQueryError: When Cliniko would refuse it.
    """
    known = FILTERS.get(name, {})
    lifted = set()
    for text in filters:
        column, _, test = text.partition(":")
        if column not in known:
            raise BadQueryError(f"{column} is not filterable")
        lifted.add(column)
        rows = _matching(rows, column, known[column], test)
    for column in HIDDEN.get(name, ()):
        if column not in lifted:
            rows = [row for row in rows if row[column] is None]
    rows = list(rows)
    if known:
        (chance or random.Random(len(rows))).shuffle(rows)  # ties keep this order
    for part in reversed((sort or "created_at").split(",") if known else []):
        column, _, direction = part.partition(":")
        if known.get(column) not in {"num", "dt", "date", "str"} or direction not in {
            "",
            "asc",
            "desc",
        }:
            raise BadQueryError("Sort parameter must be a valid column name")
        rows.sort(key=lambda row: _key(row, column), reverse=direction == "desc")
    begin = (page - 1) * per_page
    shown = json.loads(json.dumps(rows[begin : begin + per_page]))
    return shown, begin + per_page < len(rows), len(rows)


def linked(row: dict[str, Any], column: str) -> int | None:
    """The id that a link leads to."""
    target = row.get(column.removesuffix("_id"))
    return int(target["links"]["self"].rpartition("/")[2]) if target else None


def _held(row: dict[str, Any], column: str) -> Any:
    if column == "id":
        return int(row["id"])
    if column.endswith("_id") and column not in row:
        return linked(row, column)
    return row.get(column)


def _key(row: dict[str, Any], column: str) -> tuple[bool, Any]:
    held = _held(row, column)
    return held is not None, held


def _matching(rows: list[dict[str, Any]], column: str, kind: str, test: str) -> list:
    operator = next((sign for sign in _OPERATORS[kind] if test.startswith(sign)), None)
    if operator is None:
        raise BadQueryError(f"{column} needs one of {_OPERATORS[kind]}")
    value = test.removeprefix(operator)
    if operator in {"*", "?", "!?"}:
        if value:
            raise BadQueryError(f"{operator} takes no value")
        return [
            row
            for row in rows
            if operator == "*" or (_held(row, column) is None) == (operator == "!?")
        ]
    if not _VALUES[kind].fullmatch(value) or ("," in value and operator not in {"=", "!="}):
        raise BadQueryError(f"{column}: a wrong value")
    return [row for row in rows if _holds(_held(row, column), kind, operator, value)]


def _holds(held: Any, kind: str, operator: str, value: str) -> bool:
    if held is None:
        return False
    if kind == "arr":
        return value in held
    if operator in {"=", "!="}:
        given = [int(part) for part in value.split(",")] if kind == "num" else [value]
        return (held in given) == (operator == "=")
    if operator in {"~", "~~"}:
        return value.strip("%") in held
    bound = int(value) if kind == "num" else value
    return {
        ">=": held >= bound,
        "<=": held <= bound,
        ">": held > bound,
        "<": held < bound,
    }[operator]
