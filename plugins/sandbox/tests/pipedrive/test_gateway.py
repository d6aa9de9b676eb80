"""Tokens, routing and envelopes."""

from __future__ import annotations

import pickle
import re
import socket

import pytest

from sandbox.pipedrive.app import create
from sandbox.pipedrive.state import REGULAR_TOKEN, PipedriveState


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_a_wrong_token_is_401_by_the_gateway_and_costs_nothing(api, token):
    api.token = token
    answer = api("GET", "/v2/persons")
    assert answer.status == 401
    assert answer.headers["x-401-by-gw"] == "true"
    assert answer.json["errorCode"] == 401
    assert api.state.meter.spent == 0


def test_the_token_is_taken_from_its_header_alone(api):
    api.token = None
    assert api("GET", "/v2/persons", api_token="sandbox-token").status == 401
    bearer = {"authorization": "Bearer sandbox-token"}
    assert api.raw("GET", "/api/v2/persons", headers=bearer).status == 401


def test_a_refused_upload_is_read_to_its_end(api):
    api.token = "wrong"
    assert api.upload("a.txt", b"x" * 5_000_000, person_id=1).status == 401
    assert api("GET", "/v1/users/me").status == 401  # on the same connection


def test_a_client_that_leaves_in_mid_body_changes_nothing(api, caplog):
    before = len(api.state.tables["persons"])
    head = (
        "POST /api/v2/persons HTTP/1.1\r\nhost: x\r\nx-api-token: sandbox-token\r\n"
        "content-type: application/json\r\ncontent-length: 14\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as raw:
        raw.sendall(head.encode() + b'{"name"')
    assert api("GET", "/v1/users/me").status == 200
    assert len(api.state.tables["persons"]) == before
    assert caplog.records == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/users/me", 200),
        ("GET", "/v1/users/me", 200),
        ("GET", "/v2/persons", 404),
        ("GET", "/api/v3/persons", 404),
        ("GET", "/", 404),
        ("GET", "/api/v2", 404),
        ("PUT", "/api/v2/persons/1", 405),
        ("GET", "/api/v1/persons", 410),
        ("POST", "/api/v1/persons", 410),
        ("PUT", "/api/v1/deals/3", 410),
        ("GET", "/api/v1/activities", 410),
        ("DELETE", "/api/v1/products/9", 410),
        ("GET", "/api/v1/organizations/9", 410),
        ("GET", "/api/v1/itemSearch", 410),
        ("GET", "/api/v1/persons/1/flow", 404),
        ("GET", "/api/v2/persons/abc", 400),
    ],
)
def test_paths(api, method, path, status):
    answer = api.raw(method, path)
    assert answer.status == status
    assert answer.json["success"] is (status == 200)


def test_error_envelopes_of_both_versions(api):
    assert api("GET", "/v1/notes/1").json == {
        "success": False,
        "error": "Note not found",
        "error_info": "Check the id; deleted items are not served.",
        "data": None,
        "additional_data": None,
    }
    assert api("GET", "/v2/persons/1").json == {
        "success": False,
        "error": "Person not found",
        "code": "ERR_NOT_FOUND",
    }


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"name": NaN}', b"\xff", b""])
def test_a_body_that_is_no_json_object_is_400(api, body):
    answer = api.raw("POST", "/api/v2/persons", body, {"content-type": "application/json"})
    assert answer.status == 400


def test_v2_takes_json_alone_and_v1_takes_forms(api):
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert api.raw("POST", "/api/v2/persons", b"name=Ann", form).status == 400
    body = f"content=hello&person_id={api.person()}".encode()
    assert api.raw("POST", "/api/v1/notes", body, form).status == 200


def test_me_names_the_company_and_says_who_is_admin(api):
    me = api("GET", "/v1/users/me").data
    assert me["is_you"]
    assert me["company_domain"] == "sandbox"
    assert any(entry["admin"] for entry in me["access"])
    api.token = REGULAR_TOKEN
    assert not any(entry["admin"] for entry in api("GET", "/v1/users/me").data["access"])


def test_users_hold_an_inactive_one_and_the_given_ones_replace_them(connect):
    users = connect().state.dump()["users"]
    assert [user["active_flag"] for user in users] == [True, True, False]
    given = [{"name": "A", "email": "A@X.example"}, {"name": "B", "email": "b@x.example"}]
    api = connect(users=given)
    assert [user["email"] for user in api("GET", "/v1/users").data] == [
        "A@X.example",
        "b@x.example",
    ]


def test_currencies_hold_one_that_is_not_enabled(api):
    rows = api("GET", "/v1/currencies").data
    assert {row["code"] for row in rows if not row["active_flag"]} == {"SEK"}
    assert [row["code"] for row in api("GET", "/v1/currencies", term="zealand").data] == ["NZD"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/activityTypes"),
        ("POST", "/v2/personFields"),
        ("POST", "/v2/pipelines"),
        ("DELETE", "/v2/stages/1"),
    ],
)
def test_settings_of_the_account_are_for_admins(api, method, path):
    api.token = REGULAR_TOKEN
    answer = api(method, path, {"name": "x"})
    assert answer.status == 403
    assert "permissions" in answer.error


def test_the_state_outlives_a_pickle_and_goes_on_with_its_ids(api):
    first = api.person("Before")
    code = api.field("person", "varchar")
    api("PATCH", f"/v2/persons/{first}", {"custom_fields": {code: "kept"}})
    dumped = api.state.dump()
    api.state = pickle.loads(pickle.dumps(api.state))  # noqa: S301 - our own bytes
    assert api.state.dump() == dumped
    api.switch.app = create(api.state)
    assert api.person("After") == first + 1


def test_the_seed_decides_ids_and_codes():
    one, same, other = (PipedriveState(seed=seed) for seed in (1, 1, 2))
    codes = [[f["field_code"] for f in s.dump()["personFields"]] for s in (one, same, other)]
    assert codes[0] == codes[1] != codes[2]
    assert list(one.users) == list(same.users) != list(other.users)


@pytest.mark.parametrize(
    "wrong",
    [{"plan": "gold"}, {"seats": 0}, {"currency": "SEK"}, {"burst": 0}, {"daily_tokens": -1}],
)
def test_senseless_options_are_refused(wrong):
    with pytest.raises(ValueError, match=re.escape(next(iter(wrong)))):
        PipedriveState(**wrong)


def test_existing_persons_stand_in_the_account():
    state = PipedriveState(existing_persons=[{"name": "Mere Tāne", "email": "mere@family.example"}])
    (person,) = state.dump()["persons"]
    assert person["name"] == "Mere Tāne"
    assert person["emails"] == [{"value": "mere@family.example", "primary": True, "label": "work"}]
