"""OAuth against the simulated Pipedrive, whose tokens expire, change and are revoked."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import stat
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from target_pipedrive.errors import NotAllowed, SettingsError, Unreachable
from target_pipedrive.pipedrive import OPERATIONS, Client, Limits
from target_pipedrive.pipedrive.oauth import App, OAuth, exchange
from target_pipedrive.pipedrive.tokenfile import TokenFile
from target_pipedrive.pipedrive.transport import Transport

from .faulty import Reply, error, ok

testing = pytest.importorskip("sandbox.testing")
simulated = pytest.importorskip("sandbox.pipedrive.oauth")

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

ME = OPERATIONS["users.me"]
CREATE = OPERATIONS["person.create"]
BACK = "http://localhost:1/callback"


@pytest.fixture(scope="module")
def running():
    with testing.running(patients=1) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running):
    running.limits(oauth_seconds=3600, oauth_rotates=True)
    yield running
    running.clear_faults()


@pytest.fixture
def granted(sandbox, tmp_path):
    """An app to which the administrator gave a refresh token of its own."""
    port = urlsplit(sandbox.pipedrive).port
    asked = urlencode({"client_id": simulated.CLIENT_ID, "redirect_uri": BACK})
    back = request(port, "GET", f"/oauth/authorize?{asked}").getheader("location")
    code = parse_qs(urlsplit(back).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    app = App(
        simulated.CLIENT_ID,
        simulated.CLIENT_SECRET,
        tmp_path / "kept" / "oauth.json",
        url=f"{sandbox.pipedrive}/oauth",
    )
    tokens = asyncio.run(exchange(app, form))
    sandbox.clear_log()
    return replace(app, refresh_token=tokens.refresh_token)


def request(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def basic():
    pair = f"{simulated.CLIENT_ID}:{simulated.CLIENT_SECRET}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def refreshes(sandbox):
    return [row["status"] for row in sandbox.log() if row["path"] == "/oauth/token"]


class Clients:
    """Makes clients of an app and closes them."""

    def __init__(self):
        self.made = []

    async def __call__(self, app, **options):
        oauth = OAuth(app, first_wait=0.01, **options)
        limits = Limits("ultimate", 1, burst=480)
        client = Client(await oauth.origin(), oauth, limits, first_wait=0.01)
        self.made.append(client)
        return client


@pytest.fixture
async def connect():
    clients = Clients()
    yield clients
    for client in clients.made:
        await client.aclose()


async def test_the_first_refresh_token_opens_the_account(sandbox, granted, connect):
    client = await connect(granted)
    assert client.origin == sandbox.pipedrive
    assert (await client.call(ME)).headers["x-ratelimit-limit"] == "480"
    kept = TokenFile(granted.file).read()
    assert kept.refresh_token != granted.refresh_token
    assert stat.S_IMODE(granted.file.stat().st_mode) == 0o600
    assert [path.name for path in granted.file.parent.iterdir()] != []
    assert not [path for path in granted.file.parent.iterdir() if path.stat().st_mode & 0o077]


async def test_the_next_run_goes_on_with_what_was_kept(sandbox, granted, connect):
    await connect(granted)
    client = await connect(granted)
    await client.call(ME)
    assert refreshes(sandbox) == [200]
    without = await connect(replace(granted, refresh_token=None))
    await without.call(ME)
    assert refreshes(sandbox) == [200]


async def test_an_access_token_is_renewed_before_it_ends(sandbox, granted, connect):
    sandbox.limits(oauth_seconds=1)
    client = await connect(granted)
    until = time.monotonic() + 2.2
    while time.monotonic() < until:
        await client.call(ME)
        await asyncio.sleep(0.05)
    assert len(refreshes(sandbox)) in {3, 4}
    assert {row["status"] for row in sandbox.log()} == {200}


async def test_many_at_once_renew_it_once_when_it_ends_unforeseen(sandbox, granted, connect):
    client = await connect(granted)
    file = TokenFile(granted.file)
    file.write(replace(file.read(), access_token="stale"))
    other = await connect(granted)
    sandbox.clear_log()
    # A write that was refused with 401 was never carried out, so it is sent again.
    answers = await asyncio.gather(
        *[other.call(CREATE, json={"name": f"Person {n}"}) for n in range(20)]
    )
    assert len({answer.data["id"] for answer in answers}) == 20
    assert refreshes(sandbox) == [200]
    created = [row["status"] for row in sandbox.log() if row["method"] == "POST"]
    assert created.count(200) == 21
    await client.call(ME)  # its own token is still good


async def test_of_several_processes_one_renews_and_the_others_read(sandbox, granted, connect):
    await connect(granted)
    file = TokenFile(granted.file)
    file.write(replace(file.read(), renew_at=time.time() - 1))
    sandbox.clear_log()
    clients = await asyncio.gather(*[connect(granted) for _ in range(5)])
    for client in clients:
        await client.call(ME)
    assert refreshes(sandbox) == [200]


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "html_503", "half_json", "bare_429"])
async def test_a_lost_answer_of_the_token_server_is_asked_for_again(
    sandbox, granted, connect, kind
):
    sandbox.fault(api="pipedrive", kind=kind, path="/oauth/token", times=2)
    client = await connect(granted)
    await client.call(ME)
    assert len(refreshes(sandbox)) == 3


async def test_a_run_that_lost_the_answer_for_good_costs_the_next_one_nothing(
    sandbox, granted, connect
):
    sandbox.fault(api="pipedrive", kind="drop_after", path="/oauth/token")
    with pytest.raises(Unreachable, match=r"asked 5 times.*run again"):
        await connect(granted)
    sandbox.clear_faults()
    client = await connect(granted)
    await client.call(ME)


async def test_new_tokens_are_kept_before_they_are_used(granted, connect):
    seen = []

    class Watching(Transport):
        async def send(self, method, url, **rest):
            if not url.endswith("/oauth/token"):
                shown = rest["headers"]["authorization"].removeprefix("Bearer ")
                seen.append(shown == json.loads(granted.file.read_text())["access_token"])
            return await super().send(method, url, **rest)

    oauth = OAuth(granted)
    client = Client(
        await oauth.origin(), oauth, Limits("ultimate", 1, burst=480), transport=Watching
    )
    await client.call(ME)
    oauth._tokens = replace(oauth._tokens, renew_at=0)
    await client.call(ME)
    await client.aclose()
    assert seen == [True, True]


async def test_tokens_that_cannot_be_kept_are_not_used(sandbox, granted, connect):
    (granted.file.parent / f".{granted.file.name}.{os.getpid()}").mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"`oauth_file`.*cannot be written"):
        await connect(granted)
    assert {row["path"] for row in sandbox.log()} <= {"/oauth/token"}


async def test_a_revoked_app_is_told_what_to_do(sandbox, granted, connect):
    client = await connect(granted)
    kept = TokenFile(granted.file).read()
    form = urlencode({"token": kept.refresh_token})
    headers = {"authorization": basic(), "content-type": "application/x-www-form-urlencoded"}
    port = urlsplit(sandbox.pipedrive).port
    assert request(port, "POST", "/oauth/revoke", form, headers).status == 200
    with pytest.raises(NotAllowed, match="target-pipedrive oauth") as caught:
        await client.call(ME)
    assert caught.value.exit_code == 3
    assert kept.refresh_token not in str(caught.value)


async def test_a_newer_refresh_token_in_the_settings_outdoes_the_file(sandbox, granted, connect):
    await connect(granted)
    file = TokenFile(granted.file)
    file.write(replace(file.read(), refresh_token="revoked", renew_at=0, given="of an older one"))
    client = await connect(replace(granted, refresh_token=simulated.REFRESH_TOKEN))
    await client.call(ME)


async def test_another_apps_file_is_not_used(granted, connect):
    await connect(granted)
    with pytest.raises(NotAllowed, match="no refresh token"):
        await connect(replace(granted, client_id="another", refresh_token=None))


async def test_a_wrong_secret_is_told(granted, connect):
    with pytest.raises(NotAllowed, match="oauth_client_secret") as caught:
        await connect(replace(granted, client_secret="wrong"))
    assert "wrong" not in str(caught.value)


async def test_another_account_than_api_url_is_refused(sandbox, granted, connect):
    with pytest.raises(SettingsError, match="Leave `api_url` out"):
        await connect(replace(granted, api_url="https://other.pipedrive.com"))
    assert {row["path"] for row in sandbox.log()} == {"/oauth/token"}


def told(**over):
    given = {
        "access_token": "a",
        "refresh_token": "r",
        "expires_in": 3600,
        "api_domain": "https://acme.pipedrive.com",
    }
    return {name: value for name, value in (given | over).items() if value is not None}


@pytest.fixture
def app(server, tmp_path):
    return App("id", "secret", tmp_path / "oauth.json", "first", f"{server.url}/oauth")


@pytest.mark.parametrize(
    "domain",
    [
        "https://evil.example",
        "http://acme.pipedrive.com",
        "https://pipedrive.com.evil.example",
        "https://evilpipedrive.com",
        "https://acme.pipedrive.com@evil.example",
        "https://user:pass@acme.pipedrive.com",
        "https://acme.pipedrive.com:8443",
        "https://acme.pipedrive.com/elsewhere",
        "https://acme.pipedrive.com?x=1",
        "https://[::1",
        "file:///etc/passwd",
        "acme.pipedrive.com",
        "http://10.0.0.1",
        "http://169.254.169.254",
    ],
)
async def test_no_token_goes_where_pipedrive_is_not(server, app, domain):
    server.script.append(Reply(200, told(api_domain=domain)))
    with pytest.raises(SettingsError, match="names no address of Pipedrive's"):
        await OAuth(app).origin()
    assert not app.file.exists()


async def test_a_server_elsewhere_cannot_name_this_machine(app, tmp_path):
    class Elsewhere(Transport):
        async def send(self, *_, **__):
            from target_pipedrive.pipedrive.transport import Reply as Raw

            return Raw(200, {}, json.dumps(told(api_domain="http://127.0.0.1:80")).encode())

    far = replace(app, url="https://oauth.example/oauth")
    with pytest.raises(SettingsError, match="names no address"):
        await OAuth(far, transport=Elsewhere).origin()


@pytest.mark.parametrize(
    "body",
    [
        told(access_token=None),
        told(access_token=""),
        told(access_token="a\r\nx-evil: 1"),
        told(access_token="a b"),
        told(access_token="ä"),
        told(expires_in=None),
        told(expires_in=0),
        told(expires_in="soon"),
        told(expires_in=float("inf")),
        ["a"],
        "<html>",
    ],
    ids=lambda body: str(body)[:60],
)
async def test_no_usable_tokens_is_no_answer(server, app, body):
    server.app = lambda _: Reply(200, body)
    with pytest.raises(Unreachable, match="HTTP 200"):
        await OAuth(app, first_wait=0.001).origin()
    assert len(server.requests) == 5


async def test_a_redirect_of_the_token_server_is_not_followed(server, app):
    server.script.append(Reply(307, "", {"location": f"{server.url}/oauth/elsewhere"}))
    with pytest.raises(SettingsError, match="`oauth_url`"):
        await OAuth(app).origin()
    (asked,) = server.requests
    assert asked.path == "/oauth/token"


async def test_a_token_refused_twice_ends_the_run(server, app):
    server.app = lambda asked: (
        Reply(200, told(api_domain=server.url, access_token=f"a{len(server.requests)}"))
        if asked.path == "/oauth/token"
        else error(401, "unauthorized")
    )
    oauth = OAuth(app)
    client = Client(await oauth.origin(), oauth, Limits("lite", 1))
    with pytest.raises(NotAllowed, match="just handed out"):
        await client.call(ME)
    await client.aclose()
    assert [asked.path for asked in server.requests].count("/api/v1/users/me") == 2


async def test_a_refresh_token_that_is_not_repeated_is_kept(server, app):
    server.app = lambda asked: Reply(200, told(api_domain=server.url, refresh_token=None))
    await OAuth(app).origin()
    assert TokenFile(app.file).read().refresh_token == "first"


async def test_an_account_that_moves_ends_the_run(server, app):
    oauth = OAuth(app)
    server.app = lambda _: Reply(200, told(api_domain=server.url))
    await oauth.origin()
    server.app = lambda _: Reply(200, told(access_token="b", api_domain="http://localhost:9"))
    with pytest.raises(SettingsError, match="moved"):
        await oauth.renew({"authorization": "Bearer a"})


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        TokenFile(tmp_path).read()


@pytest.mark.parametrize("content", ["", "[" * 9_999, "[]", "{}", '{"client_id": "id"}', "{" * 9])
def test_a_file_of_something_else_is_told(tmp_path, content):
    path = tmp_path / "oauth.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match="holds no tokens"):
        TokenFile(path).read()


async def test_a_file_that_others_could_read_is_closed(server, app):
    server.app = lambda _: Reply(200, told(api_domain=server.url))
    await OAuth(app).origin()
    app.file.chmod(0o644)
    TokenFile(app.file).read()
    assert stat.S_IMODE(app.file.stat().st_mode) == 0o600


async def test_nothing_tells_a_token(server, app, caplog):
    caplog.set_level("DEBUG")
    secrets = ("secret-one", "refresh-one", "access-one", "refresh-two")
    server.app = lambda asked: (
        Reply(200, told(api_domain=server.url, access_token=secrets[2], refresh_token=secrets[3]))
        if asked.path == "/oauth/token"
        else ok({})
    )
    app = replace(app, client_secret=secrets[0], refresh_token=secrets[1])
    oauth = OAuth(app)
    client = Client(await oauth.origin(), oauth, Limits("lite", 1))
    await client.call(ME)
    await client.aclose()
    shown = caplog.text + repr((app, oauth, client, TokenFile(app.file).read()))
    assert not [secret for secret in secrets if secret in shown]
    (first, second) = server.requests
    assert "authorization" in first.headers
    assert second.headers["authorization"] == "Bearer access-one"
