"""The synthetic clinic: invented patients, made anew from a seed, in any size.

The first patients carry the rare cases that a migration must survive; from some sixty patients on
every one of them is there.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.clinic import (
    billing,
    calendar,
    extras,
    files,
    groups,
    items,
    messages,
    notes,
    patients,
    practice,
    referrals,
)
from sandbox.clinic.builder import Builder
from sandbox.clinic.special_patients import FAMILY_PERSON, MATCHED
from sandbox.cliniko.merge import merge_patients
from sandbox.cliniko.state import ClinikoState, stamp

if TYPE_CHECKING:
    from sandbox.cliniko.resource import Row

DEFAULT_PATIENTS = 120
DEFAULT_SEED = 1
KEYS = {
    "sandbox-key": "owner",
    "sandbox-receptionist": "desk",
    "sandbox-practitioner": "jonas",
    "sandbox-bookkeeper": "books",
    "sandbox-power-receptionist": "lead",
    "sandbox-scheduler": "calls",
}
"""API keys without their shard suffix, with the login of their user."""

_MERGE_CHAIN = 4
_BUSY_SECOND_ROWS = 110


def build(
    size: int = DEFAULT_PATIENTS, seed: int = DEFAULT_SEED, now: datetime | None = None
) -> ClinikoState:
    """Return a Cliniko account with a synthetic clinic.

    Args:
        size: Number of patients.
        seed: The same seed, size and moment give the same clinic.
        now: The moment the clinic is looked at; the present when left out.
    """
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    rng = random.Random(seed)  # noqa: S311 - a repeatable clinic, no secret
    state = ClinikoState(settings={}, keys={}, secret=rng.randbytes(32))
    b = Builder(size, moment, rng, state)
    house = practice.build(b)
    items.build(b, house)
    concessions, contacts = referrals.concessions(b), referrals.contacts(b)
    referrals.concession_prices(b, concessions, house.billable_items)
    people = patients.build(b, concessions, contacts)
    patients.alerts(b, people)
    patients.relationships(b, people)
    referrals.sources(b, people, contacts)
    appointments = calendar.build(b, house, people)
    groups.build(b, house, people)
    notes.build(b, house, people, appointments)
    billing.build(b, house, people, appointments)
    messages.build(b, people)
    files.build(b, house, people)
    extras.build(b, people, contacts)
    practice.more_staff(b, house)
    _latest_bookings(state, appointments)
    _merges(b, people)
    _busy_second(b, appointments)
    state.keys = {key: house.users[login]["id"] for key, login in KEYS.items()}
    return state


def _latest_bookings(state: ClinikoState, appointments: list[Row]) -> None:
    latest: dict[int, Row] = {}
    for row in appointments:
        known = latest.get(row["patient_id"])
        if known is None or row["starts_at"] > known["starts_at"]:
            latest[row["patient_id"]] = row
    for patient, row in latest.items():
        state.change("patients", patient, latest_booking_id=row["id"])


def _merges(b: Builder, people: list[Row]) -> None:
    """Merge a chain a → b → c and one plain pair out of the last patients."""
    if len(people) < 2 * _MERGE_CHAIN:
        return
    first, second, third, fourth, fifth = (row["id"] for row in people[-5:])
    for loser, survivor, days in ((first, second, 60), (second, third, 20), (fourth, fifth, 5)):
        merge_patients(b.state, loser, survivor, stamp(b.ago(days)), bump=False)


def _busy_second(b: Builder, appointments: list[Row]) -> None:
    """Give more rows than fit on a page one and the same second, as a bulk change does."""
    second = stamp(b.now - timedelta(days=2))
    older = [row for row in appointments if row["created_at"] <= second]
    if len(older) > _BUSY_SECOND_ROWS:
        for row in older[:_BUSY_SECOND_ROWS]:
            b.state.change("individual_appointments", row["id"], updated_at=second)


def pipedrive_users(state: ClinikoState) -> list[dict[str, Any]]:
    """Return the users of the Pipedrive account: the owner of the token first.

    All active practitioners but one have a user, by e-mail in another case; the inactive
    practitioner's user is inactive there too.
    """
    owners = {row["user_id"] for row in state.rows("practitioners")}
    users = [{"name": "Robin Admin", "email": "robin@crm.example.com", "active_flag": True}]
    for row in state.rows("users"):
        login = row["email"].partition("@")[0].lower()
        if row["id"] in owners and login != practice.UNMATCHED_LOGIN:
            users.append(
                {
                    "name": f"{row['first_name']} {row['last_name']}",
                    "email": row["email"].swapcase(),
                    "active_flag": row["active"],
                }
            )
    return users


def existing_persons() -> list[dict[str, str]]:
    """Return the persons who stand in Pipedrive before any migration."""
    return [dict(MATCHED), dict(FAMILY_PERSON)]
