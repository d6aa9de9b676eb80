"""No key, no signed address and no value of a patient in any log, however loud it is."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys

import pytest
from fake_cliniko import EMAIL

testing = pytest.importorskip("sandbox.testing")

KEY = "sandbox-key-au1"
PRIVATE = re.compile(
    r"(first_name|last_name|email|filename|number|date_of_birth|address_1|content|name|notes)$"
)
LOUD = {
    "TAP_CLINIKO_LOGLEVEL": "DEBUG",
    "LOGLEVEL": "DEBUG",
    "SINGER_SDK_LOG_LEVEL": "DEBUG",
}
PEOPLE = ("patients", "contacts", "medical_alerts", "treatment_notes", "patient_attachments")
KINDS = ("error_500", "truncated_json", "wrong_shape", "reset_midway", "retry_after_429")


def values(thing, name=""):
    """Every text that says something of somebody."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from values(value, key)
    elif isinstance(thing, list):
        for value in thing:
            yield from values(value, name)
    elif isinstance(thing, str) and PRIVATE.search(name) and len(thing) > 5:
        yield thing


def run(code: str, config: dict, folder) -> subprocess.CompletedProcess[str]:
    (folder / "config.json").write_text(json.dumps(config))
    return subprocess.run(
        [sys.executable, "-c", code, "--config", str(folder / "config.json")],
        cwd=folder,
        env={**os.environ, **LOUD},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


LOUD_MAIN = """
import http.client, logging
from tap_cliniko.cli import main
logging.getLogger().setLevel(logging.DEBUG)
for name in ("urllib3", "requests", "tap-cliniko", "fsspec"):
    logging.getLogger(name).setLevel(logging.DEBUG)
main()
"""


def test_the_loudest_log_tells_of_nobody(tmp_path):
    with testing.running(patients=40) as sandbox:
        for kind in KINDS:
            sandbox.fault(api="cliniko", kind=kind, path="/patients$", times=1, seconds=1)
        sandbox.fault(api="storage", kind="expired_link", times=2)
        config = {
            "api_key": KEY,
            "api_url": sandbox.cliniko,
            "contact_email": EMAIL,
            "attachments_dir": str(tmp_path / "spool"),
        }
        done = run(LOUD_MAIN, config, tmp_path)
        streams = sandbox.dump()["cliniko"]["streams"]
        asked = [entry["query"] for entry in sandbox.log() if entry["api"] == "storage"]
    signed = {word for query in asked for word in re.findall(r"\w{16,}", str(query))}
    assert done.returncode == 0, done.stderr[-2000:]
    log = done.stderr
    assert "trying again" in log
    assert "DEBUG" in log
    private = {text for name in PEOPLE for row in streams[name] for text in values(row)}
    assert len(private) > 200
    assert signed
    assert KEY not in log
    assert base64.b64encode(f"{KEY}:".encode()).decode() not in log
    assert not {word for word in signed if word in log}
    told = {text for text in private if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", log)}
    # What is an ordinary word of the log itself says nothing of anybody.
    assert not {text for text in told if not re.fullmatch(r"[a-z_ ]+", text)}


UNFORESEEN = """
from tap_cliniko import shape
from tap_cliniko.cli import main
def broken(self, row):
    return int(str(row))
shape.Shape.__call__ = broken
main()
"""


def test_an_unforeseen_fault_names_its_place_and_no_value(server, tmp_path):
    done = run(UNFORESEEN, server.config(), tmp_path)
    assert done.returncode == 1, done.stderr[-1500:]
    assert "unexpected" in done.stderr, done.stderr[-1500:]
    (line,) = [
        line for line in done.stderr.splitlines() if "| ERROR" in line and "unexpected" in line
    ]
    assert "ValueError" in line
    assert "broken" in line
    assert "Traceback" not in done.stderr
    assert "'AU'" not in done.stderr
    assert "u@example.com" not in done.stderr
