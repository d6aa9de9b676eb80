"""What bodies of v2 take and refuse."""

from __future__ import annotations

import pytest

OK = object()

PERSON = [
    ({}, "name: is required"),
    ({"name": ""}, "name: is not allowed to be empty"),
    ({"name": "  "}, "name: is not allowed to be empty"),
    ({"name": None}, "name: must not be null"),
    ({"name": 7}, "name: must be a string"),
    ({"name": "Ann"}, OK),
    ({"first_name": "Ann", "last_name": "Other"}, OK),
    ({"name": "Ann", "first_name": "Ann"}, "name: must not be sent together with first_name"),
    ({"name": "Ann", "user_id": 1}, "user_id: is not allowed"),
    ({"name": "Ann", "a" * 40: "x"}, "a" * 40 + ": is not allowed"),
    ({"name": "Ann", "email": "a@x.example"}, "email: is not allowed"),
    ({"name": "Ann", "update_time": "2025-01-01T00:00:00Z"}, "update_time: is not allowed"),
    ({"name": "Ann", "add_time": "2025-01-01T00:00:00Z"}, OK),
    ({"name": "Ann", "add_time": "2025-01-01T00:00:00.5Z"}, "add_time: must be in RFC3339"),
    ({"name": "Ann", "add_time": "2025-13-01T00:00:00Z"}, "add_time: must be in RFC3339"),
    ({"name": "Ann", "add_time": "2025-01-01 00:00:00"}, "add_time: must be in RFC3339"),
    ({"name": "Ann", "owner_id": 1}, "owner_id: must be the id of an active user"),
    ({"name": "Ann", "owner_id": "1"}, "owner_id: must be an integer"),
    ({"name": "Ann", "owner_id": True}, "owner_id: must be an integer"),
    ({"name": "Ann", "org_id": 1}, "org_id: no such item in organizations"),
    ({"name": "Ann", "org_id": None}, "org_id: must not be null"),
    ({"name": "Ann", "emails": [{"value": "a@x.example"}]}, OK),
    ({"name": "Ann", "emails": []}, OK),
    ({"name": "Ann", "emails": None}, "emails: must not be null"),
    ({"name": "Ann", "emails": "a@x.example"}, "emails: must be an array"),
    ({"name": "Ann", "emails": ["a@x.example"]}, "emails: must be an object"),
    ({"name": "Ann", "emails": [{"value": ""}]}, "emails: value is not allowed to be empty"),
    ({"name": "Ann", "emails": [{"label": "home"}]}, "emails: value is required"),
    (
        {"name": "Ann", "emails": [{"value": "a", "primary": 1}]},
        "emails: primary must be a boolean",
    ),
    ({"name": "Ann", "phones": [{"value": 61400}]}, "phones: value must be a string"),
    ({"name": "Ann", "phones": [{"value": "1", "type": "x"}]}, "phones: type is not allowed"),
    (
        {"name": "Ann", "phones": [{"value": "1", "primary": True}] * 2},
        "phones: must contain at most one primary",
    ),
    ({"name": "Ann", "label_ids": [1]}, "label_ids: must be the id of an existing option"),
    ({"name": "Ann", "custom_fields": None}, "custom_fields: must not be null"),
    ({"name": "Ann", "custom_fields": []}, "custom_fields: must be an object"),
    ({"name": "Ann", "custom_fields": {"f" * 40: "x"}}, "custom_fields: " + "f" * 40),
    ({"name": "Ann", "custom_fields": {"name": "x"}}, "custom_fields: name is not allowed"),
]


@pytest.mark.parametrize(("body", "expected"), PERSON)
def test_person_bodies(api, body, expected):
    before = len(api.state.tables["persons"])
    answer = api("POST", "/v2/persons", body)
    if expected is OK:
        assert answer.status == 200
        return
    assert answer.status == 400
    assert answer.json["code"] == "ERR_SCHEMA_VALIDATION_FAILED"
    assert answer.error.startswith(f"Validation failed: {expected}")
    assert len(api.state.tables["persons"]) == before


def test_all_faults_are_told_at_once(api):
    error = api("POST", "/v2/persons", {"name": 1, "colour": "red", "owner_id": "x"}).error
    assert error == (
        "Validation failed: name: must be a string; colour: is not allowed; "
        "owner_id: must be an integer"
    )


@pytest.mark.parametrize("key", ["im", "notes", "birthday", "job_title", "postal_address"])
def test_keys_of_a_feature_that_is_off_are_403(api, key):
    assert api("POST", "/v2/persons", {"name": "Ann", key: "x"}).status == 403


@pytest.mark.parametrize(
    ("plan", "value", "status"),
    [
        ("lite", 3, 200),
        ("lite", 7, 403),
        ("growth", 5, 403),
        ("premium", 7, 200),
        ("ultimate", 2, 403),
    ],
)
def test_visibility_depends_on_the_plan(connect, plan, value, status):
    api = connect(plan=plan)
    assert api("POST", "/v2/persons", {"name": "Ann", "visible_to": value}).status == status


def test_add_time_is_taken_once(api):
    given = {"name": "Ann", "add_time": "2019-05-01T10:00:00+10:00"}
    person = api("POST", "/v2/persons", given).data
    assert person["add_time"] == "2019-05-01T00:00:00Z"
    answer = api("PATCH", f"/v2/persons/{person['id']}", {"add_time": "2020-01-01T00:00:00Z"})
    assert answer.error == "Validation failed: add_time: is not allowed"


def test_name_and_its_parts_follow_each_other(api):
    person = api("POST", "/v2/persons", {"name": "Mary Jane Watson"}).data
    assert (person["first_name"], person["last_name"]) == ("Mary", "Jane Watson")
    path = f"/v2/persons/{person['id']}"
    assert api("PATCH", path, {"last_name": "Parker"}).data["name"] == "Mary Parker"
    assert api("PATCH", path, {"name": "Mary"}).data["last_name"] is None


def test_contacts_are_replaced_whole_and_the_first_becomes_primary(api):
    person = api.person(
        emails=[{"value": "a@x.example", "label": "home"}, {"value": "b@x.example"}]
    )
    path = f"/v2/persons/{person}"
    assert api("GET", path).data["emails"] == [
        {"value": "a@x.example", "primary": True, "label": "home"},
        {"value": "b@x.example", "primary": False, "label": "work"},
    ]
    patched = api("PATCH", path, {"emails": [{"value": "c@x.example"}]}).data
    assert patched["emails"] == [{"value": "c@x.example", "primary": True, "label": "work"}]
    assert patched["name"] == "Ann Other"


def test_nothing_is_unique(api):
    assert api.person("Twin") != api.person("Twin")
    assert len({api.field("person", "varchar") for _ in range(3)}) == 3


ACTIVITY = [
    ({}, OK),
    ({"subject": "x", "type": "meeting"}, OK),
    ({"type": "unheard_of"}, "type: must be the key_string"),
    ({"person_id": 1}, "person_id: is read only, send participants"),
    ({"custom_fields": {}}, "custom_fields: is not allowed"),
    ({"due_date": "2025-02-30"}, "due_date: must be a date"),
    ({"due_date": ""}, "due_date: must be a date"),
    ({"due_date": None}, "due_date: must not be null"),
    ({"due_time": "9:30"}, "due_time: must be in format HH:MM"),
    ({"due_time": "25:00"}, "due_time: must be in format HH:MM"),
    ({"duration": "00:75"}, "duration: must be in format HH:MM"),
    ({"busy": 1}, "busy: must be a boolean"),
    ({"done": "true"}, "done: must be a boolean"),
    ({"participants": [{"person_id": 1}]}, "participants: person_id no such item"),
    ({"participants": [{"person_id": None}]}, "participants: person_id must be an integer"),
    ({"participants": [{"primary_flag": True}]}, "participants: primary_flag is not allowed"),
    ({"participants": {}}, "participants: must be an array"),
    ({"lead_id": "x"}, "lead_id: no such item"),
    ({"note": "x" * 100_001}, "note: size must be at most"),
    ({"note": "é" * 50_001}, "note: size must be at most"),
    ({"note": "x" * 100_000}, OK),
    ({"location": "Main St"}, "location: must be an object"),
    ({"location": {"value": "Main St"}}, OK),
    ({"priority": 1}, "priority: must be the id of an existing option"),
]


@pytest.mark.parametrize(("body", "expected"), ACTIVITY)
def test_activity_bodies(api, body, expected):
    answer = api("POST", "/v2/activities", body)
    if expected is OK:
        assert answer.status == 200
    else:
        assert answer.status == 400
        assert answer.error.startswith(f"Validation failed: {expected}")


def test_an_activity_as_the_server_keeps_it(api):
    ann, bob = api.person("Ann"), api.person("Bob")
    people = [{"person_id": ann}, {"person_id": bob, "primary": True}]
    activity = api(
        "POST",
        "/v2/activities",
        {
            "due_date": "2025-03-01",
            "due_time": "09:30",
            "duration": "00:45",
            "participants": people,
        },
    ).data
    assert activity["subject"] == "Call"
    assert (activity["due_time"], activity["duration"]) == ("09:30:00", "00:45:00")
    assert activity["person_id"] == bob
    assert activity["busy"] is True
    assert (activity["done"], activity["marked_as_done_time"]) == (False, None)
    path = f"/v2/activities/{activity['id']}"
    assert api("PATCH", path, {"done": True}).data["marked_as_done_time"]
    assert api("PATCH", path, {"done": False}).data["marked_as_done_time"] is None
    assert api("PATCH", path, {"participants": []}).data["person_id"] is None


@pytest.mark.parametrize(
    "primaries", [pytest.param((True, True), id="two"), pytest.param((True, False), id="twice")]
)
def test_participants_are_distinct_and_have_one_primary(api, primaries):
    ann, bob = api.person("Ann"), api.person("Bob")
    ids = (ann, bob) if primaries == (True, True) else (ann, ann)
    people = [{"person_id": i, "primary": p} for i, p in zip(ids, primaries, strict=True)]
    assert api("POST", "/v2/activities", {"participants": people}).status == 400


def test_attendees_are_counted_as_invitations(api):
    assert api.state.dump()["_invitations"] == 0
    made = api("POST", "/v2/activities", {"attendees": [{"email": "a@x.example"}]}).data
    assert "attendees" not in made
    assert api.state.dump()["_invitations"] == 1
    (listed,) = api("GET", "/v2/activities", include_fields="attendees").data
    assert listed["attendees"][0]["email"] == "a@x.example"


PRODUCT = [
    ({"name": "Tape"}, OK),
    ({}, "name: is required"),
    ({"name": "Tape", "tax": "10"}, "tax: must be a number"),
    ({"name": "Tape", "tax": -1}, "tax: must be at least 0"),
    ({"name": "Tape", "code": 12}, "code: must be a string"),
    ({"name": "Tape", "is_linkable": 0}, "is_linkable: must be a boolean"),
    ({"name": "Tape", "active_flag": True}, "active_flag: is not allowed"),
    ({"name": "Tape", "prices": [{"price": 1}]}, "prices: currency is required"),
    ({"name": "Tape", "prices": [{"currency": "SEK"}]}, "prices: currency must be a currency"),
    (
        {"name": "Tape", "prices": [{"currency": "AUD", "price": "1"}]},
        "prices: price must be a number",
    ),
    (
        {"name": "Tape", "prices": [{"currency": "AUD", "amount": 1}]},
        "prices: amount is not allowed",
    ),
    ({"name": "Tape", "prices": [{"currency": "AUD"}] * 2}, "prices: must not contain the same"),
    ({"name": "Tape", "category": 1}, "category: must be the id of an existing option"),
    ({"name": "Tape", "billing_frequency": "daily"}, "billing_frequency: must be one of"),
    ({"name": "Tape", "billing_frequency": "weekly"}, "billing_frequency_cycles: must not be null"),
    ({"name": "Tape", "billing_frequency_cycles": 2}, "billing_frequency_cycles: must be null"),
]


@pytest.mark.parametrize(("body", "expected"), PRODUCT)
def test_product_bodies(api, body, expected):
    answer = api("POST", "/v2/products", body)
    if expected is OK:
        assert answer.status == 201
        assert answer.data["prices"] == [
            {
                "product_id": answer.data["id"],
                "price": 0,
                "currency": "AUD",
                "cost": 0,
                "direct_cost": None,
                "notes": "",
            }
        ]
    else:
        assert answer.status == 400
        assert answer.error.startswith(f"Validation failed: {expected}")


DEAL = [
    ({"title": "x"}, OK),
    ({"title": "x", "add_time": "2020-01-01T00:00:00Z"}, "add_time: is not allowed"),
    ({"title": "x", "lost_reason": "x"}, "lost_reason: is allowed only with status lost"),
    (
        {"title": "x", "won_time": "2020-01-01T00:00:00Z"},
        "won_time: is allowed only with status won",
    ),
    ({"title": "x", "expected_close_date": None}, "expected_close_date: must not be null"),
    ({"title": "x", "currency": "SEK"}, "currency: must be a currency that is enabled"),
]


@pytest.mark.parametrize(("body", "expected"), DEAL)
def test_deal_bodies(api, body, expected):
    answer = api("POST", "/v2/deals", body)
    if expected is OK:
        assert (answer.data["status"], answer.data["currency"]) == ("open", "AUD")
    else:
        assert answer.error.startswith(f"Validation failed: {expected}")


def test_deals_follow_their_stage_and_status(api):
    stages = api("GET", "/v2/stages").data
    deal = api("POST", "/v2/deals", {"title": "x", "stage_id": stages[2]["id"]}).data
    assert deal["pipeline_id"] == stages[2]["pipeline_id"]
    path = f"/v2/deals/{deal['id']}"
    won = api("PATCH", path, {"status": "won"}).data
    assert won["won_time"] == won["close_time"] is not None
    assert api("PATCH", path, {"status": "open"}).data["won_time"] is None
    assert (
        api("PATCH", path, {"expected_close_date": ""}).data["expected_close_date"] == "0000-00-00"
    )
