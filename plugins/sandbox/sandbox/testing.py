"""A sandbox for tests: started as a process of its own, ended with the block."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
import tempfile
from typing import IO, TYPE_CHECKING, Any

from sandbox.client import Control

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 120
_STOP_SECONDS = 10


class Running(Control):
    """A running sandbox.

    Attributes:
        cliniko: URL of the Cliniko API, without `/v1`.
        pipedrive: URL of the Pipedrive API.
        storage: URL of the storage behind attachments.
        control: URL of the control API.
        pid: Process id of the sandbox.
    """

    def __init__(self, origins: dict[str, str], pid: int) -> None:
        """Know a sandbox by the line it printed."""
        super().__init__(origins["control"])
        self.cliniko = origins["cliniko"]
        self.pipedrive = origins["pipedrive"]
        self.storage = origins["storage"]
        self.control = origins["control"]
        self.pid = pid


@contextlib.contextmanager
def running(**options: Any) -> Iterator[Running]:
    """Run a sandbox on free ports while the block lasts.

    Args:
        **options: Options of `sandbox serve`, with underscores: `patients=20`, `seed=3`,
            `record="exchanges.jsonl"` …; None leaves one out.

    Raises:
        RuntimeError: It did not start; the text is what it said.
    """
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0"]
    for name, value in options.items():
        if value is None:
            continue
        command += [f"--{name.replace('_', '-')}", str(value)]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            yield Running(_origins(process, errors), process.pid)
        finally:
            _end(process)


def _origins(process: subprocess.Popen[str], errors: IO[str]) -> dict[str, str]:
    if process.stdout is None:
        raise RuntimeError("the sandbox has no output to read")
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    if not line:
        _end(process)
        errors.seek(0)
        said = errors.read().strip() or f"nothing within {START_SECONDS} s"
        raise RuntimeError(f"the sandbox did not start: {said}")
    origins: dict[str, str] = json.loads(line)
    return origins


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
