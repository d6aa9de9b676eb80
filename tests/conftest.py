"""A whole pipeline as a person would run it: tap and target as processes, joined by a pipe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import running

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TIMEOUT = 240.0


@dataclass
class Result:
    """How a run ended: exit codes, state messages put out by the target, both logs."""

    tap: int | None
    target: int
    states: list[dict[str, Any]] = field(default_factory=list)
    tap_log: str = ""
    target_log: str = ""


class Pipeline:
    """Tap and target against one sandbox, with their own folder and state."""

    def __init__(self, sandbox: Any, folder: Path, **settings: Any) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.state: dict[str, Any] | None = None
        self.tap_config: dict[str, Any] = {
            "api_key": "sandbox-key-au1",
            "api_url": sandbox.cliniko,
            "contact_email": "operator@clinic.example",
            "requests_per_minute": 100_000,
            "attachments_dir": str(folder / "attachments"),
        }
        self.target_config: dict[str, Any] = {
            "api_token": "sandbox-token",
            "api_url": sandbox.pipedrive,
            "mapping": str(ROOT / "transforms"),
            "ledger": f"sqlite:///{folder}/ledger.db",
            "output_dir": str(folder / "output"),
            "files_from": str(folder / "attachments"),
            "subscription": "ultimate",
            "burst": 5_000,
            **settings,
        }

    def tap(self, **extra: Any) -> list[str]:
        command = [
            str(BIN / "tap-cliniko"),
            "--config",
            self._file("tap.json", self.tap_config | extra),
        ]
        if self.state is not None:
            command += ["--state", self._file("state.json", self.state)]
        return command

    def target(self, **extra: Any) -> list[str]:
        config = self._file("target.json", self.target_config | extra)
        return [str(BIN / "target-pipedrive"), "--config", config]

    def record(self) -> Path:
        """Read the clinic once into a file of Singer messages."""
        path = self.folder / "clinic.singer"
        with path.open("w") as out, (self.folder / "tap.log").open("w") as log:
            subprocess.run(
                self.tap(), stdout=out, stderr=log, check=True, timeout=TIMEOUT, cwd=self.folder
            )
        return path

    def load(self, messages: Path, *, kill_after: int | None = None, **extra: Any) -> Result:
        """Feed recorded messages to the target; kill it after so many requests if asked to."""
        with messages.open() as stdin, self._logs("target") as (out, log):
            process = subprocess.Popen(
                self.target(**extra), stdin=stdin, stdout=out, stderr=log, cwd=self.folder
            )
            if kill_after is not None:
                self._let_send(process, kill_after)
                process.kill()
            code = self._wait(process)
        return self._result(None, code)

    def run(
        self, *, stop_after: int | None = None, signum: int = signal.SIGTERM, **extra: Any
    ) -> Result:
        """Run tap into target, keep the state as Meltano would.

        Both get a signal once the target has sent `stop_after` requests, if asked to.
        """
        with self._logs("target") as (out, log), (self.folder / "tap.log").open("w") as tap_log:
            tap = subprocess.Popen(
                self.tap(), stdout=subprocess.PIPE, stderr=tap_log, cwd=self.folder
            )
            target = subprocess.Popen(
                self.target(**extra), stdin=tap.stdout, stdout=out, stderr=log, cwd=self.folder
            )
            tap.stdout.close()
            if stop_after is not None:
                self._let_send(target, stop_after)
                for process in (tap, target):
                    if process.poll() is None:
                        process.send_signal(signum)
            target_code = self._wait(target)
            tap_code = self._wait(tap)
        return self._result(tap_code, target_code)

    def check(self) -> dict[str, Any]:
        """Hold Pipedrive against the clinic, by code that does not know our mapping."""
        return self.sandbox.check()

    def writes(self) -> list[dict[str, Any]]:
        """Return the requests that changed something in Pipedrive."""
        return [
            row
            for row in self.sandbox.log()
            if row["api"] == "pipedrive" and row["method"] != "GET"
        ]

    def _result(self, tap: int | None, target: int) -> Result:
        lines = (self.folder / "target.out").read_text().splitlines()
        states = []
        for line in lines:
            try:
                states.append(json.loads(line))
            except ValueError:  # a line cut by a kill
                assert line is lines[-1]
        if states:
            self.state = states[-1]
        tap_log = self.folder / "tap.log"
        return Result(
            tap,
            target,
            states,
            tap_log.read_text() if tap_log.exists() else "",
            (self.folder / "target.log").read_text(),
        )

    @contextmanager
    def _logs(self, name: str):
        with (
            (self.folder / f"{name}.out").open("w") as out,
            (self.folder / f"{name}.log").open("w") as log,
        ):
            yield out, log

    def _file(self, name: str, content: dict[str, Any]) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content))
        return str(path)

    def _let_send(self, process: subprocess.Popen[bytes], requests: int) -> None:
        """Wait until so many requests have reached Pipedrive, or the process has ended."""
        self.sandbox.clear_log()
        while process.poll() is None:
            if self.sandbox.stats()["requests"].get("pipedrive", 0) >= requests:
                return
            time.sleep(0.02)

    @staticmethod
    def _wait(process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


@pytest.fixture
def pipeline(tmp_path):
    """Make a pipeline into a fresh sandbox; options with `sandbox_` go to the sandbox."""
    stack = []

    def make(
        patients: int = 30, settings: dict[str, Any] | None = None, **options: Any
    ) -> Pipeline:
        options = {"cliniko_per_minute": 100_000, "burst": 5_000, **options}
        context = running(patients=patients, **options)
        sandbox = context.__enter__()
        stack.append(context)
        folder = tmp_path / str(len(stack))
        folder.mkdir()
        return Pipeline(sandbox, folder, **(settings or {}))

    yield make
    for context in stack:
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def idle_sandbox():
    """Share a small sandbox between tests that must not change anything in it."""
    with running(patients=2, cliniko_per_minute=100_000, burst=5_000) as sandbox:
        yield sandbox


@pytest.fixture
def idle(idle_sandbox, tmp_path):
    """Make a pipeline into a sandbox that nothing may be written to."""
    idle_sandbox.clear_log()
    yield Pipeline(idle_sandbox, tmp_path)
    idle_sandbox.clear_faults()


@pytest.fixture(autouse=True)
def no_settings_from_the_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("TAP_CLINIKO_", "TARGET_PIPEDRIVE_", "MELTANO_")):
            monkeypatch.delenv(name)
