"""What was read before and stands is not looked at again, unless something bears on it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from target_pipedrive.ledger import Ledger
from target_pipedrive.unchanged import Unchanged
from target_pipedrive.world import LedgerWorld

PATIENT = {
    "id": "7700",
    "first_name": "Ida",
    "last_name": "Moss",
    "created_at": "2024-03-01T00:00:00Z",
}
APPOINTMENT = {
    "id": "7701",
    "patient_id": "7700",
    "business_id": "77",
    "starts_at": "2024-05-06T01:00:00Z",
    "ends_at": "2024-05-06T01:45:00Z",
}
PLACE = {"id": "77", "business_name": "Pier"}


def messages(*records, run=1):
    rows = [{"type": "RECORD", "stream": stream, "record": record} for stream, record in records]
    return [*rows, {"type": "STATE", "value": {"run": run}}]


ALL = messages(
    ("businesses", PLACE), ("patients", PATIENT), ("individual_appointments", APPOINTMENT)
)


def seen(loader):
    path = loader.settings["ledger"].removeprefix("sqlite:///")
    with sqlite3.connect(path) as ledger:
        rows = ledger.execute("select stream, id, made from seen order by stream, id").fetchall()
    ledger.close()
    return rows


def test_what_stands_is_counted_and_left_alone(loader):
    first = loader.load(ALL)
    again = loader.load(ALL)
    assert first.writes
    assert again.writes == []
    assert again.summary["done"] == {"person unchanged": 1, "activity unchanged": 1}
    assert seen(loader) == [
        ("individual_appointments", "7701", "activity"),
        ("patients", "7700", "person"),
    ]


def test_a_record_that_changes_and_changes_back_is_written_each_time(loader):
    loader.load(ALL)
    other = messages(("patients", {**PATIENT, "first_name": "Ada"}))
    back = messages(("patients", PATIENT))
    assert loader.load(other).kinds() == {"PATCH persons": 1}
    assert loader.load(back).kinds() == {"PATCH persons": 1}
    assert loader.load(back).writes == []


def test_what_was_looked_up_bears_on_a_record(loader, account):
    loader.load(ALL)
    moved = messages(
        ("businesses", {**PLACE, "business_name": "Quay"}), ("individual_appointments", APPOINTMENT)
    )
    assert loader.load(moved).kinds() == {"PATCH activities": 1}
    (activity,) = account.activities("7701")
    assert "Location: Quay" in activity["note"]


def test_the_mapping_bears_on_every_record(loader, tmp_path):
    folder = tmp_path / "mapping"
    shutil.copytree(Path(loader.settings["mapping"]), folder)
    loader.load(ALL, mapping=str(folder))
    path = folder / "individual_appointments.yml"
    path.write_text(path.read_text().replace("'Appointment')", "'Visit')"))
    assert loader.load(ALL, mapping=str(folder)).kinds() == {"PATCH activities": 1}


def test_a_rejected_record_is_tried_each_time(loader):
    alone = messages(("individual_appointments", {**APPOINTMENT, "id": "7711", "patient_id": "0"}))
    for _ in range(2):
        assert loader.load(alone).codes() == {"individual_appointments/7711": "parent_missing"}
    assert seen(loader) == []


NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(f"sqlite:///{tmp_path}/ledger.db", "run 1")
    yield opened
    opened.close()


def unchanged(ledger, now=NOW, choices=b"same", whole=()):
    return Unchanged(
        ledger, LedgerWorld(ledger.kept, now, None), lambda stream: stream in whole, choices
    )


def remember(found, ask=lambda world: None):
    found.world.begin()
    ask(found.world)
    found.settled("visits", "1", found.evaluated("visits", {"id": "1"}, ["activity", "-removed"]))


def stands(found):
    return found.stands("visits", "1", {"id": "1"})


def test_it_tells_what_a_record_became(ledger):
    remember(unchanged(ledger))
    assert stands(unchanged(ledger)) == ["activity", "-removed"]
    assert unchanged(ledger).stands("visits", "2", {"id": "1"}) is None


@pytest.mark.parametrize(
    ("ask", "change"),
    [
        (lambda world: world.lookup("places", "1"), "places"),
        (lambda world: world.lookup("places", None), "places"),
        (lambda world: world.children("places", "account", "1"), "places"),
        (lambda world: world.survivor("people", "1"), "merged people"),
    ],
    ids=["looked up", "the only one", "children of what is not kept whole", "merges"],
)
def test_a_change_of_what_was_asked_makes_it_look_again(ledger, ask, change):
    remember(unchanged(ledger), ask)
    assert stands(unchanged(ledger)) is not None
    unchanged(ledger).changed("others")
    assert stands(unchanged(ledger)) is not None
    unchanged(ledger).changed(change)
    assert stands(unchanged(ledger)) is None
    remember(unchanged(ledger), ask)
    assert stands(unchanged(ledger)) is not None


def test_changes_in_one_run_count_again_once_they_were_depended_on(ledger):
    def ask(world):
        world.lookup("places", "1")

    found = unchanged(ledger)
    found.changed("places")
    remember(found, ask)
    found.changed("places")
    assert stands(unchanged(ledger)) is None


def test_what_marks_its_users_needs_no_generation(ledger):
    def ask(world):
        world.lookup("places", "1")
        world.children("bills", "visits", "1")

    remember(unchanged(ledger, whole=("visits",)), ask)
    found = unchanged(ledger, whole=("visits",))
    found.changed("places")
    found.changed("bills")
    assert stands(found) is not None


@pytest.mark.parametrize(("minutes", "known"), [(59, True), (60, True), (61, False)])
def test_time_passes(ledger, minutes, known):
    remember(unchanged(ledger), lambda world: world.passed(NOW + timedelta(hours=1)))
    later = unchanged(ledger, NOW + timedelta(minutes=minutes))
    assert (stands(later) is not None) is known


def test_what_asks_for_the_time_itself_is_looked_at_in_every_run(ledger):
    remember(unchanged(ledger), lambda world: world.now)
    assert stands(unchanged(ledger, NOW + timedelta(seconds=1))) is None


def test_other_choices_make_it_look_again(ledger):
    remember(unchanged(ledger))
    assert stands(unchanged(ledger, choices=b"other")) is None


def test_another_order_of_keys_only_costs_a_look(ledger):
    found = unchanged(ledger)
    found.world.begin()
    record = {"id": "1", "name": "x"}
    found.settled("visits", "1", found.evaluated("visits", record, ["activity"]))
    assert found.stands("visits", "1", json.loads('{"name": "x", "id": "1"}')) is None


@pytest.mark.parametrize(
    ("before", "after", "known"),
    [
        ({"total": {"of": [1, None]}}, {"total": {"of": [1, None]}}, True),
        ({"total": 1}, {"total": 1.0}, False),
        ({"total": 1}, {"total": True}, False),
        ({"total": "1"}, {"total": 1}, False),
        ({"total": None}, {}, False),
        ({"half": "\ud800"}, {"half": "\ud800"}, True),
        ({"total": Decimal("1.0")}, {"total": Decimal("1.0")}, True),
        ({"total": Decimal("1.0")}, {"total": Decimal("1.1")}, False),
    ],
)
def test_any_difference_makes_it_look_again(ledger, before, after, known):
    found = unchanged(ledger)
    found.world.begin()
    found.settled("visits", "1", found.evaluated("visits", before, ["activity"]))
    assert (unchanged(ledger).stands("visits", "1", after) is not None) is known


def test_what_was_settled_after_a_look_is_forgotten_as_well(ledger):
    found = unchanged(ledger)
    assert stands(found) is None
    remember(found)
    found.forget("visits", "1")
    assert stands(unchanged(ledger)) is None
