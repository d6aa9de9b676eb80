"""Custom fields: definitions, options, and the shape of values by type."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.pipedrive.errors import Invalid
from sandbox.pipedrive.state import PipedriveState
from sandbox.pipedrive.values import TYPES, custom_fields

ADDRESS = {"value": "1 High St", "country": "Australia", "postal_code": "2000"}
TIME = {"value": "09:30:00", "timezone_name": "Australia/Sydney"}

VALUES = [
    ("varchar", ["x", "x" * 255], [7, "x" * 256, ["x"], {"value": "x"}, True]),
    ("varchar_auto", ["x"], [7]),
    ("text", ["x" * 65_000], ["x" * 65_001, 7]),
    ("phone", ["+61 400 000 000"], [[{"value": "1"}], 61400]),
    ("double", [1, 1.5, -0.1], ["1", True, {"value": 1}]),
    (
        "monetary",
        [{"value": 12.5, "currency": "AUD"}],
        [12.5, {"value": 12.5}, {"value": "1", "currency": "AUD"}, {"value": 1, "currency": "SEK"}],
    ),
    ("date", ["2024-02-29"], ["2023-02-29", "29/02/2024", "2024-02-29T00:00:00Z", "", 20240229]),
    (
        "daterange",
        [{"value": "2024-01-01", "until": "2024-02-01"}],
        ["2024-01-01", {"value": "2024-01-01"}],
    ),
    (
        "time",
        [{"value": "09:30:00"}, TIME],
        ["09:30:00", {"value": "9"}, {"value": "09:30", "timezone_name": "Mars"}],
    ),
    ("timerange", [{"value": "09:00", "until": "10:00"}], [{"value": "09:00"}]),
    ("address", [ADDRESS], ["1 High St", {"country": "Australia"}, ADDRESS | {"city": "Sydney"}]),
]


@pytest.mark.parametrize(
    ("field_type", "value", "good"),
    [(kind, value, True) for kind, takes, _ in VALUES for value in takes]
    + [(kind, value, False) for kind, _, refuses in VALUES for value in refuses],
)
def test_values_by_type(api, field_type, value, good):
    code = api.field("person", field_type)
    answer = api("POST", "/v2/persons", {"name": "Ann", "custom_fields": {code: value}})
    if good:
        kept = answer.data["custom_fields"][code]
        assert kept is not None
        again = api("PATCH", f"/v2/persons/{answer.data['id']}", {"custom_fields": {code: kept}})
        assert again.data["custom_fields"][code] == kept
    else:
        assert answer.status == 400
        assert answer.error.startswith(f"Validation failed: custom_fields: {code} ")


@pytest.mark.parametrize("field_type", ["user", "org", "people"])
def test_references_must_exist(api, field_type):
    code = api.field("product", field_type)
    path = {"org": "/v2/organizations", "people": "/v2/persons"}.get(field_type)
    there = api("POST", path, {"name": "x"}).data["id"] if path else next(iter(api.state.users))
    body = {"name": "Tape", "custom_fields": {code: there}}
    assert api("POST", "/v2/products", body).data["custom_fields"][code] == there
    assert api("POST", "/v2/products", {"name": "T", "custom_fields": {code: 1}}).status == 400


def test_options_are_integers_that_exist(api):
    enum, several = api.field("person", "enum", ["A", "B"]), api.field("person", "set", ["C", "D"])
    fields = {f["field_code"]: f for f in api("GET", "/v2/personFields").data}
    a, c, d = (
        fields[enum]["options"][0]["id"],
        *(option["id"] for option in fields[several]["options"]),
    )
    path = f"/v2/persons/{api.person(custom_fields={enum: a, several: [c, d]})}"
    assert (
        api("GET", path).data["custom_fields"] | {enum: a, several: [c, d]}
        == (api("GET", path).data["custom_fields"])
    )
    labelled = api("GET", path, include_option_labels="true").data["custom_fields"]
    assert labelled[enum] == {"id": a, "label": "A"}
    assert [option["label"] for option in labelled[several]] == ["C", "D"]
    for wrong in ({enum: "A"}, {enum: str(a)}, {enum: c}, {enum: [a]}, {several: []}, {several: c}):
        assert api("PATCH", path, {"custom_fields": wrong}).status == 400
    for wrong in ({several: [c, c]}, {several: [a]}, {several: f"{c},{d}"}):
        assert api("PATCH", path, {"custom_fields": wrong}).status == 400
    cleared = api("PATCH", path, {"custom_fields": {enum: None, several: None}}).data
    assert (cleared["custom_fields"][enum], cleared["custom_fields"][several]) == (None, None)


def test_answers_hold_every_code_and_updates_touch_only_what_is_sent(api):
    one, two = api.field("person", "varchar"), api.field("person", "double")
    person = api("POST", "/v2/persons", {"name": "Ann", "custom_fields": {one: "x"}}).data
    by_hand = {f["field_code"] for f in api("GET", "/v2/personFields").data if f["is_custom_field"]}
    assert set(person["custom_fields"]) == by_hand
    path = f"/v2/persons/{person['id']}"
    custom = api("PATCH", path, {"custom_fields": {two: 2}}).data["custom_fields"]
    assert (custom[one], custom[two]) == ("x", 2)
    assert api("GET", path, custom_fields=one).data["custom_fields"] == {one: "x"}


@pytest.mark.parametrize("kind", ["person", "organization", "deal", "product"])
@pytest.mark.parametrize("field_type", TYPES)
def test_every_type_can_be_made_everywhere(api, kind, field_type):
    options = ["A"] if field_type in {"enum", "set"} else []
    code = api.field(kind, field_type, options)
    assert re.fullmatch("[0-9a-f]{40}", code)
    listed = {f["field_code"]: f for f in api("GET", f"/v2/{kind}Fields").data}
    assert listed[code]["field_type"] == field_type
    assert listed[code]["is_custom_field"]
    assert (listed[code]["options"] is not None) is bool(options)


FIELD = [
    ({"field_name": "x"}, "field_type: is required"),
    ({"field_name": "", "field_type": "text"}, "field_name: is not allowed to be empty"),
    ({"field_name": "x" * 256, "field_type": "text"}, "field_name: length"),
    ({"field_name": "x", "field_type": "boolean"}, "field_type: must be one of"),
    ({"field_name": "x", "field_type": "enum"}, "options: is required"),
    ({"field_name": "x", "field_type": "enum", "options": []}, "options: is required"),
    ({"field_name": "x", "field_type": "enum", "options": ["A"]}, "options: must be an object"),
    (
        {"field_name": "x", "field_type": "text", "options": [{"label": "A"}]},
        "options: is not allowed",
    ),
    ({"name": "x", "field_type": "text"}, "name: is not allowed"),
    ({"field_name": "x", "field_type": "text", "description": "y"}, "description: is not allowed"),
]


@pytest.mark.parametrize(("body", "expected"), FIELD)
def test_field_bodies(api, body, expected):
    answer = api("POST", "/v2/personFields", body)
    assert answer.status == 400
    assert expected in answer.error


def test_product_fields_take_fewer_settings(api):
    body = {"field_name": "x", "field_type": "text", "important_fields": {"enabled": True}}
    assert api("POST", "/v2/productFields", body).status == 400
    assert api("POST", "/v2/personFields", body).data["important_fields"] == {"enabled": True}


def test_activity_fields_can_only_be_read(api):
    assert api("GET", "/v2/activityFields").data
    assert api("GET", "/v2/activityFields/subject").data["field_name"] == "Subject"
    assert (
        api("POST", "/v2/activityFields", {"field_name": "x", "field_type": "text"}).status == 405
    )


def test_the_plan_caps_custom_fields_of_all_objects_together(connect):
    api = connect(plan="lite", burst=1000)
    for index in range(29):  # one was made by hand
        api.field(("person", "product", "deal")[index % 3], "varchar")
    answer = api("POST", "/v2/personFields", {"field_name": "x", "field_type": "text"})
    assert answer.status == 403
    assert answer.json["code"] == "feature_capping_custom_fields_limit"


def test_a_field_is_renamed_and_its_code_stays(api):
    code = api.field("person", "varchar")
    path = f"/v2/personFields/{code}"
    assert api("PATCH", path, {"field_name": "New"}).data["field_code"] == code
    assert api("GET", path).data["field_name"] == "New"
    assert api("PATCH", path, {"field_type": "text"}).status == 400
    assert api("PATCH", path, {}).status == 400
    assert api("PATCH", "/v2/personFields/name", {"field_name": "New"}).status == 403


def test_a_deleted_field_takes_its_values_along(api):
    code = api.field("person", "varchar")
    person = api.person(custom_fields={code: "x"})
    assert api("DELETE", f"/v2/personFields/{code}").status == 200
    assert code not in api("GET", f"/v2/persons/{person}").data["custom_fields"]
    assert api("DELETE", f"/v2/personFields/{code}").status == 404
    assert api("PATCH", f"/v2/persons/{person}", {"custom_fields": {code: "y"}}).status == 400


def test_options_are_added_renamed_and_removed_atomically(api):
    code = api.field("person", "set", ["A"])
    path = f"/v2/personFields/{code}/options"
    (a,) = api("GET", f"/v2/personFields/{code}").data["options"]
    added = api("POST", path, [{"label": "B"}, {"label": "C"}]).data
    assert [option["label"] for option in added] == ["B", "C"]
    b, c = (option["id"] for option in added)
    person = api.person(custom_fields={code: [b, c]})
    assert api("PATCH", path, [{"id": b, "label": "Bee"}, {"id": 1, "label": "?"}]).status == 400
    assert api("PATCH", path, [{"id": b, "label": "Bee"}]).data == [{"id": b, "label": "Bee"}]
    assert api("DELETE", path, [{"id": b}, {"id": 1}]).status == 400
    assert api("DELETE", path, [{"id": b}]).data == [{"id": b, "label": "Bee"}]
    assert api("GET", f"/v2/persons/{person}").data["custom_fields"][code] == [c]
    assert api("DELETE", path, [{"id": c}]).status == 200
    assert api("GET", f"/v2/persons/{person}").data["custom_fields"][code] is None
    assert api("GET", f"/v2/personFields/{code}").data["options"] == [a]
    for wrong in ([], [{"label": ""}], [{"label": "x" * 256}], {"label": "x"}, ["x"]):
        assert api("POST", path, wrong).status == 400
    assert api("POST", "/v2/personFields/name/options", [{"label": "x"}]).status == 400


def test_a_field_holds_no_more_than_ten_thousand_options(api):
    code = api.field("person", "enum", [str(index) for index in range(9_999)])
    path = f"/v2/personFields/{code}/options"
    assert api("POST", path, [{"label": "a"}, {"label": "b"}]).status == 400
    assert api("POST", path, [{"label": "a"}]).status == 200


def test_lists_of_fields_are_paged(api):
    first = api("GET", "/v2/personFields", limit=3)
    assert len(first.data) == 3
    cursor = first.json["additional_data"]["next_cursor"]
    second = api("GET", "/v2/personFields", limit=500, cursor=cursor)
    assert second.json["additional_data"]["next_cursor"] is None
    everything = api("GET", "/v2/personFields").data
    assert first.data + second.data == everything


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=5,
)
STATE = PipedriveState()
CHECK = custom_fields("persons")
CODES = [field.code for field in STATE.fields["persons"].custom.values()]


@given(value=JSON, kind=st.sampled_from(TYPES))
def test_any_json_is_refused_with_the_code_or_kept_as_it_would_be_kept_again(value, kind):
    field = STATE.fields["persons"].custom[CODES[0]]
    field.type = kind
    reason, kept = "", {}
    try:
        kept = CHECK(STATE, {field.code: value})
    except Invalid as fault:
        reason = str(fault)
    assert reason.startswith(field.code) or CHECK(STATE, kept) == kept
