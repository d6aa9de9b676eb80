"""What only some migrations read: cases, forms, recalls, hidden rows of small lists."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.clinic import forms
from sandbox.clinic.builder import moment
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.cliniko.resource import Row


def build(b: Builder, patients: list[Row], contacts: list[Row]) -> None:
    """Add cases, forms and recalls to some patients, and what is hidden of small lists."""
    _cases(b, patients[::10], contacts)
    forms.build(b, patients[::12])
    _recalls(b, patients[::8])
    _hidden(b)


_CASE_NAMES = (
    "Knee 2024",
    "Chronic disease plan",
    "Work injury <claim 7> & review",
    "",
    "Überweisung, 2. Quartal",
)
_CASE_NOTES = (
    "",
    "Approved by phone.",
    None,
    "Line one\r\nLine two & \u201cthree\u201d <3",
    "=1+1",
)


def _cases(b: Builder, patients: list[Row], contacts: list[Row]) -> None:
    for number, patient in enumerate(patients):
        since = moment(patient["created_at"])
        closed = stamp(b.between(since, b.now)) if number % 3 == 0 else None
        visits = b.state.where("attendees", patient_id=patient["id"]) if number < 50 else []  # noqa: PLR2004 - enough
        case = b.add(
            "patient_cases",
            since,
            name=_CASE_NAMES[number % len(_CASE_NAMES)],
            notes=_CASE_NOTES[number % len(_CASE_NOTES)],
            referral=number % 2 == 0,
            referral_type=("medicare", None, "dva", None)[number % 4],
            issue_date=since.date().isoformat() if number % 5 else None,
            expiry_date=(since + timedelta(days=365)).date().isoformat() if number % 7 else None,
            closed=closed is not None,
            closed_at=closed,
            max_sessions=(10, None, 5)[number % 3],
            max_invoiceable_amount=("800.0", None, "1250.55", "0.0")[number % 4],
            include_cancelled_attendees=False,
            include_dna_attendees=True,
            attendee_ids=[str(row["id"]) for row in visits],
            patient_id=patient["id"],
            contact_id=contacts[0]["id"] if number % 2 == 0 else None,
            archived_at=stamp(b.now) if number == 4 else None,  # noqa: PLR2004 - one archived
        )
        for row in visits:
            b.state.change("attendees", row["id"], patient_case_id=case["id"])


def _recalls(b: Builder, patients: list[Row]) -> None:
    """Add recalls that are over, due and to come; some are done, one is archived."""
    kinds = [
        b.add(
            "recall_types",
            b.ago(days),
            name=name,
            archived_at=stamp(b.ago(90)) if name == "Six week check" else None,
        )
        for name, days in (
            ("Return visit", 1500),
            ("Return visit (soon)", 1500),
            ("Six week check", 2400),
        )
    ]
    notes = ("Ring in the evening", "", None, "Prefers e-mail &amp; no calls; <b>urgent</b>")
    for number, patient in enumerate(patients):
        since = max(moment(patient["created_at"]), b.ago(200))
        done = number % 5 == 1
        b.add(
            "recalls",
            since,
            recall_at=(b.now + timedelta(days=20 * (number % 9) - 40)).date().isoformat(),
            recalled_at=stamp(b.between(since, b.now)) if done else None,
            notes=notes[number % len(notes)],
            archived_at=stamp(b.now) if number == 3 else None,  # noqa: PLR2004 - one archived
            patient_id=patient["id"],
            recall_type_id=kinds[number % len(kinds)]["id"],
        )


def _hidden(b: Builder) -> None:
    """Add an archived row to the small lists that had none; archive the lines of what is gone."""
    gone = {
        row["id"]: {name: row[name] for name in ("archived_at", "deleted_at") if name in row}
        for row in b.state.rows("invoices")
        if row.keys() & {"archived_at", "deleted_at"}
    }
    for line in b.state.rows("invoice_items"):
        if stamps := gone.get(line["invoice_id"]):
            b.state.change("invoice_items", line["id"], **stamps)
    product = next(iter(b.state.rows("products")))
    b.add(
        "stock_adjustments",
        b.ago(500),
        adjustment_type="Correction",
        quantity="0.0",
        comment="Counted twice",
        product_id=product["id"],
        archived_at=stamp(b.ago(499)),
    )
    b.add(
        "unavailable_block_types",
        b.ago(2100),
        name="Fire drill (old)",
        color="#111111",
        duration_in_minutes=15,
        system_controlled=False,
        archived_at=stamp(b.ago(1000)),
    )
    b.add(
        "treatment_note_templates",
        b.ago(1900),
        name="Intake <2019> & earlier",
        content={"sections": []},
        deleted_at=stamp(b.ago(700)),
    )
