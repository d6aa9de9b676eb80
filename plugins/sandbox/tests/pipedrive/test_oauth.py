"""OAuth of an app: who gets tokens, how long they are good, and what becomes of old ones."""

from __future__ import annotations

import base64
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sandbox.pipedrive.oauth import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from sandbox.pipedrive.state import ADMIN_TOKEN

BACK = "http://localhost:1/callback"


def basic(secret=CLIENT_SECRET):
    return "Basic " + base64.b64encode(f"{CLIENT_ID}:{secret}".encode()).decode()


def ask(api, what="token", authorization=None, **form):
    headers = {
        "authorization": authorization or basic(),
        "content-type": "application/x-www-form-urlencoded",
    }
    return api.raw("POST", f"/oauth/{what}", urlencode(form), headers)


def refreshed(api, token=REFRESH_TOKEN):
    return ask(api, grant_type="refresh_token", refresh_token=token)


def me(api, access):
    api.token = None
    return api.raw("GET", "/api/v1/users/me", headers={"authorization": f"Bearer {access}"})


def test_an_access_token_is_the_users_and_costs_nothing(api):
    given = refreshed(api).json
    assert given["token_type"] == "Bearer"
    assert given["expires_in"] == 3600
    assert given["api_domain"].startswith("http://127.0.0.1:")
    assert api.switch.scope["state"]["tokens"] == 0
    answer = me(api, given["access_token"])
    assert answer.status == 200
    assert answer.json["data"]["id"] == api.state.tokens[ADMIN_TOKEN]


@pytest.mark.parametrize(
    ("plan", "burst"), [("lite", 80), ("growth", 160), ("premium", 400), ("ultimate", 480)]
)
def test_an_app_may_send_four_times_as_much(connect, plan, burst):
    api = connect(plan=plan)
    answer = me(api, refreshed(api).json["access_token"])
    assert answer.headers["x-ratelimit-limit"] == str(burst)


@pytest.mark.parametrize("header", ["x-api-token", "authorization"])
def test_one_kind_of_token_is_not_the_other(api, header):
    access, own = refreshed(api).json["access_token"], api.token
    api.token = None
    value = {"x-api-token": access, "authorization": f"Bearer {own}"}[header]
    assert api.raw("GET", "/api/v1/users/me", headers={header: value}).status == 401


def test_an_access_token_expires(api):
    api.state.configure(oauth_seconds=0.3)
    access = refreshed(api).json["access_token"]
    assert me(api, access).status == 200
    time.sleep(0.35)
    assert me(api, access).status == 401


def test_a_refresh_token_is_good_until_the_next_one_is_used(api):
    refreshed(api)  # and the answer is lost
    second = refreshed(api).json
    assert second["refresh_token"] != REFRESH_TOKEN
    assert me(api, second["access_token"]).status == 200
    assert refreshed(api).json == {"success": False, "error": "invalid_grant"}
    # Whoever uses an old one may have stolen it: nobody has access any more.
    assert me(api, second["access_token"]).status == 401
    assert refreshed(api, second["refresh_token"]).status == 400


def test_told_so_the_refresh_token_stays(api):
    api.state.configure(oauth_rotates=False)
    for _ in range(2):
        given = refreshed(api).json
        assert given["refresh_token"] == REFRESH_TOKEN
        assert me(api, given["access_token"]).status == 200


def test_a_code_is_exchanged_once_and_for_the_same_address(api):
    asked = urlencode({"client_id": CLIENT_ID, "redirect_uri": BACK, "state": "s"})

    def code():
        back = urlsplit(api.raw("GET", f"/oauth/authorize?{asked}").headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
        query = parse_qs(back.query)
        assert query["state"] == ["s"]
        return query["code"][0]

    def exchange(code, redirect=BACK):
        return ask(api, grant_type="authorization_code", code=code, redirect_uri=redirect)

    assert exchange(code(), "http://localhost:1/other").status == 400
    mine = code()
    given = exchange(mine).json
    assert me(api, given["access_token"]).status == 200
    assert exchange(mine).status == 400


def test_only_the_app_gets_tokens(api):
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}
    for wrong in (basic("wrong"), "Basic ???", "Bearer x"):
        answer = ask(api, authorization=wrong, **form)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert ask(api, grant_type="password").json["error"] == "unsupported_grant_type"
    assert api.raw("GET", "/oauth/token").status == 404


def test_what_was_revoked_is_no_good(api):
    given = refreshed(api).json
    assert ask(api, "revoke", token=given["refresh_token"]).status == 200
    assert me(api, given["access_token"]).status == 401
    assert refreshed(api, given["refresh_token"]).json["error"] == "invalid_grant"


def test_odd_knobs_are_refused(api):
    for wrong in ({"oauth_seconds": 0}, {"oauth_seconds": "1"}, {"oauth_rotates": 1}):
        with pytest.raises(ValueError, match="oauth_"):
            api.state.configure(**wrong)
