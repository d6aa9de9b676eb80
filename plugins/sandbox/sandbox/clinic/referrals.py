"""Contacts, concession types, and where patients came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clinic import words
from sandbox.clinic.builder import moment
from sandbox.clinic.phones import australian_landline
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.clinic.builder import Builder
    from sandbox.cliniko.resource import Row

# title, first name, last name, company, kind
_CONTACTS = (
    ("Dr", "Hedwig", "Achterberg", "Fitzroy Family Practice", "Doctor"),
    ("Dr", "Sione", "Tupou", "", "Doctor"),
    ("", "", "", "Meridian Mutual Claims", "3rd Party Payer"),
    ("Ms", "Orla", "Kinsella", "Orla's Running Shop", "Standard"),
    ("Dr", "Retired", "Colleague", "", "Doctor"),
)
_CODES = {"Standard": 0, "Doctor": 1, "3rd Party Payer": 2}

# name, kind of referrer, subcategories, archived
_TYPES: tuple[tuple[str, str | None, tuple[str, ...], bool], ...] = (
    ("Doctor", "Contact", (), False),
    ("Friend or family", "Patient", (), False),
    ("Internet", None, ("Search engine", "Review site"), False),
    ("Walk-in", None, (), False),
    ("Phone book", None, (), True),
)
_LONG_NOTE = "Heard of us at the harbour festival, where the stand gave out water bottles. " * 5


def contacts(b: Builder) -> list[Row]:
    """Add the contacts: doctors, a payer, others; one archived."""
    rows = []
    for number, (title, first, last, company, kind) in enumerate(_CONTACTS):
        gone = stamp(b.ago(300)) if first == "Retired" else None
        rows.append(
            b.add(
                "contacts",
                b.ago(2350 - 100 * number),
                title=title,
                first_name=first,
                last_name=last,
                preferred_name="",
                company_name=company,
                type=kind,
                type_code=_CODES[kind],
                doctor_type="general_practitioner" if kind == "Doctor" else None,
                email=f"contact{number}@example.org" if number % 2 == 0 else None,
                phone_numbers=[australian_landline(b, "Work")],
                address_1=f"{number + 3} Old Mill Lane",
                city="Fitzroy",
                state="VIC",
                post_code="3065",
                country="Australia",
                country_code="AU",
                provider_number="123456AB" if kind == "Doctor" else None,
                archived_at=gone,
                deleted_at=gone,
            )
        )
    return rows


def concessions(b: Builder) -> list[Row]:
    """Add the concession types; one archived."""
    return [
        b.add(
            "concession_types",
            b.ago(2400),
            name=name,
            archived_at=stamp(b.ago(900)) if name == "Student 2019" else None,
        )
        for name in ("Pensioner", "Student", "Student 2019")
    ]


def concession_prices(b: Builder, types: list[Row], items: list[Row]) -> None:
    """Add a lower price of two items for each concession."""
    for kind in types:
        for item in items[:2]:
            b.add(
                "concession_prices",
                b.ago(1000),
                price="70.0",
                billable_item_id=item["id"],
                concession_type_id=kind["id"],
            )


def sources(b: Builder, patients: list[Row], known: list[Row]) -> None:
    """Add referral sources of each kind; a few patients have two, some are archived."""
    kinds = [
        b.add(
            "referral_source_types",
            b.ago(2300),
            name=name,
            referrer_type=referrer,
            subcategories=list(subcategories),
            archived_at=stamp(b.ago(1000)) if archived else None,
        )
        for name, referrer, subcategories, archived in _TYPES
    ]
    for number, patient in enumerate(patients):
        if number >= len(kinds) * 2 and b.chance(0.4):
            continue
        kind = kinds[number % len(kinds)]
        since = b.between(moment(patient["created_at"]), b.now)
        _source(b, patient, kind, since, patients, known, number)
        if number % 17 == 3:  # noqa: PLR2004 - now and then a second, newer one
            later = b.between(since, b.now)
            row = _source(b, patient, kinds[3], later, patients, known, number)
            if number % 2:
                b.state.change("referral_sources", row["id"], archived_at=stamp(b.now))


def _source(
    b: Builder,
    patient: Row,
    kind: Row,
    since: datetime,
    patients: list[Row],
    known: list[Row],
    number: int,
) -> Row:
    referrer = None
    if kind.get("referrer_type") == "Contact":
        referrer = b.pick(known)["id"]
    elif kind.get("referrer_type") == "Patient":
        referrer = patients[number - 1]["id"]
    notes = _LONG_NOTE if number == 3 else b.pick(("", None, b.pick(words.SENTENCES)))  # noqa: PLR2004 - one too long
    return b.add(
        "referral_sources",
        since,
        patient_id=patient["id"],
        referral_source_type_id=kind["id"],
        referrer_type=kind.get("referrer_type"),
        referrer_id=referrer,
        subcategory=b.pick(kind["subcategories"]) if kind["subcategories"] else None,
        notes=notes,
    )
