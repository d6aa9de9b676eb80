"""The schedule of meltano.yml, run by Meltano itself: what changes in between, and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sandbox.testing import running
from target_pipedrive.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SCHEDULE = "hourly"
TIMEOUT = 120.0

MOST_REQUESTS = 60
MOST_TOKENS = 100
"""Of a run with nothing new."""

KINDS = {
    "person": "persons",
    "activity": "activities",
    "note": "notes",
    "file": "files",
    "product": "products",
    "activity_type": "activityTypes",
    "organization": "organizations",
}
"""Object → its list in what the sandbox shows."""

NOT_OURS = {"update_time", "person", "person_name"}
"""Keys of rows that Pipedrive keeps by itself; so are those that count or sum up."""


class Project:
    """The project's own wiring in a folder of its own, its plugins installed already."""

    def __init__(self, sandbox: Any, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self._started = 0
        wiring = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
        (schedule,) = wiring["schedules"]
        assert schedule["name"] == SCHEDULE
        (job,) = (job for job in wiring["jobs"] if job["name"] == schedule["job"])
        (task,) = job["tasks"]
        tap, target = task.split()
        wiring["jobs"] = [job]
        wiring["plugins"] = {
            "extractors": [_installed(wiring, "extractors", tap)],
            "loaders": [_installed(wiring, "loaders", target)],
        }
        folder.mkdir()
        (folder / "meltano.yml").write_text(yaml.safe_dump(wiring), encoding="utf-8")
        shutil.copytree(ROOT / "transforms", folder / "transforms")

    @property
    def ledger(self) -> str:
        return f"sqlite:///{self.folder}/output/prod/ledger.db"

    def start(self, *options: str) -> Scheduled:
        """Start what a scheduler would."""
        not_theirs = ("MELTANO_", "TAP_", "TARGET_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(not_theirs)}
        env |= {
            "TAP_CLINIKO_API_KEY": "sandbox-key-au1",
            "TAP_CLINIKO_API_URL": self.sandbox.cliniko,
            "TAP_CLINIKO_CONTACT_EMAIL": "operator@clinic.example",
            "TAP_CLINIKO_REQUESTS_PER_MINUTE": "100000",
            "TARGET_PIPEDRIVE_API_TOKEN": "sandbox-token",
            "TARGET_PIPEDRIVE_API_URL": self.sandbox.pipedrive,
            "TARGET_PIPEDRIVE_SUBSCRIPTION": "ultimate",
            "TARGET_PIPEDRIVE_BURST": "5000",
        }
        self._started += 1
        log = self.folder / f"run-{self._started}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [BIN / "meltano", "--environment=prod", "schedule", "run", SCHEDULE, *options],
                cwd=self.folder,
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Scheduled(process, log)

    def run(self) -> Run:
        """Run the schedule, which must end well."""
        before = rows(self.sandbox)
        self.sandbox.clear_log()
        scheduled = self.start()
        code = scheduled.wait()
        assert code == 0, scheduled.log
        stats = self.sandbox.stats()
        written = [
            row["path"].rsplit("/api/")[-1].split("/")[1:]
            for row in self.sandbox.log()
            if row["api"] == "pipedrive" and row["method"] != "GET"
        ]
        return Run(
            changes(before, rows(self.sandbox)),
            [tuple(path[:2]) for path in written],
            stats["requests"]["cliniko"],
            stats["tokens"]["total"],
            scheduled.log,
        )

    def linked(self, stream: str, key: str) -> set[tuple[str, str]]:
        """Return what a record became, but for files made of others: (kind, id)."""
        ledger = Ledger(self.ledger, "", alone=False)
        try:
            found = ledger.survey.links()
            return {
                (KINDS[row["object"]], row["pipedrive_id"])
                for row in found
                if (row["stream"], row["id"]) == (stream, key)
                and (stream, row["object"]) != ("patients", "file")
            }
        finally:
            ledger.close()

    def of_person(self, patient: str) -> set[tuple[str, str]]:
        """Return a patient's person and all that hangs on it: (kind, id)."""
        (person,) = self.linked("patients", patient)
        hanging = set()
        for kind, items in self.sandbox.dump()["pipedrive"].items():
            if kind in KINDS.values():
                for row in items:
                    others = row.get("participants") or ()
                    people = [row.get("person_id"), *(one["person_id"] for one in others)]
                    if person[1] in map(str, people):
                        hanging.add((kind, str(row["id"])))
        return {person, *hanging}


class Whose:
    """Who has what in the clinic, before it is changed.

    Args:
        clinic: Its streams.
    """

    def __init__(self, clinic: dict[str, list[dict[str, Any]]]) -> None:
        self._clinic = clinic
        # A person whose name others bear would change those, too.
        named = {_linked(row, "referrer") for row in clinic["referral_sources"] if row["referrer"]}
        self._patients = [
            row["id"] for row in clinic["patients"] if _live(row) and row["id"] not in named
        ]

    def six_apart(self) -> list[str]:
        """Return six patients: the last three have what is wanted of them."""
        rest = list(self._patients)
        found = []
        for wanted in (self.note, self.appointment, self.appointment):
            found.append(next(one for one in rest if wanted(one)))
            rest.remove(found[-1])
        return [*rest[:3], *reversed(found)]

    def appointment(self, patient: str) -> str:
        """Return an appointment of a patient; empty when there is none."""
        return self._one("individual_appointments", patient)

    def note(self, patient: str) -> str:
        """Return a treatment note of a patient; empty when there is none."""
        return self._one("treatment_notes", patient)

    def _one(self, stream: str, patient: str) -> str:
        rows = (row for row in self._clinic[stream] if _live(row))
        mine = (row["id"] for row in rows if _linked(row, "patient") == patient)
        return next(mine, "")


def _live(row: dict[str, Any]) -> bool:
    return not any(row.get(stamp) for stamp in ("archived_at", "cancelled_at", "deleted_at"))


def _linked(row: dict[str, Any], name: str) -> str:
    return str(row[name]["links"]["self"].rsplit("/", 1)[-1])


@dataclass
class Run:
    """How a run of the schedule went: what it changed, what it wrote to, what it took."""

    changes: set[tuple[str, str, str]]
    written: list[tuple[str, ...]]
    requests: int
    tokens: int
    log: str


@dataclass
class Scheduled:
    """A run of the schedule, with all processes that it started."""

    process: subprocess.Popen[bytes]
    file: Path

    @property
    def log(self) -> str:
        return self.file.read_text()

    def wait(self) -> int:
        """Return its exit code."""
        try:
            return self.process.wait(TIMEOUT)
        finally:
            self.process.kill()

    def send(self, signum: int) -> None:
        """Send a signal to all of it."""
        os.killpg(self.process.pid, signum)

    def says(self, words: str) -> None:
        """Wait until its log has these words."""
        wait_until(lambda: words in self.log)


def wait_until(met: Callable[[], Any]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not met():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def _installed(wiring: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    entry = next(entry for entry in wiring["plugins"][kind] if entry["name"] == name)
    del entry["pip_url"]
    return entry | {"executable": str(BIN / name)}


def rows(sandbox: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Return all rows of Pipedrive that are not deleted, without what it counts by itself."""
    found = {}
    for kind, items in sandbox.dump()["pipedrive"].items():
        if not isinstance(items, list):
            continue
        for row in items:
            if row.get("is_deleted") or row.get("active_flag") is False:
                continue
            key = str(row.get("id") or row.get("field_code"))
            found[kind, key] = {
                name: value
                for name, value in row.items()
                if not name.endswith("_count") and "_activity_" not in name and name not in NOT_OURS
            }
    return found


def changes(before: dict[Any, Any], after: dict[Any, Any]) -> set[tuple[str, str, str]]:
    """Return what became of which row: (what, kind, id)."""
    return {
        ("made" if key not in before else "gone" if key not in after else "changed", *key)
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose first scheduled run has loaded everything."""
    with running(patients=20, cliniko_per_minute=100_000, burst=5_000) as sandbox:
        found = Project(sandbox, tmp_path_factory.mktemp("delta") / "project")
        log = found.run().log
        assert "by field: meltano --environment=prod run tap-cliniko verify-pipedrive" in log
        assert_in_step(sandbox)
        yield found


def assert_in_step(sandbox: Any) -> None:
    report = sandbox.check()
    assert report["ok"], "\n".join(report["lines"])


def test_a_run_with_nothing_new_changes_nothing_and_costs_next_to_nothing(project):
    run = project.run()
    assert run.changes == set()
    assert run.written == []
    assert run.requests <= MOST_REQUESTS
    assert run.tokens <= MOST_TOKENS
    assert "Next: nothing, Pipedrive was in step already" in run.log
    print(f"{run.requests} requests to Cliniko, {run.tokens} tokens of Pipedrive")


def test_what_changes_in_between_lands_as_exactly_that(project):
    """An edit, a cancellation, two removals and a merge, each of other people."""
    sandbox = project.sandbox
    clinic = sandbox.dump()["cliniko"]["streams"]
    whose = Whose(clinic)
    loser, survivor, renamed, cancelling, leaving, written_of = whose.six_apart()
    cancelled, left = (whose.appointment(patient) for patient in (cancelling, leaving))
    note = whose.note(written_of)
    of_both = project.of_person(loser) | project.of_person(survivor)
    expected = {
        *(("changed", *one) for one in project.linked("patients", renamed)),
        *(("changed", *one) for one in project.linked("individual_appointments", cancelled)),
        *(("gone", *one) for one in project.linked("individual_appointments", left)),
        *(("gone", *one) for one in project.linked("treatment_notes", note)),
        *(("gone", *one) for one in project.linked("patients", loser)),
    }
    assert len(expected) == 5
    sandbox.edit("rename_patient", id=renamed, last_name="Quux")
    sandbox.edit("cancel_appointment", id=cancelled)
    sandbox.edit("archive_appointment", id=left)
    sandbox.edit("archive_note", id=note)
    sandbox.edit("merge_patients", id=loser, survivor=survivor)

    run = project.run()
    assert_in_step(sandbox)
    assert expected <= run.changes
    # What else changed hung on the two who were merged, or hangs on the one who stayed.
    of_both |= project.of_person(survivor)
    assert {(kind, key) for _, kind, key in run.changes - expected} <= of_both
    # And nothing was written to that did not change.
    named = {(kind, key) for kind, key in run.written if key.isdigit()}
    assert named <= {(kind, key) for _, kind, key in run.changes}
    assert len(run.written) == len(set(run.written)) + 1  # the survivor: before and after the merge


@pytest.mark.slow
def test_runs_that_overlap_do_not_write_at_the_same_time(project):
    """Meltano refuses the second; one that is forced waits for the ledger."""
    sandbox = project.sandbox
    sandbox.edit("change_phone")
    sandbox.clear_log()
    first = project.start()
    try:
        wait_until(lambda: sandbox.stats()["requests"].get("pipedrive"))
        first.send(signal.SIGSTOP)
        second = project.start()
        assert second.wait() == 1
        assert "pipeline is already running" in second.log
        forced = project.start("--force")
        forced.says("Another loader still writes with this ledger")
    finally:
        first.send(signal.SIGCONT)
        code = first.wait()
    assert code == 0, first.log
    assert forced.wait() == 0, forced.log
    assert_in_step(sandbox)
