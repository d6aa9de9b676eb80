"""Tokens, bursts and the wall behind them."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.pipedrive.limits import PLANS, Meter, Verdict

PRICES = [
    ("GET", "/v2/persons", None, 10),
    ("POST", "/v2/persons", {"name": "x"}, 5),
    ("POST", "/v2/persons", {}, 5),
    ("GET", "/v2/persons/1", None, 1),
    ("PATCH", "/v2/activities/1", {}, 5),
    ("DELETE", "/v2/products/1", None, 3),
    ("GET", "/v2/persons/search", None, 20),
    ("GET", "/v2/itemSearch/field", None, 20),
    ("GET", "/v2/personFields", None, 10),
    ("POST", "/v2/personFields", {}, 5),
    ("DELETE", "/v2/personFields/x/options", None, 3),
    ("GET", "/v2/stages", None, 5),
    ("GET", "/v1/notes", None, 20),
    ("POST", "/v1/notes", {}, 10),
    ("DELETE", "/v1/notes/1", None, 6),
    ("GET", "/v1/files/1", None, 2),
    ("GET", "/v1/persons/1/files", None, 20),
    ("GET", "/v1/users", None, 20),
    ("GET", "/v1/users/me", None, 2),
    ("GET", "/v1/currencies", None, 20),
    ("PUT", "/v1/persons/1/merge", {}, 40),
    ("GET", "/v1/persons", None, 0),
]


@pytest.mark.parametrize(("method", "path", "body", "price"), PRICES)
def test_each_call_costs_its_price_whatever_comes_of_it(api, method, path, body, price):
    answer = api(method, path, body)
    assert api.switch.scope["state"]["tokens"] == price
    left = int(answer.headers["x-daily-ratelimit-token-remaining"])
    assert int(answer.headers["x-daily-ratelimit-token-limit"]) - left == price


def test_the_operation_is_named_for_the_log(api):
    api("PATCH", "/v2/persons/123", {})
    assert api.switch.scope["state"]["operation"] == "PATCH /v2/persons/{id}"


@pytest.mark.parametrize(
    ("plan", "seats", "budget", "burst"),
    [
        ("lite", 1, 30_000, 20),
        ("growth", 2, 120_000, 40),
        ("premium", 1, 150_000, 100),
        ("ultimate", 3, 630_000, 120),
    ],
)
def test_plans(connect, plan, seats, budget, burst):
    api = connect(plan=plan, seats=seats)
    headers = api("GET", "/v1/users/me").headers
    assert int(headers["x-daily-ratelimit-token-limit"]) == budget
    assert int(headers["x-ratelimit-limit"]) == burst
    assert int(headers["x-ratelimit-remaining"]) == burst - 1
    assert 1 <= int(headers["x-ratelimit-reset"]) <= 2


def test_the_burst_is_a_429_with_tokens_left(connect):
    api = connect(burst=3)
    answers = [api("GET", "/v1/users/me") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["x-ratelimit-remaining"] == "0"
    assert int(answers[-1].headers["x-daily-ratelimit-token-remaining"]) > 0
    assert answers[-1].json["success"] is False


def test_a_spent_day_is_a_429_with_none_left_until_the_next(connect):
    api = connect(burst=1000, daily_tokens=12)
    assert api("POST", "/v2/persons", {"name": "a"}).status == 200
    assert api("POST", "/v2/persons", {"name": "b"}).status == 200
    refused = api("POST", "/v2/persons", {"name": "c"})
    assert refused.status == 429
    assert refused.headers["x-daily-ratelimit-token-remaining"] == "0"
    assert api("GET", "/v1/users/me").status == 429
    api.state.configure(tokens_spent=0)
    assert api("GET", "/v1/users/me").status == 200


def test_going_on_after_429_brings_the_html_wall(connect):
    api = connect(burst=1)
    statuses = [api("GET", "/v1/users/me").status for _ in range(32)]
    assert statuses == [200, *[429] * 31]
    blocked = api.raw("GET", "/api/v1/users/me")
    assert blocked.status == 403
    assert blocked.headers["content-type"].startswith("text/html")
    assert api.switch.scope["state"]["tokens"] == 0


def test_limits_can_be_changed_at_run_time(connect):
    api = connect()
    api.state.configure(plan="lite", seats=2, burst=7)
    assert api.state.limits["daily_tokens"] == 60_000
    assert api.state.limits["burst"] == 7
    api.state.configure(burst=None)
    assert api.state.limits["burst"] == 20
    with pytest.raises(ValueError, match="unknown limit colour"):
        api.state.configure(colour="red", plan="growth")
    with pytest.raises(ValueError, match="plan must be one of"):
        api.state.configure(plan="gold")
    assert api.state.limits["plan"] == "lite"


@pytest.mark.parametrize(
    "wrong",
    [
        {"plan": ["lite"]},
        {"seats": None},
        {"seats": "2"},
        {"burst": 2.5},
        {"daily_tokens": True},
        {"tokens_spent": -1},
        {"search_lag": "3"},
        {"max_file_mb": -1},
        {"refuse_empty_files": 1},
    ],
)
def test_senseless_limits_are_refused_and_change_nothing(connect, wrong):
    state = connect().state
    before = state.limits
    with pytest.raises(ValueError, match=next(iter(wrong))):
        state.configure(**({"plan": "lite"} | wrong))
    assert state.limits == before


def admit(meter, now, *, token="t", cost=1, search=False, day="d"):  # noqa: S107 - whose window
    return meter.admit(token, cost, search=search, now=now, day=day)


@given(
    st.lists(st.floats(0, 1.5), min_size=1, max_size=80),
    st.integers(1, 6),
    st.booleans(),
)
def test_no_window_of_two_seconds_admits_more_than_the_burst(gaps, burst, search):
    meter = Meter(burst=burst, block_after=10_000)
    now, admitted = 0.0, []
    for gap in gaps:
        now += gap
        if admit(meter, now, search=search) is Verdict.ADMITTED:
            admitted.append(now)
    for start in admitted:
        assert sum(start <= at < start + 2 for at in admitted) <= burst


EIGHTHS = st.integers(0, 8).map(lambda count: count / 8)  # exact in binary


@given(st.lists(EIGHTHS, min_size=1, max_size=60))
def test_a_client_that_keeps_the_window_is_never_refused(gaps):
    meter = Meter(burst=4)
    now, sent = 0.0, []
    for gap in gaps:
        now += gap
        if len(sent) >= 4:
            now = max(now, sent[-4] + 2)
        assert admit(meter, now) is Verdict.ADMITTED
        sent.append(now)


def test_searches_have_a_window_of_their_own():
    meter = Meter(plan="ultimate")
    assert [admit(meter, 0, search=True) for _ in range(11)].count(Verdict.ADMITTED) == 10
    assert admit(meter, 0) is Verdict.ADMITTED
    assert admit(meter, 2, search=True) is Verdict.ADMITTED


def test_a_search_answers_with_the_figures_of_its_window(connect):
    api = connect()
    answers = [api("GET", "/v2/persons/search", term="xy") for _ in range(11)]
    assert [answer.status for answer in answers] == [*[200] * 10, 429]
    assert answers[-1].headers["x-ratelimit-limit"] == "10"
    assert answers[-1].headers["x-ratelimit-remaining"] == "0"
    assert api("GET", "/v1/users/me").headers["x-ratelimit-remaining"] == "109"


def test_tokens_have_their_own_burst_and_share_the_day():
    meter = Meter(burst=1, daily_tokens=3)
    assert admit(meter, 0, token="a") is admit(meter, 0, token="b") is Verdict.ADMITTED
    assert admit(meter, 0, token="a") is Verdict.OVER_BURST
    assert meter.left == 0  # the refused call cost its token too
    assert admit(meter, 9, token="c") is Verdict.OVER_DAY
    assert admit(meter, 9, token="c", day="next") is Verdict.ADMITTED


def test_the_wall_falls_after_its_time():
    meter = Meter(burst=1, block_after=2, block_seconds=60)
    verdicts = [admit(meter, 0) for _ in range(5)]
    assert verdicts[-1] is Verdict.BLOCKED
    assert admit(meter, 59.9) is Verdict.BLOCKED
    assert admit(meter, 60) is Verdict.ADMITTED


def test_refusals_far_apart_raise_no_wall():
    meter = Meter(burst=1, block_after=2)
    for start in range(0, 500, 50):
        assert admit(meter, start) is Verdict.ADMITTED
        assert admit(meter, start + 1) is Verdict.OVER_BURST


def test_windows_do_not_travel_to_another_process():
    meter = Meter(burst=1, daily_tokens=5)
    admit(meter, 1e9)
    again = pickle.loads(pickle.dumps(meter))  # noqa: S301 - our own bytes
    assert admit(again, 0) is Verdict.ADMITTED
    assert again.left == 3


def test_plans_grow_in_every_respect():
    figures = [(p.multiplier, p.burst, p.custom_fields) for p in PLANS.values()]
    assert figures == sorted(figures)
