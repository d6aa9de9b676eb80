"""Starting the sandbox in the background, finding it again, and stopping it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from sandbox.client import Control, ControlError

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 180
STOP_SECONDS = 60
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
        """Return what the running sandbox says of itself, or None when there is none."""
        try:
            known = json.loads(self.state.read_text())
            about = Control(known["control"]).about()
        except (OSError, ValueError, KeyError, ControlError):
            return None
        # The port may belong to another sandbox by now.
        return about if about.get("pid") == known["pid"] else None

    def start(self, arguments: list[str], *, fresh: bool) -> dict[str, Any]:
        """Start `sandbox serve` in the background and wait until it answers.

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
        command = [
            sys.executable, "-m", "sandbox", "serve", "--snapshot", str(self.snapshot), *arguments,
        ]  # fmt: skip
        with self.output.open("w") as output, self.errors.open("w") as errors:
            process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not (line := self.output.read_text()).endswith("\n"):
            if process.poll() is not None:
                said = self.errors.read_text().strip() or f"exit code {process.returncode}"
                raise DaemonError(f"the sandbox did not start: {said}")
            if time.monotonic() > deadline:
                process.kill()
                raise DaemonError(f"the sandbox did not start within {START_SECONDS} s")
            time.sleep(_POLL_SECONDS)
        origins: dict[str, Any] = json.loads(line)
        self.state.write_text(json.dumps({**origins, "pid": process.pid}) + "\n")
        return Control(origins["control"]).about()

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
