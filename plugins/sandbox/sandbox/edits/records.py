"""Edits of what only some mappings move: cases, forms, recalls, contacts, relationships."""

# ruff: noqa: A002 - parameters are the JSON arguments of the control API

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sandbox.clinic import forms
from sandbox.clinic.patients import RELATIONS
from sandbox.edits.core import EditError, edit, live, live_patient

if TYPE_CHECKING:
    from sandbox.cliniko.resource import Row
    from sandbox.edits.core import Change


def _patient(change: Change, key: str | None) -> Row:
    return change.choose("patients", key, live, "live patient")


def _owned(change: Change, table: str, key: str | None, missing: str, what: str) -> Row:
    """Return a live record of a live patient that bears no `missing` yet."""
    return change.choose(
        table,
        key,
        lambda row: live(row) and missing not in row and live_patient(change.state, row),
        what,
    )


@edit
def insert_case(change: Change, patient: str | None = None, name: str = "Shoulder 2026") -> None:
    """Add an open case."""
    change.add(
        "patient_cases",
        name=name,
        notes="",
        referral=False,
        issue_date=change.now[:10],
        closed=False,
        max_sessions=6,
        include_cancelled_attendees=False,
        include_dna_attendees=False,
        attendee_ids=[],
        patient_id=_patient(change, patient)["id"],
    )


@edit
def close_case(change: Change, id: str | None = None) -> None:
    """Close an open case."""
    row = _owned(change, "patient_cases", id, "closed_at", "open case of a live patient")
    change.set("patient_cases", row, closed=True, closed_at=change.now)


@edit
def assign_case(change: Change, attendee: str | None = None, case: str | None = None) -> None:
    """Count a visit to a case of its patient."""
    state = change.state
    owners = {row["patient_id"] for row in state.rows("patient_cases") if live(row)}
    visit = change.choose(
        "attendees",
        attendee,
        lambda row: live(row) and row["patient_id"] in owners,
        "live attendee whose patient has a live case",
    )
    chosen = change.choose(
        "patient_cases",
        case,
        lambda row: live(row) and row["patient_id"] == visit["patient_id"],
        "live case of the same patient",
    )
    change.set("attendees", visit, patient_case_id=chosen["id"])


@edit
def insert_form(change: Change, patient: str | None = None) -> None:
    """Send a patient a form of the first template."""
    template = change.choose("patient_form_templates", None, live, "live form template")
    change.add(
        "patient_forms",
        name=template["name"],
        content={"sections": forms.sections()},
        email_to_patient_on_completion=False,
        restricted_to_practitioner=False,
        url="https://forms.example.com/1111",
        patient_id=_patient(change, patient)["id"],
    )


@edit
def complete_form(change: Change, id: str | None = None, text: str = "Better &amp; better") -> None:
    """Fill in a form that was sent: every question of text is answered."""
    row = _owned(change, "patient_forms", id, "completed_at", "form that waits for its patient")
    content = deepcopy(row["content"])
    for section in content["sections"]:
        for question in section["questions"]:
            if question["type"] == "paragraph":
                question["answer"] = f"<p>{text}</p>"
            elif question["type"] == "text":
                question["answer"] = text
    change.set("patient_forms", row, content=content, completed_at=change.now)


@edit
def insert_recall(change: Change, patient: str | None = None, days: int = 30) -> None:
    """Add a recall in so many days."""
    kind = change.choose("recall_types", None, live, "live type of recall")
    change.add(
        "recalls",
        recall_at=(change.build.now.date() + timedelta(days=days)).isoformat(),
        notes="",
        patient_id=_patient(change, patient)["id"],
        recall_type_id=kind["id"],
    )


@edit
def move_recall(change: Change, id: str | None = None, days: int = 14) -> None:
    """Move a recall by so many days."""
    row = _owned(change, "recalls", id, "recalled_at", "open recall of a live patient")
    later = date.fromisoformat(row["recall_at"]) + timedelta(days=days)
    change.set("recalls", row, recall_at=later.isoformat())


@edit
def complete_recall(change: Change, id: str | None = None) -> None:
    """Mark a patient as recalled."""
    row = _owned(change, "recalls", id, "recalled_at", "open recall of a live patient")
    change.set("recalls", row, recalled_at=change.now)


@edit
def insert_contact(change: Change, company: str = "Quay Street Radiology") -> None:
    """Add a contact without a person's name."""
    change.add(
        "contacts", company_name=company, first_name="", last_name="", type="Standard", type_code=0
    )


@edit
def change_contact(change: Change, id: str | None = None, company: str = "Moved & Co") -> None:
    """Change the company of a contact; the patients it referred are not stamped."""
    row = change.choose("contacts", id, live, "live contact")
    change.set("contacts", row, company_name=company)


@edit
def insert_relationship(
    change: Change, patient: str | None = None, related: str | None = None, relation: int = 50
) -> None:
    """Relate two patients."""
    one = _patient(change, patient)
    other = change.choose(
        "patients", related, lambda row: live(row) and row is not one, "other live patient"
    )
    change.add(
        "relationships",
        patient_id=one["id"],
        related_patient_id=other["id"],
        relation=relation,
        relation_description=_relation(relation),
    )


@edit
def change_relationship(change: Change, id: str | None = None, relation: int = 70) -> None:
    """Change what two patients are to each other."""
    row = change.choose(
        "relationships",
        id,
        lambda row: live(row) and live_patient(change.state, row),
        "live relationship",
    )
    change.set("relationships", row, relation=relation, relation_description=_relation(relation))


def _relation(code: int) -> str:
    if code not in RELATIONS:
        raise EditError(f"relation must be one of {', '.join(map(str, RELATIONS))}, not {code}")
    return RELATIONS[code]


@edit
def change_referral(
    change: Change, id: str | None = None, notes: str = "Read about us & came"
) -> None:
    """Change the notes on where a patient came from."""
    row = change.choose(
        "referral_sources",
        id,
        lambda row: live(row) and live_patient(change.state, row),
        "live referral source of a live patient",
    )
    change.set("referral_sources", row, notes=notes)
