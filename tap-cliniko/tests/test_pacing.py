"""The rolling window: never more than the limit, and no less than the work needs."""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_cliniko.pacing import CALM_SECONDS, Pacer


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class Simulation:
    """Several threads in simulated time; each sends one request after another."""

    def __init__(self, threads: int, limit: int, latency, seed: int = 0) -> None:
        self.clock = Clock()
        self.pacer = Pacer(limit, lambda _: None, clock=lambda: self.clock.now)
        self.arrivals: list[float] = []
        chance, order = random.Random(seed), itertools.count()
        # Whose turn comes when: moment, order among equals, the slot of the request that ends.
        self._turns = [(0.0, next(order), None) for _ in range(threads)]
        self._next = lambda at, slot: heapq.heappush(self._turns, (at, next(order), slot))
        self._latency = lambda: latency(chance)
        self._part = chance.random

    def run(self, seconds: float) -> None:
        while self._turns[0][0] < seconds:
            self.clock.now, _, slot = heapq.heappop(self._turns)
            if slot is not None:
                slot.__exit__(None, None, None)
            self._begin()

    def _begin(self) -> None:
        now = self.clock.now
        delay = self.pacer._take()
        if delay > 0:
            self._next(now + delay, None)
            return
        self.pacer._under_way -= 1  # taken anew by the slot itself
        slot = self.pacer.slot()
        slot.__enter__()
        takes = self._latency()
        self.arrivals.append(now + takes * self._part())
        self._next(now + takes, slot)

    def worst_minute(self) -> int:
        arrivals, begin, worst = sorted(self.arrivals), 0, 0
        for index, arrival in enumerate(arrivals):
            while arrival - arrivals[begin] >= 60 - 1e-6:
                begin += 1
            worst = max(worst, index - begin + 1)
        return worst


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.sampled_from([3, 50, 200]), st.floats(0.01, 5), st.integers(0, 10_000))
def test_no_rolling_minute_holds_more_than_the_limit(threads, limit, slowest, seed):
    """A request takes some time and arrives at any part of it."""
    simulation = Simulation(threads, limit, lambda chance: chance.uniform(0, slowest), seed)
    simulation.run(400)
    assert simulation.worst_minute() <= limit


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("threads", "latency"),
    [
        (2, lambda _: 0.3),  # two pages at a time, as lists are read
        (2, lambda chance: chance.uniform(0.1, 0.5)),
        (4, lambda chance: chance.uniform(0.1, 1.0)),
        (12, lambda chance: chance.uniform(0, 5)),
    ],
)
def test_nearly_all_of_the_limit_is_used(threads, latency, seed):
    simulation = Simulation(threads, 200, latency, seed)
    simulation.run(1800)
    minutes = 1800 / 60
    share = len(simulation.arrivals) / (200 * minutes)
    assert share >= 0.95
    assert simulation.worst_minute() <= 200


def paced(limit: int = 8) -> tuple[Pacer, Clock]:
    clock = Clock()
    return Pacer(limit, clock.sleep, clock=lambda: clock.now), clock


def requests_in_a_minute(pacer: Pacer, clock: Clock) -> int:
    end, count = clock.now + 60, 0
    while clock.now < end:
        with pacer.slot():
            count += clock.now < end
    return count


def test_a_429_closes_the_window_for_all():
    pacer, clock = paced()
    pacer.throttled(7)
    with pacer.slot():
        assert clock.now == 7


def test_requests_refused_together_are_one_429(caplog):
    caplog.set_level(logging.INFO)
    pacer, clock = paced()
    for _ in range(3):
        pacer.throttled(5)
    clock.now = 5
    assert requests_in_a_minute(pacer, clock) == 8
    assert len(caplog.records) == 1


def test_repeated_429_slow_down_for_a_while_and_say_so_once(caplog):
    pacer, clock = paced()
    for limit in (8, 6, 4):
        pacer.throttled(1)
        clock.now += 100
        assert requests_in_a_minute(pacer, clock) == limit
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1
    assert "other software seems to use keys of the same Cliniko user" in caplog.text
    clock.now += CALM_SECONDS + 60
    assert requests_in_a_minute(pacer, clock) == 8


def test_the_slowest_is_one_request_a_minute():
    pacer, clock = paced(2)
    for _ in range(10):
        pacer.throttled(1)
        clock.now += 2
    clock.now += 60
    assert requests_in_a_minute(pacer, clock) == 1


def test_threads_share_the_window():
    pacer = Pacer(3, lambda _: pytest.fail("there is room"))
    inside = threading.Barrier(3, timeout=5)

    def work():
        with pacer.slot():
            inside.wait()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not inside.broken
