"""A run that was killed is gone on with by the next: what was left is read, and little more.

``python tests/test_resume.py`` prints the figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

testing = pytest.importorskip("sandbox.testing")

PATIENTS = 60


class Account:
    """One folder, one sandbox, and the state between runs."""

    def __init__(self, sandbox, folder: Path) -> None:
        self.sandbox, self.folder, self.state = sandbox, folder, None
        self.records: dict[tuple, dict] = {}
        config = {
            "api_key": "sandbox-key-au1",
            "api_url": sandbox.cliniko,
            "contact_email": "tests@example.com",
            "requests_per_minute": 100_000,
            "attachments_dir": str(folder / "spool"),
        }
        (folder / "config.json").write_text(json.dumps(config))

    def run(self, kill_after: int | None = None) -> tuple[int, int]:
        """Run the tap, or kill it after so many records; returns requests and records."""
        command = [sys.executable, "-m", "tap_cliniko", "--config", "config.json"]
        if self.state is not None:
            (self.folder / "state.json").write_text(json.dumps(self.state))
            command += ["--state", "state.json"]
        self.sandbox.clear_log()
        count, keys = 0, {}
        with (
            (self.folder / "log").open("w") as log,
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder
            ) as process,
        ):
            for line in process.stdout:
                if kill_after is not None and count >= kill_after:
                    process.kill()
                    break
                message = json.loads(line)
                if message["type"] == "SCHEMA":
                    keys[message["stream"]] = message["key_properties"]
                elif message["type"] == "STATE":
                    self.state = message["value"]
                elif message["type"] == "RECORD":
                    count += 1
                    record, stream = message["record"], message["stream"]
                    self.records[stream, *(record[name] for name in keys[stream])] = record
        assert process.wait(60) == (0 if kill_after is None else -9)
        requests = [row for row in self.sandbox.log() if row["api"] == "cliniko"]
        return len(requests), count


@contextmanager
def accounts(count: int):
    """So many accounts into one and the same clinic."""
    with (
        testing.running(patients=PATIENTS, cliniko_per_minute=100_000) as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        for number in range(count):
            (Path(folder) / str(number)).mkdir()
        yield [Account(sandbox, Path(folder) / str(number)) for number in range(count)]


@pytest.mark.parametrize("share", [0.5])
def test_a_killed_run_is_gone_on_with(share):
    with accounts(2) as (whole, parts):
        requests, records = whole.run()
        first, _ = parts.run(kill_after=int(records * share))
        assert parts.state["run"] is not None
        done = [n for n, s in parts.state["bookmarks"].items() if s.get("finished_by")]
        assert done
        rest, again = parts.run()
        assert parts.state["run"] is None
        assert parts.records.keys() == whole.records.keys()
        log = (parts.folder / "log").read_text()
        assert log.count("is passed over") == len(done)
        # Twice: pages asked for ahead of the kill, and what came after the last state.
        assert first + rest <= requests + 15
        assert again <= records - int(records * share) + 250


def main() -> None:
    """Print the figures for kills at several points."""
    print(
        "| killed at record | uninterrupted | part 1 | part 2 | overhead |\n|---|---|---|---|---|"
    )
    with accounts(5) as (whole, *parts):
        requests, records = whole.run()
        for account, share in zip(parts, (0.1, 0.4, 0.7, 0.95), strict=True):
            first, _ = account.run(kill_after=int(records * share))
            rest, _ = account.run()
            assert account.records.keys() == whole.records.keys()
            print(
                f"| {int(records * share):,} of {records:,} | {requests} | {first} | {rest} "
                f"| {first + rest - requests:+} |"
            )


if __name__ == "__main__":
    main()
