"""The q[] grammar, operator by operator, and reading pages through it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import clinic
from sandbox.cliniko.catalog import RESOURCES
from sandbox.cliniko.query import QueryError, parse
from sandbox.cliniko.reader import Reader
from sandbox.cliniko.state import ClinikoState

PATIENTS = RESOURCES["patients"]
APPOINTMENTS = RESOURCES["individual_appointments"]


def matches(resource, condition, row):
    (found,) = parse(resource, [("q[]", condition)]).conditions
    return found.test(resource.value(row, found.field))


@pytest.mark.parametrize(
    ("condition", "row", "expected"),
    [
        ("id:=5", {"id": 5}, True),
        ("id:=5,6,7", {"id": 6}, True),
        ("id:=5,6,7", {"id": 8}, False),
        ("id:>1500000000000000000", {"id": 1500000000000000001}, True),
        ("id:>99999999", {"id": 1500000000000000001}, True),  # as numbers, not as text
        ("id:!=5", {"id": 6}, True),
        ("updated_at:>=2026-01-01T00:00:00Z", {"updated_at": "2026-01-01T00:00:00Z"}, True),
        ("updated_at:>2026-01-01T00:00:00Z", {"updated_at": "2026-01-01T00:00:00Z"}, False),
        ("archived_at:?", {"archived_at": "2026-01-01T00:00:00Z"}, True),
        ("archived_at:?", {}, False),
        ("archived_at:!?", {}, True),
        ("archived_at:*", {}, True),
        ("archived_at:>=2020-01-01T00:00:00Z", {}, False),
        ("date_of_birth:=1990-05-17", {"date_of_birth": "1990-05-17"}, True),
        ("date_of_birth:=****-05-**", {"date_of_birth": "1990-05-17"}, True),
        ("date_of_birth:=****-06-**", {"date_of_birth": "1990-05-17"}, False),
        ("last_name:=Nguyen", {"last_name": "Nguyen"}, True),
        ("last_name:~GUY", {"last_name": "Nguyen"}, True),
        ("last_name:~~Ng%n", {"last_name": "Nguyen"}, True),
        ("last_name:~~Ng%x", {"last_name": "Nguyen"}, False),
        ("accepted_privacy_policy:=true", {"accepted_privacy_policy": True}, True),
        ("accepted_privacy_policy:!=true", {"accepted_privacy_policy": False}, True),
        ("accepted_privacy_policy:=true", {}, False),
    ],
)
def test_a_condition_says_whether_a_row_matches(condition, row, expected):
    assert matches(PATIENTS, condition, row) is expected


def test_a_default_counts_as_the_value():
    assert matches(APPOINTMENTS, "did_not_arrive:=false", {})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([("q[]", "updated_at:=2026-01-01T00:00:00Z")], "updated_at needs one of"),
        ([("q[]", "updated_at:>=2026-01-01")], "must be a date-time"),
        ([("q[]", "updated_at:>=2026-01-01T00:00:00+00:00")], "must be a date-time"),
        ([("q[]", "updated_at:>=2026-01-01T00:00:00.000Z")], "must be a date-time"),
        ([("q[]", "id:5")], "id needs one of"),
        ([("q[]", "id:=abc")], "Filter value for id must be a number"),
        ([("q[]", "id:>5,6")], "only with ="),
        ([("q[]", "id")], "write FIELD:OPERATORVALUE"),
        ([("q[]", "city:=Fitzroy")], "city is not filterable"),
        ([("q[]", "deleted_at:*")], "deleted_at is not filterable"),
        ([("q[]", "archived_at:*x")], "takes no value"),
        ([("q[]", "date_of_birth:>****-05-**")], "must be a date"),
        ([("q[]", "accepted_privacy_policy:=1")], "must be true or false"),
        ([("q[]", "last_name:>A")], "last_name needs one of"),
        ([("q[0]", "id:=5")], "q[0] is not a parameter"),
        ([("q[][]", "id:=5")], "q[][] is not a parameter"),
        ([("per_page", "101")], "at most 100"),
        ([("per_page", "0")], "at least 1"),
        ([("page", "0")], "at least 1"),
        ([("page", "x")], "page must be a number"),
        ([("sort", "-created_at")], "Sort parameter must be a valid column name"),
        ([("sort", "created_at:up")], "asc or desc"),
        ([("order", "up")], "asc or desc"),
        ([("q[]", "updated_at:>=2026-02-30T00:00:00Z")], "must be a date-time"),
        ([("q[]", "updated_at:>=2026-01-01T25:00:00Z")], "must be a date-time"),
        ([("q[]", "updated_at:~2026")], "updated_at needs one of"),
        ([("q[]", "date_of_birth:=1990-02-31")], "must be a date"),
        ([("q[]", "date_of_birth:*")], "date_of_birth needs one of"),
        ([("q[]", "id:~5")], "id needs one of"),
        ([("q[]", "id:=\u0665")], "must be a number"),
        ([("q[]", "accepted_privacy_policy:?")], "accepted_privacy_policy needs one of"),
        ([("sort", "custom_fields")], "Sort parameter must be a valid column name"),
        ([("sort", "label")], "Sort parameter must be a valid column name"),
        ([("sort", "reminders_communication_channels")], "valid column name"),
    ],
)
def test_what_the_api_refuses_is_refused_with_its_reason(parameters, message):
    with pytest.raises(QueryError) as refused:
        parse(PATIENTS, parameters)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("parameter", "message"),
    [(("q[]", "id:=1"), "not filterable"), (("sort", "id"), "valid column name")],
)
def test_services_have_neither_filters_nor_columns(parameter, message):
    with pytest.raises(QueryError, match=message):
        parse(RESOURCES["services"], [parameter])


@pytest.mark.parametrize("condition", ["patient_ids:=5", "patient_ids:~x", "patient_ids:?"])
def test_an_array_is_only_asked_whether_it_holds_an_id(condition):
    with pytest.raises(QueryError):
        parse(RESOURCES["group_appointments"], [("q[]", condition)])
    assert matches(RESOURCES["group_appointments"], "patient_ids:~5", {"patient_ids": ["5"]})


@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_every_sortable_column_sorts_every_list(state, name):
    resource = RESOURCES[name]
    for field in filter(resource.sortable, {*resource.fields, *resource.filters}):
        query = parse(resource, [("sort", f"{field}:desc,id" if resource.filters else "")])
        assert Reader(state).select(resource, query)[0] >= 0


@pytest.fixture(scope="module")
def state():
    return clinic.build(30)


STAMP = st.integers(0, 5).map(lambda second: f"2026-01-01T00:00:0{second}Z")
ROW = st.fixed_dictionaries(
    {"created_at": STAMP, "updated_at": STAMP}, optional={"archived_at": STAMP}
)


def account(rows):
    state = ClinikoState(settings={}, keys={}, secret=b"")
    for key, row in enumerate(rows, 1):
        state.put("patients", {"id": key, **row})
    return state


@given(
    rows=st.lists(ROW, max_size=30), bound=STAMP, lifted=st.booleans(), per_page=st.integers(1, 9)
)
@settings(deadline=None, max_examples=60)
def test_pages_together_hold_exactly_the_matching_rows_in_order(rows, bound, lifted, per_page):
    state = account(rows)
    reader = Reader(state)
    expected = {
        row["id"]
        for row in state.rows("patients")
        if row["updated_at"] >= bound and (lifted or "archived_at" not in row)
    }
    found, page = [], 1
    while True:
        conditions = [("q[]", f"updated_at:>={bound}")]
        conditions += [("q[]", "archived_at:*")] if lifted else []
        asked = [("sort", "updated_at,id"), ("page", str(page)), ("per_page", str(per_page))]
        query = parse(PATIENTS, conditions + asked)
        total, part = reader.select(PATIENTS, query)
        assert total == len(expected)
        found += part
        if page * per_page >= total:
            break
        page += 1
    assert [row["id"] for row in found] == [
        row["id"] for row in sorted(found, key=lambda row: (row["updated_at"], row["id"]))
    ]
    assert {row["id"] for row in found} == expected
    assert len(found) == len(expected)


STAMPS = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}


def test_equal_values_come_in_another_order_for_each_request():
    state = account([STAMPS] * 30)
    query = parse(PATIENTS, [("sort", "updated_at")])
    assert ids(state, query) == ids(state, query)  # seed and number of the request decide
    reader = Reader(state)
    first, second = ([row["id"] for row in reader.select(PATIENTS, query)[1]] for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second) == list(range(1, 31))
    told_apart = parse(PATIENTS, [("sort", "updated_at,id")])
    assert [row["id"] for row in reader.select(PATIENTS, told_apart)[1]] == sorted(first)


def test_pages_over_equal_values_lose_and_repeat_rows():
    reader = Reader(account([STAMPS] * 40))
    seen = [
        row["id"]
        for page in ("1", "2", "3", "4")
        for row in reader.select(PATIENTS, parse(PATIENTS, [("page", page), ("per_page", "10")]))[1]
    ]
    assert len(seen) == 40
    assert len(set(seen)) < 40


@given(
    stamps=st.lists(st.integers(0, 4), min_size=1, max_size=40),
    page=st.integers(1, 6),
    per_page=st.integers(1, 12),
)
def test_a_page_holds_the_right_stamps_however_ties_fall(stamps, page, per_page):
    values = [f"2026-01-0{day + 1}T00:00:00Z" for day in stamps]
    reader = Reader(account([{"created_at": one, "updated_at": one} for one in values]))
    asked = [("sort", "updated_at"), ("page", str(page)), ("per_page", str(per_page))]
    total, rows = reader.select(PATIENTS, parse(PATIENTS, asked))
    assert total == len(stamps)
    begin = (page - 1) * per_page
    assert [row["updated_at"] for row in rows] == sorted(values)[begin : begin + per_page]
    assert len({row["id"] for row in rows}) == len(rows)


def ids(state, query):
    return [row["id"] for row in Reader(state).select(PATIENTS, query)[1]]


def test_what_was_found_is_found_anew_after_a_change():
    state = account([STAMPS] * 3)
    reader = Reader(state)
    query = parse(PATIENTS, [("q[]", "first_name:=Ann"), ("sort", "id")])
    assert reader.select(PATIENTS, query)[0] == 0
    state.change("patients", 2, first_name="Ann")
    assert [row["id"] for row in reader.select(PATIENTS, query)[1]] == [2]
    state.remove("patients", 2)
    assert reader.select(PATIENTS, query)[0] == 0


def test_unset_values_come_last():
    stamps = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    state = account([stamps, {**stamps, "archived_at": "2026-01-02T00:00:00Z"}])
    query = parse(PATIENTS, [("sort", "archived_at"), ("q[]", "archived_at:*")])
    assert [row["id"] for row in Reader(state).select(PATIENTS, query)[1]] == [2, 1]
    bounded = parse(
        PATIENTS, [("sort", "archived_at"), ("q[]", "archived_at:>=2026-01-01T00:00:00Z")]
    )
    assert [row["id"] for row in Reader(state).select(PATIENTS, bounded)[1]] == [2]
