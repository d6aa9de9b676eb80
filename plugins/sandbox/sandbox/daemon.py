"""Starting the sandbox in the background, finding it again, and stopping it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from sandbox.client import Control, ControlError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

START_SECONDS = 180
STOP_SECONDS = 60
_END_SECONDS = 10
_POLL_SECONDS = 0.1


class DaemonError(Exception):
    """The sandbox could not be started or stopped; the text says why and what to do."""


@dataclass(frozen=True)
class RunFolder:
    """The files of one sandbox in the background.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def state(self) -> Path:
        """What is known of the running process: its id and URLs."""
        return self.path / "sandbox.json"

    @property
    def snapshot(self) -> Path:
        """What stood in both accounts when it was stopped."""
        return self.path / "snapshot.pickle"

    @property
    def output(self) -> Path:
        """What the process prints."""
        return self.path / "sandbox.out"

    @property
    def errors(self) -> Path:
        """What the process complains of."""
        return self.path / "sandbox.log"

    def running(self) -> dict[str, Any] | None:
        """Return what the running sandbox says of itself, or None when there is none.

        A state file outlives a process that was killed; so whoever answers must be that process.
        """
        try:
            known = json.loads(self.state.read_text())
            about = Control(known["control"]).about()
            same = about.get("pid") == known["pid"]
        except (OSError, ValueError, KeyError, TypeError, ControlError):
            return None
        return about if same else None

    def start(self, arguments: list[str], *, fresh: bool) -> dict[str, Any]:
        """Start `sandbox serve` in the background and wait until it answers.

        An interrupt (SIGINT, SIGTERM or SIGHUP) while it waits ends what it started.

        Args:
            arguments: Further arguments of `serve`.
            fresh: Start with a new clinic even when there is a snapshot.

        Raises:
            DaemonError: It did not come up.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if fresh:
            self.snapshot.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)
        with _exiting_on_signals():
            process = _Child.spawn(
                ["serve", "--snapshot", str(self.snapshot), *arguments], self.output, self.errors
            )
            try:
                origins = self._ready(process)
                about = Control(origins["control"]).about()
                self.state.write_text(json.dumps({**origins, "pid": process.pid}) + "\n")
            except BaseException:
                process.end()
                raise
        return about

    def _ready(self, process: _Child) -> dict[str, Any]:
        """Wait for the line that a sandbox prints when it answers; return its URLs."""
        deadline = time.monotonic() + START_SECONDS
        while not (line := self.output.read_text()).endswith("\n"):
            if process.ended():
                said = self.errors.read_text().strip() or f"exit code {process.exit_code}"
                raise DaemonError(f"the sandbox did not start: {said}")
            if time.monotonic() > deadline:
                raise DaemonError(f"the sandbox did not start within {START_SECONDS} s")
            time.sleep(_POLL_SECONDS)
        origins: dict[str, Any] = json.loads(line)
        return origins

    def stop(self) -> bool:
        """Stop the running sandbox; it saves a snapshot first. Return whether there was one.

        Raises:
            DaemonError: It did not end in time.
        """
        about = self.running()
        if about is None:
            self.state.unlink(missing_ok=True)
            return False
        os.kill(int(about["pid"]), signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while (lock := hold(self.snapshot)) is None:
            if time.monotonic() > deadline:
                raise DaemonError(
                    f"the sandbox (process {about['pid']}) did not end in {STOP_SECONDS} s"
                )
            time.sleep(_POLL_SECONDS)
        lock.close()
        self.state.unlink(missing_ok=True)
        return True


@dataclass
class _Child:
    """A process that may outlive this one, which `subprocess.Popen` has no notion of."""

    pid: int
    exit_code: int | None = None

    @classmethod
    def spawn(cls, arguments: list[str], output: Path, errors: Path) -> _Child:
        """Run the sandbox in a session of its own, where no terminal can interrupt it."""
        to_file = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        # Emptied here: whoever reads must not find the words of the process before.
        for file in (output, errors):
            file.write_text("")
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "sandbox", *arguments],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(output), to_file, 0o644),
                (os.POSIX_SPAWN_OPEN, 2, str(errors), to_file, 0o644),
            ],
            setsid=True,
        )
        return cls(pid)

    def ended(self) -> bool:
        """Say whether it has ended; from then on `exit_code` is known."""
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is not None

    def end(self) -> None:
        """End it, by force when it takes too long."""
        deadline = time.monotonic() + _END_SECONDS
        number = signal.SIGTERM
        while not self.ended():
            os.kill(self.pid, number)
            if time.monotonic() > deadline:
                number = signal.SIGKILL
            time.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def _exiting_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, as SIGINT does, while the block lasts."""

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)  # what a shell reports of a process that a signal ended

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def hold(snapshot: Path) -> IO[str] | None:
    """Take the lock of a snapshot for as long as the file returned stays open.

    The sandbox that will write the snapshot holds it until it has ended, however it ends.

    Returns:
        The open lock, or None while another process holds it.
    """
    snapshot.parent.mkdir(parents=True, exist_ok=True)
    file = snapshot.with_suffix(".lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
