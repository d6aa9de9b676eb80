# ruff: noqa: INP001, T201 - a script that prints its result
"""The target beside two others that write the same rows to the same simulated Pipedrive.

Each is a process that reads the same Singer messages: persons and activities in Pipedrive's own
keys. Needs Linux (`/proc`), the project's environment, and one with dlt:

    uv venv .meltano/dlt && uv pip install --python .meltano/dlt dlt==1.31.0
    .venv/bin/python benchmarks/peers/compare.py --dlt .meltano/dlt/bin/python
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from distance import distant  # noqa: E402
from memory import Watched  # noqa: E402

from sandbox.testing import running  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox.testing import Running

BIN = Path(sys.executable).parent
NO_LIMIT = {"burst": 1_000_000, "daily_tokens": 1_000_000_000}
LONGEST = 900.0
"""Seconds that a run may take."""

NAMES = {"persons": ("name", "Ann Bee "), "activities": ("subject", "Visit ")}
"""How each row is known again, by its key and beginning: nothing is asked of its writer."""

EVERY = 50
"""Of so many requests one answer is lost, though the request was carried out."""


def messages(rows: int) -> Iterator[dict[str, Any]]:
    """Yield so many persons, then so many activities."""
    text = {"type": ["string", "null"]}
    contact = {
        "type": "object",
        "properties": {"value": text, "label": text, "primary": {"type": "boolean"}},
    }
    contacts = {"type": ["array", "null"], "items": contact}
    yield _schema("persons", id=text, name=text, emails=contacts, phones=contacts)
    for n in range(rows):
        person = {
            "id": str(n),
            "name": f"Ann Bee {n}",
            "emails": [{"value": f"ann.{n}@bee.example", "label": "home", "primary": True}],
            "phones": [{"value": f"+614{n:08}", "label": "mobile", "primary": True}],
        }
        yield {"type": "RECORD", "stream": "persons", "record": person}
    yield _schema(
        "activities", id=text, subject=text, type=text, due_date=text, due_time=text, note=text
    )
    for n in range(rows):
        activity = {
            "id": str(n),
            "subject": f"Visit {n}",
            "type": "call",
            "due_date": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}",
            "due_time": f"{8 + n % 9:02}:{n % 60:02}",
            "note": f"Came by appointment, the {n}th of that kind.",
        }
        yield {"type": "RECORD", "stream": "activities", "record": activity}
    yield {"type": "STATE", "value": {"bookmarks": {}}}


def _schema(stream: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "SCHEMA",
        "stream": stream,
        "key_properties": ["id"],
        "schema": {"type": "object", "properties": properties},
    }


@dataclass(frozen=True)
class Peer:
    """A program that writes rows to Pipedrive.

    Args:
        name: As the table has it.
        kind: Which one it is.
        python: Its interpreter.
    """

    name: str
    kind: str
    python: str = sys.executable

    def begin(self, url: str, folder: Path, source: Path) -> Watched:
        """Start it on a file of messages; what it remembers stays in the folder."""
        config = folder / f"{self.kind}.json"
        settings = {"api_token": "sandbox-token", "api_url": url}
        if self.kind == "target":
            settings |= {
                "mapping": "",
                "ledger": f"sqlite:///{folder}/ledger.db",
                "output_dir": str(folder / "output"),
                **NO_LIMIT,
            }
        config.write_text(json.dumps(settings))
        command = {
            "target": [str(BIN / "target-pipedrive"), "--config", str(config)],
            "plain": [self.python, str(HERE / "plain_sdk.py"), "--config", str(config)],
            "dlt": [self.python, str(HERE / "dlt_destination.py"), url, str(folder / "dlt")],
        }[self.kind]
        environment = os.environ | {
            "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "peers")
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users do not set it
        with source.open() as stdin, (folder / "log").open("w") as log:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                command,
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment,
                cwd=folder,
            )
        return Watched(process)

    def run(self, url: str, folder: Path, source: Path) -> tuple[Watched, float]:
        """Run it to its end; return the process and its seconds."""
        began = time.monotonic()
        child = self.begin(url, folder, source)
        child.watch(began + LONGEST)
        if child.code != 0:
            raise SystemExit(f"{self.name}: {(folder / 'log').read_text()[-2000:]}")
        return child, time.monotonic() - began


def written(sandbox: Running, rows: int) -> tuple[int, int]:
    """Return how many rows stand twice, and how many do not stand."""
    account = sandbox.dump()["pipedrive"]
    twice = missing = 0
    for kind, (key, begins) in NAMES.items():
        rows_there = (row for row in account[kind] if not row["is_deleted"])
        found = [row[key] for row in rows_there if row[key].startswith(begins)]
        twice += len(found) - len(set(found))
        missing += rows - len(set(found))
    return twice, missing


def _posts(sandbox: Running) -> int:
    calls = sandbox.stats()["calls_by_operation"]
    return sum(calls.get(f"POST /v2/{kind}", 0) for kind in NAMES)


@contextlib.contextmanager
def _room(rows: int) -> Iterator[tuple[Running, Path, Path]]:
    with (
        running(patients=1, **NO_LIMIT) as sandbox,
        tempfile.TemporaryDirectory(prefix="peers-") as name,
    ):
        folder = Path(name)
        source = folder / "messages.jsonl"
        source.write_text("".join(f"{json.dumps(each)}\n" for each in messages(rows)))
        yield sandbox, folder, source


def speed(peer: Peer, rows: int, latency: float, runs: int) -> tuple[float, float, float, int]:
    """Return medians: CPU ms a row, seconds, peak in MiB, requests."""
    taken = []
    for _ in range(runs):
        with _room(rows) as (sandbox, folder, source), contextlib.ExitStack() as stack:
            url = sandbox.pipedrive
            if latency:
                url = stack.enter_context(distant(url, latency))
            child, seconds = peer.run(url, folder, source)
            if written(sandbox, rows) != (0, 0):
                raise SystemExit(f"{peer.name} did not write every row once")
            requests = sandbox.stats()["requests"]["pipedrive"]
            taken.append((child.cpu / rows / 2 * 1e3, seconds, child.peak, requests))
    cpu, seconds, peak, requests = (statistics.median(each) for each in zip(*taken, strict=True))
    return cpu, seconds, peak, int(requests)


def killed(peer: Peer, rows: int) -> tuple[int, int]:
    """Kill it in the middle and run it again; return what stands twice, and what is missing."""
    with _room(rows) as (sandbox, folder, source):
        child = peer.begin(sandbox.pipedrive, folder, source)
        while _posts(sandbox) < rows and child.process.poll() is None:
            time.sleep(0.05)
        if child.process.poll() is not None:
            raise SystemExit(f"{peer.name} ended too early: {(folder / 'log').read_text()[-2000:]}")
        child.process.kill()
        child.process.wait()
        peer.run(sandbox.pipedrive, folder, source)
        return written(sandbox, rows)


def unanswered(peer: Peer, rows: int) -> tuple[int, int]:
    """Lose answers to creates; return what stands twice, and what is missing."""
    with _room(rows) as (sandbox, folder, source):
        for kind in NAMES:
            sandbox.fault(
                api="pipedrive",
                kind="server_error_after",
                method="POST",
                path=f"/v2/{kind}$",
                every=EVERY,
            )
        peer.run(sandbox.pipedrive, folder, source)
        return written(sandbox, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare them and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dlt", metavar="PYTHON", help="of an environment with dlt; else left out")
    parser.add_argument("--rows", type=int, default=1000, help="persons, and as many activities")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is told")
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 0.02], metavar="SECONDS")
    chosen = parser.parse_args(arguments)
    peers = [Peer("target-pipedrive", "target"), Peer("SDK `RecordSink`", "plain")]
    if chosen.dlt:
        peers.append(Peer("dlt, custom destination", "dlt", str(Path(chosen.dlt).absolute())))
    head = ["", "Way", "CPU a row", "Seconds", "Peak", "Requests"]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}", flush=True)
    for latency in chosen.latency:
        for peer in peers:
            cpu, seconds, peak, requests = speed(peer, chosen.rows, latency, chosen.runs)
            way = f"{latency * 1e3:.0f} ms"
            cells = (f"{cpu:.2f} ms", f"{seconds:.1f}", f"{peak:.0f} MiB", f"{requests:,}")
            print(f"| {peer.name} | {way} | {' | '.join(cells)} |", flush=True)
    head = ["", "Killed and run again: twice", "missing"]
    head += [f"One answer in {EVERY} lost: twice", "missing"]
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}", flush=True)
    for peer in peers:
        cells = (*killed(peer, chosen.rows), *unanswered(peer, chosen.rows))
        print(f"| {peer.name} | {' | '.join(f'{cell:,}' for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()
