"""An OAuth app in place of a token, from the administrator's consent to the end of runs."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import stat
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from target_pipedrive.errors import NotAllowed, SettingsError
from target_pipedrive.target import TargetPipedrive

from .conftest import script

simulated = pytest.importorskip("sandbox.pipedrive.oauth")

COMMAND = Path(sys.executable).with_name("target-pipedrive")
TIMEOUT = 30


@pytest.fixture
def app(settings, sandbox):
    """Settings with an app in place of the token."""
    yield {
        name: value for name, value in settings.items() if name not in {"api_token", "api_url"}
    } | {
        "oauth_client_id": simulated.CLIENT_ID,
        "oauth_client_secret": simulated.CLIENT_SECRET,
        "oauth_url": f"{sandbox.pipedrive}/oauth",
    }
    sandbox.limits(oauth_seconds=3600)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Asked:
    """The command, waiting for the administrator."""

    def __init__(self, app, tmp_path, *options):
        config = tmp_path / "config.json"
        config.write_text(json.dumps(app))
        self.callback = f"http://localhost:{free_port()}/callback"
        self.process = subprocess.Popen(
            [COMMAND, "oauth", "--config", config, "--callback", self.callback, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"TARGET_PIPEDRIVE_LOGLEVEL": "DEBUG"},
        )
        self.printed = ""
        while not (found := re.search(r"\n  (http\S+)\n", self.printed)):
            line = self.process.stdout.readline()
            assert line, self.process.communicate(timeout=TIMEOUT)
            self.printed += line
        self.address = found[1]

    def end(self, text=None):
        out, log = self.process.communicate(text, timeout=TIMEOUT)
        return self.process.returncode, self.printed + out, log


@pytest.fixture
def ask(app, tmp_path):
    asked = []

    def start(*options):
        asked.append(Asked(app, tmp_path, *options))
        return asked[-1]

    yield start
    for each in asked:
        each.process.kill()
        each.process.communicate(timeout=TIMEOUT)


def browse(address):
    with urllib.request.urlopen(address, timeout=TIMEOUT) as page:  # noqa: S310 - loopback
        return page.read().decode()


def sent_to(address):
    """Return where a browser would be sent, which stays where it is."""
    return shown(address).getheader("location")


def shown(address):
    place = urlsplit(address)
    with closing(http.client.HTTPConnection(place.netloc, timeout=TIMEOUT)) as connection:
        connection.request("GET", f"{place.path}?{place.query}")
        answer = connection.getresponse()
        answer.read()
        return answer


@pytest.fixture
def allowed(app, ask):
    """The same after an administrator allowed the app."""
    asked = ask()
    assert "closed" in browse(asked.address)
    code, told, log = asked.end()
    assert code == 0, log
    assert "allowed the app" in told
    kept = json.loads(file_of(app).read_text())
    for secret in (kept["access_token"], kept["refresh_token"], app["oauth_client_secret"]):
        assert secret not in told + log
    return app


def file_of(app):
    return Path(app["output_dir"]) / "oauth.json"


def replaced(loader, app, **more):
    loader.settings = app | more
    return loader


def test_a_run_with_an_app_loads_and_keeps_its_tokens_private(loader, allowed, account):
    (messages,) = script("with_an_app")
    run = replaced(loader, allowed).load(messages)
    patients = [row["record"]["id"] for row in messages if row["type"] == "RECORD"]
    assert all(len(account.people(patient)) == 1 for patient in patients)
    assert stat.S_IMODE(file_of(allowed).stat().st_mode) == 0o600
    kept = json.loads(file_of(allowed).read_text())
    assert kept["access_token"] not in run.log
    assert kept["refresh_token"] not in run.log


def test_tokens_that_end_in_the_middle_of_a_run_are_not_noticed(loader, allowed, account, sandbox):
    (messages,) = script("tokens_that_end")
    patients = [row["record"]["id"] for row in messages if row["type"] == "RECORD"]
    sandbox.limits(oauth_seconds=2)
    kept = json.loads(file_of(allowed).read_text())
    # Whatever the file says, this one is refused with 401.
    file_of(allowed).write_text(json.dumps(kept | {"access_token": "ended"}))
    sandbox.fault(api="pipedrive", kind="slow", seconds=2.5, path="/personFields", times=1)
    try:
        replaced(loader, allowed).load(messages)
    finally:
        sandbox.clear_faults()
    log = sandbox.log()
    assert [row["status"] for row in log].count(401) >= 1
    assert len([row for row in log if row["path"] == "/oauth/token"]) >= 2
    assert [len(account.people(patient)) for patient in patients] == [1] * len(patients)


def test_an_app_that_was_taken_away_ends_the_run_with_what_to_do(loader, allowed):
    kept = json.loads(file_of(allowed).read_text())
    gone = kept | {"access_token": "ended", "refresh_token": "taken-away"}
    file_of(allowed).write_text(json.dumps(gone))
    run = replaced(loader, allowed).attempt(script("with_an_app")[0])
    assert isinstance(run.error, NotAllowed)
    assert run.error.exit_code == 3
    assert "target-pipedrive oauth" in str(run.error)
    assert "taken-away" not in run.log + str(run.error)


def test_the_address_can_be_pasted(app, ask):
    asked = ask("--paste")
    code, told, log = asked.end(sent_to(asked.address) + "\n")
    assert code == 0, log
    assert file_of(app).exists()
    assert "code=" not in told


def test_an_answer_to_another_question_is_refused(app, ask):
    asked = ask("--paste")
    forged = re.sub("state=[^&]*", "state=forged", sent_to(asked.address))
    code, _, log = asked.end(forged + "\n")
    assert code == 3
    assert "another question" in log
    assert not file_of(app).exists()


def test_whoever_else_calls_the_listener_changes_nothing(app, ask):
    asked = ask()
    for wrong in ("?code=forged&state=forged", "?code=forged", ""):
        assert shown(asked.callback + wrong).status == 404
    browse(asked.address)
    assert asked.end()[0] == 0


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"api_token": "t"},
            "`api_token` and `oauth_client_id` and `oauth_client_secret` are both",
        ),
        ({"oauth_client_secret": " "}, "`oauth_client_secret` is empty"),
        ({"oauth_client_id": ""}, "`oauth_client_id` is empty"),
        ({"oauth_url": "http://oauth.example/oauth"}, "`oauth_url` is no https address"),
        ({"oauth_url": "https://user@oauth.example/oauth"}, "`oauth_url` is no https address"),
        ({"oauth_url": "https://[::1"}, "`oauth_url` is no https address"),
        ({"api_url": "http://acme.pipedrive.com"}, "`api_url` is http://"),
        ({"oauth_client_id": "", "oauth_client_secret": ""}, "`api_token` is empty"),
        ({"oauth_client_id": "", "oauth_client_secret": ""}, "`api_url` is empty"),
    ],
)
def test_settings_that_do_not_go_together_are_told_at_once(app, changed, told):
    with pytest.raises(SettingsError) as caught:
        TargetPipedrive(config=app | changed, parse_env_config=False)
    assert told in str(caught.value)
