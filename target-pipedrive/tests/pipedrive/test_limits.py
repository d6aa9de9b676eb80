from __future__ import annotations

import asyncio
import itertools
import random
from bisect import bisect_right
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_pipedrive.errors import BudgetSpent
from target_pipedrive.pipedrive import OPERATIONS, Client, Limits, Operation
from target_pipedrive.pipedrive.credentials import ApiToken
from target_pipedrive.pipedrive.window import Way

from .faulty import ok

GET = OPERATIONS["person.get"]
CREATE = OPERATIONS["person.create"]
SEARCH = Operation("search", "GET", 2, "/itemSearch/field", 20, search=True)


class Time:
    """Simulated time: whoever sleeps longest wakes last, and nobody waits for real."""

    def __init__(self):
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future]] = []
        self._count = 0

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        self._count += 1
        self._sleepers.append((self.now + seconds, self._count, woken))
        await woken

    async def run(self, jobs):
        tasks = [asyncio.ensure_future(job) for job in jobs]
        while not all(task.done() for task in tasks):
            for _ in range(3 * len(tasks) + 10):
                await asyncio.sleep(0)
            if self._sleepers:
                self._sleepers.sort()
                at, _, woken = self._sleepers.pop(0)
                self.now = max(self.now, at)
                woken.set_result(None)
        return [task.result() for task in tasks]


def worst(times, window=2.0):
    """Most requests in any half-open window."""
    times = sorted(times)
    return max(index - bisect_right(times, at - window) + 1 for index, at in enumerate(times))


@settings(max_examples=40, deadline=None)
@given(
    burst=st.integers(1, 8),
    delays=st.lists(
        st.tuples(st.floats(0, 3), st.floats(0, 3)),  # seconds on the way there, and back
        min_size=1,
        max_size=40,
    ),
)
def test_no_window_at_the_server_ever_holds_more_than_the_burst(burst, delays):
    time = Time()
    limits = Limits("lite", 1, burst=burst, clock=time.clock, sleep=time.sleep)
    arrivals = []

    async def request(there, back):
        await limits.admit(GET)
        try:
            await time.sleep(there)
            arrivals.append(time.now)
            await time.sleep(back)
        finally:
            limits.answered(GET)

    asyncio.run(time.run([request(*delay) for delay in delays]))

    assert len(arrivals) == len(delays)
    assert worst(arrivals) <= burst


def test_searches_keep_to_their_own_window_too():
    time = Time()
    limits = Limits("ultimate", 1, clock=time.clock, sleep=time.sleep)
    searches, others = [], []

    async def request(operation, arrivals):
        await limits.admit(operation)
        arrivals.append(time.now)
        limits.answered(operation)

    jobs = [request(SEARCH, searches) for _ in range(25)]
    jobs += [request(GET, others) for _ in range(9)]
    asyncio.run(time.run(jobs))

    assert worst(searches) == 10
    assert max(others) == 0


async def _spend(limits, operation):
    await limits.admit(operation)
    limits.answered(operation)


@pytest.mark.anyio
async def test_what_leaves_is_counted_once_and_taken_once():
    limits = Limits("lite", 1)
    for operation in (CREATE, CREATE, GET):
        await _spend(limits, operation)
    assert limits.spent == 11
    assert limits.by_operation == {"person.create": 2, "person.get": 1}
    assert limits.take_spent() == {"person.create": (2, 10), "person.get": (1, 1)}
    assert limits.take_spent() == {}


@pytest.mark.parametrize(
    ("subscription", "seats", "daily", "budget"),
    [
        ("lite", 1, None, 30_000),
        ("growth", 2, None, 120_000),
        ("ultimate", 3, None, 630_000),
        ("lite", 1, 77, 77),
    ],
)
def test_the_budget_is_the_subscriptions(subscription, seats, daily, budget):
    assert Limits(subscription, seats, daily_tokens=daily).budget == budget


@pytest.mark.anyio
async def test_the_call_that_would_pass_the_budget_never_leaves():
    now = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
    limits = Limits("lite", 1, daily_tokens=12, spent=5, today=lambda: now)
    await _spend(limits, CREATE)
    with pytest.raises(BudgetSpent, match=r"10 of 12 .* in 3 h 3\d min"):
        await _spend(limits, CREATE)
    await _spend(limits, GET)
    assert limits.spent == 11


@pytest.mark.anyio
async def test_a_new_day_brings_a_new_budget():
    now = [datetime(2026, 3, 1, 23, 59, tzinfo=UTC)]
    limits = Limits("lite", 1, daily_tokens=5, spent=5, today=lambda: now[0])
    with pytest.raises(BudgetSpent):
        await _spend(limits, CREATE)
    now[0] = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    await _spend(limits, CREATE)
    assert limits.spent == 5


@pytest.mark.anyio
async def test_a_refused_call_gives_its_slots_back():
    limits = Limits("lite", 1, burst=1, daily_tokens=20)
    await _spend(limits, SEARCH)
    for _ in range(3):
        with pytest.raises(BudgetSpent):
            await _spend(limits, SEARCH)
    assert limits._burst._under_way == limits._searches._under_way == 0


@pytest.mark.parametrize(
    ("headers", "burst", "left"),
    [
        ({}, 120, 1000),
        ({"x-ratelimit-limit": "80"}, 80, 1000),
        ({"x-ratelimit-limit": "480"}, 120, 1000),
        ({"x-ratelimit-limit": "many"}, 120, 1000),
        ({"x-daily-ratelimit-token-remaining": "400"}, 120, 400),
        ({"x-daily-ratelimit-token-remaining": "29000"}, 120, 1000),
    ],
)
def test_the_server_is_believed_where_it_is_stricter(headers, burst, left):
    limits = Limits("ultimate", 1, daily_tokens=1000)
    limits.on_headers(headers)
    assert (limits.burst_limit, limits.left) == (burst, left)


def test_a_searchs_limit_is_not_taken_for_the_burst():
    limits = Limits("ultimate", 1)
    limits.on_headers({"x-ratelimit-limit": "10"}, search=True)
    assert limits.burst_limit == 120


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 2),
        ({"x-ratelimit-reset": "1"}, 2),
        ({"x-ratelimit-reset": "7"}, 7),
        ({"x-ratelimit-reset": "99999"}, 60),
        ({"retry-after": "30", "x-ratelimit-reset": "2"}, 30),
    ],
)
def test_how_long_a_429_waits(headers, seconds):
    assert Limits("lite", 1).on_429(headers) == seconds


@pytest.mark.anyio
async def test_after_a_429_nobody_leaves_before_the_wait_is_over():
    slept = []
    now = [100.0]

    async def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    limits = Limits("lite", 1, clock=lambda: now[0], sleep=sleep)
    limits.on_429({"x-ratelimit-reset": "5"})
    await _spend(limits, GET)
    assert slept == [5.0]


@pytest.mark.anyio
@pytest.mark.slow
async def test_no_window_at_a_real_server_ever_holds_more_than_the_burst(server):
    """Sixteen writers at once against a socket, with answers of uneven length."""
    uneven = random.Random(7)

    def answer(_):
        reply = ok({"id": 1})
        reply.delay = uneven.random() * 0.1
        return reply

    server.app = answer
    client = Client(server.url, ApiToken("t"), Limits("lite", 1, burst=20))

    async def writer():
        for _ in range(6):
            await client.call(GET, ids={"id": 1})

    await asyncio.wait_for(asyncio.gather(*(writer() for _ in range(16))), 60)
    await client.aclose()
    assert len(server.requests) == 96
    assert worst([request.at for request in server.requests]) <= 20


def test_the_helper_sees_a_broken_window():
    assert worst([0.0, 0.1, 1.9, 2.05]) == 3


async def _travel(limits, time, arrivals, there, back):
    left = await limits.admit(GET)
    await time.sleep(there)
    arrivals.append(time.now)
    await time.sleep(back)
    limits.answered(GET, left)


@settings(max_examples=15, deadline=None)
@given(
    burst=st.integers(1, 8),
    way=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
    varies=st.lists(st.tuples(st.floats(0, 0.1), st.floats(0, 0.1)), min_size=30, max_size=80),
)
def test_a_way_that_is_known_costs_no_more_than_it_varies(burst, way, varies):
    time = Time()
    limits = Limits("lite", 1, burst=burst, clock=time.clock, sleep=time.sleep)
    arrivals = []
    delays = [(way[0] + there, way[1] + back) for there, back in varies]
    asyncio.run(time.run([_travel(limits, time, arrivals, *delay) for delay in delays]))
    variation = max(there for there, _ in varies) + max(back for _, back in varies)
    assert worst(arrivals, window=2.0 - variation) <= burst


@pytest.mark.parametrize("burst", [20, 120])
def test_a_steady_way_costs_next_to_nothing(burst):
    time = Time()
    limits = Limits("lite", 1, burst=burst, clock=time.clock, sleep=time.sleep)
    arrivals = []
    jobs = [_travel(limits, time, arrivals, 0.1, 0.1) for _ in range(10 * burst)]
    asyncio.run(time.run(jobs))
    steady = sorted(arrivals)[burst:]
    windows = (steady[-1] - steady[0]) / 2
    assert worst(arrivals) <= burst
    assert (len(steady) - burst) / (burst * windows) >= 0.98


def test_after_a_429_it_is_slower_for_a_while_and_presumes_nothing():
    time = Time()
    limits = Limits("lite", 1, burst=20, clock=time.clock, sleep=time.sleep)
    jobs = [_travel(limits, time, [], 0.1, 0.1) for _ in range(20)]
    asyncio.run(time.run(jobs))
    assert limits._way.shortest(time.now) == pytest.approx(0.2)
    for _ in range(5):  # five that met the same wall
        limits.on_429({})
    assert limits.burst_limit == 16
    assert limits._way.shortest(time.now) == 0
    for _ in range(4):
        time.now += 11
        asyncio.run(_spend(limits, GET))
    assert limits.burst_limit == 20
    limits.on_headers({"x-ratelimit-limit": "5"})
    assert limits.burst_limit == 5


def test_a_way_that_became_longer_is_learned_anew():
    way = Way()
    for second in range(200):
        way.took(0.1 if second < 100 else 0.3, second)
    assert way.shortest(200) == 0.3


# the day's budget


def test_what_is_reserved_is_left_alone():
    limits = Limits("lite", 1, daily_tokens=20, reserve=8)
    asyncio.run(_spend(limits, CREATE))
    asyncio.run(_spend(limits, CREATE))
    with pytest.raises(BudgetSpent, match=r"8 are reserved \(`reserve_tokens`\)"):
        asyncio.run(_spend(limits, CREATE))
    limits = Limits("lite", 1, reserve=8)
    limits.on_headers({"x-daily-ratelimit-token-remaining": "12"})
    with pytest.raises(BudgetSpent, match="12 are left"):
        asyncio.run(_spend(limits, CREATE))


def test_what_other_processes_spend_counts():
    limits = Limits("lite", 1, daily_tokens=20)
    asyncio.run(_spend(limits, CREATE))
    limits.spent_by_all(11)  # without those five
    assert limits.spent == 16
    limits.take_spent()
    limits.spent_by_all(16)
    with pytest.raises(BudgetSpent):
        asyncio.run(_spend(limits, CREATE))


class Days:
    """A clock that is moved by whoever sleeps, and a server whose day ends at noon UTC."""

    def __init__(self):
        self.begun = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
        self.now = 0.0
        self.asked = []
        self.limits = Limits(
            "lite", 1, wait=True, clock=lambda: self.now, sleep=self.sleep, today=self.today
        )

    def today(self):
        return self.begun + timedelta(seconds=self.now)

    async def sleep(self, seconds):
        self.now += seconds
        await asyncio.sleep(0)

    async def request(self):
        while True:
            await self.limits.admit(CREATE)
            self.asked.append(self.today())
            fresh = self.today() >= datetime(2026, 3, 2, 12, tzinfo=UTC)
            headers = {"x-daily-ratelimit-token-remaining": "29995" if fresh else "0"}
            self.limits.answered(CREATE, self.now)
            self.limits.on_headers(headers)
            if fresh or self.limits.on_429(headers) is not None:
                return


def test_waiting_asks_once_an_hour_whether_the_servers_day_has_begun():
    days = Days()

    async def many():
        days.limits.on_429({"x-daily-ratelimit-token-remaining": "0"})
        await asyncio.gather(*(days.request() for _ in range(5)))

    asyncio.run(many())
    early = [at for at in days.asked if at.date() == days.begun.date() or at.hour < 12]
    assert 11 <= len(early) <= 14
    assert min(after - at for at, after in itertools.pairwise(early[1:])) >= timedelta(minutes=59)
    assert len(days.asked) - len(early) == 5


def test_waiting_ends_with_the_run():
    days = Days()
    days.limits.on_429({"x-daily-ratelimit-token-remaining": "0"})
    days.limits.give_up()
    with pytest.raises(BudgetSpent):
        asyncio.run(days.request())
    assert days.asked == []


def test_our_own_budget_is_waited_for_until_our_day_begins():
    days = Days()
    days.limits.daily_tokens = 5

    async def two():
        for _ in range(2):
            await days.limits.admit(CREATE)
            days.asked.append(days.today())
            days.limits.answered(CREATE, days.now)

    asyncio.run(two())
    assert [at.day for at in days.asked] == [1, 2]
