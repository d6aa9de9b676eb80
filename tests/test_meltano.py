"""What Meltano does with the tap besides running it: test its settings, invoke its commands."""

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

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def sandbox():
    with running(patients=15) as process:
        yield process


@pytest.fixture(scope="module")
def meltano(sandbox, tmp_path_factory):
    """The project's own definition of the tap, in a project of its own, installed already."""
    folder = tmp_path_factory.mktemp("project")
    wiring = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    entries = wiring["plugins"]["extractors"]
    tap: dict[str, Any] = next(entry for entry in entries if entry["name"] == "tap-cliniko")
    del tap["pip_url"]
    tap["executable"] = str(BIN / "tap-cliniko")
    for part in ("jobs", "schedules"):
        del wiring[part]
    wiring["plugins"] = {"extractors": [tap]}
    (folder / "meltano.yml").write_text(yaml.safe_dump(wiring), encoding="utf-8")

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        not_theirs = ("MELTANO_", "TAP_")
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
