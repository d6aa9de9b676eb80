"""The target as a whole against the simulated Pipedrive: fed with files, judged by what stands.

A file in `data/` tells one behaviour: RECORD messages as the tap emits them, cut to what matters;
each STATE message ends a run. SCHEMA messages are put in front of each stream's first record from
`data/schemas.singer`.
"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from target_pipedrive.errors import TargetError
from target_pipedrive.target import TargetPipedrive

testing = pytest.importorskip("sandbox.testing")

ROOT = Path(__file__).parents[3]
DATA = Path(__file__).parent / "data"
TOKEN = "sandbox-token"
OWNER = "thuy@harbourside.example.com"
"""E-mail of a user in the sandbox who is not the token's."""

SCHEMAS = {
    message["stream"]: message
    for message in map(json.loads, (DATA / "schemas.singer").read_text().splitlines())
}


def script(name: str) -> list[list[dict[str, Any]]]:
    """Return the runs of a file: lists of messages, each with a STATE message at its end."""
    runs: list[list[dict[str, Any]]] = [[]]
    for line in (DATA / f"{name}.singer").read_text().splitlines():
        runs[-1].append(json.loads(line))
        if runs[-1][-1]["type"] == "STATE":
            runs.append([])
    assert runs.pop() == [], f"{name}.singer does not end with STATE"
    return runs


def text(messages: list[dict[str, Any]]) -> str:
    """Write messages as a tap would, with their SCHEMA messages."""
    told: set[str] = set()
    lines = []
    for message in messages:
        stream = message.get("stream")
        if message["type"] == "RECORD" and stream in SCHEMAS and stream not in told:
            told.add(stream)
            lines.append(SCHEMAS[stream])
        lines.append(message)
    return "".join(json.dumps(line) + "\n" for line in lines)


class Write(NamedTuple):
    """A request that changed something."""

    method: str
    path: str
    body: Any


@dataclass
class Run:
    """How a run ended, and what it sent."""

    error: TargetError | None
    states: list[dict[str, Any]]
    log: str
    writes: list[Write]
    tokens: int
    summary: dict[str, Any] = field(default_factory=dict)
    rejects: list[dict[str, str]] = field(default_factory=list)

    def codes(self) -> dict[str, str]:
        """Return the rejects that stand: record → code."""
        return {f"{row['stream']}/{row['id']}": row["code"] for row in self.rejects}

    def kinds(self) -> Counter[str]:
        """Count the writes by method and what they are about, such as `POST persons`."""
        return Counter(f"{write.method} {write.path.split('/')[3]}" for write in self.writes)


class Account:
    """What stands in the simulated Pipedrive."""

    def __init__(self, sandbox: Any) -> None:
        self._sandbox = sandbox

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Return the rows of a kind that are not deleted."""
        rows = self._sandbox.dump()["pipedrive"][kind]
        return [row for row in rows if not row.get("is_deleted") and row.get("active_flag", True)]

    def person(self, patient: str) -> dict[str, Any]:
        """Return the one person of a patient, custom fields by label."""
        (found,) = self.people(patient)
        return found

    def people(self, patient: str) -> list[dict[str, Any]]:
        """Return all persons of a patient, custom fields by label."""
        return self.labelled("persons", "personFields", "Cliniko patient ID", patient)

    def labelled(self, kind: str, fields: str, label: str, key: str) -> list[dict[str, Any]]:
        """Return the rows that hold a key in a custom field, custom fields by label."""
        dump = self._sandbox.dump()["pipedrive"]
        made = [row for row in dump[fields] if row["is_custom_field"]]
        rows = [
            row | {"custom": {spec["field_name"]: _shown(row, spec) for spec in made}}
            for row in dump[kind]
            if not row["is_deleted"]
        ]
        return [row for row in rows if row["custom"].get(label) == key]

    def activities(self, appointment: str) -> list[dict[str, Any]]:
        """Return the activities of an appointment."""
        line = f"Cliniko appointment: {appointment}<"
        return [row for row in self.rows("activities") if line in (row["note"] or "") + "<"]

    def notes(self, person: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the notes of a person, oldest first."""
        return [row for row in self.rows("notes") if row["person_id"] == person["id"]]

    def files(self, person: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the files of a person."""
        return [row for row in self.rows("files") if row["person_id"] == person["id"]]

    def user(self, email: str) -> int:
        """Return a user's id."""
        users = self.rows("users")
        return next(row["id"] for row in users if row["email"].casefold() == email)

    def make_person(self, **body: Any) -> int:
        """Create a person as somebody would by hand; return its id."""
        return int(self.by_hand("POST", "persons", body)["data"]["id"])

    def delete_person(self, row_id: int) -> None:
        """Delete a person as somebody would by hand."""
        self.by_hand("DELETE", f"persons/{row_id}", None)

    def by_hand(self, method: str, path: str, body: Any, *, version: int = 2) -> Any:
        """Send what somebody else's hand does; return the answer."""
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self._sandbox.pipedrive}/api/v{version}/{path}",
            None if body is None else json.dumps(body).encode(),
            {"x-api-token": TOKEN, "content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)


def _shown(row: dict[str, Any], spec: dict[str, Any]) -> Any:
    """Return a custom field's value, options by their labels."""
    value = (row["custom_fields"] or {}).get(spec["field_code"])
    options = {option["id"]: option["label"] for option in spec["options"] or ()}
    if isinstance(value, list):
        return [options[item] for item in value]
    return options[value] if options and value is not None else value


class CustomFields:
    """Custom fields as people see them in the account, and what they do to them."""

    def __init__(self, sandbox: Any, account: Account) -> None:
        self._sandbox = sandbox
        self._account = account

    def named(self, label: str, path: str = "personFields") -> list[dict[str, Any]]:
        """Return the fields of a label."""
        rows = self._sandbox.dump()["pipedrive"][path]
        return [row for row in rows if row["field_name"] == label and row["is_custom_field"]]

    def code(self, label: str, path: str = "personFields") -> str:
        """Return the hash key of the only field of a label."""
        (field,) = self.named(label, path)
        return str(field["field_code"])

    def count(self) -> int:
        """Return how many there are, of all objects together."""
        dump = self._sandbox.dump()["pipedrive"]
        return sum(
            row["is_custom_field"] for path in dump if path.endswith("Fields") for row in dump[path]
        )

    def make(self, label: str, field_type: str, path: str = "personFields", **more: Any) -> str:
        """Make a field; return its hash key."""
        body = {"field_name": label, "field_type": field_type, **more}
        return str(self._account.by_hand("POST", path, body)["data"]["field_code"])

    def rename(self, code: str, label: str, path: str = "personFields") -> None:
        """Rename a field."""
        self._account.by_hand("PATCH", f"{path}/{code}", {"field_name": label})

    def rename_option(self, code: str, option: int, label: str, path: str = "personFields") -> None:
        """Rename an option of a field."""
        body = [{"id": option, "label": label}]
        self._account.by_hand("PATCH", f"{path}/{code}/options", body)

    def delete_option(self, code: str, option: int, path: str = "personFields") -> None:
        """Delete an option of a field."""
        self._account.by_hand("DELETE", f"{path}/{code}/options", [{"id": option}])

    def delete(self, code: str, path: str = "personFields") -> None:
        """Delete a field with its values."""
        self._account.by_hand("DELETE", f"{path}/{code}", None)


class Loader:
    """The target with a ledger of its own, run in this process."""

    def __init__(self, sandbox: Any, settings: dict[str, Any], capture: Any, log: Any) -> None:
        self.settings = settings
        self._sandbox = sandbox
        self._capture = capture
        self._log = log

    def play(self, name: str, **settings: Any) -> list[Run]:
        """Run a file's runs one after the other; each must end well."""
        return [self.load(messages, **settings) for messages in script(name)]

    def load(self, messages: list[dict[str, Any]], **settings: Any) -> Run:
        """Run messages; the run must end well and put out the last state."""
        run = self.attempt(messages, **settings)
        if run.error is not None:
            raise run.error
        assert run.states[-1] == messages[-1]["value"]
        return run

    def attempt(self, messages: list[dict[str, Any]], **settings: Any) -> Run:
        """Run messages, however it ends."""
        self._capture.readouterr()
        self._log.clear()
        self._sandbox.clear_log()
        seen = self._sandbox.recording.stat().st_size
        error = None
        config = self.settings | settings
        try:
            TargetPipedrive(config=config, parse_env_config=False).load(io.StringIO(text(messages)))
        except TargetError as raised:
            error = raised
        output = Path(config["output_dir"])
        done = (output / "last-run.json").exists()
        with (output / "rejects.csv").open(newline="") if done else io.StringIO() as rejects:
            rows = list(csv.DictReader(rejects))
        return Run(
            error,
            [json.loads(line) for line in self._capture.readouterr().out.splitlines()],
            self._log.text,
            list(self._writes(seen)),
            sum(row["tokens"] for row in self._sandbox.log()),
            json.loads((output / "last-run.json").read_text()) if done else {},
            rows,
        )

    def _writes(self, seen: int) -> Any:
        with self._sandbox.recording.open() as recording:
            recording.seek(seen)
            for line in map(json.loads, recording):
                if line["api"] == "pipedrive" and line["method"] != "GET":
                    yield Write(line["method"], line["path"], line["request"])


@contextmanager
def recorded(tmp_path_factory):
    """Run a sandbox that writes down what it is asked."""
    recording = tmp_path_factory.mktemp("sandbox") / "exchanges.jsonl"
    with testing.running(patients=1, burst=5_000, record=recording) as running:
        running.recording = recording
        yield running


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """Share one account; each file in `data/` has ids of its own."""
    with recorded(tmp_path_factory) as running:
        yield running


@pytest.fixture
def account(sandbox):
    return Account(sandbox)


@pytest.fixture
def custom(sandbox, account):
    made = CustomFields(sandbox, account)
    yield made
    for path in ("personFields", "organizationFields", "dealFields"):  # leave room for others
        for row in sandbox.dump()["pipedrive"][path]:
            if row["is_custom_field"] and row["field_name"].rsplit(" ", 1)[-1].startswith("cf"):
                made.delete(row["field_code"], path)


@pytest.fixture
def settings(sandbox, tmp_path):
    return {
        "api_token": TOKEN,
        "api_url": sandbox.pipedrive,
        "mapping": str(ROOT / "transforms"),
        "ledger": f"sqlite:///{tmp_path}/ledger.db",
        "output_dir": str(tmp_path / "output"),
        "files_from": f"{tmp_path}, /nowhere",
        "subscription": "ultimate",
        "burst": 5_000,
    }


@pytest.fixture
def loader(sandbox, settings, capsys, caplog):
    caplog.set_level("DEBUG")
    return Loader(sandbox, settings, capsys, caplog)


@pytest.fixture(autouse=True)
def own_signal_handlers():
    """Give pytest its signal handlers back: a target takes them when it is made."""
    ours = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    yield
    for signum, handler in ours.items():
        signal.signal(signum, handler)


@pytest.fixture(autouse=True)
def no_settings_from_the_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("TARGET_PIPEDRIVE_"):
            monkeypatch.delenv(name)
