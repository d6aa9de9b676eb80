"""What only some migrations read: cases, forms and their templates, recalls."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.clinic.builder import moment
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.cliniko.resource import Row


def build(b: Builder, patients: list[Row], contacts: list[Row]) -> None:
    """Add cases, forms and recalls to some patients."""
    _cases(b, patients[::10], contacts)
    _forms(b, patients[::12])
    _recalls(b, patients[::8])


def _cases(b: Builder, patients: list[Row], contacts: list[Row]) -> None:
    for number, patient in enumerate(patients):
        since = moment(patient["created_at"])
        closed = stamp(b.between(since, b.now)) if number % 3 == 0 else None
        visits = b.state.where("attendees", patient_id=patient["id"]) if number < 50 else []  # noqa: PLR2004 - enough
        case = b.add(
            "patient_cases",
            since,
            name=b.pick(("Knee 2024", "Chronic disease plan", "Work injury")),
            notes="Approved by phone." if number % 2 else "",
            referral=number % 2 == 0,
            referral_type="medicare" if number % 2 == 0 else None,
            issue_date=since.date().isoformat(),
            expiry_date=(since + timedelta(days=365)).date().isoformat(),
            closed=closed is not None,
            closed_at=closed,
            max_sessions=10,
            max_invoiceable_amount="800.0" if number % 2 else None,
            include_cancelled_attendees=False,
            include_dna_attendees=True,
            attendee_ids=[str(row["id"]) for row in visits],
            patient_id=patient["id"],
            contact_id=contacts[0]["id"] if number % 2 == 0 else None,
            archived_at=stamp(b.now) if number == 4 else None,  # noqa: PLR2004 - one archived
        )
        for row in visits:
            b.state.change("attendees", row["id"], patient_case_id=case["id"])


def _forms(b: Builder, patients: list[Row]) -> None:
    questions: list[dict[str, Any]] = [
        {"name": "Your concern", "type": "paragraph", "required": True},
        {"name": "Since when", "type": "date", "required": False},
        {"name": "Agree", "type": "checkboxes", "required": True, "answers": [{"value": "Yes"}]},
        {"name": "Sign here", "type": "signature", "required": True},
    ]
    b.add(
        "patient_form_templates",
        b.ago(1200),
        name="New patient form",
        content={"sections": [{"name": "About", "description": None, "questions": questions}]},
        email_to_patient_on_completion=False,
        restricted_to_practitioner=False,
    )
    for number, patient in enumerate(patients):
        done = number % 2 == 0
        since = b.between(moment(patient["created_at"]), b.now)
        answered = [dict(question) for question in questions]
        if done:
            answered[0]["answer"] = "<p>Sore knee &amp; hip</p>"
            answered[2]["answers"] = [{"value": "Yes", "selected": True}]
            answered[3]["signature_id"] = str(90_000 + number)
        b.add(
            "patient_forms",
            since,
            name="New patient form",
            content={"sections": [{"name": "About", "description": None, "questions": answered}]},
            completed_at=stamp(since) if done else None,
            email_to_patient_on_completion=False,
            restricted_to_practitioner=number == 2,  # noqa: PLR2004 - one that few may read
            url="https://forms.example.com/0000",
            signature_id=90_000 + number if done else None,
            patient_id=patient["id"],
        )


def _recalls(b: Builder, patients: list[Row]) -> None:
    kinds = [
        b.add("recall_types", b.ago(1500), name=name)
        for name in ("Return visit", "Return visit (soon)")
    ]
    for number, patient in enumerate(patients):
        b.add(
            "recalls",
            max(moment(patient["created_at"]), b.ago(200)),
            recall_at=(b.now + timedelta(days=20 * (number % 9) - 40)).date().isoformat(),
            notes="Ring in the evening" if number % 4 == 0 else "",
            patient_id=patient["id"],
            recall_type_id=kinds[number % 2]["id"],
        )
