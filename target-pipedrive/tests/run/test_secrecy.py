"""Whatever goes wrong, nothing of a record and no credential is told, at any level of the log."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from .conftest import script, text
from .test_process import COMMAND, TIMEOUT

SLOW = pytest.mark.slow

PRIVATE = (
    "Quillon",
    "Xanthippe",
    "quillon@private.example",
    "0491 570 006",
    "491570006",
    "Zymurgy",
    "1971-12-13",
    "Ombrophile",
    "Wharfinger",
    "Kenspeckle",
    "Pettifogger",
    "Sphygmometer",
    "sandbox-token",
)

FILE = {
    "id": "4106",
    "patient_id": "4100",
    "filename": "Quillon Xanthippe MRI Pettifogger.pdf",
    "content_state": "ready",
    "content_uri": "file:///nowhere/Pettifogger.pdf",
    "sha256": "0" * 64,
    "content_size": 9,
}
# Few of each: the target waits before it asks again.
FAULTS = {
    "none": None,
    "lost answers": {"kind": "drop_after", "every": 3, "times": 4},
    "servers down": {"kind": "error_500", "every": 2, "method": "POST", "times": 4},
    "pages": {"kind": "html_200", "every": 3, "times": 4},
    "blocked": {"kind": "html_403", "after": 14},
    "halves": {"kind": "half_json", "every": 3, "times": 4},
    "other shapes": {"kind": "wrong_shape", "after": 12},
    "too many": {"kind": "bare_429", "times": 2},
}
BROKEN = """
stream: patients
object: person
key: id
key_field: Private key
fields:
  name: int(first_name)
---
stream: communications
object: note
key: id
parents:
  person_id: ref('patients', patient_id)
title: 1 + content
body: content
"""


def told(config, lines):
    done = subprocess.run(
        [COMMAND, "--config", config],
        input=lines,
        capture_output=True,
        text=True,
        timeout=TIMEOUT * 2,
        env=os.environ | {"TARGET_PIPEDRIVE_LOGLEVEL": "DEBUG", "PYTHONASYNCIODEBUG": "1"},
        check=False,
    )
    return done.returncode, done.stderr + done.stdout


def assert_secret(log, *more):
    for value in (*PRIVATE, "4106.pdf", "nowhere", *more):
        assert value not in log, value


@pytest.fixture
def configured(settings, tmp_path):
    def write(**extra):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(settings | extra))
        return path

    return write


@pytest.fixture
def messages():
    (found,) = script("private")
    return [
        *found[:-1],
        {"type": "RECORD", "stream": "patient_attachments", "record": FILE},
        found[-1],
    ]


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    "fault",
    [
        name if name in {"none", "lost answers", "blocked"} else pytest.param(name, marks=SLOW)
        for name in FAULTS
    ],
)
def test_faults_of_the_network_tell_nothing(fault, configured, messages, sandbox):
    if FAULTS[fault]:
        sandbox.fault(api="pipedrive", **FAULTS[fault])
    try:
        _, log = told(configured(), text(messages))
    finally:
        sandbox.clear_faults()
    assert "users.me" in log
    assert_secret(log)


def test_rejects_of_a_mapping_tell_nothing(configured, messages, tmp_path):
    folder = tmp_path / "mapping"
    folder.mkdir()
    (folder / "all.yml").write_text(BROKEN)
    code, log = told(configured(mapping=str(folder)), text(messages))
    assert code in {0, 2}
    assert "all.yml" in log
    assert_secret(log)


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "RECORD", "stream": "patients", "record": {"first_name": "Quillon"',
        '{"type": "RECORD", "stream": "Quillon", "record": "Quillon"}',
        '{"type": "Quillon"}',
        "Quillon",
        '{"type": "SCHEMA", "stream": "s", "schema": "Quillon"}',
        '{"type": "STATE", "value": "Quillon"}',
    ],
)
def test_input_that_is_none_tells_nothing(configured, line):
    code, log = told(configured(), line + "\n")
    assert code == 1
    assert "Line 1" in log
    assert_secret(log)


def test_an_unforeseen_record_tells_nothing(configured, messages):
    odd = [
        message
        | {"record": {**{key: {"Quillon": "Zymurgy"} for key in message["record"]}, "id": n}}
        for n, message in enumerate(messages)
        if message["type"] == "RECORD"
    ]
    _, log = told(configured(), text([*odd, messages[-1]]))
    assert_secret(log)


def test_a_refused_token_is_not_told(configured, messages):
    code, log = told(configured(api_token="wrong-Quillon"), text(messages))
    assert code == 3
    assert_secret(log)
