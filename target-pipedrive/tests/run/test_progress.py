"""How far a run is: on its terminal, in its log, and read from its ledger by `watch`."""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from target_pipedrive.cli import command_line
from target_pipedrive.ledger import Ledger
from target_pipedrive.ledger.opening import connect, is_held
from target_pipedrive.progress import Look, Picture, progress

from .conftest import text

COMMAND = Path(sys.executable).with_name("target-pipedrive")
TIMEOUT = 120.0
_numbers = itertools.count(881_000)


def patients(number):
    """Return so many patients that no other test knows, the last of them without a key."""
    made = {"created_at": "2024-03-01T00:00:00Z", "last_name": "Zymurgy"}
    rows = [{**made, "id": str(next(_numbers)), "first_name": f"P{at}"} for at in range(number)]
    rows[-1]["id"] = ""
    return [{"type": "RECORD", "stream": "patients", "record": row} for row in rows]


def watch(settings, *options, code=0):
    """Run the command with a loader's settings; return what it told."""
    env = {f"TARGET_PIPEDRIVE_{name.upper()}": str(value) for name, value in settings.items()}
    result = CliRunner().invoke(command_line(), ["watch", *options], env=env)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


@contextmanager
def running(settings, tmp_path, *, stderr=subprocess.DEVNULL):
    """Start a loader that has read some patients and waits for more."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings))
    process = subprocess.Popen(
        [COMMAND, "--config", config],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        text=True,
    )
    try:
        process.stdin.write(text(patients(8)))
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.communicate(timeout=TIMEOUT)


def wait_for(words, tell):
    """Ask until the words are told; return all that was told."""
    deadline = time.monotonic() + TIMEOUT
    while words not in (told := tell()):
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    return told


def begun(settings):
    """Wait until a loader has begun its ledger."""

    def tell():
        try:
            ledger = Ledger(settings["ledger"], "", alone=False)
        except Exception:  # noqa: BLE001 - it is being made
            return "not yet"
        try:
            return "begun" if ledger.book.noted("progress") else "not yet"
        finally:
            ledger.close()

    wait_for("begun", tell)


def rows(told):
    return [" ".join(line.split()) for line in told.splitlines()]


# from the ledger


def followed(settings, tmp_path):
    """See a run go on, be killed, and be finished by another."""
    with running(settings, tmp_path) as process:
        begun(settings)
        told = wait_for("person 7 · 1", lambda: "\n".join(rows(watch(settings, "--once"))))
        assert "goes on" in told
        assert "patients 8 ·" in told
        assert "tokens spent today" in told
        assert "The run goes on; it noted this" in told
        process.kill()
        process.wait(TIMEOUT)
    told = wait_for("was killed", lambda: watch(settings))
    assert "No run is on. The last one was killed: it was heard of last at 20" in told
    assert "Run it again: it goes on from there" in told
    with running(settings, tmp_path) as process:
        process.stdin.close()
        assert process.wait(TIMEOUT) == 0
        process.stdin = None
    told = watch(settings)
    assert "has ended" in told
    assert "The last one ended at 20" in told
    assert told.rstrip().endswith("UTC: all that was read is settled.")


def test_a_run_is_watched_from_its_ledger(settings, tmp_path):
    followed(settings, tmp_path)


def test_a_run_is_watched_from_postgresql(settings, tmp_path, postgres):
    followed(settings | {"ledger": postgres.url}, tmp_path)


def test_watching_follows_a_run_to_its_end(settings, tmp_path):
    with running(settings, tmp_path) as process:
        begun(settings)
        config = tmp_path / "config.json"
        watching = subprocess.Popen(
            [COMMAND, "watch", "--config", config, "--interval", "0.2"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            first = watching.stdout.readline()
            process.send_signal(signal.SIGTERM)
            rest, _ = watching.communicate(timeout=TIMEOUT)
        finally:
            watching.kill()
    assert re.match(r"\d+ s: \d+ records read, \d+ objects written \([\d.]+/s\)", first)
    assert rest.rstrip().endswith("UTC: it was asked to stop.")
    assert watching.returncode == 0


def test_without_a_run_that_is_told(settings):
    Ledger(settings["ledger"], "by hand").close()
    assert watch(settings) == "No run is on; none was yet.\n"
    ledger = Ledger(settings["ledger"], "by hand")
    try:
        assert watch(settings) == "A run begins.\n"
    finally:
        ledger.close()


def test_without_a_ledger_that_is_told(settings):
    env = {f"TARGET_PIPEDRIVE_{name.upper()}": str(value) for name, value in settings.items()}
    result = CliRunner().invoke(command_line(), ["watch"], env=env)
    assert "There is no ledger at" in str(result.exception)


def test_another_run_that_begins_is_told(settings, loader):
    loader.load([*patients(2), {"type": "STATE", "value": {"run": 1}}])
    url = settings["ledger"]
    ledger = Ledger(url, "next")
    old = Picture.loads(ledger.book.noted("progress"))
    changed = json.loads(old.dumps()) | {"at": old.at - 60}
    ledger.book.note("progress", json.dumps(changed))
    ledger.close()
    assert "No run is on" in watch(settings)
    ledger = Ledger(url, "next")
    try:
        assert "Another run begins" in watch(settings, "--once")
    finally:
        ledger.close()


def test_to_look_does_not_hold_a_loader_up(settings):
    """Whoever writes keeps the lock while others ask for it."""
    url = settings["ledger"]
    ledger = Ledger(url, "writes")
    opened = connect(url, alone=False)
    assert is_held(url, opened.connection)
    ledger.close()
    assert not is_held(url, opened.connection)
    opened.let_go()
    Look(url).close()
    Ledger(url, "writes again").close()


def test_what_is_noted_holds_no_values(settings, loader):
    loader.load([*patients(3), {"type": "STATE", "value": {"run": 1}}])
    ledger = Ledger(settings["ledger"], "", alone=False)
    noted = ledger.book.noted("progress")
    ledger.close()
    assert "Zymurgy" not in noted
    picture = Picture.loads(noted)
    assert (picture.read, picture.written) == ({"patients": 3}, {"person": 2})
    assert picture.rejected == {"person": 1}
    assert picture.mode == "apply"
    assert picture.tokens > 0


# in the log


def test_without_a_terminal_a_line_is_logged_now_and_then(loader, monkeypatch, sandbox):
    monkeypatch.setattr(progress, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    sandbox.fault(api="pipedrive", kind="slow", seconds=1.5, path="/persons", method="POST")
    try:
        run = loader.load([*patients(3), {"type": "STATE", "value": {"run": 1}}])
    finally:
        sandbox.clear_faults()
    assert re.search(r" \d s: 3 records read, 0 objects written \(0\.0/s\), 1 rejected; ", run.log)
    assert "Next: 1 records stand rejected, see why: target-pipedrive rejects" in run.log
    assert "Next: read back what was written, field by field" in run.log


# on a terminal


def test_a_terminal_shows_it_below_the_log(settings, tmp_path):
    leader, follower = pty.openpty()
    settings = settings | {"unmatched_practitioners": "default_owner"}
    env = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    said = b""
    old = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        with running(settings, tmp_path, stderr=follower) as process:
            os.close(follower)
            deadline = time.monotonic() + TIMEOUT
            while b"\x1b[2K" not in said or b"goes on" not in said:
                assert time.monotonic() < deadline, said
                said += read(leader)
            process.stdin.close()
            while process.poll() is None or select.select([leader], [], [], 0.2)[0]:
                assert time.monotonic() < deadline, said
                if not (more := read(leader)):
                    break
                said += more
            assert process.wait(TIMEOUT) == 0
            process.stdin = None
    finally:
        os.close(leader)
        for name, value in old.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    screen = drawn(said.decode())
    # What was logged stands above the last picture and is whole; below it comes the summary.
    at = {
        words: next(n for n, row in enumerate(screen) if words in row)
        for words in (
            "rejected as no_key",
            "stream",
            "person",
            "tokens spent today",
            "Summary: ",
            "Next: ",
        )
    }
    assert sorted(at, key=at.get) == list(at)
    assert sum("objects a second" in row for row in screen) == 1
    assert b"\x1b[?25h" in said  # the cursor is shown again


def read(leader):
    if not select.select([leader], [], [], 0.2)[0]:
        return b" "[:0]
    try:
        return os.read(leader, 65_536)
    except OSError:  # the other end is closed
        return b""


def drawn(output):
    """Return the rows that a terminal without a bottom would show."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", output):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            while len(lines) <= row:
                lines.append("")
        elif part.startswith("\x1b"):
            if part.endswith("A"):
                row -= int(part[2:-1] or 1)
            elif part == "\x1b[2K":
                lines[row] = ""
        else:
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return lines


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_be_drawn_on_gets_lines(term, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", term)
    leader, follower = pty.openpty()
    try:
        with running(settings, tmp_path, stderr=follower) as process:
            os.close(follower)
            process.stdin.close()
            said = b""
            while process.poll() is None:
                said += read(leader)
            process.stdin = None
    finally:
        os.close(leader)
    assert b"\x1b[" not in said
