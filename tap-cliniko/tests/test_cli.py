"""The command as a user types it: exit codes, one line for each fault, signals, resuming."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from fake_cliniko import KEY

from tap_cliniko.streams import STREAMS


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tap_cliniko", *arguments]


def run(tmp_path, config, state=None, *more):
    (tmp_path / "config.json").write_text(json.dumps(config))
    arguments = ["--config", str(tmp_path / "config.json"), *more]
    if state is not None:
        (tmp_path / "state.json").write_text(json.dumps(state))
        arguments += ["--state", str(tmp_path / "state.json")]
    done = subprocess.run(
        command(*arguments), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert KEY not in done.stderr
    assert "Traceback" not in done.stderr
    return done


def faults(done) -> list[str]:
    return [line for line in done.stderr.splitlines() if "| ERROR" in line]


def messages(output: str, kind: str) -> list[dict]:
    return [m for m in map(json.loads, output.splitlines()) if m["type"] == kind]


def test_a_whole_run(server, tmp_path):
    done = run(tmp_path, server.config())
    assert done.returncode == 0
    order = [message["stream"] for message in messages(done.stdout, "SCHEMA")]
    assert order[0] == "public_settings"
    assert order.index("invoices") < order.index("patients") < order.index("attendees")
    records = {
        (m["stream"], m["record"].get("id")): m["record"] for m in messages(done.stdout, "RECORD")
    }
    assert ("public_settings", "77") in records
    assert records["practitioners", "2"]["active"] is False
    assert records["appointment_types", "2"]["archived_at"]
    assert records["communications", "2"]["content"] is None
    assert records["communications", "1"]["content"] == "Hello"
    assert records["products", "1"]["stock_level"] == "3"
    appointment = records["individual_appointments", "1"]
    assert appointment["patient_id"] == "1"
    assert appointment["repeated_from_id"] is None
    assert not {"repeats", "conflicts", "telehealth_url", "patient"} & appointment.keys()
    assert (tmp_path / "output" / "attachments").is_dir()
    assert len(server.log) <= 50

    again = run(tmp_path, server.config(), messages(done.stdout, "STATE")[-1]["value"])
    emitted = {message["stream"] for message in messages(again.stdout, "RECORD")}
    assert "patients" not in emitted
    assert "users" in emitted


@pytest.mark.parametrize(
    ("change", "code", "lines"),
    [
        ({"api_key": None, "contact_email": "x"}, 2, ["api_key is missing", "contact_email is"]),
        ({"api_url": "http://example.com"}, 2, ["api_url is neither https"]),
        ({"api_key": "wrong-au2"}, 3, ["the API key is refused by"]),
        ({"attachments_dir": "/proc/nowhere"}, 2, ["attachments_dir /proc/nowhere cannot be"]),
        ({"api_url": "http://127.0.0.1:9"}, 1, ["the first contact with http://127.0.0.1:9/v1"]),
    ],
)
def test_each_fault_of_the_user_is_one_line(server, tmp_path, change, code, lines):
    done = run(tmp_path, server.config(**change))
    assert done.returncode == code
    assert len(faults(done)) == len(lines)
    for fault, line in zip(faults(done), lines, strict=True):
        assert line in fault


def test_a_stream_the_key_may_not_see_is_left_out(server, tmp_path):
    server.forbidden, server.role = {"treatment_notes", "users", "patients"}, "receptionist"
    done = run(tmp_path, server.config())
    assert done.returncode == 0
    assert "treatment_notes is not visible to this key (HTTP 403, role receptionist)" in done.stderr
    streams = {message["stream"] for message in messages(done.stdout, "RECORD")}
    assert not server.forbidden & streams
    assert {"practitioners", "patient_attachments"} <= streams
    state = messages(done.stdout, "STATE")[-1]["value"]["bookmarks"]
    assert "replication_key" not in state["treatment_notes"]

    last = [line for line in done.stderr.splitlines() if "| WARNING" in line][-1]
    assert last.endswith(
        "left out, since they cannot be read with this key: "
        "users (HTTP 403), patients (HTTP 403), treatment_notes (HTTP 403)"
    )
    warned = [line for line in done.stderr.splitlines() if "without saying so" in line]
    assert len(warned) == 1
    assert "has the role receptionist" in warned[0]


def test_an_administrator_is_not_warned_of_missing_rows(server, tmp_path):
    done = run(tmp_path, server.config())
    assert "| WARNING" not in done.stderr


def test_streams_the_key_may_not_see_stop_the_run_before_the_first_record(server, tmp_path):
    server.forbidden, server.role = {"treatment_notes", "users", "patients"}, "receptionist"
    done = run(tmp_path, server.config(when_not_visible="stop"))
    assert done.returncode == 3
    assert messages(done.stdout, "RECORD") == []
    assert len(faults(done)) == 1
    told = "users (HTTP 403), patients (HTTP 403), treatment_notes (HTTP 403); use an admin"
    assert told in faults(done)[0]
    assert len(server.log) <= len(STREAMS) + 3


def test_a_list_that_the_account_lacks_is_told_as_such_and_stops_nothing(server, tmp_path):
    server.faults.append(("recalls|recall_types", "404", 100))
    done = run(tmp_path, server.config(when_not_visible="stop"))
    assert done.returncode == 0
    warnings = [line for line in done.stderr.splitlines() if "| WARNING" in line]
    assert "recall_types is left out: this account does not have it (HTTP 404)" in warnings[0]
    assert warnings[-1].endswith("recall_types (HTTP 404), recalls (HTTP 404)")
    assert len(warnings) == 3


def test_stopping_at_what_is_not_visible_changes_nothing_when_all_is(server, tmp_path):
    usual = run(tmp_path, server.config())
    before = len(server.log)
    strict = run(tmp_path, server.config(when_not_visible="stop"))
    assert strict.returncode == 0
    assert len(messages(strict.stdout, "RECORD")) == len(messages(usual.stdout, "RECORD"))
    assert len(server.log) - before <= before + len(STREAMS) + 3


def test_a_lasting_fault_names_stream_and_cause(server, tmp_path):
    server.faults.append(("invoices", "400", 100))
    done = run(tmp_path, server.config())
    assert done.returncode == 1
    assert faults(done)[0].endswith("/invoices: Cliniko does not accept this query (HTTP 400)")


def test_connection_test_is_quiet(server, tmp_path):
    done = run(tmp_path, server.config(), None, "--test")
    assert done.returncode == 0
    assert faults(done) == []


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_between_records_and_the_next_run_goes_on(server, tmp_path, signum):
    clinic = server.clinic
    clinic.per_page = 20
    for number in range(100, 500):
        clinic.add("patients", number, updated_at=clinic.stamp(number - 100_000))
    server.latency = 0.03
    (tmp_path / "config.json").write_text(json.dumps(server.config()))
    arguments = command("--config", str(tmp_path / "config.json"))
    with (
        (tmp_path / "out").open("w") as out,
        subprocess.Popen(arguments, cwd=tmp_path, stdout=out, stderr=subprocess.PIPE) as process,
    ):
        limit = time.monotonic() + 30
        while len(server.paths("/v1/patients")) < 8:
            assert time.monotonic() < limit
            time.sleep(0.02)
        os.kill(process.pid, signum)
        begin = time.monotonic()
        _, errors = process.communicate(timeout=20)
        assert time.monotonic() - begin < 3
    assert process.returncode == 128 + signum
    assert b"Traceback" not in errors
    output = (tmp_path / "out").read_text()
    first = {m["record"]["id"] for m in messages(output, "RECORD") if m["stream"] == "patients"}
    assert output.splitlines()[-1].startswith('{"type":"STATE"')

    server.latency = 0
    before = len(server.paths("/v1/patients"))
    done = run(tmp_path, server.config(), messages(output, "STATE")[-1]["value"])
    second = {
        m["record"]["id"] for m in messages(done.stdout, "RECORD") if m["stream"] == "patients"
    }
    assert first | second == {row["id"] for row in clinic.lists["patients"]}
    assert len(first & second) <= 21  # what was read since the last full second
    assert len(server.paths("/v1/patients")) - before <= (402 - len(first)) / 19 + 5


def test_a_reader_that_ends_is_no_traceback(server, tmp_path):
    for number in range(100, 2000):
        server.clinic.add("patients", number, notes="x" * 500)
    (tmp_path / "config.json").write_text(json.dumps(server.config()))
    arguments = command("--config", str(tmp_path / "config.json"))
    with subprocess.Popen(
        arguments, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(30) == 1
    assert b"Traceback" not in errors
