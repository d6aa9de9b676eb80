"""Nothing is left out, and nothing stays that is gone, while the clinic goes on working.

Over schedules made by chance: what happens between any two requests, where runs are killed, which
state they go on from, how long they pause. Afterwards two quiet runs make the target equal to the
clinic. ``python tests/test_moving_set.py 2000`` tries so many and says how many that were.
"""

from __future__ import annotations

import logging
import random
import sys
import time
from collections import Counter

import pytest
from fake_cliniko import HIDDEN, Clinic
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from moving_clinic import LISTS, MovingClinic
from moving_run import MOST_BEHIND
from moving_run import Clinic as Account

from tap_cliniko.errors import UnorderedPageError
from tap_cliniko.paging import Page, by_id, by_stamp
from tap_cliniko.streams import STREAMS
from tap_cliniko.streams.base import IncrementalStream

INCREMENTAL = [each for each in STREAMS if issubclass(each, IncrementalStream)]
SCHEDULES = settings(  # a shrunk seed is no simpler than another
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
SEEDS = st.integers(0, 10**9)


@pytest.fixture(autouse=True)
def in_turn(monkeypatch):
    """Pages asked for when they are needed, so that a seed always does the same."""
    monkeypatch.setattr("tap_cliniko.streams.base.read_ahead", lambda pages, _: pages)


def account_of(seed: int, size: int | None = None, **more) -> Account:
    chance = random.Random(seed)
    lists = tuple(name for name in LISTS if name == "patients" or chance.random() < 0.15)
    moving = MovingClinic(seed, size or chance.randint(2, 8), lists)
    return Account(moving, frozenset(lists) | {"user"}, more)


def schedule(seed: int) -> Account:
    """Runs in a clinic that moves, and two more in which it stands still."""
    chance = random.Random(seed)
    account = account_of(seed, sweep_days=chance.choice((0, 0, 1)))
    for _ in range(chance.randint(1, 4)):
        account.run(
            moves=chance.choice((0, 1, 1, 3)),
            kill_after=chance.choice((None, chance.randint(0, 120))),
            pause=chance.choice((1, 60, 1000, 5000, 100_000)),
            behind=chance.choice((0, 0, 0, 1, MOST_BEHIND)),
        )
        for _ in range(chance.choice((0, 0, 1, 1, 2, 10))):
            account.moving.move()
            account.moving.clinic.now += chance.randrange(100)
    account.run()
    account.run()
    return account


@SCHEDULES
@given(SEEDS)
def test_after_two_quiet_runs_the_target_equals_the_clinic(seed):
    assert schedule(seed).differences() == {}


@SCHEDULES
@given(SEEDS)
def test_in_a_quiet_clinic_nothing_is_read_whole_or_emitted_again(seed):
    account = schedule(seed)
    account.settings["sweep_days"] = 0
    before, requests = len(account.warehouse.records), account.requests
    account.run()
    names = {each.name for each in INCREMENTAL}
    pending = {row["id"] for row in account.moving.clinic.lists.get("patient_attachments", [])}
    again = [
        (stream, number)
        for stream, number in account.warehouse.records[before:]
        if stream in names and number not in pending
    ]
    assert again == []
    assert account.whole_reads() == {}
    assert account.requests - requests < 400


@SCHEDULES
@given(SEEDS, st.integers(1, 5))
def test_a_sweep_too_many_does_no_harm(seed, off):
    account = account_of(seed)
    account.run()
    for state in account.state["bookmarks"].values():
        if state.get("census"):
            state["census"]["counts"]["created_at"] += off
    account.run()
    swept = account.whole_reads()
    assert swept.keys() == {n for n in account.streams if n in {c.name for c in INCREMENTAL}}
    assert account.differences() == {}
    account.run()
    assert account.whole_reads() == {}


@pytest.mark.slow
@pytest.mark.timeout(900)  # two minutes on an idle machine
def test_many_schedules():
    assert many(2000)["differences"] == 0


def many(count: int) -> Counter[str]:
    """Try many schedules and count what happened."""
    counts: Counter[str] = Counter(seeds=count)
    for seed in range(count):
        account = schedule(seed)
        counts.update(
            requests=account.requests,
            mutations=sum(account.moving.moves.values()),
            runs=account.runs,
            kills=account.kills,
            whole_reads=account.sweeps,
            differences=len(account.differences()),
        )
    return counts


@pytest.mark.parametrize("stream", INCREMENTAL, ids=lambda stream: stream.name)
def test_every_incremental_stream_counts_what_is_hidden_by_each_stamp(stream):
    account = Account(MovingClinic(1, 3, ("patients", stream.name)), frozenset({stream.name}))
    account.run()
    census = account.state["bookmarks"][stream.name]["census"]
    assert census["counts"].keys() == {"created_at", *stream.hidden}


def quiet(*lists: str, size: int = 6, **more) -> Account:
    """An account that has been read, each row old and visible."""
    moving = MovingClinic(3, 0, lists)
    for _ in range(size):
        for name in lists:
            moving.insert(name)
        moving.clinic.now += 1000
    moving.clinic.now += 10_000
    account = Account(moving, frozenset(lists), more)
    account.run()
    moving.clinic.now += 10_000
    return account


@pytest.mark.parametrize(
    ("stream", "stamp"), [(each.name, stamp) for each in INCREMENTAL for stamp in each.hidden]
)
def test_what_comes_back_without_a_stamp_is_found(stream, stamp):
    account = quiet("patients", stream)
    row = account.moving.clinic.lists[stream][0]
    row[stamp] = account.moving.clinic.stamp()
    account.moving.clinic.now += 1000
    account.run()
    assert account.whole_reads() == {}
    row[stamp] = None
    account.run()
    assert account.whole_reads() == {stream: 1}
    assert account.differences() == {}


@pytest.mark.parametrize("stream", [each.name for each in INCREMENTAL])
def test_what_is_deleted_for_good_is_found(stream):
    account = quiet("patients", stream)
    del account.moving.clinic.lists[stream][2]
    account.run()
    assert account.whole_reads() == {stream: 1}
    assert account.differences() == {}


def test_a_row_hidden_during_a_run_and_brought_back_before_the_next_is_found():
    account = quiet("patients")
    row = account.moving.clinic.lists["patients"][0]
    row["archived_at"] = account.moving.clinic.stamp()
    account.run(pause=10)
    assert account.state["bookmarks"]["patients"]["again"] == [row["id"]]
    row["archived_at"] = None
    account.run()
    assert account.whole_reads() == {}
    assert account.differences() == {}
    assert account.state["bookmarks"]["patients"]["again"] == []


def test_a_row_created_during_a_run_and_deleted_before_the_next_is_found():
    account = quiet("patients")
    account.moving.insert("patients")
    account.run(pause=10)
    del account.moving.clinic.lists["patients"][-1]
    account.run()
    assert account.differences() == {}


@pytest.mark.parametrize("name", [n for n in LISTS if n not in {c.name for c in INCREMENTAL}])
def test_whole_streams_tell_at_every_run_what_is_gone(name):
    account = quiet(name)
    account.moving.clinic.lists[name].pop()
    account.run()
    assert account.warehouse.activated[name] == 1
    assert account.differences() == {}


def test_without_versions_nothing_is_told():
    account = quiet("patients", "taxes", emit_activate_version_messages=False)
    assert not account.warehouse.activated
    assert {v for t in account.warehouse.tables.values() for _, v in t.values()} == {None}


def test_records_of_later_runs_carry_the_version_of_the_last_whole_read():
    account = quiet("patients")
    account.moving.edit("patients", account.moving.clinic.lists["patients"][0])
    account.run()
    versions = {version for _, version in account.warehouse.tables["patients"].values()}
    assert versions == {account.state["bookmarks"]["patients"]["version"]}
    assert not account.warehouse.activated


def test_a_sweep_goes_on_where_it_was_killed():
    account = quiet("patients", size=12, sweep_days=1)
    account.run(pause=100_000, kill_after=7)  # a state, a schema and five records
    assert "sweep" in account.state["bookmarks"]["patients"]
    assert not account.warehouse.activated
    account.run()
    assert account.whole_reads() == {"patients": 1}
    assert account.differences() == {}


@pytest.mark.parametrize("name", ["patients", "taxes"])
def test_a_list_that_can_be_seen_no_more_does_not_look_empty(name):
    account = quiet("patients", "taxes")
    held = dict(account.warehouse.tables[name])
    account.forbidden = frozenset({name})
    account.run()
    assert account.warehouse.activated[name] == 0
    assert account.warehouse.tables[name] == held


def test_a_key_that_may_be_shown_fewer_rows_reports_nothing_gone():
    account = quiet("patients", "taxes")
    account.role = "practitioner"
    for rows in account.moving.clinic.lists.values():
        rows.pop()
    account.run()
    assert not account.warehouse.activated
    account.role = "administrator"
    account.run()
    account.run(pause=100_000)
    assert account.warehouse.activated["taxes"] == 1


def test_with_a_start_date_an_incremental_stream_reports_nothing_gone():
    account = quiet("patients", "taxes", start_date="2020-01-01")
    assert account.warehouse.activated["taxes"] == 1
    assert account.warehouse.activated["patients"] == 0


def test_a_merge_brings_the_moved_children_again():
    lists = tuple(each.name for each in INCREMENTAL)
    account = quiet(*lists)
    for _ in range(3):
        account.moving.merge()
        account.moving.clinic.now += 10
    account.run()
    assert account.differences() == {}
    assert account.whole_reads().keys() <= {"relationships"}


def test_the_bookmark_never_passes_the_start_of_the_run():
    account = quiet("patients")
    row = account.moving.clinic.lists["patients"][0]
    row["updated_at"] = account.moving.clinic.stamp(1_000_000)
    account.run()
    position = account.state["bookmarks"]["patients"]["replication_key_value"]
    assert position < account.moving.clinic.stamp(-60)


@pytest.mark.parametrize("rows", [1, 3, 4, 7, 20])
def test_one_full_second_is_read_by_id(rows):
    clinic = Clinic(hidden=HIDDEN, per_page=3)
    for number in range(rows):
        clinic.add("patients", number + 10 ** (number % 9))
    clinic.add("patients", 10**12, updated_at=clinic.stamp(5))

    def fetch(query):
        return Page(*clinic.page("patients", list(query.filters), query.sort))

    got = [row["id"] for page in by_stamp(fetch, "updated_at", None) for row in page]
    assert sorted(got) == sorted(row["id"] for row in clinic.lists["patients"])
    got = [row["id"] for page in by_id(fetch) for row in page]
    assert sorted(got, key=int) == got
    assert len(got) == rows + 1


@pytest.mark.parametrize(
    ("read", "rows"),
    [
        (by_id, [{"id": "10"}, {"id": "9"}]),
        (lambda fetch: by_stamp(fetch, "c", None), [{"id": "1", "c": "2"}, {"id": "2", "c": "1"}]),
    ],
)
def test_rows_out_of_order_end_the_reading(read, rows):
    with pytest.raises(UnorderedPageError):
        list(read(lambda _: Page(rows, more=False)))


if __name__ == "__main__":
    from tap_cliniko.streams import base

    base.read_ahead = lambda pages, _: pages  # as above
    logging.disable(logging.WARNING)
    began = time.monotonic()
    results = many(int(sys.argv[1]))
    print(*(f"{name}: {n:,}" for name, n in results.items()), sep=", ", end="; ")
    print(f"{time.monotonic() - began:.0f} s")
