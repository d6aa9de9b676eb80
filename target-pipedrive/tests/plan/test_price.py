"""Days, hours, and what a plan says of them."""

from __future__ import annotations

import pytest

from target_pipedrive.plan.lines import lasting
from target_pipedrive.plan.price import Pace
from target_pipedrive.plan.tally import NewOptions


@pytest.mark.parametrize(
    ("left", "daily", "tokens", "days"),
    [
        (30_000, 30_000, 0, 1),
        (30_000, 30_000, 30_000, 1),
        (30_000, 30_000, 30_001, 2),
        (10, 30_000, 60_011, 4),
        (0, 30_000, 30_000, 1),
        (-5, 30_000, 30_001, 2),
        (10, 0, 11, None),
    ],
)
def test_days(left, daily, tokens, days):
    assert Pace(left, daily, 20).days(tokens) == days


@pytest.mark.parametrize(
    ("hours", "told"), [(0.0, "1 min"), (0.5, "30 min"), (1.0, "1.0 h"), (1234.56, "1,234.6 h")]
)
def test_hours(hours, told):
    assert lasting(hours) == told


@pytest.mark.parametrize(
    ("options", "fewest", "most"),
    [
        (NewOptions(made=True, labels=0), 0, 0),
        (NewOptions(made=True, labels=3), 0, 2),
        (NewOptions(labels=3, requests=2), 1, 3),
    ],
)
def test_options_come_together_or_apart(options, fewest, most):
    assert (options.fewest, options.most) == (fewest, most)
