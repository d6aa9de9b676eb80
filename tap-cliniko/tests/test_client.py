"""What each answer of the server leads to, over real connections."""

from __future__ import annotations

import logging
import socket
import time

import pytest
from fake_cliniko import KEY, Server

from tap_cliniko.client import Client
from tap_cliniko.errors import (
    KeyRefusedError,
    NotVisibleError,
    RefusedQueryError,
    ServerFaultError,
    StoppedError,
)
from tap_cliniko.paging import Query
from tap_cliniko.settings import Settings
from tap_cliniko.stopping import Stopper

ALL = Query(("archived_at:*",), "id")


def client_of(server: Server, stopper: Stopper | None = None, **settings) -> Client:
    parsed = Settings.parse(server.config(**settings))
    return Client(parsed, stopper or Stopper(), "0", patience=0.001)


def patients(client: Client) -> list[str]:
    return [row["id"] for row in client.page("/patients", "patients", ALL).rows]


@pytest.mark.parametrize(
    "kind",
    ["500", "502", "503", "504", "drop", "truncated", "cut", "html", "html403", "nolist"],
)
def test_a_passing_fault_is_repeated(server, kind):
    server.faults.append(("patients", kind, 3))
    assert patients(client_of(server)) == ["1", "2"]


@pytest.mark.parametrize("kind", ["500", "drop", "truncated", "nolist"])
def test_a_lasting_fault_is_never_an_empty_page(server, kind):
    server.faults.append(("patients", kind, 100))
    with pytest.raises(ServerFaultError) as caught:
        patients(client_of(server))
    assert "reading /patients (archived_at:*) failed 6 times" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_429_is_waited_out(server):
    server.faults.append(("patients", "429", 1))
    begin = time.monotonic()
    assert patients(client_of(server)) == ["1", "2"]
    assert time.monotonic() - begin >= 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("401", KeyRefusedError),
        ("403", NotVisibleError),
        ("404", NotVisibleError),
        ("400", RefusedQueryError),
        ("301", RefusedQueryError),
    ],
)
def test_a_final_answer_is_not_repeated(server, status, error):
    server.faults.append(("patients", status, 100))
    with pytest.raises(error):
        patients(client_of(server))
    assert len(server.paths("/v1/patients")) == 1


def test_every_request_names_the_contact(server):
    client = client_of(server)
    patients(client)
    assert server.log[0].agent == "tap-cliniko/0 (tests@example.com)"
    assert ("q[]", "archived_at:*") in server.log[0].query
    assert client.requests == 1


def test_account(server):
    account = client_of(server).account
    assert (account.role, account.clock) == ("administrator", server.clinic.now)


def test_nobody_listening():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    settings = Settings.parse({"api_key": KEY, "api_url": url, "contact_email": "a@b.cd"})
    with pytest.raises(ServerFaultError, match=r"first contact .* the connection was refused"):
        _ = Client(settings, Stopper(), "0", patience=0.001).account


def test_a_stop_ends_the_repetition(server):
    stopper = Stopper()
    server.faults.append(("patients", "500", 100))
    stopper.signum = 2
    with pytest.raises(StoppedError):
        patients(client_of(server, stopper))


def test_numbers_with_a_point_stay_exact(server):
    server.clinic.add("invoices", 9, total_including_tax=0.1)
    rows = client_of(server).page("/invoices", "invoices", Query(("id:=9",), "id")).rows
    assert rows[0]["total_including_tax"] == "0.1"


class Bytes:
    """Takes a file in."""

    def __init__(self) -> None:
        self.have, self.tag, self.content = 0, None, b""

    def begin(self, tag):
        self.have, self.tag, self.content = 0, tag, b""

    def write(self, chunk):
        self.content += chunk
        self.have = len(self.content)


def download(client: Client, number: str = "1", size: int | None = None) -> bytes:
    into = Bytes()
    client.download(f"/patient_attachments/{number}/content", into, size)
    return into.content


def test_download_keeps_the_key_from_storage(server):
    assert download(client_of(server)) == b"first file"
    redirect, stored = server.log
    assert (redirect.status, redirect.authorized) == (303, True)
    assert (stored.status, stored.authorized) == (200, False)


def test_an_expired_link_is_asked_for_again(server):
    server.faults.append(("storage/1", "403", 2))
    assert download(client_of(server)) == b"first file"
    assert len(server.paths("/v1/patient_attachments")) == 3


def test_a_break_in_the_middle_starts_again(server):
    server.faults.append(("storage/1", "cut", 1))
    assert download(client_of(server)) == b"first file"


def test_storage_without_the_file(server):
    del server.clinic.contents["1"]
    with pytest.raises(NotVisibleError):
        download(client_of(server))


@pytest.mark.parametrize("where", ["http://192.0.2.1/x", "file:///etc/passwd", "ftp://x/y"])
def test_a_redirect_to_an_unsafe_place_is_not_followed(server, where):
    server.location = where
    with pytest.raises(RefusedQueryError, match="not https"):
        download(client_of(server))


def test_logs_hold_no_key_and_no_patient(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.faults.append(("patients", "500", 1))
    patients(client_of(server))
    assert "HTTP 500; trying again" in caplog.text
    assert KEY not in caplog.text
    assert "Zoë" not in caplog.text


class Impatient(Stopper):
    def sleep(self, seconds: float) -> None:
        raise TimeoutError(seconds)


def test_the_limit_holds_for_all_that_is_read(server):
    client = client_of(server, Impatient(), requests_per_minute=5)
    for _ in range(5):
        patients(client)
    with pytest.raises(TimeoutError) as caught:
        patients(client)
    assert 55 < caught.value.args[0] <= 60
    assert len(server.log) == 5
