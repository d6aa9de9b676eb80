"""What Meltano does with the plugins besides running them: test settings, invoke commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.testing import running
from target_pipedrive.ledger import Ledger

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def sandbox():
    with running(patients=15) as process:
        yield process


@pytest.fixture(scope="module")
def meltano(sandbox, tmp_path_factory):
    """The project's own definition of both, in a project of its own, installed already."""
    folder = tmp_path_factory.mktemp("project")
    wiring = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))

    def installed(kind: str, name: str) -> dict[str, Any]:
        entry = next(entry for entry in wiring["plugins"][kind] if entry["name"] == name)
        del entry["pip_url"]
        return entry | {"executable": str(BIN / name)}

    for part in ("jobs", "schedules"):
        del wiring[part]
    wiring["plugins"] = {
        "extractors": [installed("extractors", "tap-cliniko")],
        "loaders": [installed("loaders", "target-pipedrive")],
    }
    (folder / "meltano.yml").write_text(yaml.safe_dump(wiring), encoding="utf-8")

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        not_theirs = ("MELTANO_", "TAP_", "TARGET_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(not_theirs)}
        env |= {
            "TAP_CLINIKO_API_KEY": "sandbox-key-au1",
            "TAP_CLINIKO_API_URL": sandbox.cliniko,
            "TAP_CLINIKO_CONTACT_EMAIL": "operator@clinic.example",
        }
        return subprocess.run(
            [BIN / "meltano", "--environment=prod", *arguments],
            cwd=folder,
            env=env | settings,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    run.folder = folder
    return run


def test_its_settings_can_be_tested(sandbox, meltano):
    done = meltano("config", "test", "tap-cliniko")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Plugin configuration is valid" in done.stdout + done.stderr
    asked = [entry for entry in sandbox.log() if entry["api"] == "cliniko"]
    assert len(asked) < 30  # it ends with the first record, and does not read the clinic


def test_wrong_settings_fail_the_test(meltano):
    done = meltano("config", "test", "tap-cliniko", TAP_CLINIKO_API_KEY="other-au1")
    assert done.returncode == 1
    assert "Plugin configuration is invalid" in done.stdout + done.stderr


def test_the_inventory_can_be_invoked(sandbox, meltano):
    done = meltano("invoke", "tap-cliniko:inventory", "--format=json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    resources = {resource["stream"]: resource["rows"] for resource in told["resources"]}
    assert resources["patients"] == len(sandbox.dump()["cliniko"]["streams"]["patients"])


def test_the_connection_can_be_tested(meltano):
    done = meltano("invoke", "tap-cliniko", "--test")
    assert done.returncode == 0, done.stderr
    assert "selected streams can be read." in done.stdout


def test_the_commands_of_the_target_find_the_environments_ledger(meltano):
    """They get their settings as Meltano gives them to a command: as environment variables."""
    done = meltano("invoke", "target-pipedrive:rejects")
    assert done.returncode == 2, done.stderr
    place = meltano.folder / "output" / "prod" / "ledger.db"
    assert f"There is no ledger at {place}" in done.stderr
    ledger = Ledger(f"sqlite:///{place}", "run 1")
    ledger.rejects.put("person", "patients", "1", code="refused", detail="", record={"id": "1"})
    ledger.close()
    done = meltano("invoke", "target-pipedrive:rejects", "list", "--format=json")
    assert json.loads(done.stdout)["counts"] == {"refused": 1}, done.stderr
    done = meltano("invoke", "target-pipedrive:ledger", "info", "--format=json")
    assert json.loads(done.stdout)["rejects"] == {"refused": 1}, done.stderr
    done = meltano("invoke", "target-pipedrive:watch", "--once")
    assert done.stdout == "No run is on; none was yet.\n", done.stderr
