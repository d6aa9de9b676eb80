"""Nothing is left out while the clinic changes between any two requests."""

from __future__ import annotations

import copy
import io
from contextlib import redirect_stdout

import pytest
from fake_cliniko import HIDDEN, KEY, Clinic, link
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_cliniko.client import Account
from tap_cliniko.errors import UnorderedPageError
from tap_cliniko.links import flatten
from tap_cliniko.paging import Page, by_id, by_stamp
from tap_cliniko.tap import TapCliniko

LISTS = ("patients", "individual_appointments", "medical_alerts")
KINDS = ("edit", "archive", "unarchive", "cancel", "insert", "late", "merge", "nothing")
MOVES = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(LISTS), st.integers(0, 10_000)), max_size=30
)


def change(clinic: Clinic, kind: str, name: str, number: int) -> None:
    """One thing that people do. Removing and merging leave ``updated_at`` alone."""
    rows = clinic.lists[name]
    row = rows[number % len(rows)]
    if kind == "edit":
        row["notes"] = str(number)
        row["updated_at"] = clinic.stamp()
    elif kind == "archive" and row["archived_at"] is None:
        row["archived_at"] = clinic.stamp()
    elif kind == "unarchive" and row["archived_at"] is not None and "merged_at" not in row:
        row["archived_at"] = None
        row["updated_at"] = clinic.stamp()  # without this no filter could find it
    elif kind == "cancel" and "cancelled_at" in row and row["cancelled_at"] is None:
        row["cancelled_at"] = clinic.stamp()
    elif kind == "insert":
        clinic.add(name, 1000 + sum(map(len, clinic.lists.values())), patient=link("patients/1"))
    elif kind == "late":  # stamped a minute before it can be seen
        number = 1000 + sum(map(len, clinic.lists.values()))
        clinic.add(name, number, patient=link("patients/1"), updated_at=clinic.stamp(-60))
    elif kind == "merge":
        merge(clinic, number)


def merge(clinic: Clinic, number: int) -> None:
    patients = [row for row in clinic.lists["patients"] if row["archived_at"] is None]
    if len(patients) < 2:
        return
    loser, survivor = patients[number % len(patients)], patients[(number + 1) % len(patients)]
    loser["archived_at"] = loser["merged_at"] = clinic.stamp()
    loser["merged_with_patient"] = link(f"patients/{survivor['id']}")
    for name in ("individual_appointments", "medical_alerts"):
        for row in clinic.lists[name]:
            if row["patient"] == link(f"patients/{loser['id']}"):
                row["patient"] = link(f"patients/{survivor['id']}")


class MovingClient:
    """Answers like the client; before each answer the clinic changes."""

    def __init__(self, clinic: Clinic, moves: list[tuple[str, str, int]]) -> None:
        self.clinic, self.moves, self.requests = clinic, moves, 0

    @property
    def account(self) -> Account:
        return Account("administrator", self.clinic.now)

    def page(self, path, key, query):
        self.requests += 1
        assert self.requests < 2000, "the reading does not come to an end"
        if self.moves:
            kind, name, number = self.moves.pop(0)
            change(self.clinic, kind, name, number)
            self.clinic.now += number % 3
        assert path == f"/{key}"
        return Page(*self.clinic.page(key, list(query.filters), query.sort))


def clinic_of(size: int) -> Clinic:
    clinic = Clinic(hidden=HIDDEN, per_page=3)
    clinic.now -= 500_000
    for number in range(1, size + 1):
        for name in LISTS:
            clinic.add(name, number, patient=link(f"patients/{number}"))
        clinic.now += (number % 4 == 0) * 1000  # several rows share one second
    clinic.now += 400_000
    return clinic


def run(clinic: Clinic, state: dict, output: dict, moves: list, stop_after: int | None) -> dict:
    """One run of the tap; returns the last state emitted before it ended or was killed."""
    clinic.now += 1000
    config = {"api_key": KEY, "contact_email": "a@example.com", "attachments_dir": "memory://"}
    with redirect_stdout(io.StringIO()):
        tap = TapCliniko(config=config, state=copy.deepcopy(state))
    tap.client = MovingClient(clinic, moves)
    state, count = copy.deepcopy(tap.state), 0
    for name in LISTS:
        stream = tap.streams[name]
        for record in stream.get_records(None):
            count += 1
            if stop_after is not None and count > stop_after:
                return state
            output[name, record["id"]] = record
            if count % 2 == 0:
                state = copy.deepcopy(tap.state)
        state = copy.deepcopy(tap.state)
    return state


def differences(clinic: Clinic, output: dict) -> dict:
    wrong = {}
    for name in LISTS:
        for row in clinic.lists[name]:
            expected = flatten(row)
            got = output.get((name, row["id"]), {})
            if {field: got.get(field) for field in expected} != expected:
                wrong[name, row["id"]] = (expected, got)
    return wrong


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(1, 16),
    MOVES,
    MOVES,
    st.lists(st.integers(0, 40), max_size=2),
)
def test_after_a_further_run_the_output_equals_the_clinic(size, during, between, kills):
    clinic, output, state = clinic_of(size), {}, {}
    moves = list(during)
    for kill in kills:
        state = run(clinic, state, output, moves, kill)
    state = run(clinic, state, output, moves, None)
    for move in between:
        change(clinic, *move)
    run(clinic, state, output, [], None)
    assert differences(clinic, output) == {}


def test_an_idle_run_reads_nothing_again():
    clinic, output = clinic_of(10), {}
    state = run(clinic, {}, output, [], None)
    output.clear()
    run(clinic, state, output, [], None)
    assert output == {}


def test_a_killed_run_is_not_read_again_from_the_start():
    clinic, output = clinic_of(30), {}
    state = run(clinic, {}, output, [], 24)
    output.clear()
    run(clinic, state, output, [], None)
    assert len([key for key in output if key[0] == "patients"]) <= 30 - 20


def test_a_removal_during_a_killed_run_is_found_by_the_next():
    """The bookmark has passed the row; only the kept lower bound finds it."""
    clinic, output = clinic_of(16), {}
    state = run(clinic, {}, output, [("nothing", "patients", 0)] * 4, 12)
    assert state["bookmarks"]["patients"]["hidden_since"]
    clinic.lists["patients"][0]["archived_at"] = clinic.stamp()
    state = run(clinic, state, output, [], None)
    assert output["patients", "1"]["archived_at"] is not None
    assert "hidden_since" not in state["bookmarks"]["patients"]


def test_a_merge_brings_the_moved_children_again():
    clinic, output = clinic_of(6), {}
    state = run(clinic, {}, output, [], None)
    output.clear()
    clinic.now += 100
    merge(clinic, 0)
    run(clinic, state, output, [], None)
    assert output["patients", "1"]["merged_with_patient_id"] == "2"
    assert output["medical_alerts", "1"]["patient_id"] == "2"
    assert output["individual_appointments", "1"]["patient_id"] == "2"


def test_the_bookmark_never_passes_the_start_of_the_run():
    clinic = clinic_of(3)
    clinic.add("patients", 99, updated_at=clinic.stamp(1_000_000))
    state = run(clinic, {}, {}, [], None)
    assert state["bookmarks"]["patients"]["replication_key_value"] < clinic.stamp(-60)


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
