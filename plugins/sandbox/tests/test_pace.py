"""The limit of Cliniko with its clock, latency that overlaps, and the figures of a run's pace."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.client import ControlError
from sandbox.journal import Journal
from sandbox.testing import running


@pytest.fixture(scope="module")
def fast():
    """A clinic whose clock runs sixty times as fast."""
    with running(
        patients=5, cliniko_per_minute=10, cliniko_window_seconds=1, latency_ms=100
    ) as sandbox:
        yield sandbox


def cpu_seconds(pid):
    columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / os.sysconf("SC_CLK_TCK")


def test_a_short_window_gives_way_soon(fast, caller):
    cliniko = caller(fast.cliniko)
    time.sleep(1.1)
    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(pool.map(lambda _: cliniko.get("/user").status, range(12)))
    assert statuses == [200] * 10 + [429] * 2
    time.sleep(1.1)
    assert cliniko.get("/user").status == 200


def test_latency_overlaps_and_costs_nothing(fast, caller):
    cliniko = caller(fast.cliniko)
    fast.limits(cliniko_per_minute=1000, latency_ms=600)
    try:
        spent, started = cpu_seconds(fast.pid), time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: cliniko.get("/user").status, range(8))) == {200}
        assert 0.6 <= time.monotonic() - started < 2.4  # eight in a row would take 4.8 s
        assert cpu_seconds(fast.pid) - spent < 0.3
    finally:
        fast.limits(cliniko_per_minute=10, latency_ms=100)


def test_the_figures_tell_the_share_of_the_limit(fast, caller):
    cliniko = caller(fast.cliniko)
    time.sleep(1.1)
    fast.clear_log()
    for _ in range(6):
        assert cliniko.get("/user").status == 200
    pace = fast.stats()["cliniko_pace"]
    assert (pace["limit"], pace["window_seconds"], pace["requests"]) == (10, 1.0, 6)
    assert 1 <= pace["worst_window"] <= 6
    assert pace["seconds"] >= 0.5
    assert pace["share"] == pytest.approx(5 / (10 * pace["seconds"]), rel=0.01)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"cliniko_per_minute": 0}, "cliniko_per_minute must be a whole number of at least 1"),
        ({"cliniko_per_minute": True}, "cliniko_per_minute must be a whole number"),
        ({"cliniko_window_seconds": 0}, "cliniko_window_seconds must be a number of at least 0.1"),
        ({"latency_ms": -1}, "latency_ms must be a number of at least 0"),
        ({"latency_ms": "1"}, "latency_ms must be a number of at least 0"),
        ({"storage_ranges": 1}, "storage_ranges must be true or false"),
    ],
)
def test_a_limit_of_no_meaning_is_refused(fast, limits, reason):
    before = fast.limits()
    with pytest.raises(ControlError, match=reason):
        fast.limits(**limits)
    assert fast.limits() == before


@given(times=st.lists(st.floats(0, 100), max_size=20))
def test_the_share_is_of_what_the_limit_lets_through(times):
    journal = Journal()
    for t in times:
        journal.add("cliniko", "GET", "/", "", 200, 0, None, t=t)
    pace = journal.pace("cliniko", 200, 60.0)
    assert pace["requests"] == len(times)
    assert pace["worst_window"] == journal.worst_window("cliniko", 60.0)
    assert (pace["share"] is None) == (len(set(times)) < 2)
