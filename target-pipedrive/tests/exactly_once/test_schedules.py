"""Whatever fails, in whatever order: each record stands once, as the source says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import Schedules

CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def run(transforms, schedules, steps, **options):
    Schedules.mapping = transforms
    Schedules.seen.clear()
    Schedules.runs = 0
    run_state_machine_as_test(
        Schedules,
        settings=settings(
            max_examples=schedules,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=CHECKS,
            database=None,
            **options,
        ),
    )


def test_twenty_schedules(transforms):
    run(transforms, 20, 8, derandomize=True, phases=[Phase.generate])


@pytest.mark.slow
@pytest.mark.timeout(900)  # two minutes on an idle machine
def test_hundreds_of_schedules(transforms):
    run(transforms, 200, 8, phases=[Phase.generate])
    print(f"{Schedules.runs} runs met {dict(Schedules.seen)}")
