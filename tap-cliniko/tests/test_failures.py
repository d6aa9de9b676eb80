"""Whatever goes wrong on the way is repeated within a bound, named, and never an empty page."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import time
from email.utils import formatdate

import pytest
from fake_cliniko import EMAIL, KEY
from raw_server import RESET, RawServer, answer

from tap_cliniko import client as client_module
from tap_cliniko import retrying, transport
from tap_cliniko.client import Client
from tap_cliniko.errors import RefusedQueryError, ServerFaultError
from tap_cliniko.paging import Query
from tap_cliniko.settings import Settings
from tap_cliniko.stopping import Stopper

QUERY = Query(("archived_at:*", "id:>41"), "id")
ROW = {"id": "42", "first_name": "Zoë"}
GOOD = answer(body=json.dumps({"patients": [ROW], "total_entries": 1, "links": {}}).encode())
HALF = GOOD[: len(GOOD) - 10]
HEAD = GOOD[:30]
GZIP = {"Content_Encoding": "gzip"}

NOT_JSON = "something that is not JSON"
FAULTS = {
    "silence before the first byte": ([3], "no answer within"),
    "silence in the header": ([HEAD, 3], "no answer within"),
    "silence in the body": ([HALF, 3], "no answer within"),
    "endless trickle of header": ([HEAD, *[0.1, b"x"] * 40], "did not come to its end in time"),
    "endless trickle of body": ([HALF, *[0.1, b" "] * 40], "did not come to its end in time"),
    "reset before the header": ([RESET], "the connection broke off"),
    "reset in the header": ([HEAD, 0.05, RESET], "the connection broke off"),
    "reset in the body": ([HALF, 0.05, RESET], "the connection broke off"),
    "closed before the header": ([], "the connection broke off"),
    "closed in the body": ([HALF], "the connection broke off"),
    "not HTTP": ([b"\x16\x03\x01 hello\r\n\r\n"], "the connection broke off"),
    "500": ([answer(500)], "HTTP 500"),
    "502": ([answer(502, b"<html>", "text/html")], "HTTP 502 in HTML"),
    "503": ([answer(503)], "HTTP 503"),
    "504": ([answer(504)], "HTTP 504"),
    "HTML with 200": ([answer(200, b"<html>hello</html>", "text/html")], NOT_JSON),
    "HTML with 403": ([answer(403, b"<html>blocked</html>", "text/html")], "HTTP 403 in HTML"),
    "HTML with 404": ([answer(404, b"<html>", "text/html; charset=utf-8")], "HTTP 404 in HTML"),
    "truncated JSON": ([answer(200, b'{"patients": [')], NOT_JSON),
    "broken text": ([answer(200, b'{"patients": ["\xff\xfe"]}')], NOT_JSON),
    "not a number": ([answer(200, b'{"patients": [{"id": "1", "a": NaN}]}')], NOT_JSON),
    "nothing with 200": ([answer(200)], NOT_JSON),
    "204": ([answer(204, Content_Length="")], "HTTP 204"),
    "a list": ([answer(200, b"[]")], "JSON that is not an object"),
    "null": ([answer(200, b"null")], "JSON that is not an object"),
    "another list": ([answer(200, b'{"users": [], "links": {}}')], "without its list patients"),
    "an object for a list": ([answer(200, b'{"patients": {}}')], "without its list patients"),
    "rows that are none": ([answer(200, b'{"patients": ["x"]}')], "not one of them"),
    "rows without id": ([answer(200, b'{"patients": [{"name": "x"}]}')], "not one of them"),
    "rows with a strange id": ([answer(200, b'{"patients": [{"id": "x"}]}')], "not one of them"),
    "an empty page with a next": (
        [answer(200, b'{"patients": [], "links": {"next": "x"}}')],
        "an empty page that is not the last",
    ),
    "no gzip": ([answer(200, b"\x1f\x8bnonsense", **GZIP)], "compression is damaged"),
    "gzip that ends early": (
        [answer(200, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab", **GZIP)],
        NOT_JSON,
    ),
}


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Shorter bounds than the product's, for the tests' sake."""
    monkeypatch.setattr(transport, "SILENCE_SECONDS", 0.4)
    monkeypatch.setattr(retrying, "TRIES", 3)


def client_of(server: RawServer, **options) -> Client:
    config = {"api_key": KEY, "api_url": server.url, "contact_email": EMAIL}
    given = {"patience": 0.01, "seconds": 1.0, **options}
    return Client(Settings.parse(config), Stopper(), "0", **given)


def read(server: RawServer, **options):
    return client_of(server, **options).page("/patients", "patients", QUERY)


@pytest.mark.parametrize("name", FAULTS)
def test_a_passing_fault_is_repeated(name):
    script, _ = FAULTS[name]
    with RawServer(script, [GOOD]).running() as server:
        assert read(server).rows == [ROW]
        assert len(server.requests) == 2


@pytest.mark.parametrize("name", FAULTS)
def test_a_lasting_fault_is_named_with_its_page_and_never_an_empty_page(name, caplog):
    caplog.set_level(logging.DEBUG)
    script, cause = FAULTS[name]
    begin = time.monotonic()
    with RawServer(script).running() as server:
        with pytest.raises(ServerFaultError) as caught:
            read(server)
        assert len(server.requests) == 3
    text = str(caught.value)
    assert text.startswith("reading /patients (archived_at:*, id:>41) failed 3 times, last with: ")
    assert cause in text
    assert text.endswith("run again to go on from the last state")
    assert KEY not in text + caplog.text
    assert "Zoë" not in text + caplog.text
    assert time.monotonic() - begin < 8


def test_a_redirect_is_refused_and_not_followed():
    script = [answer(302, Location="http://127.0.0.1:1/elsewhere")]
    with RawServer(script).running() as server:
        with pytest.raises(RefusedQueryError, match=r"redirects elsewhere \(HTTP 302\)"):
            read(server)
        assert len(server.requests) == 1


@pytest.mark.parametrize("form", ["seconds", "moment"])
def test_retry_after_is_waited_out(form):
    value = "1" if form == "seconds" else formatdate(1_800_000_001, usegmt=True)
    dated = {"Retry_After": value, "Date": formatdate(1_800_000_000, usegmt=True)}
    with RawServer([answer(503, **dated)], [GOOD]).running() as server:
        assert read(server).rows == [ROW]
        first, second = server.times
        assert 0.9 < second - first < 2


def test_retry_after_is_bounded(monkeypatch):
    monkeypatch.setattr(retrying, "MAX_WAIT_SECONDS", 0.2)
    with RawServer([answer(503, Retry_After="86400")], [GOOD]).running() as server:
        begin = time.monotonic()
        assert read(server).rows == [ROW]
        assert time.monotonic() - begin < 2


def test_all_tries_together_are_bounded(monkeypatch):
    monkeypatch.setattr(retrying, "TRIES", 1000)
    monkeypatch.setattr(retrying, "MAX_SECONDS", 0.5)
    with RawServer([answer(500)]).running() as server:
        begin = time.monotonic()
        with pytest.raises(ServerFaultError, match="HTTP 500"):
            read(server)
        assert time.monotonic() - begin < 3


def test_waits_grow_and_differ(monkeypatch):
    waits = []
    monkeypatch.setattr(retrying, "TRIES", 6)

    class Hasty(Stopper):
        def sleep(self, seconds):
            waits.append(seconds)

    config = {"api_key": KEY, "api_url": "", "contact_email": EMAIL}
    for _ in range(30):
        with RawServer([answer(500)]).running() as server:
            settings = Settings.parse({**config, "api_url": server.url})
            with pytest.raises(ServerFaultError):
                Client(settings, Hasty(), "0").page("/patients", "patients", QUERY)
    for tried in range(5):
        some = waits[tried::5]
        assert all(2**tried / 2 <= wait <= 2**tried for wait in some)
        assert len(set(some)) > 20


def test_a_429_is_waited_out_a_bounded_number_of_times(monkeypatch):
    monkeypatch.setattr(client_module, "MAX_THROTTLES", 2)

    class Hasty(Stopper):
        def sleep(self, seconds):
            time.sleep(0.01)

    with RawServer([answer(429, Retry_After="1")]).running() as server:
        config = {"api_key": KEY, "api_url": server.url, "contact_email": EMAIL}
        with pytest.raises(ServerFaultError, match="429 2 times in a row; lower requests_per_mi"):
            Client(Settings.parse(config), Hasty(), "0").page("/patients", "patients", QUERY)


def test_the_program_ends_with_code_1_and_one_line_and_keeps_the_state(server, tmp_path):
    """The first stream is written and in the state; the fault is in a later one."""
    server.forbidden.add("settings")
    server.faults.append(("invoices", "truncated", 1000))
    (tmp_path / "config.json").write_text(json.dumps(server.config()))
    hasty = (
        "import tap_cliniko.retrying as r; r.TRIES = 2; from tap_cliniko.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", hasty, "--config", str(tmp_path / "config.json")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    (fault,) = [line for line in done.stderr.splitlines() if "| ERROR" in line]
    assert "reading /invoices (" in fault
    assert "last with: HTTP 200 with something that is not JSON" in fault
    assert "Traceback" not in done.stderr
    states = [json.loads(line) for line in done.stdout.splitlines() if '"STATE"' in line[:20]]
    assert "users" in states[-1]["value"]["bookmarks"]
    streams = {line.split('"')[7] for line in done.stdout.splitlines() if '"RECORD"' in line[:20]}
    assert "invoices" not in streams


def test_an_answer_that_takes_its_time_but_comes_is_taken():
    slowly = [
        part
        for byte in (GOOD[i : i + 20] for i in range(0, len(GOOD), 20))
        for part in (byte, 0.02)
    ]
    with RawServer(slowly).running() as server, contextlib.closing(client_of(server)._session):
        assert read(server, seconds=5.0).rows == [ROW]
        assert len(server.requests) == 1
