"""One clinic, moved whole, and kept in step."""

from __future__ import annotations

import pytest


@pytest.fixture
def moved(pipeline):
    """Move a clinic; everything stands as it shall."""
    pipe = pipeline(patients=40)
    result = pipe.run()
    assert (result.tap, result.target) == (0, 0), result.target_log + result.tap_log
    report = pipe.check()
    assert report["ok"], "\n".join(report["lines"])
    pipe.sandbox.clear_log()
    return pipe


def test_a_second_run_writes_nothing(moved):
    result = moved.run()
    assert (result.tap, result.target) == (0, 0), result.target_log
    assert moved.writes() == []


def edited(pipe):
    """The edits of an ordinary week."""
    pipe.sandbox.edit("rename_patient")
    pipe.sandbox.edit("cancel_appointment")
    pipe.sandbox.edit("archive_note")
    pipe.sandbox.edit("merge_patients")
    pipe.sandbox.edit("pay_invoice")
    pipe.sandbox.edit("insert_patient")


def test_edits_land_as_exactly_those_changes(moved):
    edited(moved)
    result = moved.run()
    assert (result.tap, result.target) == (0, 0), result.target_log
    report = moved.check()
    assert report["ok"], "\n".join(report["lines"])
    writes = [(row["method"], row["path"]) for row in moved.writes()]
    assert len(writes) < 20, writes
    moved.sandbox.clear_log()
    moved.run()
    assert moved.writes() == []
