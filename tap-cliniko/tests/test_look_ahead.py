"""Two pages asked for at the same time leave nothing out, whatever moves in between."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

import pytest
from fake_cliniko import HIDDEN, Clinic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_cliniko.ahead import together
from tap_cliniko.errors import StoppedError
from tap_cliniko.paging import PER_PAGE, Page, by_id, by_stamp

KINDS = ("edit", "insert", "late", "delete", "archive", "nothing")


@dataclass
class MovingList:
    """A list that changes before each answer.

    Attributes:
        clinic: Holds the list ``patients``.
        moves: What happens before each answer: kind, which row, seconds that pass.
        swaps: Whether the second of two queries is answered first, for each pair in turn.
        ties: None to order rows of one second by id; a source of chance for any order.
    """

    clinic: Clinic
    moves: list[tuple[str, int, int]] = field(default_factory=list)
    swaps: list[bool] = field(default_factory=list)
    ties: random.Random | None = None
    requests: int = 0
    pairs: int = 0

    def fetch(self, query):
        self.requests += 1
        assert self.requests < 200, "the reading does not come to an end"
        if self.moves:
            self.move(*self.moves.pop(0))
        filters = list(query.filters)
        rows, _ = self.clinic.page("patients", filters, query.sort, 100_000)
        if self.ties is not None and query.sort != "id":
            column = query.sort.partition(",")[0]
            order = {row["id"]: self.ties.random() for row in rows}
            rows.sort(key=lambda row: (row[column], order[row["id"]]))
        begin = (query.page - 1) * query.per_page
        shown = rows[begin : begin + query.per_page]
        return Page(shown, begin + query.per_page < len(rows), len(rows))

    def both(self, first, second):
        self.pairs += 1
        if self.swaps and self.swaps.pop(0):
            later = self.fetch(second)
            return self.fetch(first), later
        return self.fetch(first), self.fetch(second)

    def move(self, kind, number, seconds):
        rows, clinic = self.clinic.lists["patients"], self.clinic
        clinic.now += seconds
        if kind in {"insert", "late"}:
            stamp = clinic.stamp(-60 if kind == "late" else 0)
            clinic.add("patients", max(int(row["id"]) for row in rows) + 1, updated_at=stamp)
            return
        row = rows[number % len(rows)]
        if kind == "edit":
            row.update(notes=str(number), updated_at=clinic.stamp())
        elif kind == "delete" and len(rows) > 1:
            rows.remove(row)
        elif kind == "archive":
            row["archived_at"] = clinic.stamp()


def list_of(size: int, seed: int, in_a_second: int) -> Clinic:
    """Rows in the order of neither id nor stamp; up to so many share a second."""
    clinic, chance = Clinic(hidden=HIDDEN), random.Random(seed)
    numbers = [number + 10 ** (number % 3 * 8) for number in range(size)]
    chance.shuffle(numbers)
    stamps = [-500_000 + index // in_a_second * 3 for index in range(size)]
    for number, seconds in zip(numbers, stamps, strict=True):
        clinic.add("patients", number, updated_at=clinic.stamp(seconds))
    return clinic


def contents(rows):
    return {row["id"]: (row["updated_at"], row.get("notes")) for row in rows}


SIZES = st.integers(150, 520)
MOVES = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 10_000), st.integers(0, 2)), max_size=12
)
SWAPS = st.lists(st.booleans(), max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SIZES, st.integers(0, 1000), st.sampled_from([1, 2, 7, 150]), MOVES, SWAPS)
def test_by_stamp_leaves_nothing_out(size, seed, in_a_second, moves, swaps):
    moving = MovingList(list_of(size, seed, in_a_second), list(moves), list(swaps))
    settled = moving.clinic.stamp(-120)
    got: dict = {}
    pages = by_stamp(
        moving.fetch, "updated_at", None, ("archived_at:*",), both=moving.both, settled=settled
    )
    emitted = [row for page in pages for row in page]
    got.update(contents(emitted))
    stamps = [row["updated_at"] for row in emitted]
    assert stamps == sorted(stamps)
    # What was changed during the reading may have come in its older form; the next run, which
    # begins at the settled moment, brings it. All else must be here already.
    now = contents(moving.clinic.lists["patients"])
    unchanged = {number: row for number, row in now.items() if row[0] <= settled}
    assert unchanged.items() <= got.items()
    moving.moves.clear()
    for page in by_stamp(moving.fetch, "updated_at", settled, ("archived_at:*",)):
        got.update(contents(page))
    assert now.items() <= got.items()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SIZES, st.integers(0, 1000), MOVES, SWAPS)
def test_by_id_leaves_nothing_out(size, seed, moves, swaps):
    moving = MovingList(list_of(size, seed, 3), list(moves), list(swaps))
    before = {row["id"] for row in moving.clinic.lists["patients"]}
    got = [
        row["id"] for page in by_id(moving.fetch, ("archived_at:*",), moving.both) for row in page
    ]
    assert len(set(got)) == len(got)
    assert {row["id"] for row in moving.clinic.lists["patients"]} & before <= set(got)


@pytest.mark.parametrize("read", ["id", "stamp"])
def test_a_resting_list_takes_a_request_for_every_hundred_rows(read):
    moving = MovingList(list_of(5_000, 1, 1))
    both = moving.both
    pages = (
        by_id(moving.fetch, (), both)
        if read == "id"
        else by_stamp(moving.fetch, "updated_at", None, both=both, settled=moving.clinic.stamp())
    )
    assert sum(map(len, pages)) == 5_000
    assert moving.requests <= 5_000 / 100 * 1.02 + 1
    assert moving.pairs >= 24


@pytest.mark.parametrize("size", [1, PER_PAGE, 2 * PER_PAGE])
def test_a_small_list_takes_no_request_more(size):
    moving = MovingList(list_of(size, 1, 1))
    read = by_stamp(moving.fetch, "updated_at", None, both=moving.both, settled="9")
    assert sum(map(len, read)) == size
    assert moving.pairs == 0


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_server_that_orders_a_second_at_random_is_asked_one_by_one(seed):
    moving = MovingList(list_of(700, seed, 10), ties=random.Random(seed))
    read = by_stamp(moving.fetch, "updated_at", None, both=moving.both, settled="9")
    assert len({row["id"] for page in read for row in page}) == 700
    assert moving.pairs == 1


def test_a_row_that_left_shows_and_costs_one_request():
    """Row 100 moves to 99 between the two answers, so the second page begins behind it."""
    moving = MovingList(list_of(600, 1, 1))
    first = min(moving.clinic.lists["patients"], key=lambda row: row["updated_at"])
    number = moving.clinic.lists["patients"].index(first)
    still = ("nothing", 0, 0)
    moving.moves = [still, still, ("delete", number + 150, 0)]
    read = by_stamp(moving.fetch, "updated_at", None, both=moving.both, settled="9")
    assert len({row["id"] for page in read for row in page}) == 600
    assert moving.requests == 8


def test_nothing_is_asked_ahead_of_what_may_still_gain_rows():
    moving = MovingList(list_of(900, 1, 1))
    middle = sorted(row["updated_at"] for row in moving.clinic.lists["patients"])[350]
    read = by_stamp(moving.fetch, "updated_at", None, both=moving.both, settled=middle)
    assert len({row["id"] for page in read for row in page}) == 900
    assert moving.pairs == 2


def test_two_at_the_same_time():
    meeting = threading.Barrier(2, timeout=5)
    assert together(lambda value: (meeting.wait(), value)[1], 1, 2, lambda: None) == (1, 2)


def test_a_fault_of_the_first_is_not_kept_waiting():
    def work(value):
        if value == 1:
            raise ValueError(value)
        time.sleep(1)

    begin = time.monotonic()
    with pytest.raises(ValueError, match="1"):
        together(work, 1, 2, lambda: None)
    assert time.monotonic() - begin < 0.8


def test_a_stop_ends_the_waiting_for_the_second():
    def stop():
        raise StoppedError(15)

    begin = time.monotonic()
    with pytest.raises(StoppedError):
        together(time.sleep, 0, 1, stop)
    assert time.monotonic() - begin < 0.8
