"""Killed, stopped and cut off at any moment, the end is the same: nothing lost, nothing doubled."""

from __future__ import annotations

import random

import pytest

pytestmark = pytest.mark.slow


def assert_same_end(pipe):
    report = pipe.check()
    assert report["ok"], "\n".join(report["lines"])


def assert_state_is_not_ahead(pipe, state):
    """Hold a state against what stands in Pipedrive: no patient it knows of is missing.

    A first read goes by id; when it has come to its end, the bookmark stands for it.
    """
    patients = (state or {}).get("bookmarks", {}).get("patients", {})
    bookmark = patients.get("replication_key_value") or ""
    after = int((patients.get("sweep") or {}).get("after") or -1)
    if not bookmark and after < 0:
        return
    dump = pipe.sandbox.dump()
    code = next(
        row["field_code"]
        for row in dump["pipedrive"]["personFields"]
        if row["field_name"] == "Cliniko patient ID"
    )
    there = {
        (row["custom_fields"] or {}).get(code)
        for row in dump["pipedrive"]["persons"]
        if not row.get("is_deleted")
    }
    for patient in dump["cliniko"]["streams"]["patients"]:
        known = patient["updated_at"] < bookmark or int(patient["id"]) <= after
        if known and not patient.get("merged_at"):
            assert patient["id"] in there, (
                f"state at {bookmark or after} is ahead of patient {patient['id']}"
            )


SLOW = {"api": "pipedrive", "kind": "slow", "seconds": 0.02}
"""So that a kill comes in the middle of a write."""


def test_a_target_killed_at_twenty_moments(pipeline):
    pipe = pipeline(patients=40)
    messages = pipe.record()
    pipe.sandbox.fault(**SLOW)
    moments = random.Random(20)
    kills = 0
    for _ in range(20):
        result = pipe.load(messages, kill_after=moments.randint(3, 25))
        for state in result.states[-1:]:
            assert_state_is_not_ahead(pipe, state)
        assert result.target in {0, -9}, result.target_log
        kills += result.target == -9
    assert pipe.load(messages).target == 0
    assert_same_end(pipe)
    assert kills == 20
    print(f"killed {kills} times")


def test_a_pipeline_stopped_at_ten_moments(pipeline):
    pipe = pipeline(patients=40)
    pipe.sandbox.fault(**SLOW)
    moments = random.Random(10)
    stops = 0
    for _ in range(10):
        result = pipe.run(stop_after=moments.randint(3, 40))
        assert_state_is_not_ahead(pipe, pipe.state)
        assert result.target in {0, 143}, result.target_log
        stops += result.target == 143
    result = pipe.run()
    assert (result.tap, result.target) == (0, 0), result.target_log
    assert_same_end(pipe)
    assert stops >= 5  # what a stopped run had finished is not read again, so some have little left
    print(f"stopped {stops} times")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "drop_after", "every": 7, "method": "POST"}, id="commit, then drop"),
        pytest.param({"kind": "drop_before", "every": 7, "method": "POST"}, id="drop, no commit"),
        pytest.param({"kind": "server_error_after", "every": 7}, id="commit, then 500"),
        pytest.param({"kind": "error_500", "every": 7}, id="500"),
        pytest.param({"kind": "truncated_json", "every": 7}, id="half an answer"),
        pytest.param({"kind": "rate_limited_429", "every": 50}, id="429"),
    ],
)
def test_answers_lost(pipeline, fault):
    pipe = pipeline(patients=15)
    messages = pipe.record()
    pipe.sandbox.fault(api="pipedrive", **fault)
    result = pipe.load(messages)
    assert result.target == 0, result.target_log
    pipe.sandbox.clear_faults()
    assert pipe.load(messages).target == 0
    assert_same_end(pipe)


def test_a_lost_ledger_makes_no_duplicate(pipeline):
    pipe = pipeline(patients=15)
    messages = pipe.record()
    assert pipe.load(messages).target == 0
    for path in pipe.folder.glob("ledger.db*"):
        path.unlink()
    assert pipe.load(messages).target == 0
    assert_same_end(pipe)
