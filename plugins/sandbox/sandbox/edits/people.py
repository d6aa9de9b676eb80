"""Edits of patients and of what describes them."""

# ruff: noqa: A002, FBT001, FBT002 - parameters are the JSON arguments of the control API

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.clinic.phones import phone
from sandbox.cliniko.merge import merge_patients as merge
from sandbox.edits.appointments import book
from sandbox.edits.clinical import write_note
from sandbox.edits.core import EditError, edit, live, live_patient
from sandbox.edits.messages import send
from sandbox.edits.money import bill

if TYPE_CHECKING:
    from sandbox.cliniko.resource import Row
    from sandbox.edits.core import Change


def pick_patient(change: Change, key: str | None) -> Row:
    """Return a live patient."""
    return change.choose("patients", key, live, "live patient")


@edit
def rename_patient(
    change: Change, id: str | None = None, first_name: str | None = None, last_name: str = "Renamed"
) -> None:
    """Give a patient another name."""
    row = pick_patient(change, id)
    first = row["first_name"] if first_name is None else first_name
    change.set(
        "patients", row, first_name=first, last_name=last_name, label=f"{first} {last_name}".strip()
    )


@edit
def change_phone(change: Change, id: str | None = None, number: str = "0491 573 770") -> None:
    """Replace the phone numbers of a patient by one mobile number."""
    digits = "".join(filter(str.isdigit, number)).removeprefix("0")
    numbers = [phone("Mobile", number, f"61{digits}")]
    change.set("patients", pick_patient(change, id), patient_phone_numbers=numbers)


@edit
def change_patient(
    change: Change, id: str | None = None, fields: dict[str, Any] | None = None
) -> None:
    """Set any plain fields of a patient; null empties one."""
    change.set(
        "patients", pick_patient(change, id), **(fields or {"occupation": "Lighthouse keeper"})
    )


@edit
def insert_patient(
    change: Change, first_name: str = "Newton", last_name: str = "Arrival", email: str | None = None
) -> None:
    """Add a patient with an appointment, a treatment note, an invoice and a message."""
    row = change.add(
        "patients",
        first_name=first_name,
        last_name=last_name,
        label=f"{first_name} {last_name}".strip(),
        email=email or f"{first_name}.{last_name}@example.com".lower(),
        date_of_birth="1990-05-17",
        patient_phone_numbers=[phone("Mobile", "0491 576 801", "61491576801")],
        country="Australia",
        country_code="AU",
        reminder_type="SMS",
        accepted_email_marketing=True,
    )
    booking = book(change, row)
    write_note(change, row, booking)
    bill(change, row, booking)
    send(change, row)


@edit
def archive_patient(change: Change, id: str | None = None, bump: bool = False) -> None:
    """Archive a patient."""
    change.set("patients", pick_patient(change, id), bump=bump, archived_at=change.now)


@edit
def unarchive_patient(change: Change, id: str | None = None, bump: bool = True) -> None:
    """Bring an archived patient back."""
    row = change.choose(
        "patients",
        id,
        lambda row: "archived_at" in row and "merged_at" not in row,
        "archived patient that was not merged",
    )
    change.set("patients", row, bump=bump, archived_at=None)


@edit
def merge_patients(
    change: Change, id: str | None = None, survivor: str | None = None, bump: bool = False
) -> None:
    """Merge a patient (`id`) into another (`survivor`); its records move over.

    `bump` says whether the moved records get a new `updated_at`, and the loser with them.
    """
    live_ids = sorted(row["id"] for row in change.state.rows("patients") if live(row))
    with_records = {row["patient_id"] for row in change.state.rows("individual_appointments")}
    loser = pick_patient(
        change,
        id if id is not None else next((str(k) for k in live_ids if k in with_records), None),
    )
    others = [key for key in live_ids if key > loser["id"]] or [
        key for key in live_ids if key != loser["id"]
    ]
    if not others and survivor is None:
        raise EditError("no second live patient to merge with")
    winner = pick_patient(change, survivor if survivor is not None else str(others[0]))
    if winner is loser:
        raise EditError("a patient cannot be merged with itself")
    for name, key in merge(change.state, loser["id"], winner["id"], change.now, bump=bump):
        change.note(name, key)


@edit
def insert_alert(
    change: Change, patient: str | None = None, name: str = "Allergic to bees"
) -> None:
    """Add a medical alert."""
    change.add("medical_alerts", patient_id=pick_patient(change, patient)["id"], name=name)


@edit
def archive_alert(change: Change, id: str | None = None, bump: bool = False) -> None:
    """Archive a medical alert."""
    row = change.choose(
        "medical_alerts",
        id,
        lambda row: live(row) and live_patient(change.state, row),
        "live alert of a live patient",
    )
    change.set("medical_alerts", row, bump=bump, archived_at=change.now, deleted_at=change.now)
