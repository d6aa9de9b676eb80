"""The sandbox as a process: started, found again, stopped, gone on with."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.cli import main
from sandbox.client import Control, ControlError
from sandbox.faults import KINDS
from sandbox.testing import running

README = (Path(__file__).parents[1] / "README.md").read_text()


@dataclass
class Ended:
    exit_code: int
    output: str


@pytest.fixture
def sandbox(tmp_path):
    """Run commands of the sandbox on a run folder of their own; stop what is left running."""
    folder = tmp_path / "run"

    def command(name, *arguments):
        typed = [sys.executable, "-m", "sandbox", name, *arguments, "--run-dir", str(folder)]
        ended = subprocess.run(typed, capture_output=True, text=True, check=False, timeout=120)
        return Ended(ended.returncode, ended.stdout + ended.stderr)

    yield command
    command("stop")


def about(sandbox):
    found = sandbox("status")
    assert found.exit_code == 0, found.output
    return Control(re.search(r"control +(\S+)", found.output).group(1))


def start(sandbox, *arguments):
    started = sandbox("start", "--port", "0", "--patients", "8", *arguments)
    assert started.exit_code == 0, started.output
    return started.output


def last_name(control, key):
    patients = control.dump()["cliniko"]["streams"]["patients"]
    return next(row["last_name"] for row in patients if row["id"] == key)


def test_it_is_started_found_stopped_and_goes_on(sandbox):
    assert "sandbox-key-au1" in start(sandbox)
    assert "already running" in start(sandbox)
    control = about(sandbox)
    key = control.edit("rename_patient", last_name="Kept")["changed"][0]["id"]
    assert "goes on from" in sandbox("stop").output
    stopped = sandbox("status")
    assert (stopped.exit_code, "not running" in stopped.output) == (1, True)
    assert "not running" in sandbox("stop").output
    assert "goes on from" in start(sandbox)
    assert last_name(about(sandbox), key) == "Kept"
    assert "goes on from" not in start(sandbox, "--fresh")
    assert last_name(about(sandbox), key) != "Kept"


def test_commands_look_in_and_change(sandbox, tmp_path):
    start(sandbox)
    edited = sandbox("edit", "rename_patient", "last_name=Typed")
    assert edited.output.startswith("changed patients ")
    key = edited.output.split()[-1]
    out = tmp_path / "dump.json"
    assert sandbox("dump", "--out", str(out)).exit_code == 0
    streams = json.loads(out.read_text())["cliniko"]["streams"]
    assert next(row for row in streams["patients"] if row["id"] == key)["last_name"] == "Typed"
    printed = sandbox("dump").output
    assert json.loads(printed)["cliniko"]["streams"] == streams
    assert sum('"last_name": "Typed"' in line for line in printed.splitlines()) == 1
    rules = sandbox("fault", "api=pipedrive", "kind=drop_after", "method=POST", "every=7")
    assert json.loads(rules.output)[0]["every"] == 7
    assert json.loads(sandbox("fault", "--clear").output) == []
    assert json.loads(sandbox("limits", "cliniko_per_minute=77").output)["cliniko_per_minute"] == 77
    assert json.loads(sandbox("stats").output)["limits"]["cliniko_per_minute"] == 77
    assert sandbox("edit", "explode").exit_code == 1
    assert sandbox("edit", "cancel_appointment", "note=007", "bump=true").exit_code == 0
    streams = about(sandbox).dump()["cliniko"]["streams"]
    assert any(row["cancellation_note"] == "007" for row in streams["individual_appointments"])
    slow = json.loads(sandbox("fault", "api=cliniko", "kind=slow", "seconds=0.5").output)
    assert slow[0]["seconds"] == 0.5
    assert "write NAME=VALUE" in sandbox("edit", "rename_patient", "Typed").output


def test_the_check_finds_nothing_migrated_yet(sandbox):
    start(sandbox)
    checked = sandbox("check")
    assert checked.exit_code == 1
    assert "person" in checked.output


@pytest.mark.parametrize("name", ["dump", "stats", "check", "edit", "fault", "limits"])
def test_a_command_without_a_running_sandbox_says_what_to_type(sandbox, name):
    arguments = ("rename_patient",) if name == "edit" else ()
    answer = sandbox(name, *arguments)
    assert answer.exit_code == 1
    assert "start it with `sandbox start`" in answer.output


def test_a_taken_port_is_named(sandbox):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = sandbox("start", "--port", str(min(port, 65532)))
    assert answer.exit_code == 1
    assert f"port {port} (control) is taken" in answer.output
    assert "--port" in answer.output


def test_a_broken_snapshot_is_named(sandbox, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "snapshot.pickle").write_bytes(b"nonsense")
    answer = sandbox("start", "--port", "0")
    assert answer.exit_code == 1
    assert "--fresh" in answer.output


def test_a_stale_run_file_is_no_running_sandbox(sandbox, tmp_path):
    with running(patients=1) as other:
        (tmp_path / "run").mkdir()
        known = {"control": other.control, "pid": os.getpid()}
        (tmp_path / "run" / "sandbox.json").write_text(json.dumps(known))
        assert "not running" in sandbox("status").output
        assert "not running" in sandbox("stop").output
        assert other.about()["pid"] == other.pid


def test_a_killed_sandbox_is_recognised_and_started_anew(sandbox):
    start(sandbox)
    os.kill(about(sandbox).about()["pid"], signal.SIGKILL)
    assert "not running" in sandbox("status").output
    assert "start it with `sandbox start`" in sandbox("stats").output
    assert "The sandbox is running." in start(sandbox)


def test_another_service_on_its_port_is_no_running_sandbox(sandbox, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        known = {"control": f"http://127.0.0.1:{other.getsockname()[1]}", "pid": 1}
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "sandbox.json").write_text(json.dumps(known))
        with subprocess.Popen(
            [sys.executable, "-m", "sandbox", "status", "--run-dir", str(tmp_path / "run")],
            stdout=subprocess.PIPE,
            text=True,
        ) as asking:
            other.settimeout(30)
            asked, _ = other.accept()
            with asked:
                asked.sendall(b"220 mail.example.com ESMTP\r\n")
            said, _ = asking.communicate(timeout=30)
    assert "not running" in said


def test_starting_and_its_child_part_without_a_word(sandbox, tmp_path):
    typed = [sys.executable, "-W", "error", "-m", "sandbox", "start", "--port", "0"]
    started = subprocess.run(
        [*typed, "--patients", "3", "--run-dir", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert started.stderr == ""
    assert sandbox("status").exit_code == 0


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux to look")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 1), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupted_start_leaves_no_orphan(sandbox, tmp_path, number, code):
    folder = tmp_path / "run"
    typed = [sys.executable, "-m", "sandbox", "start", "--port", "0", "--patients", "5000"]
    with subprocess.Popen(
        [*typed, "--run-dir", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as starting:
        children = Path(f"/proc/{starting.pid}/task/{starting.pid}/children")
        deadline = time.monotonic() + 30
        while not (folder / "snapshot.lock").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        child = int(children.read_text())
        starting.send_signal(number)
        assert starting.wait(30) == code
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert not (folder / "sandbox.json").exists()
    assert "not running" in sandbox("status").output


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head():
    with running(patients=1) as sandbox:
        connection = http.client.HTTPConnection(sandbox.pipedrive.removeprefix("http://"))
        taken = []
        for _ in range(15):
            begun = time.perf_counter()
            connection.request("GET", "/api/v2/persons", headers={"x-api-token": "sandbox-token"})
            assert json.loads(connection.getresponse().read())["success"]
            taken.append(time.perf_counter() - begun)
        connection.close()
    assert statistics.median(taken) < 0.03  # a delayed acknowledgement takes 0.04 s


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="needs Linux to look")
def test_it_listens_on_loopback_only():
    with running(patients=1) as sandbox:
        lines = Path(f"/proc/{sandbox.pid}/net/tcp").read_text().splitlines()[1:]
        inodes = {
            link.readlink().name.partition("[")[2].rstrip("]")
            for link in Path(f"/proc/{sandbox.pid}/fd").iterdir()
            if link.readlink().name.startswith("socket:")
        }
        listening = [
            line.split()[1]
            for line in lines
            if line.split()[3] == "0A" and line.split()[9] in inodes
        ]
    assert len(listening) == 4
    assert all(address.startswith("0100007F:") for address in listening)


def test_options_reach_the_accounts():
    with running(
        patients=3, plan="lite", seats=2, daily_tokens=777, cliniko_per_minute=9
    ) as sandbox:
        limits = sandbox.limits()
        assert limits["cliniko_per_minute"] == 9
        assert (limits["plan"], limits["seats"], limits["daily_tokens"]) == ("lite", 2, 777)
        assert len(sandbox.dump()["cliniko"]["streams"]["patients"]) == 3
        with pytest.raises(ControlError, match="unknown limit"):
            sandbox.limits(daily=5)
        with pytest.raises(ControlError, match="at least 1"):
            sandbox.limits(cliniko_per_minute=0)


def test_a_helper_that_cannot_start_says_why():
    with pytest.raises(RuntimeError, match="plan"), running(plan="gold"):
        pass


def test_the_same_now_gives_the_same_clinic():
    now = "2026-03-09T04:30:17+00:00"
    with running(patients=5, now=now) as one, running(patients=5, now=now) as two:
        assert one.dump()["cliniko"] == two.dump()["cliniko"]


def test_the_module_runs_as_the_command():
    shown = subprocess.run(
        [sys.executable, "-m", "sandbox", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    assert "Simulate Cliniko and Pipedrive" in shown


@pytest.mark.parametrize("name", sorted(main.commands))
def test_the_readme_names_every_command_and_option(name):
    assert f"`sandbox {name}" in README
    for option in main.commands[name].params:
        if option.opts[0].startswith("--") and option.name != "help":
            assert f"`{option.opts[0]}" in README, option.opts[0]


def test_the_readme_names_every_fault():
    assert [kind for kind in KINDS if f"`{kind}`" not in README] == []
