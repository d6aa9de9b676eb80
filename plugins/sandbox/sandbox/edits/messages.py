"""Edits of communications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clinic.messages import CATEGORIES, DIRECTIONS, RECEIVED, SMS, TYPES
from sandbox.edits.core import edit, live

if TYPE_CHECKING:
    from sandbox.cliniko.resource import Row
    from sandbox.edits.core import Change

_REPLY = 8


def send(change: Change, patient: Row, content: str = "See you then") -> Row:
    """Add a text message from a patient."""
    numbers = patient.get("patient_phone_numbers") or [{"number": ""}]
    return change.add(
        "communications",
        category_code=_REPLY,
        category=CATEGORIES[_REPLY],
        type_code=SMS,
        type=TYPES[SMS],
        direction_code=RECEIVED,
        direction_description=DIRECTIONS[RECEIVED],
        to="HARBOURSIDE",
        content=content,
        patient_id=patient["id"],
        **{"from": numbers[0]["number"]},
    )


@edit
def insert_communication(
    change: Change, patient: str | None = None, content: str = "See you then"
) -> None:
    """Add a text message from a patient."""
    send(change, change.choose("patients", patient, live, "live patient"), content)
