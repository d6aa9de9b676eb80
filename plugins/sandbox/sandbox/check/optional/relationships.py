"""Relationships as notes: a pair once, however often and whichever way round Cliniko holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check.clinic import link, removed
from sandbox.check.optional import rows
from sandbox.check.optional.rows import Wanted
from sandbox.check.optional.signs import NOTES
from sandbox.check.values import Row, instant

if TYPE_CHECKING:
    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.people import People
    from sandbox.check.report import Section
    from sandbox.check.settings import Settings


def compare(clinic: Clinic, account: Account, settings: Settings, people: People) -> Section:
    """Compare all relationships with the notes they became."""
    kept: set[str] = set()
    if settings.when_removed == "keep":
        kept = {str(row["id"]) for row in clinic.rows("relationships") if removed(row)}
    told: set[tuple[str | None, ...]] = set()
    wanted = []
    for row in clinic.live("relationships"):
        one, other = clinic.patient(row), _related(clinic, row)
        kind = str(row.get("relation"))
        known = (one, other, kind) in told or (other, one) in told
        told |= {(one, other, kind), (one, other)}
        if one == other or known or not people.takes(one):
            continue
        lines = {
            "Patient": clinic.patient_name(one) or f"Cliniko patient ID {one}",
            "Related to": f"{clinic.patient_name(other) or ''} (Cliniko patient ID {other})",
            "Relation": row.get("relation_description"),
        }
        wanted.append(
            Wanted(
                str(row["id"]),
                {
                    "person_id": people.ids.get(one or "", "missing"),
                    "add_time": instant(row.get("created_at")),
                    "text": tuple(sorted([*rows.told(lines), "Relationship"])),
                },
            )
        )
    found = rows.by_line(account.live("notes"), "content", NOTES["relationships"])
    return rows.compare("relationship", wanted, found, _note, kept)


def _related(clinic: Clinic, row: Row) -> str | None:
    key = link(row, "related_patient")
    return clinic.survivor(key) if key else None


def _note(row: Row) -> dict[str, object]:
    return {
        "person_id": str(row.get("person_id")),
        "add_time": instant(row.get("add_time")),
        "text": rows.said(row.get("content")),
    }
