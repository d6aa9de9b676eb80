"""Faults as a client sees them on the wire, and the log that remembers them."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.client import ControlError
from sandbox.faultkinds import KINDS
from sandbox.faults import BadRuleError, Faults
from sandbox.journal import Journal
from sandbox.plays import PLAYS
from sandbox.testing import running


@pytest.fixture(scope="module")
def sandbox():
    with running(patients=5, cliniko_per_minute=100_000) as started:
        yield started


@pytest.fixture(autouse=True)
def no_faults(sandbox):
    sandbox.clear_faults()
    sandbox.clear_log()


def exchange(origin, method="GET", path="/v1/user", body=b"", token=""):
    """Send one request; return every byte that comes back until the connection ends."""
    parts = urlsplit(origin)
    head = [
        f"{method} {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "User-Agent: raw (raw@example.com)",
        "Authorization: Basic c2FuZGJveC1rZXktYXUxOg==",
        f"x-api-token: {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        received = b""
        while block := connection.recv(65536):
            received += block
        return received


def create_person(sandbox):
    return exchange(
        sandbox.pipedrive, "POST", "/api/v2/persons", b'{"name":"A"}', token="sandbox-token"
    )


def persons(sandbox):
    return len(sandbox.dump()["pipedrive"]["persons"])


def test_without_a_fault_the_answer_comes_whole(sandbox):
    assert exchange(sandbox.cliniko).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_dropped_connection_gives_no_byte(sandbox, kind):
    sandbox.fault(api="cliniko", kind=kind)
    assert exchange(sandbox.cliniko) == b""


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("drop_before", 0),
        ("drop_after", 1),
        ("error_500", 0),
        ("server_error_after", 1),
        ("rate_limited_429", 0),
        ("html_403", 0),
        ("truncated_json", 1),
    ],
)
def test_a_fault_comes_before_or_after_the_commit(sandbox, kind, written):
    before = persons(sandbox)
    sandbox.fault(api="pipedrive", kind=kind, method="POST", times=1)
    create_person(sandbox)
    assert persons(sandbox) == before + written
    assert create_person(sandbox).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("kind", "status", "mark"),
    [
        ("error_500", b"500", b"text/html"),
        ("server_error_after", b"500", b"text/html"),
        ("rate_limited_429", b"429", b"x-ratelimit-reset: "),
        ("html_403", b"403", b"Cloudflare"),
        ("html_200", b"200", b"<html>"),
        ("html_503", b"503", b"<html>"),
        ("retry_after_429", b"429", b"retry-after: 2"),
        ("bare_429", b"429", b"over limit"),
        ("empty_200", b"200", b"content-length: 0"),
        ("wrong_shape", b"200", b'[{"message":"ok"}]'),
        ("expired_link", b"403", b"<Code>AccessDenied</Code>"),
    ],
)
def test_a_refusal_looks_as_it_does_in_life(sandbox, kind, status, mark):
    sandbox.fault(api="cliniko", kind=kind)
    answer = exchange(sandbox.cliniko)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert mark in answer


def test_a_bare_429_says_nothing_of_when_to_go_on(sandbox):
    sandbox.fault(api="cliniko", kind="bare_429")
    head = exchange(sandbox.cliniko).partition(b"\r\n\r\n")[0].lower()
    assert b"retry-after" not in head
    assert b"ratelimit" not in head


def until_reset(origin):
    """Send one request; return what comes until the connection is reset."""
    parts = urlsplit(origin)
    head = (
        f"GET /v1/user HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "User-Agent: raw (raw@example.com)\r\n"
        "Authorization: Basic c2FuZGJveC1rZXktYXUxOg==\r\n\r\n"
    )
    received = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(head.encode())
        try:
            while block := connection.recv(65536):
                received += block
        except ConnectionResetError:
            return received
    pytest.fail("the connection ended in order")


@pytest.mark.parametrize(("kind", "share"), [("reset_after_head", 0), ("reset_midway", 2)])
def test_a_connection_is_reset_where_the_fault_says(sandbox, kind, share):
    whole = exchange(sandbox.cliniko).partition(b"\r\n\r\n")[2]
    sandbox.fault(api="cliniko", kind=kind)
    head, _, body = until_reset(sandbox.cliniko).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == (whole[: len(whole) // share] if share else b"")


def test_half_of_an_answer_can_pass_for_the_whole(sandbox):
    whole = exchange(sandbox.cliniko).partition(b"\r\n\r\n")[2]
    sandbox.fault(api="cliniko", kind="half_json")
    head, _, half = exchange(sandbox.cliniko).partition(b"\r\n\r\n")
    assert half == whole[: len(whole) // 2]
    assert f"content-length: {len(half)}".encode() in head


def test_a_trickle_is_slow_and_whole(sandbox):
    whole = exchange(sandbox.cliniko).partition(b"\r\n\r\n")[2]
    sandbox.fault(api="cliniko", kind="trickle", seconds=0.4)
    started = time.monotonic()
    assert exchange(sandbox.cliniko).partition(b"\r\n\r\n")[2] == whole
    assert time.monotonic() - started >= 0.3


def test_every_kind_is_played_and_told_of():
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    assert PLAYS.keys() == KINDS.keys()
    assert [kind for kind in KINDS if f"`{kind}`" not in readme] == []


def test_truncated_json_promises_more_than_it_sends(sandbox):
    whole = exchange(sandbox.cliniko).partition(b"\r\n\r\n")[2]
    sandbox.fault(api="cliniko", kind="truncated_json")
    head, _, half = exchange(sandbox.cliniko).partition(b"\r\n\r\n")
    assert f"content-length: {len(whole)}".encode() in head
    assert half == whole[: len(whole) // 2]


def test_a_hanging_request_holds_then_ends_without_an_answer(sandbox):
    sandbox.fault(api="cliniko", kind="hang", seconds=0.5)
    started = time.monotonic()
    assert exchange(sandbox.cliniko) == b""
    assert 0.4 < time.monotonic() - started < 5


def test_a_slow_request_is_answered_late(sandbox):
    sandbox.fault(api="cliniko", kind="slow", seconds=0.5)
    started = time.monotonic()
    assert exchange(sandbox.cliniko).startswith(b"HTTP/1.1 200 ")
    assert time.monotonic() - started >= 0.5


def test_a_client_that_gives_up_frees_a_hanging_request(sandbox):
    sandbox.fault(api="cliniko", kind="hang", seconds=60)
    parts = urlsplit(sandbox.cliniko)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(b"GET /v1/user HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)
    deadline = time.monotonic() + 5
    while not sandbox.log():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert sandbox.log()[0]["fault"] == "hang"


def test_the_log_tells_what_happened(sandbox):
    sandbox.fault(api="pipedrive", kind="drop_after", method="POST", times=1)
    create_person(sandbox)
    create_person(sandbox)
    exchange(sandbox.cliniko, path="/v1/patients?per_page=1")
    first, second, third = sandbox.log()
    assert (first["status"], first["fault"], first["tokens"]) == (200, "drop_after", 5)
    assert (second["status"], second["fault"]) == (200, None)
    assert (third["api"], third["path"], third["query"], third["tokens"]) == (
        "cliniko",
        "/v1/patients",
        "per_page=1",
        0,
    )
    figures = sandbox.stats()
    assert figures["requests"] == {"pipedrive": 2, "cliniko": 1}
    assert figures["tokens"]["total"] == 10
    assert figures["worst_window"] == {"pipedrive_2s": 2, "cliniko_60s": 1}
    assert figures["faults"] == {"drop_after": 1}


# -- rules


@pytest.mark.parametrize(
    ("rule", "failed"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"every": 3}, [3, 6]),
        ({"times": 2}, [1, 2]),
        ({"after": 5}, [6, 7, 8]),
        ({"after": 2, "every": 2, "times": 2}, [4, 6]),
        ({"method": "GET"}, []),
        ({"method": "post", "path": r"/persons$"}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"path": r"/notes"}, []),
    ],
)
def test_a_rule_counts_its_matches(rule, failed):
    faults = Faults()
    faults.add({"api": "pipedrive", "kind": "error_500", **rule})
    hits = [
        number
        for number in range(1, 9)
        if faults.choose("pipedrive", "POST", "/api/v2/persons") is not None
    ]
    assert hits == failed
    assert faults.choose("cliniko", "POST", "/api/v2/persons") is None


def test_the_first_rule_that_hits_decides():
    faults = Faults()
    faults.add({"api": "cliniko", "kind": "slow", "times": 1})
    faults.add({"api": "cliniko", "kind": "error_500"})
    chosen = [faults.choose("cliniko", "GET", "/") for _ in range(2)]
    assert [rule.kind for rule in chosen if rule] == ["slow", "error_500"]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"api": "cliniko"}, "kind"),
        ({"api": "cliniko", "kind": "explode"}, "kind must be one of"),
        ({"api": "xero", "kind": "slow"}, "api must be one of"),
        ({"api": "cliniko", "kind": "slow", "evry": 3}, "unknown key evry"),
        ({"api": "cliniko", "kind": "slow", "every": 0}, "every must be 1 or more"),
        ({"api": "cliniko", "kind": "slow", "every": "x"}, "every must be a whole number"),
        ({"api": "cliniko", "kind": "slow", "times": True}, "times must be a whole number"),
        ({"api": "cliniko", "kind": "slow", "after": -1}, "after must be 0 or more"),
        ({"api": "cliniko", "kind": "slow", "seconds": "1"}, "seconds must be a number"),
        ({"api": "cliniko", "kind": "slow", "seconds": -0.5}, "seconds must be a number"),
        ({"api": "cliniko", "kind": "slow", "path": 5}, "path must be a text"),
        ({"api": "cliniko", "kind": "slow", "path": "("}, "not a regular expression"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(sandbox, rule, reason):
    with pytest.raises(BadRuleError, match=reason):
        Faults().add(rule)
    with pytest.raises(ControlError, match=reason):
        sandbox.fault(**rule)


@given(times=st.lists(st.floats(0, 20), max_size=30), seconds=st.sampled_from([0.5, 2.0, 7.0]))
def test_the_worst_window_is_the_worst_of_all_windows(times, seconds):
    journal = Journal()
    for t in times:
        journal.add("pipedrive", "GET", "/", "", 200, 1, None, t=t)
    naive = max((sum(t - seconds < u <= t for u in times) for t in times), default=0)
    assert journal.worst_window("pipedrive", seconds) == naive
    assert journal.worst_window("cliniko", seconds) == 0
    assert [row["t"] for row in journal.rows()] == sorted(times)
