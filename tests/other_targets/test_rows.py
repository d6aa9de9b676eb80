"""The tap serves other targets: what they hold afterwards is what stands in the clinic."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

WITHHELD = {
    "links",
    "booking_ip_address",
    "cancellation_url",
    "online_payment_url",
    "telehealth_url",
}
"""What the tap leaves out: addresses that open an appointment or invoice to whoever holds them."""

LOGIN_MAIL = {11, 25, 42, 43, 44, 45, 46, 47}
"""Categories of the account's own mail that may hold login codes (official OpenAPI)."""

TARGETS = ("target-jsonl", "target-duckdb", "target-postgres")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def linked_id(value):
    """Return the last part of the address that a link object holds; None for anything else."""
    address = value["links"]["self"] if isinstance(value, dict) and "links" in value else None
    return address and address.rsplit("/", 1)[-1]


def expected_of(stream, row):
    """Return a row of the clinic's as the tap promises it, computed apart from the tap."""
    flat = {}
    for name, value in row.items():
        last = linked_id(value)
        if stream == "services" and name == "practitioners":
            flat["practitioner_ids"] = [linked_id(entry) for entry in value]
        elif last is None:
            flat[name] = str(value) if isinstance(value, float) else value  # exact, so text
        elif last.isdigit():
            flat[f"{name}_id"] = last
    if stream == "public_settings":  # the clinic holds more of them than it shows to everybody
        return {"id": row["id"]}
    if stream == "communications" and "patient" not in row and row["category_code"] in LOGIN_MAIL:
        flat |= dict.fromkeys(flat.keys() & {"content", "content_subject"})
    if stream == "patient_forms":
        del flat["url"]  # admits whoever holds it
    return {name: value for name, value in flat.items() if name not in WITHHELD}


def plain(value, schema, target):
    """Bring a value of the clinic's or a target's into one form; what counts is not lost."""
    if isinstance(value, str):
        kinds = schema.get("type", [])
        if schema.get("format") == "date-time":
            moment = datetime.fromisoformat(value)  # the databases keep UTC without saying so
            return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        if target == "target-duckdb":
            if "object" in kinds or "array" in kinds:
                return json.loads(value)
            return value or None  # it keeps empty text as null
    return value


def assert_same(reading, rows, target):
    """Hold every field of every row of the clinic's against what the target holds."""
    different = {}
    for stream, keys in reading.keys.items():
        found = {tuple(row[name] for name in keys): row for row in rows[stream]}
        for row in reading.clinic[stream]:
            expected = expected_of(stream, row)
            there = found[reading.key(stream, expected)]
            for name, value in expected.items():
                schema = reading.schemas[stream].get(name, {})
                if plain(there.get(name), schema, target) != plain(value, schema, target):
                    different[stream, name] = (value, there.get(name))
    assert not different


def keys_of(reading, rows):
    return {stream: {reading.key(stream, row) for row in rows[stream]} for stream in reading.keys}


def clinic_keys(reading):
    return keys_of(
        reading,
        {
            stream: [expected_of(stream, row) for row in reading.clinic[stream]]
            for stream in reading.keys
        },
    )


@pytest.mark.parametrize("name", TARGETS)
def test_every_row_arrives_and_every_change_follows(name, make, readings, table):
    target = make(name)
    first, second = readings
    assert len(first.keys) > 20

    assert target.load(first)["bookmarks"]
    rows = target.rows(first)
    assert_same(first, rows, name)
    assert keys_of(first, rows) == clinic_keys(first)
    table("first run", first, name, rows)

    assert target.load(second)["bookmarks"]
    assert_same(second, target.rows(second), name)
    current = target.current(second)
    now = clinic_keys(second)
    gone = {stream: keys - now[stream] for stream, keys in clinic_keys(first).items()}
    assert len(gone["taxes"]) == 1
    assert {stream for stream, keys in gone.items() if keys} <= second.whole
    if name == "target-jsonl":  # a file only grows
        now = {stream: keys | gone[stream] for stream, keys in now.items()}
    assert keys_of(second, current) == now
    table("second run", second, name, current)


def test_postgres_deletes_for_good_if_told_to(make, readings):
    target = make("target-postgres", hard_delete=True)
    for reading in readings:
        target.load(reading)
        assert keys_of(reading, target.rows(reading)) == clinic_keys(reading)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("target-duckdb", {"data_flattening_max_level": 1}),
        ("target-postgres", {"flattening_enabled": True, "flattening_max_depth": 1}),
    ],
)
def test_nested_objects_become_columns(name, settings, make, readings):
    reading, _ = readings
    target = make(name, **settings)
    target.load(reading)
    rows = target.rows(reading)
    assert keys_of(reading, rows) == clinic_keys(reading)
    (account,) = rows["public_settings"]
    country = reading.clinic["public_settings"][0]["account"]["country"]
    assert account["account__country"] == country == "Australia"


@pytest.mark.parametrize("name", ["target-duckdb", "target-postgres"])
def test_meltano_runs_it(name, make, run, sandbox, readings, tmp_path):
    target = make(name)
    _, reading = readings
    place = {
        "target-duckdb": ("TARGET_DUCKDB_FILEPATH", "filepath"),
        "target-postgres": ("TARGET_POSTGRES_SQLALCHEMY_URL", "sqlalchemy_url"),
    }
    variable, setting = place[name]
    run(
        "tap-cliniko-all",
        name,
        TAP_CLINIKO_API_KEY="sandbox-key-au1",
        TAP_CLINIKO_API_URL=sandbox.cliniko,
        TAP_CLINIKO_CONTACT_EMAIL="operator@clinic.example",
        TAP_CLINIKO_REQUESTS_PER_MINUTE="100000",
        TAP_CLINIKO_ATTACHMENTS_DIR=str(tmp_path / "attachments"),
        **{variable: target.config[setting]},
    )
    rows = target.rows(reading)
    assert_same(reading, rows, name)
    assert keys_of(reading, rows) == clinic_keys(reading)
