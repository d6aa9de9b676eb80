"""Cases as deals in the account's first pipeline, each with a note of what a deal has no field for.

A deal's value is Pipedrive's own sum, and its stage is judged only as far as the mapping's default
decides it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check.clinic import link, removed
from sandbox.check.optional import rows
from sandbox.check.optional.rows import Wanted
from sandbox.check.optional.signs import CASE_ID, NOTES
from sandbox.check.values import Row, full_name, instant, squeezed, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.people import People
    from sandbox.check.report import Section
    from sandbox.check.settings import Settings

_SCHEMES = {"dva": "DVA", "medicare": "Medicare"}


def compare(
    clinic: Clinic, account: Account, settings: Settings, people: People
) -> Iterator[Section]:
    """Compare all cases with the deals and notes they became."""
    deals = standing(account)
    kept: set[str] = set()
    if settings.when_removed == "keep":
        kept = {str(row["id"]) for row in clinic.rows("patient_cases") if removed(row)}
    found, notes = [], []
    for case in clinic.live("patient_cases"):
        patient = clinic.patient(case)
        if not people.takes(patient):
            continue
        key = str(case["id"])
        closed = instant(case.get("closed_at"))
        found.append(
            Wanted(
                key,
                {
                    "title": squeezed(case.get("name")) or f"Case {key}",
                    "person_id": people.ids.get(patient or "", "missing"),
                    "owner_id": settings.owner(account),
                    "stage_id": _first_stage(account),
                    "status": "won" if closed else "open",
                    "won_time": closed,
                    "expected_close_date": text(case.get("expiry_date")),
                },
            )
        )
        parent = str(deals[key][0]["id"]) if deals.get(key) else "missing"
        notes.append(Wanted(key, _note(clinic, case, parent)))
    yield rows.compare("case", found, deals, _deal, kept)
    texts = rows.by_line(account.live("notes"), "content", NOTES["patient_cases"])
    yield rows.compare("case's note", notes, texts, _told, kept)


def standing(account: Account) -> dict[str, list[Row]]:
    """Return the deals that stand for cases, by the id of the case."""
    found = rows.by_field(account, "deals", account.deal_fields, CASE_ID)
    return {key.removeprefix("patient_case "): deals for key, deals in found.items()}


def _first_stage(account: Account) -> object:
    pipeline = min(account.live("pipelines"), key=lambda row: int(row["id"]))
    stages = [row for row in account.live("stages") if row["pipeline_id"] == pipeline["id"]]
    return min(int(row["id"]) for row in stages)


def _note(clinic: Clinic, case: Row, parent: str) -> dict[str, object]:
    scheme = text(case.get("referral_type"))
    referral = _SCHEMES.get(scheme, scheme) if scheme else "Yes" if case.get("referral") else None
    contact = clinic.get("contacts", link(case, "contact"))
    lines = {
        "Issued": case.get("issue_date"),
        "Expires": case.get("expiry_date"),
        "Referral": referral,
        "Contact": contact and (full_name(contact) or contact.get("company_name")),
        "Most sessions": case.get("max_sessions"),
        "Most to invoice": case.get("max_invoiceable_amount"),
        "Notes": case.get("notes"),
    }
    return {
        "deal_id": parent,
        "add_time": instant(case.get("created_at")),
        "text": rows.told(lines),
    }


def _deal(row: Row) -> dict[str, object]:
    return {
        "title": squeezed(row.get("title")),
        "person_id": str(row.get("person_id")),
        "owner_id": row.get("owner_id"),
        "stage_id": row.get("stage_id"),
        "status": row.get("status"),
        "won_time": instant(row.get("won_time")),
        "expected_close_date": text(row.get("expected_close_date")),
    }


def _told(row: Row) -> dict[str, object]:
    return {
        "deal_id": str(row.get("deal_id")),
        "add_time": instant(row.get("add_time")),
        "text": rows.said(row.get("content")),
    }
