# ruff: noqa: INP001 - a script, not a module
"""Measure the tap alone: time, share of Cliniko's limit, processor time and memory.

Starts the simulated Cliniko and runs the tap as a whole process, its output read and thrown away.
Needs Linux (`/proc`) and the project's environment:

    .venv/bin/python benchmarks/tap.py --patients 2000 --runs 3
    .venv/bin/python benchmarks/tap.py --scaled

The first lifts all limits, so that the tap's own speed shows. `--scaled` reads a clinic of 20,000
patients at an enforced limit, ten times as fast as in life: Cliniko lets 200 requests pass in any
6 seconds instead of 60 and answers after 30 ms instead of 300 ms, and the tap keeps to a window of
6 seconds. What takes a minute there takes ten with a real account.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.testing import running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.testing import Running

UNLIMITED = 1_000_000
SCALE = 10
LIMIT, WINDOW_SECONDS, LATENCY_MS = 200, 60.0, 300.0
LOOK_SECONDS = 0.1

PROGRAM = """\
import sys
from functools import partial
import tap_cliniko.client as client
client.Pacer = partial(client.Pacer, window=float(sys.argv.pop(1)))
from tap_cliniko.cli import main
main()
"""
"""The tap as it is, but for the length of its window, which is no setting."""

HEAD = """\
| Patients | Rows | Requests | of them for files | The others ÷ (rows ÷ 100) | Time \
| Share of the limit | CPU a record | Peak memory |
|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Figures:
    """What one run took.

    Attributes:
        rows: Records written.
        requests: Requests Cliniko counted.
        downloads: Those of them that asked for a file.
        seconds: From the start of the process to its end.
        share: Of the limit, in all whole windows before the first file was asked for.
        worst: Most requests in any window.
        cpu: User and system time in seconds.
        peak: Highest resident size in MiB.
    """

    rows: int
    requests: int
    downloads: int
    seconds: float
    share: float
    worst: int
    cpu: float
    peak: float


def measure(sandbox: Running, limit: int, window: float) -> Figures:
    """Run the tap once.

    Raises:
        SystemExit: It failed; the text is the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        config = {
            "api_key": "sandbox-key-au1",
            "api_url": sandbox.cliniko,
            "contact_email": "benchmarks@example.com",
            "requests_per_minute": limit,
            "attachments_dir": str(folder / "attachments"),
        }
        (folder / "config.json").write_text(json.dumps(config))
        sandbox.clear_log()
        # As installed: with compiled modules and a buffered output.
        unhindered = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
        environment = {key: value for key, value in os.environ.items() if key not in unhindered}
        command = [sys.executable, "-c", PROGRAM, str(window)]
        began = time.monotonic()
        with (folder / "log").open("w") as errors, (folder / "out").open("w") as out:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*command, "--config", str(folder / "config.json")],
                stdout=out,
                stderr=errors,
                env=environment,
            )
            peak = 0.0
            while True:
                peak = max(peak, _resident(process.pid))
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                time.sleep(LOOK_SECONDS)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said = (folder / "log").read_text()[-2000:]
            raise SystemExit(f"the tap ended with exit code {process.returncode}:\n{said}")
        with (folder / "out").open() as lines:
            rows = sum(line.startswith('{"type":"RECORD"') for line in lines)
        log = [entry for entry in sandbox.log() if entry["api"] == "cliniko"]
        times = [entry["t"] for entry in log]
        files = [entry["t"] for entry in log if entry["path"].endswith("/content")]
        downloads = len(files)
        lists = [moment for moment in times if moment < min(files, default=math.inf)]
        worst, _ = _windows(times, limit, window)
        _, share = _windows(lists, limit, window)
        return Figures(
            rows,
            len(times),
            downloads,
            seconds,
            share,
            worst,
            usage.ru_utime + usage.ru_stime,
            peak,
        )


def _windows(times: list[float], limit: int, window: float) -> tuple[int, float]:
    """The most requests in any rolling window, and the share used of all whole windows."""
    times = sorted(times)
    worst = begin = 0
    for end, moment in enumerate(times):
        while moment - times[begin] >= window:
            begin += 1
        worst = max(worst, end - begin + 1)
    whole = int((times[-1] - times[0]) / window)
    used = sum(moment - times[0] < whole * window for moment in times)
    return worst, used / (whole * limit) if whole else math.nan


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    sizes = dict(line.split(":", 1) for line in status.splitlines())
    return int(sizes["VmHWM"].split(maxsplit=1)[0]) / 1024 if "VmHWM" in sizes else 0.0


def report(patients: int, runs: list[Figures], *, limited: bool) -> str:
    """A row of the table: medians."""

    def middle(name: str) -> float:
        return float(statistics.median(getattr(run, name) for run in runs))

    rows, requests, downloads = middle("rows"), middle("requests"), middle("downloads")
    cells = [
        f"{patients:,}",
        f"{rows:,.0f}",
        f"{requests:,.0f}",
        f"{downloads:,.0f}",
        f"{(requests - downloads) / rows * 100:.3f}",
        f"{middle('seconds'):.1f} s",
        f"{middle('share'):.1%} (worst window {max(run.worst for run in runs)})"
        if limited
        else "lifted",
        f"{middle('cpu') / rows * 1000:.3f} ms",
        f"{middle('peak'):.0f} MiB",
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, nargs="+", metavar="N")
    parser.add_argument("--runs", type=int, default=3, help="medians of so many")
    parser.add_argument("--latency-ms", type=float, default=0, help="of each answer of Cliniko's")
    parser.add_argument(
        "--scaled",
        type=float,
        nargs="?",
        const=SCALE,
        metavar="FACTOR",
        help="at the limit, with time so many times as fast (10)",
    )
    chosen = parser.parse_args(arguments)
    limit, window, latency = UNLIMITED, WINDOW_SECONDS, chosen.latency_ms
    if chosen.scaled:
        limit, window, latency = LIMIT, WINDOW_SECONDS / chosen.scaled, LATENCY_MS / chosen.scaled
        print(  # noqa: T201 - the result
            f"Time scaled by {chosen.scaled:g}: {LIMIT} requests in any {window:g} s, "
            f"enforced by the sandbox; each answer after {latency:g} ms.\n"
        )
    print(HEAD, flush=True)  # noqa: T201 - the result
    for patients in chosen.patients or [20_000 if chosen.scaled else 2_000]:
        with running(patients=patients) as sandbox:
            sandbox.limits(
                cliniko_per_minute=limit, cliniko_window_seconds=window, latency_ms=latency
            )
            runs = [
                measure(sandbox, limit, window) for _ in range(1 if chosen.scaled else chosen.runs)
            ]
        print(report(patients, runs, limited=bool(chosen.scaled)), flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
