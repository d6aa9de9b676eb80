"""A clinic of a few records, and the default mapping over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from target_pipedrive.mapping import MappingSet, ObjectKeys, Options, load

TRANSFORMS = Path(__file__).parents[3] / "transforms"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def keys(words: str, *, custom_fields: bool = False) -> ObjectKeys:
    return ObjectKeys(frozenset(words.split()), custom_fields)


OBJECTS = {
    "person": keys("name emails phones add_time owner_id label_ids", custom_fields=True),
    "activity": keys(
        "subject type owner_id participants due_date due_time duration busy done note"
    ),
    "activity_type": keys("name icon_key color"),
    "note": keys("content person_id user_id add_time"),
    "product": keys("name code description tax prices is_linkable", custom_fields=True),
    "file": keys("person_id"),
    "organization": keys("name", custom_fields=True),
}


@dataclass
class Clinic:
    """A `World` held in dicts: records by stream, merged patients by key."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    now: datetime = NOW
    currency: str | None = "USD"

    def passed(self, moment: datetime) -> bool:
        return moment < self.now

    def lookup(self, stream: str, id: str | None) -> dict[str, Any] | None:  # noqa: A002 - the protocol's name
        rows = self.records.get(stream, [])
        if id is None:
            return rows[0] if rows else None
        return next((row for row in rows if row["id"] == id), None)

    def children(self, stream: str, parent_stream: str, parent_id: str) -> list[dict[str, Any]]:
        rows = self.records.get(stream, [])
        if parent_stream == "public_settings":
            return list(rows)
        by = self.parents[stream]
        # Newest first: no rule may depend on the order of coming.
        return [row for row in reversed(rows) if self.survivor(parent_stream, row[by]) == parent_id]

    def family(self, stream: str, parent_stream: str, parent_id: str) -> list[dict[str, Any]]:
        return self.children(stream, parent_stream, parent_id)

    def survivor(self, stream: str, id: str) -> str:  # noqa: A002 - the protocol's name
        return self.merged.get(id, id) if stream == "patients" else id


def clinic() -> Clinic:
    return Clinic(
        parents={
            "invoices": "patient_id",
            "medical_alerts": "patient_id",
            "referral_sources": "patient_id",
            "communications": "patient_id",
            "attendees": "booking_id",
            "appointment_type_billable_items": "appointment_type_id",
            "appointment_type_products": "appointment_type_id",
        },
        records={
            "public_settings": [{"id": "1", "account": {"country_code": "AU"}}],
            "businesses": [
                {
                    "id": "10",
                    "business_name": "Perth Clinic",
                    "country_code": "NZ",
                    "time_zone_identifier": "Australia/Perth",
                },
                {
                    "id": "1",
                    "business_name": "City Clinic",
                    "country_code": "AU",
                    "time_zone_identifier": "Australia/Sydney",
                },
                {
                    "id": "0",
                    "business_name": "Closed Clinic",
                    "country_code": "GB",
                    "time_zone_identifier": "Europe/London",
                    "archived_at": "2020-01-01T00:00:00Z",
                },
            ],
            "users": [{"id": "70", "email": "ada@clinic.example"}],
            "practitioners": [
                {"id": "7", "user_id": "70", "label": "Dr Ada Osei"},
                {"id": "8", "user_id": "71", "label": "Ben Gray"},
            ],
            "appointment_types": [{"id": "3", "name": "Massage"}],
            "patients": [
                {"id": "12", "first_name": "Zoë", "last_name": "Ångström"},
                {"id": "13", "first_name": "Li", "last_name": "Wei"},
            ],
            "contacts": [{"id": "5", "first_name": "Mo", "last_name": "Khan"}],
            "concession_types": [{"id": "2", "name": "Pensioner"}],
            "referral_source_types": [{"id": "4", "name": "Doctor"}],
            "taxes": [{"id": "6", "rate": "10.0"}],
            "billable_items": [
                {"id": "20", "price": "80.00", "archived_at": None},
                {"id": "21", "price": "500.00", "archived_at": "2025-01-01T00:00:00Z"},
            ],
            "products": [
                {"id": "30", "price_ex_tax": None, "price_including_tax": "11.00"},
            ],
        },
    )


@pytest.fixture
def world() -> Clinic:
    return clinic()


@pytest.fixture(scope="session")
def default_mapping() -> MappingSet:
    return load(TRANSFORMS, options=Options(default_owner="desk@clinic.example"), objects=OBJECTS)


@pytest.fixture(scope="session")
def objects() -> dict[str, ObjectKeys]:
    return OBJECTS


@pytest.fixture(scope="session")
def transforms() -> Path:
    return TRANSFORMS


@pytest.fixture
def write(tmp_path: Path):
    """Write mapping files and load them."""

    def load_files(*, options: Options | None = None, **files: str) -> MappingSet:
        folder = tmp_path / "transforms"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.yml").write_text(text, encoding="utf-8")
        return load(folder, options=options or Options(), objects=OBJECTS)

    return load_files


@pytest.fixture
def evaluate(world: Clinic):
    """Value of an expression over a record."""
    from target_pipedrive.mapping.context import Context
    from target_pipedrive.mapping.expression import compile_expression
    from target_pipedrive.mapping.faults import Place
    from target_pipedrive.mapping.functions import FUNCTIONS
    from target_pipedrive.mapping.users import UserRule

    place = Place("test.yml", 1, 1)
    email = compile_expression("lookup('users', user_id).email", FUNCTIONS, place)
    options = Options(default_owner="desk@clinic.example")
    context = Context(world, options, UserRule("practitioners", email, {"9": "eve@clinic.example"}))

    def value(source: str, record: dict[str, Any] | None = None, options: Options = options) -> Any:
        here = Context(world, options, context.users, frozenset({"patients"}))
        return compile_expression(source, FUNCTIONS, place)(record or {}, here)

    return value
