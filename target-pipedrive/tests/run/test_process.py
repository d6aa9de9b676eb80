"""The command as a process: exit codes, signals, state in time, and what it never says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import script, text

COMMAND = Path(sys.executable).with_name("target-pipedrive")
TIMEOUT = 30.0


@pytest.fixture
def config(settings, tmp_path):
    """Write a configuration file; return a function that writes it anew with other settings."""

    def write(**extra):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(settings | extra))
        return path

    return write


def run(config, lines, **environment):
    return subprocess.run(
        [COMMAND, "--config", config],
        input=lines,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=os.environ | environment,
        check=False,
    )


@contextmanager
def started(config):
    process = subprocess.Popen(
        [COMMAND, "--config", config],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=TIMEOUT)


def wait_until(met, *, seconds=TIMEOUT):
    """Wait for something to be so; return how long it took."""
    began = time.monotonic()
    while not met():
        assert time.monotonic() - began < seconds, "it did not come to pass"
        time.sleep(0.02)
    return time.monotonic() - began


def created(sandbox):
    """Return how many persons were created."""
    log = sandbox.log()
    return sum(
        row["method"] == "POST" and row["path"] == "/api/v2/persons" and row["status"] < 300
        for row in log
    )


@pytest.mark.parametrize(
    ("name", "extra", "code", "told"),
    [
        ("stopped_by_practitioner", {"unmatched_practitioners": "stop"}, 2, "practitioners 2402"),
        ("many_rejects", {"max_rejects": 0}, 6, "`max_rejects`"),
    ],
)
def test_what_ends_a_run_has_its_exit_code(config, name, extra, code, told):
    done = run(config(**extra), text(script(name)[0]))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert told in done.stderr


def with_states(messages):
    """Tell after each record how many were sent."""
    return text(
        [
            line
            for number, message in enumerate(messages, 1)
            for line in (message, {"type": "STATE", "value": {"seen": number}})
        ]
    )


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_loses_nothing_and_doubles_nothing(config, loader, account, sandbox, signum, code):
    (messages,) = script(f"stopped_by_{signal.Signals(signum).name.lower()}")
    patients = [row["record"]["id"] for row in messages if row["type"] == "RECORD"]
    lines = with_states(messages[:-1])
    sandbox.clear_log()
    sandbox.fault(api="pipedrive", kind="slow", seconds=0.3, path="/persons", method="POST")
    try:
        with started(config()) as process:
            process.stdin.write(lines)
            process.stdin.flush()  # and not closed: more might come
            wait_until(lambda: created(sandbox) > 0)
            process.send_signal(signum)
            out, log = process.communicate(timeout=TIMEOUT)
    finally:
        sandbox.clear_faults()
    assert process.returncode == code, log
    assert "Traceback" not in log
    states = [json.loads(line) for line in out.splitlines()]
    seen = states[-1]["seen"] if states else 0
    for patient in patients[:seen]:
        assert len(account.people(patient)) == 1, f"the state is ahead of patient {patient}"

    loader.load(messages)
    assert [len(account.people(patient)) for patient in patients] == [1] * len(patients)


def test_the_state_is_not_ahead_of_writes_under_way(config, account, sandbox):
    (messages,) = script("slow_writes")
    patients = [row["record"]["id"] for row in messages[:-1]]
    sandbox.clear_log()
    sandbox.fault(api="pipedrive", kind="slow", seconds=4, path="/persons", method="POST", after=5)
    try:
        with started(config()) as process:
            process.stdin.write(with_states(messages[:-1]))
            process.stdin.flush()
            wait_until(lambda: created(sandbox) == 5)
            time.sleep(1.2)  # longer than state may take
            stand = [len(account.people(patient)) for patient in patients]
            process.kill()
            out, log = process.communicate(timeout=TIMEOUT)
    finally:
        sandbox.clear_faults()
    states = [json.loads(line) for line in out.splitlines()]
    seen = states[-1]["seen"] if states else 0
    assert sum(stand) == 5, log
    assert stand[:seen] == [1] * seen, f"the state is ahead: {seen} of {stand}"


def test_state_leaves_while_the_run_goes_on(config):
    messages, more = script("slow_input")
    with started(config()) as process:
        process.stdin.write(text(messages))
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"run": 1}
        began = time.monotonic()
        process.stdin.write(text(more))
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"run": 2}
        assert time.monotonic() - began < 2
        assert process.poll() is None
        _, log = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, log


def test_a_second_signal_ends_the_run_at_once(config, sandbox):
    sandbox.clear_log()
    sandbox.fault(api="pipedrive", kind="hang", seconds=TIMEOUT, path="/persons", method="POST")
    try:
        with started(config()) as process:
            process.stdin.write(text(script("signalled_twice")[0]))
            process.stdin.flush()
            wait_until(lambda: any(rule["fired"] for rule in sandbox.faults()))
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            assert process.poll() is None  # it waits for what is under way
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            _, log = process.communicate(timeout=TIMEOUT)
            assert time.monotonic() - began < 5
    finally:
        sandbox.clear_faults()
    assert process.returncode == 130, log
    assert "Traceback" not in log
