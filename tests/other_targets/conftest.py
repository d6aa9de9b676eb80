"""Other people's targets, installed as Meltano installs them, and readers of what they wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import running

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
TARGETS = ("target-jsonl", "target-duckdb", "target-postgres")
INSTALL_SECONDS = 280
RUN_SECONDS = 120

EDITS = (
    "rename_patient",
    "archive_patient",
    "insert_patient",
    "merge_patients",
    "cancel_appointment",
    "insert_appointment",
    "edit_note",
    "archive_note",
    "pay_invoice",
    "delete_tax",
    "remove_type_item",
)
"""Changes of every kind: edited, new, hidden with and without a new stamp, gone for good."""

Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass
class Reading:
    """What one run of the tap said, and what stood in the clinic then."""

    messages: Path
    clinic: Rows
    began: datetime
    keys: dict[str, list[str]] = field(default_factory=dict)
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)
    """JSON schema of each property, by stream and name."""
    whole: set[str] = field(default_factory=set)
    """Streams that are read whole by every run, since Cliniko tells no changes of them."""

    def __post_init__(self) -> None:
        with self.messages.open() as file:
            for message in map(json.loads, file):
                if message["type"] == "SCHEMA":
                    stream = message["stream"]
                    self.keys[stream] = message["key_properties"]
                    self.schemas[stream] = message["schema"]["properties"]
                    if not message.get("bookmark_properties"):
                        self.whole.add(stream)

    def key(self, stream: str, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.keys[stream])


class Target:
    """Somebody else's target with a place to write to."""

    name: str
    config: dict[str, Any]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def executable(self) -> Path:
        return ROOT / ".meltano" / "loaders" / self.name / "venv" / "bin" / self.name

    def load(self, reading: Reading) -> dict[str, Any]:
        """Feed it what the tap said, which it has to take without complaint; return its state."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.config))
        with reading.messages.open() as stdin:
            done = subprocess.run(
                [self.executable, "--config", config],
                stdin=stdin,
                capture_output=True,
                text=True,
                check=False,
                timeout=RUN_SECONDS,
            )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def rows(self, reading: Reading) -> Rows:
        """Return all rows it holds, by stream."""
        raise NotImplementedError

    def current(self, reading: Reading) -> Rows:
        """Return the rows that it knows to be in the clinic still."""
        return self.rows(reading)


class Files(Target):
    """Lines of target-jsonl; a file is a log, so the last line of a record counts."""

    name = "target-jsonl"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.config = {"destination_path": str(folder), "do_timestamp_file": False}

    def rows(self, reading: Reading) -> Rows:
        found = {}
        for path in self.folder.glob("*.jsonl"):
            rows = map(json.loads, path.read_text().splitlines())
            found[path.stem] = list({reading.key(path.stem, row): row for row in rows}.values())
        return found


class DuckDB(Target):
    """Tables of target-duckdb, read with the DuckDB that it brings."""

    name = "target-duckdb"
    program = """
import duckdb, json, sys
database = duckdb.connect(sys.argv[1])
for statement in sys.argv[2:]:
    database.execute(statement)
tables = "select table_name from information_schema.tables where table_schema = 'main'"
for (table,) in database.execute(tables).fetchall():
    rows = database.execute(f'select * from "{table}"')
    names = [column[0] for column in rows.description]
    for row in rows.fetchall():
        print(json.dumps([table, dict(zip(names, row))], default=str))
"""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder)
        self.file = folder / "clinic.duckdb"
        self.config = {
            "filepath": str(self.file),
            "default_target_schema": "main",
            "add_metadata_columns": True,
            **settings,
        }

    def rows(self, reading: Reading, *statements: str) -> Rows:
        python = self.executable.with_name("python")
        done = subprocess.run(
            [python, "-c", self.program, self.file, *statements],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        found: Rows = defaultdict(list)
        for table, row in map(json.loads, done.stdout.splitlines()):
            found[table].append(row)
        return found

    def current(self, reading: Reading) -> Rows:
        """Return what is left after the statement of docs/warehouses.md."""
        statement = "delete from {} where _sdc_extracted_at < timestamp '{}'"
        began = reading.began.strftime("%Y-%m-%d %H:%M:%S.%f")
        return self.rows(
            reading, *(statement.format(stream, began) for stream in sorted(reading.whole))
        )


class Postgres(Target):
    """Tables of target-postgres."""

    name = "target-postgres"

    def __init__(self, folder: Path, database: Any, **settings: Any) -> None:
        super().__init__(folder)
        self.database = database
        self.config = {
            "sqlalchemy_url": database.url,
            "default_target_schema": "cliniko",
            **settings,
        }

    def rows(self, reading: Reading) -> Rows:
        found = {}
        for stream in reading.keys:
            statement = f'select row_to_json(row) from cliniko."{stream}" row'  # noqa: S608 - our own names
            found[stream] = list(map(json.loads, self.database.query(statement)))
        return found

    def current(self, reading: Reading) -> Rows:
        return {
            stream: [row for row in rows if row["_sdc_deleted_at"] is None]
            for stream, rows in self.rows(reading).items()
        }


def clinic_of(sandbox: Any) -> Rows:
    """Return everything that stands in the clinic, by stream."""
    clinic = sandbox.dump()["cliniko"]
    settings = {"id": clinic["settings"]["account"]["id"], **clinic["settings"]}
    administrator = next(
        user for user in clinic["streams"]["users"] if user["role"] == "administrator"
    )
    single = {"settings": settings, "public_settings": settings, "user": administrator}
    return clinic["streams"] | {stream: [row] for stream, row in single.items()}


@pytest.fixture(scope="session")
def meltano_environment(tmp_path_factory):
    """Keep Meltano's own database out of the project; the plugins stay in its `.meltano`."""
    database = tmp_path_factory.mktemp("meltano") / "meltano.db"
    no_settings = ("TAP_", "TARGET_", "MELTANO_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(no_settings)}
    return env | {"MELTANO_DATABASE_URI": f"sqlite:///{database}"}


@pytest.fixture(scope="session")
def targets(meltano_environment):
    """Install the targets as `meltano run` would: what is there already stays."""
    done = subprocess.run(
        [BIN / "meltano", "--env-file=/dev/null", "install", "loader", *TARGETS],
        cwd=ROOT,
        env=meltano_environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def sandbox():
    with running(patients=60, cliniko_per_minute=100_000, burst=5_000) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def readings(sandbox, tmp_path_factory):
    """Read the clinic, change it as its staff would, and read what changed."""
    folder = tmp_path_factory.mktemp("readings")
    config = {
        "api_key": "sandbox-key-au1",
        "api_url": sandbox.cliniko,
        "contact_email": "operator@clinic.example",
        "requests_per_minute": 100_000,
        "attachments_dir": str(folder / "attachments"),
    }
    (folder / "tap.json").write_text(json.dumps(config))

    def read(name: str, *options: str | Path) -> Reading:
        began = datetime.now(UTC)
        path = folder / f"{name}.singer"
        with path.open("w") as out:
            done = subprocess.run(
                [BIN / "tap-cliniko", "--config", folder / "tap.json", *options],
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=RUN_SECONDS,
            )
        assert done.returncode == 0, done.stderr[-3000:]
        return Reading(path, clinic_of(sandbox), began)

    first = read("first")
    for kind in EDITS:
        sandbox.edit(kind)
    with first.messages.open() as file:
        states = [message for message in map(json.loads, file) if message["type"] == "STATE"]
    (folder / "state.json").write_text(json.dumps(states[-1]["value"]))
    return first, read("second", "--state", folder / "state.json")


@pytest.fixture
def make(targets, tmp_path, request):
    """Make a target that holds nothing yet, by its name."""

    def make(name: str, **settings: Any) -> Target:
        if name == "target-postgres":
            return Postgres(tmp_path, request.getfixturevalue("postgres"), **settings)
        return {"target-jsonl": Files, "target-duckdb": DuckDB}[name](tmp_path, **settings)

    return make


@pytest.fixture
def run(targets, meltano_environment):
    """Run blocks in this project as a person would, in the environment that presets nothing."""

    def run(*blocks: str, **settings: str) -> str:
        done = subprocess.run(
            [BIN / "meltano", "--environment=prod", "--env-file=/dev/null", "run", *blocks],
            cwd=ROOT,
            env=meltano_environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
        )
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    return run


@pytest.fixture(scope="module")
def table():
    """Keep how many rows stand where; show it at the end (pytest -s)."""
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)

    def note(when: str, reading: Reading, target: str, rows: Rows) -> None:
        for stream in reading.keys:
            counts[when, stream]["clinic"] = len(reading.clinic[stream])
            counts[when, stream][target] = len(rows[stream])

    yield note
    for when in dict.fromkeys(when for when, _ in counts):
        columns = ("clinic", *TARGETS)
        print(f"\n\n{when:32}" + "".join(f"{name:>16}" for name in columns))
        for (moment, stream), row in counts.items():
            if moment == when:
                print(f"{stream:32}" + "".join(f"{row.get(name, '-'):>16}" for name in columns))
        shown = [row for (moment, _), row in counts.items() if moment == when]
        sums = (sum(row.get(name, 0) for row in shown) for name in columns)
        print(f"{'all':32}" + "".join(f"{total:>16}" for total in sums))
