# ruff: noqa: INP001 - a script, not a module
"""How much memory and CPU time tap and target take while a clinic goes through them.

Moves a synthetic clinic of each size from the simulated Cliniko into the simulated Pipedrive, with
all limits lifted, and watches both processes. Needs Linux (`/proc`) and the project's environment:

    .venv/bin/python benchmarks/memory.py --patients 2000 20000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.testing import running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.testing import Running

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
NO_LIMIT = {"cliniko_per_minute": 1_000_000, "burst": 100_000, "daily_tokens": 1_000_000_000}
SECONDS_BETWEEN_LOOKS = 0.5
PARTS = (0.25, 0.5, 0.75, 1.0)
"""Of the run, at whose ends the resident size is told."""


@dataclass
class Watched:
    """A child process and what it took.

    Attributes:
        process: The child.
        samples: Its resident sizes in MiB at regular times.
        peak: Its highest resident size in MiB, as the kernel counted it.
        cpu: User and system time in seconds.
        code: How it exited; negative for a signal.
    """

    process: subprocess.Popen[bytes]
    samples: list[float] = field(default_factory=list)
    peak: float = 0.0
    cpu: float = 0.0
    code: int | None = None

    def watch(self, deadline: float) -> None:
        """Look at the process until it ends; kill it at the deadline (monotonic seconds)."""
        while True:
            self._look()
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.code = self.process.returncode = os.waitstatus_to_exitcode(status)
                self.cpu = usage.ru_utime + usage.ru_stime
                return
            if time.monotonic() > deadline:
                self.process.kill()
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def at(self, part: float) -> float:
        """Return the resident size in MiB after this part of the run."""
        return self.samples[max(0, round(part * len(self.samples)) - 1)]

    def _look(self) -> None:
        # Not the peak that wait4 tells: it includes what this process had when it forked.
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        sizes = dict(line.split(":", 1) for line in status.splitlines())
        if "VmRSS" in sizes:  # a process that has ended has no memory any more
            self.samples.append(_mebibytes(sizes["VmRSS"]))
            self.peak = max(self.peak, _mebibytes(sizes["VmHWM"]))


@dataclass(frozen=True)
class Figures:
    """What the move of one clinic took.

    Attributes:
        patients: Size of the clinic.
        records: Records read by the target.
        writes: Requests that changed something in Pipedrive.
        seconds: From the start of both processes to their end.
        tap: The tap.
        target: The target.
    """

    patients: int
    records: int
    writes: int
    seconds: float
    tap: Watched
    target: Watched

    def row(self) -> str:
        """Return the figures as a row of the table."""
        cells = [
            f"{self.patients:,}",
            f"{self.records:,}",
            f"{self.writes:,}",
            f"{self.seconds:.0f} s",
            f"{self.tap.peak:.0f} MiB",
            f"{self.target.peak:.0f} MiB",
            " ".join(f"{self.target.at(part):.0f}" for part in PARTS),
            f"{1000 * self.tap.cpu / self.records:.2f} ms",
            f"{1000 * self.target.cpu / self.writes:.2f} ms",
        ]
        return f"| {' | '.join(cells)} |"


HEAD = """\
| Patients | Records | Writes | Time | Tap, peak | Target, peak \
| Target after ¼ ½ ¾ 1 (MiB) | Tap CPU a record | Target CPU a write |
|---|---|---|---|---|---|---|---|---|"""


def measure(patients: int, minutes: float) -> Figures:
    """Move one clinic.

    Args:
        patients: Its size.
        minutes: After so long both processes are killed.

    Raises:
        SystemExit: One of them failed or was too slow; the text is the end of its log.
    """
    with (
        running(patients=patients, **NO_LIMIT) as sandbox,
        tempfile.TemporaryDirectory(prefix="benchmark-") as name,
    ):
        folder = Path(name)
        began = time.monotonic()
        tap, target = _start(folder, sandbox)
        deadline = began + 60 * minutes
        watchers = [
            threading.Thread(target=child.watch, args=(deadline,)) for child in (tap, target)
        ]
        for thread in watchers:
            thread.start()
        try:
            for thread in watchers:
                thread.join()
        except KeyboardInterrupt:
            tap.process.kill()
            target.process.kill()
            raise
        seconds = time.monotonic() - began
        for child, log in ((tap, "tap.log"), (target, "target.log")):
            if child.code != 0:
                said = (folder / log).read_text()[-2000:]
                raise SystemExit(f"{log} after {seconds:.0f} s, exit code {child.code}:\n{said}")
        summary = json.loads((folder / "output" / "last-run.json").read_text())
        calls: dict[str, int] = sandbox.stats()["calls_by_operation"]
        writes = sum(number for call, number in calls.items() if not call.startswith("GET "))
        records = sum(summary["read"].values())
        return Figures(patients, records, writes, seconds, tap, target)


def _start(folder: Path, sandbox: Running) -> tuple[Watched, Watched]:
    tap_config = {
        "api_key": "sandbox-key-au1",
        "api_url": sandbox.cliniko,
        "contact_email": "benchmarks@example.com",
        "requests_per_minute": NO_LIMIT["cliniko_per_minute"],
        "attachments_dir": str(folder / "attachments"),
    }
    target_config = {
        "api_token": "sandbox-token",
        "api_url": sandbox.pipedrive,
        "mapping": str(ROOT / "transforms"),
        "ledger": f"sqlite:///{folder}/ledger.db",
        "output_dir": str(folder / "output"),
        "files_from": str(folder / "attachments"),
        "burst": NO_LIMIT["burst"],
        "daily_tokens": NO_LIMIT["daily_tokens"],
    }
    with (folder / "tap.log").open("w") as tap_log, (folder / "target.log").open("w") as log:
        tap = subprocess.Popen(  # noqa: S603 - our own program
            _command("tap-cliniko", folder, tap_config), stdout=subprocess.PIPE, stderr=tap_log
        )
        target = subprocess.Popen(  # noqa: S603 - our own program
            _command("target-pipedrive", folder, target_config),
            stdin=tap.stdout,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    if tap.stdout is not None:
        tap.stdout.close()  # the target alone holds the pipe now, so the tap notices its end
    return Watched(tap), Watched(target)


def _command(program: str, folder: Path, config: dict[str, Any]) -> list[str]:
    path = folder / f"{program}.json"
    path.write_text(json.dumps(config))
    return [str(BIN / program), "--config", str(path)]


def _mebibytes(kilobytes: str) -> float:
    return int(kilobytes.split(maxsplit=1)[0]) / 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each size and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, nargs="+", default=[2000], metavar="N")
    parser.add_argument("--minutes", type=float, default=30, help="limit for each size")
    chosen = parser.parse_args(arguments)
    print(HEAD, flush=True)  # noqa: T201 - the result
    for patients in chosen.patients:
        print(measure(patients, chosen.minutes).row(), flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
