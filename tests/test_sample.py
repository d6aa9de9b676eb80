"""First a sample, to look at, then everybody: the second does not depend on the first."""

from __future__ import annotations

import pytest

SAMPLE = {"sample_patients": 6}


def ran(pipe, **settings):
    """Run to the end; nothing was refused."""
    config = {key: value for key, value in pipe.tap_config.items() if "sample" not in key}
    pipe.tap_config = config | settings
    pipe.sandbox.clear_log()
    result = pipe.run()
    assert (result.tap, result.target) == (0, 0), result.target_log + result.tap_log
    return result


def persons(pipe):
    rows = pipe.sandbox.dump()["pipedrive"]["persons"]
    return {row["id"] for row in rows if not row["is_deleted"]}


def test_everybody_after_a_sample_is_as_if_there_had_been_none(pipeline):
    pipe = pipeline(patients=24)
    result = ran(pipe, **SAMPLE)
    sampled = persons(pipe)
    assert 6 <= len(sampled) < len(pipe.sandbox.dump()["cliniko"]["streams"]["patients"])
    assert (result.states, pipe.state) == ([], None)

    ran(pipe, **SAMPLE)
    assert pipe.writes() == []

    ran(pipe)
    report = pipe.check()
    assert report["ok"], "\n".join(report["lines"])
    assert sampled < persons(pipe)

    ran(pipe)
    assert pipe.writes() == []


@pytest.mark.slow
def test_samples_may_follow_each_other_and_a_whole_run(pipeline):
    pipe = pipeline(patients=24)
    ran(pipe, **SAMPLE)
    ran(pipe, **SAMPLE, sample_seed=2)
    ran(pipe)
    pipe.sandbox.edit("rename_patient")
    ran(pipe, **SAMPLE)
    ran(pipe)
    report = pipe.check()
    assert report["ok"], "\n".join(report["lines"])
