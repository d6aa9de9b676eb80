"""Merging one patient into another: the loser is archived, all that hangs on it moves over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.cliniko.state import ClinikoState

CHILDREN = (
    "individual_appointments",
    "attendees",
    "invoices",
    "treatment_notes",
    "patient_forms",
    "patient_attachments",
    "patient_cases",
    "communications",
    "medical_alerts",
    "relationships",
    "referral_sources",
    "recalls",
)
"""Lists whose rows belong to a patient."""


def merge_patients(
    state: ClinikoState, loser: int, survivor: int, when: str, *, bump: bool
) -> list[tuple[str, int]]:
    """Merge `loser` into `survivor` at the stamp `when`.

    Args:
        state: The account.
        loser: Id of the patient that goes.
        survivor: Id of the patient that stays.
        when: The stamp of the merge.
        bump: Whether moved records get a new `updated_at`; the Cliniko docs do not say.

    Returns:
        List and id of every record that changed, the loser first.
    """
    state.change(
        "patients",
        loser,
        archived_at=when,
        merged_at=when,
        merged_with_patient_id=survivor,
        updated_at=when if bump else state.row("patients", loser)["updated_at"],
    )
    stamped = {"updated_at": when} if bump else {}
    moved = [("patients", loser)]
    columns = [(name, "patient_id") for name in CHILDREN]
    for name, column in (*columns, ("relationships", "related_patient_id")):
        for row in state.where(name, **{column: loser}):
            state.change(name, row["id"], **{column: survivor}, **stamped)
            moved.append((name, row["id"]))
    for row in state.where("referral_sources", referrer_id=loser, referrer_type="Patient"):
        state.change("referral_sources", row["id"], referrer_id=survivor, **stamped)
        moved.append(("referral_sources", row["id"]))
    old, new = str(loser), str(survivor)
    for row in state.rows("group_appointments"):
        if old in row["patient_ids"]:
            kept = [new if key == old else key for key in row["patient_ids"]]
            state.change("group_appointments", row["id"], patient_ids=kept, **stamped)
            moved.append(("group_appointments", row["id"]))
    return moved
