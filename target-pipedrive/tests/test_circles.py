"""Which of the records that wait for each other goes first: a pure rule."""

from __future__ import annotations

import pytest

from target_pipedrive.circles import first_of_circles
from target_pipedrive.ledger import Reject


def reject(name, waits_for, code="parent_missing"):
    detail = waits_for if "/" in waits_for else f"s/{waits_for}"
    return Reject("person", "s", name, code, detail, "run", 1, 0.0)


@pytest.mark.parametrize(
    ("waits", "first"),
    [
        ([], ""),
        (["ab", "bc"], ""),
        (["aa"], "a"),
        (["ab", "ba"], "a"),
        (["ba", "ab"], "b"),
        (["ab", "bc", "ca"], "a"),
        (["xa", "ab", "ba", "yx"], "a"),
        (["ab", "ba", "cd", "dc", "ee"], "ace"),
        (["ab", "ba", "ac", "cd", "dc"], "ac"),
        (["ab", "bc", "cb"], "b"),
        (["ab", "ba", "bc", "cd", "de", "ed"], "ad"),
    ],
    ids=lambda value: ",".join(value) or "none",
)
def test_one_of_each_circle_goes_first(waits, first):
    rejects = [reject(*pair) for pair in waits]
    assert "".join(one.id for one in first_of_circles(rejects)) == first


def test_a_record_goes_first_as_all_that_it_becomes():
    both = [reject("a", "b"), reject("b", "a"), reject("a", "b"), reject("a", "x")]
    assert first_of_circles(both) == [both[0], both[2]]


def test_only_those_that_wait_make_a_circle():
    assert first_of_circles([reject("a", "b"), reject("b", "a", "refused")]) == []


def test_a_long_chain_is_no_circle():
    chain = [reject(str(at), str(at + 1)) for at in range(20_000)]
    assert first_of_circles(chain) == []
    whole = [*chain, reject("20000", "0")]
    assert first_of_circles(whole) == whole[:1]
