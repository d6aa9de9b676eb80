"""The rules of the way back: what counts as an edit, and what puts a row back."""

from __future__ import annotations

import pytest

from target_pipedrive.ledger.before import Image, Written
from target_pipedrive.pipedrive.traces import trace, untouched
from target_pipedrive.rollback.doing import cost, units
from target_pipedrive.rollback.restoring import restoration, same
from target_pipedrive.rollback.rows import ORDER, hangs_on, parents

T0, T1 = "2026-05-01T10:00:00Z", "2026-05-02T10:00:00Z"
CODE = "ab" * 20
PERSON = {
    "id": 5,
    "name": "Ann",
    "phones": [{"value": "1", "label": "work", "primary": True}],
    "custom_fields": {CODE: {"value": "1 High St", "locality": None}, "cd" * 20: None},
    "update_time": T0,
}


def left(obj, row, now, **options):
    return untouched(obj, now, trace(obj, row), 0, **{"computed": False, **options})


@pytest.mark.parametrize(
    ("change", "same_row"),
    [
        ({}, True),
        ({"update_time": T1}, True),
        ({"name": "Bea"}, True),  # rewritten by Pipedrive itself, which is no change of the stamp
        ({"name": "Bea", "update_time": T1}, False),
        ({"phones": [], "update_time": T1}, False),
        ({"open_deals_count": 3, "update_time": T1}, True),
        ({"custom_fields": {}, "update_time": T1}, False),
        (
            {"custom_fields": {CODE: {"value": "1 High St", "locality": "X"}}, "update_time": T1},
            True,
        ),
        ({"custom_fields": PERSON["custom_fields"] | {"ef" * 20: 1}, "update_time": T1}, False),
    ],
)
def test_a_row_was_edited_when_stamp_and_content_differ(change, same_row):
    assert left("person", PERSON, PERSON | change) is same_row


def test_what_pipedrive_computes_is_no_edit():
    deal = {"title": "Plan", "value": 0, "update_time": T0}
    summed = deal | {"value": 90, "update_time": T1}
    assert left("deal", deal, summed, computed=True)
    assert not left("deal", deal, summed)
    lead = {"title": "Plan", "was_seen": False, CODE: "x", "update_time": T0}
    assert left("lead", lead, lead | {"was_seen": True, "update_time": T1})
    assert not left("lead", lead, lead | {CODE: "y", "update_time": T1})


@pytest.mark.parametrize(("seconds", "same_row"), [(0, True), (4, True), (60, False)])
def test_without_a_trace_the_clock_decides(seconds, same_row):
    written = 1_777_629_600.0  # T0
    row = {"content": "x", "update_time": f"2026-05-01 10:{seconds // 60:02}:{seconds % 60:02}"}
    assert untouched("note", row, None, written, computed=False) is same_row
    assert not untouched("note", {"content": "x"}, None, written, computed=False)


def image(key, before, written, by="run 1"):
    return Image(key, before, "run 1", None if written is None else Written(written), by)


def put_back(row, *images, as_left=False, runs=(), obj="person", computed=False):
    place = (obj, "5")
    return restoration(place, row, images, runs=set(runs), as_left=as_left, computed=computed)


@pytest.mark.parametrize(
    ("row", "one", "body", "kept"),
    [
        ({"name": "B"}, image("name", "A", "B"), {"name": "A"}, {}),
        ({"name": "A"}, image("name", "A", "B"), {}, {}),
        ({"name": "C"}, image("name", "A", "B"), {}, {"name": "edited"}),
        ({"name": "C"}, image("name", "A", "A"), {}, {}),
        ({"emails": [{"value": "b"}]}, image("emails", [], [{"value": "b"}]), {"emails": []}, {}),
        ({"org_id": 3}, image("org_id", None, 3), {}, {"org_id": "cannot_be_emptied"}),
        (
            {"custom_fields": {CODE: 7}},
            image(CODE, None, 7),
            {"custom_fields": {CODE: None}},
            {},
        ),
        (
            {"custom_fields": {CODE: {"value": "x"}}},
            image(CODE, {"value": "y", "formatted_address": "Y", "country": None}, {"value": "x"}),
            {"custom_fields": {CODE: {"value": "y"}}},
            {},
        ),
        ({"name": "B"}, image("name", "A", None), {}, {"name": "edited"}),
    ],
)
def test_a_key_is_put_back_where_what_we_wrote_still_stands(row, one, body, kept):
    found = put_back(row, one)
    assert (found.body, found.kept) == (body, kept)


def test_what_was_written_need_not_be_known_if_nobody_touched_the_row():
    assert put_back({"name": "B"}, image("name", "A", None), as_left=True).body == {"name": "A"}


def test_only_what_the_named_runs_changed_is_put_back():
    row = {"name": "B"}
    assert put_back(row, image("name", "A", "B"), runs=["run 1"]).body == {"name": "A"}
    assert put_back(row, image("name", "A", "B"), runs=["run 2"]).kept == {"name": "other_run"}
    later = image("name", "A", "B", by="run 2")
    assert put_back(row, later, runs=["run 1"]).kept == {"name": "other_run"}


def test_the_value_of_a_deal_with_lines_is_put_back_whatever_it_is():
    row, before = {"value": 0}, image("value", 50, 90)
    assert put_back(row, before, obj="deal", computed=True).body == {"value": 50}
    assert put_back(row, before, obj="deal").kept == {"value": "edited"}


def test_an_answer_tells_what_was_not_taken():
    found = put_back({"name": "B", "phones": [1]}, image("name", "A", "B"))
    assert found.missed({"name": "A"}) == []
    assert found.missed({"name": "B"}) == ["name"]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (None, "", True),
        ([], None, True),
        (0, None, False),
        (10, 10.0, True),
        ({"value": 1, "currency": "AUD"}, {"value": 1, "currency": "NZD"}, False),
        ({"value": "a", "country": "x"}, {"value": "a"}, True),
        ([{"value": "a", "label": "x"}], [{"value": "a"}], True),
        ([1, 2], [2, 1], False),
    ],
)
def test_values_are_compared_by_what_they_say(one, other, alike):
    assert same(one, other) is alike


def test_children_come_before_what_they_hang_on():
    for place, obj in enumerate(ORDER):
        assert hangs_on(obj) <= set(ORDER[place + 1 :])


def test_what_an_activity_hangs_on():
    row = {"participants": [{"person_id": 7, "primary": True}], "org_id": 2, "deal_id": None}
    assert set(parents("activity", row)) == {("person", "7"), ("organization", "2")}


@pytest.mark.parametrize(("lines", "price"), [(1, 3), (4, 12), (5, 15), (100, 15), (101, 18)])
def test_many_lines_of_a_deal_go_with_one_request(lines, price):
    ids = [f"1/{line}" for line in range(lines)]
    found = list(units("deal_product", ids))
    assert sorted(line for unit in found for line in unit) == sorted(ids)
    assert sum(cost("deal_product", unit) for unit in found) == price
