"""However long a run takes, a drawing of it has few points, evenly spread."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.progress.trail import Trail


@given(st.integers(0, 2_000), st.integers(2, 40))
def test_a_trail_is_short_even_and_complete(times, most):
    trail = Trail(most)
    for at in range(times):
        trail.note(at, at * 2, at * 3)
    moments = trail.moments(times, times * 2, times * 3)
    assert len(moments) <= most + 2
    at = [moment.at.timestamp() for moment in moments]
    assert at[-1] == times
    if times:
        assert at[0] == 0
        steps = {later - earlier for earlier, later in pairwise(at[:-1])}
        assert len(steps) <= 1
    assert all(moment.tokens == moment.at.timestamp() * 3 for moment in moments)
    assert all(moment.at.tzinfo is UTC for moment in moments)
    assert moments[-1].at == datetime.fromtimestamp(times, UTC)
