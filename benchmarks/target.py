# ruff: noqa: INP001, T201 - a script that prints its result
"""What target-pipedrive takes: CPU, time, memory, and how much of Pipedrive's burst it uses.

Feeds the target alone with messages that were read from a simulated clinic once and multiplied,
against a simulated Pipedrive. Needs Linux (`/proc`) and the project's environment:

    .venv/bin/python benchmarks/target.py --quick
    .venv/bin/python benchmarks/target.py speed unchanged --records 20000 --runs 3
    .venv/bin/python benchmarks/target.py memory --sizes 10000 100000 1000000
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distance import distant
from memory import Watched

from sandbox.testing import running

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sandbox.testing import Running

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BURSTS = {"lite": 20, "growth": 40, "premium": 100, "ultimate": 120}
"""Requests in any 2 s, as the docs have them."""
NO_LIMIT = {"burst": 1_000_000, "daily_tokens": 1_000_000_000}
NEEDED = frozenset(
    (
        *("public_settings", "users", "practitioners", "businesses", "contacts"),
        *("concession_types", "referral_source_types", "appointment_types"),
        *("patients", "individual_appointments"),
    )
)
"""Streams of persons and activities, and what these look up."""
MULTIPLIED = {"patients", "individual_appointments"}
SHIFT = 10**12
"""Between the ids of two copies of a record."""


class Clinic:
    """Messages of a tap, to be multiplied.

    Args:
        patients: Size of the clinic they are read from.
    """

    def __init__(self, patients: int) -> None:
        with (
            running(patients=patients, cliniko_per_minute=1_000_000) as sandbox,
            tempfile.TemporaryDirectory(prefix="benchmark-") as name,
        ):
            config = Path(name) / "tap.json"
            settings = {
                "api_key": "sandbox-key-au1",
                "api_url": sandbox.cliniko,
                "contact_email": "benchmarks@example.com",
                "requests_per_minute": 1_000_000,
                "attachments_dir": f"{name}/attachments",
            }
            config.write_text(json.dumps(settings))
            command = [str(BIN / "tap-cliniko"), "--config", str(config)]
            read = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - our own program
        found = [json.loads(line) for line in read.stdout.splitlines()]
        messages = [message for message in found if message.get("stream") in NEEDED]
        self._before = [each for each in messages if not _multiplied(each)]
        self._records = {
            stream: [
                each["record"]
                for each in messages
                if each["type"] == "RECORD" and each["stream"] == stream
            ]
            for stream in ("patients", "individual_appointments")
        }

    def lines(self, records: int, streams: Iterable[str] = MULTIPLIED) -> Iterator[str]:
        """Yield a tap's output with so many records of the streams, persons before activities."""
        yield from (f"{json.dumps(message)}\n" for message in self._before)
        rows = {stream: self._records[stream] for stream in sorted(streams, reverse=True)}
        total = sum(map(len, rows.values()))
        for stream, originals in rows.items():
            for number in range(records * len(originals) // total):
                copy, which = divmod(number, len(originals))
                record = _shifted(originals[which], copy)
                message = {"type": "RECORD", "stream": stream, "record": record}
                yield f"{json.dumps(message)}\n"
        yield '{"type": "STATE", "value": {"bookmarks": {}}}\n'


def _multiplied(message: dict[str, Any]) -> bool:
    return message["type"] == "RECORD" and message["stream"] in MULTIPLIED


def _shifted(record: dict[str, Any], copy: int) -> dict[str, Any]:
    """Return another record like this one; copies refer to copies."""
    if copy == 0:
        return record
    keys = ("id", "patient_id", "merged_with_patient_id")
    moved = {key: str(int(record[key]) + copy * SHIFT) for key in keys if record.get(key)}
    if record.get("last_name"):
        moved["last_name"] = f"{record['last_name']} {copy}"
    return record | moved


class Target:
    """The target with a ledger of its own.

    Args:
        url: Pipedrive.
        folder: Where the ledger and all else go.
        settings: Besides what every run needs.
    """

    def __init__(self, url: str, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.ledger = folder / "ledger.db"
        config = {
            "api_token": "sandbox-token",
            "api_url": url,
            "mapping": str(ROOT / "transforms"),
            "ledger": f"sqlite:///{self.ledger}",
            "output_dir": str(folder / "output"),
            **settings,
        }
        (folder / "target.json").write_text(json.dumps(config))

    def run(self, lines: Iterable[str]) -> tuple[Watched, float, dict[str, Any]]:
        """Run it on a tap's output; return the process, its seconds, and its summary."""
        environment = os.environ | {"PYTHONPYCACHEPREFIX": str(self.folder / "pycache")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users do not set it
        began = time.monotonic()
        with (self.folder / "target.log").open("w") as log:
            command = [str(BIN / "target-pipedrive"), "--config", str(self.folder / "target.json")]
            process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment,
            )
        child = Watched(process)
        feeder = threading.Thread(target=_feed, args=(process, lines))
        feeder.start()
        child.watch(began + 7200)
        feeder.join()
        if child.code != 0:
            raise SystemExit((self.folder / "target.log").read_text()[-2000:])
        summary = json.loads((self.folder / "output" / "last-run.json").read_text())
        return child, time.monotonic() - began, summary


def _feed(process: subprocess.Popen[bytes], lines: Iterable[str]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:  # its log tells why
            for line in lines:
                stdin.write(line.encode())


@contextlib.contextmanager
def _target(sandbox: Running, url: str = "", **settings: Any) -> Iterator[Target]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        target = Target(url or sandbox.pipedrive, Path(name), **settings)
        target.run(())  # compiles the program, as any installation has done
        yield target


def _table(*head: str) -> None:
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}", flush=True)


def _row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def _written(summary: dict[str, Any]) -> int:
    quiet = ("unchanged", "kept")
    return sum(n for what, n in summary["done"].items() if not what.endswith(quiet))


def speed(clinic: Clinic, chosen: argparse.Namespace) -> None:
    """CPU and time of first runs, whole process."""
    _table("Written", "Objects", "CPU an object", "of it the start", "Objects a second")
    for stream, name in (("patients", "persons"), ("individual_appointments", "activities")):
        taken: list[tuple[float, float, float]] = []
        written = 0
        for _ in range(chosen.runs):
            with running(patients=1, **NO_LIMIT) as sandbox, _target(sandbox, **NO_LIMIT) as target:
                start, _, _ = target.run(())
                if stream != "patients":
                    target.run(clinic.lines(chosen.records, ("patients",)))
                child, seconds, summary = target.run(clinic.lines(chosen.records, (stream,)))
            written = _written(summary)
            taken.append((child.cpu / written, start.cpu / written, written / seconds))
        cpu, start_cpu, rate = (statistics.median(each) for each in zip(*taken, strict=True))
        _row(
            name, f"{written:,}", f"{cpu * 1e3:.2f} ms", f"{start_cpu * 1e3:.2f} ms", f"{rate:.0f}"
        )


def unchanged(clinic: Clinic, chosen: argparse.Namespace) -> None:
    """CPU and time of a run in which nothing is new."""
    _table("Unchanged records", "CPU a record, without the start", "Time a record", "Writes")
    with running(patients=1, **NO_LIMIT) as sandbox, _target(sandbox, **NO_LIMIT) as target:
        target.run(clinic.lines(chosen.records))
        taken: list[tuple[float, float]] = []
        for _ in range(chosen.runs):
            start, start_seconds, _ = target.run(())
            child, seconds, summary = target.run(clinic.lines(chosen.records))
            read = sum(summary["read"].values())
            taken.append(((child.cpu - start.cpu) / read, (seconds - start_seconds) / read))
        cpu, wall = (statistics.median(each) for each in zip(*taken, strict=True))
        _row(f"{read:,}", f"{cpu * 1e3:.3f} ms", f"{wall * 1e3:.3f} ms", _written(summary))


def resume(clinic: Clinic, chosen: argparse.Namespace) -> None:
    """Time of a run without records over a large ledger, and of one with a new record."""
    _table("Links in the ledger", "Run without news", "Run with one new person")
    with running(patients=1, **NO_LIMIT) as sandbox, _target(sandbox, **NO_LIMIT) as target:
        target.run(clinic.lines(10, ("patients",)))
        _grow(target.ledger, chosen.links)
        empty = statistics.median(target.run(())[1] for _ in range(chosen.runs))
        _, one, _ = target.run(clinic.lines(11, ("patients",)))
        _row(f"{chosen.links:,}", f"{empty:.1f} s", f"{one:.1f} s")


def _grow(path: Path, links: int) -> None:
    """Add links to a ledger, each like one that stands there."""
    with contextlib.closing(sqlite3.connect(path)) as ledger, ledger:
        ledger.row_factory = sqlite3.Row
        like = dict(ledger.execute("select * from links where object = 'person'").fetchone())
        columns = ", ".join(like)
        rows = (
            {**like, "id": str(SHIFT * 9 + n), "pipedrive_id": str(10**8 + n)} for n in range(links)
        )
        ledger.executemany(
            f"insert into links ({columns}) values (:{', :'.join(like)})",  # noqa: S608 - our own
            rows,
        )


def memory(clinic: Clinic, chosen: argparse.Namespace) -> None:
    """Resident size of the target while clinics of several sizes go through it."""
    _table("Records", "Peak", "After ¼ ½ ¾ 1 (MiB)", "Seconds")
    for size in chosen.sizes:
        with running(patients=1, **NO_LIMIT) as sandbox, _target(sandbox, **NO_LIMIT) as target:
            child, seconds, _ = target.run(clinic.lines(size))
        after = " ".join(f"{child.at(part):.0f}" for part in (0.25, 0.5, 0.75, 1.0))
        _row(f"{size:,}", f"{child.peak:.0f} MiB", after, f"{seconds:.0f}")


def limits(clinic: Clinic, chosen: argparse.Namespace) -> None:
    """How much of each subscription's burst is used across a network that takes its time."""
    _table("Subscription", "Way there and back", "In 2 s", "Used", "Fullest window", "429")
    for plan, burst in BURSTS.items():
        for jitter in (0.0, 0.2):
            with (
                running(patients=1, plan=plan, daily_tokens=NO_LIMIT["daily_tokens"]) as sandbox,
                distant(sandbox.pipedrive, chosen.latency, jitter) as url,
                _target(
                    sandbox, url, subscription=plan, daily_tokens=NO_LIMIT["daily_tokens"]
                ) as target,
            ):
                target.run(clinic.lines(int(chosen.seconds * burst / 2), ("patients",)))
                log = [each for each in sandbox.log() if each["api"] == "pipedrive"]
                fullest = sandbox.stats()["worst_window"]["pipedrive_2s"]
            times = sorted(
                each["t"]
                for each in log
                if (each["method"], each["path"][-7:]) == ("POST", "persons")
            )
            # How long a slot takes to come round again, whatever the rhythm.
            rounds = [after - at for at, after in zip(times, times[burst:], strict=False)]
            used = 2 / statistics.mean(rounds)
            way = f"{chosen.latency * 1e3:.0f} ms" + (f" ± {jitter:.0%}" if jitter else "")
            refused = sum(each["status"] == 429 for each in log)  # noqa: PLR2004 - too many requests
            _row(plan, way, burst, f"{used:.1%}", f"{fullest} of {burst}", refused)


PARTS = {part.__name__: part for part in (speed, unchanged, resume, memory, limits)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was chosen and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; else all")
    parser.add_argument("--quick", action="store_true", help="small sizes, within two minutes")
    parser.add_argument("--records", type=int, default=20_000, help="of speed and unchanged")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is told")
    parser.add_argument("--links", type=int, default=500_000, help="of the ledger of resume")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], metavar="N")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds there and back")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each row of limits")
    chosen = parser.parse_args(arguments)
    if unknown := [part for part in chosen.parts if part not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if chosen.quick:
        chosen.records, chosen.runs, chosen.links = 2_000, 1, 50_000
        chosen.sizes, chosen.seconds = [1_000, 4_000], 8.0
    clinic = Clinic(50 if chosen.quick else 300)
    for part in chosen.parts or PARTS:
        PARTS[part](clinic, chosen)


if __name__ == "__main__":
    main()
