"""What a run wrote is read back: after everything a clinic does, of samples, for few tokens."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from sandbox.client import ControlError
from sandbox.edits import EDITS
from sandbox.testing import running
from target_pipedrive.verify.holding import OUTDATED

from .test_optional import NAMES, switched_on

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TIMEOUT = 120.0
FAILED = 1
KEY = "Cliniko patient ID"


def verify(pipe, **tap):
    """Read everything again, and back; return how it ended and what was found."""
    kept, pipe.state = (pipe.state, pipe.tap_config), None
    pipe.tap_config = pipe.tap_config | tap
    pipe.sandbox.clear_log()
    result = pipe.run(mode="verify", show_values=True)
    pipe.state, pipe.tap_config = kept
    assert result.tap == 0, result.tap_log
    assert result.states == []
    assert pipe.writes() == []
    assert [row for row in pipe.sandbox.log() if row["api"] == "storage"] == []
    output = pipe.folder / "output"
    return result, json.loads((output / "verify.json").read_text())


def found(pipe, *verdicts):
    """Return what was found that counts."""
    with (pipe.folder / "output" / "verify.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["verdict"] in verdicts]
    return [(row["object"], row["stream"], row["field"], row["rule"]) for row in rows]


def load(pipe, **tap):
    kept = pipe.tap_config
    pipe.tap_config = kept | tap
    result = pipe.run()
    pipe.tap_config = kept
    assert (result.tap, result.target) == (0, 0), result.target_log + result.tap_log


def stands(pipe, **tap):
    result, counts = verify(pipe, **tap)
    assert result.target == 0, found(pipe, "different", "missing")
    assert found(pipe, "edited", "extra", "not compared") == []
    return counts


def test_a_sample_is_loaded_and_verified_and_the_rest_not_looked_at(pipeline):
    pipe = pipeline(patients=24)
    load(pipe, sample_patients=4)
    counts = stands(pipe, sample_patients=4)
    assert counts["not_looked_at"] == {}
    sampled = sum(counts["objects"]["person"].values())

    load(pipe)
    pipe.sandbox.edit("rename_patient")
    pipe.sandbox.edit("insert_appointment")
    result, counts = verify(pipe)
    assert result.target == FAILED
    assert "Of " in result.target_log
    assert sum(counts["objects"]["person"].values()) > sampled
    assert {row[2] for row in found(pipe, "different")} >= {"name"}
    assert {row[3] for row in found(pipe, "different")} == {OUTDATED}
    assert found(pipe, "missing") == [
        (
            "activity",
            "individual_appointments",
            "",
            "the ledger knows nothing that it became: run the load",
        ),
    ]


def test_a_verification_without_a_load_says_so(idle):
    messages = idle.record()
    result = idle.load(messages, mode="verify")
    assert result.target == 2
    assert "There is no ledger at" in result.target_log
    assert not (idle.folder / "output" / "verify.html").exists()


@pytest.mark.slow
def test_a_verification_costs_little(pipeline):
    pipe = pipeline(patients=120)
    pipe.sandbox.clear_log()
    load(pipe)
    spent = sum(row["tokens"] for row in pipe.sandbox.log())
    counts = stands(pipe)
    pages = {name.partition(".")[0]: n for name, n in counts["requests"].items() if ".list" in name}
    assert counts["tokens"] == sum(row["tokens"] for row in pipe.sandbox.log())
    objects = {obj: sum(n.values()) for obj, n in counts["objects"].items()}
    assert pages["person"] == -(-objects["person"] // 500)
    assert pages["file"] <= objects["file"] // 100 + 1
    assert counts["tokens"] < spent / 20


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4))
def test_whatever_a_clinic_does_stands_after_the_next_run(pipeline, part):
    """Every kind of edit, with all that is optional: told before the load, gone after it."""
    pipe = pipeline(patients=16)
    pipe.target_config["mapping"] = switched_on(pipe.folder, *NAMES)
    load(pipe)
    counts = stands(pipe)
    assert counts["objects"].keys() >= {"deal", "deal_product", "organization"}
    kinds = sorted(EDITS)[part::4]
    for start in range(0, len(kinds), 3):
        for kind in kinds[start : start + 3]:
            with suppress(ControlError):  # some find nothing fitting in so small a clinic
                pipe.sandbox.edit(kind)
        load(pipe)
        verify(pipe)
        # A run that reads what changed does not compute everything anew that depends on it.
        assert {row[3] for row in found(pipe, "different")} <= {OUTDATED}
        assert found(pipe, "missing", "extra", "edited", "not compared") == []
    pipe.state = None
    load(pipe)
    stands(pipe)


@pytest.fixture
def meltano(tmp_path):
    """The project's own wiring in a folder of its own, its plugins installed already."""
    wiring = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    for part in ("jobs", "schedules"):
        del wiring[part]
    names = {"tap-cliniko", "tap-cliniko-sample", "target-pipedrive", "verify-pipedrive"}
    plugins = wiring["plugins"] = {
        kind: [one for one in wiring["plugins"][kind] if one["name"] in names]
        for kind in ("extractors", "loaders")
    }
    for one in (*plugins["extractors"], *plugins["loaders"]):
        if one.pop("pip_url", None):
            one["executable"] = str(BIN / one["name"])
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "meltano.yml").write_text(yaml.safe_dump(wiring), encoding="utf-8")
    shutil.copytree(ROOT / "transforms", folder / "transforms")

    def run(sandbox, *plugins):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("TAP_", "TARGET_"))}
        env |= {
            "TAP_CLINIKO_API_KEY": "sandbox-key-au1",
            "TAP_CLINIKO_API_URL": sandbox.cliniko,
            "TAP_CLINIKO_CONTACT_EMAIL": "operator@clinic.example",
            "TAP_CLINIKO_REQUESTS_PER_MINUTE": "100000",
            "TARGET_PIPEDRIVE_API_TOKEN": "sandbox-token",
            "TARGET_PIPEDRIVE_API_URL": sandbox.pipedrive,
            "TARGET_PIPEDRIVE_SUBSCRIPTION": "ultimate",
            "TARGET_PIPEDRIVE_BURST": "5000",
        }
        sandbox.clear_log()
        done = subprocess.run(
            [BIN / "meltano", "--environment=prod", "run", *plugins],
            cwd=folder,
            env=env,
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        return done.returncode, done.stdout + done.stderr, sandbox.log()

    return run


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_verification_through_meltano_reads_everything(meltano):
    options = {"patients": 3, "cliniko_per_minute": 100_000, "burst": 5_000}
    with running(**options) as sandbox:
        code, log, _ = meltano(sandbox, "tap-cliniko", "target-pipedrive")
        assert code == 0, log
        for _ in range(2):  # a state of the first would leave the second nothing to read
            code, log, sent = meltano(sandbox, "tap-cliniko", "verify-pipedrive")
            assert code == 0, log
            assert " 0 different" not in log
            assert "stand as they should" in log
            assert sum(row["path"].startswith("/v1/patients") for row in sent) > 0
            assert {row["method"] for row in sent} == {"GET"}
            assert [row for row in sent if row["api"] == "storage"] == [], "it was in the spool"
        stands = sandbox.dump()["pipedrive"]
        key = next(one for one in stands["personFields"] if one["field_name"] == KEY)["field_code"]
        ours = next(row for row in stands["persons"] if row["custom_fields"].get(key))
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{sandbox.pipedrive}/api/v2/persons/{ours['id']}",
            headers={"x-api-token": "sandbox-token"},
            method="DELETE",
        )
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - loopback
        code, log, _ = meltano(sandbox, "tap-cliniko", "verify-pipedrive")
        assert code == FAILED
        assert "1 missing" in log
        assert "meltano --environment=prod run" in log, "what to type next"
