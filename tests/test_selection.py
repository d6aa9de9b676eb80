"""What `tap-cliniko` is told to read in meltano.yml: what the mapping uses, at a small price."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = (ROOT / "meltano.yml").read_text()
EXTRACTORS = {entry["name"]: entry for entry in yaml.safe_load(PROJECT)["plugins"]["extractors"]}
SELECTED = {pattern.partition(".")[0] for pattern in EXTRACTORS["tap-cliniko"]["select"]}
LISTED = {pattern.partition(".")[0] for pattern in EXTRACTORS["tap-cliniko-reference"]["select"]}
IDLE_REQUESTS = 60


def taken(folder: Path, *, listed: bool = False) -> set[str]:
    """The streams that a load takes by the mapping files of a folder, or that are listed."""
    return {
        part["stream"]
        for path in folder.glob("*.yml")
        for part in yaml.safe_load_all(path.read_text())
        if part and "stream" in part and ("reference" in part) == listed
    }


def test_what_the_mapping_uses_is_read_and_no_more():
    used, optional = taken(ROOT / "transforms"), taken(ROOT / "transforms" / "optional")
    assert used <= SELECTED <= used | optional
    assert EXTRACTORS["tap-cliniko-all"]["select"] == ["*.*"]


def test_the_workflow_reference_reads_what_it_lists_and_no_more():
    assert taken(ROOT / "transforms", listed=True) == LISTED


def test_one_line_selects_each_stream_that_only_an_optional_file_takes():
    offered = re.findall(r"^        # - (\w+)\.\* # for (\w+)$", PROJECT, re.MULTILINE)
    missing = taken(ROOT / "transforms" / "optional") - SELECTED
    assert {stream for stream, _ in offered} == missing
    for _, name in offered:
        assert (ROOT / "transforms" / "optional" / f"{name}.yml").exists()


@pytest.fixture
def selected_run(pipeline):
    """Run the tap with a selection; return the requests it took."""
    pipe = pipeline(patients=60)
    discover = [*pipe.tap(), "--discover"]
    done = subprocess.run(discover, capture_output=True, check=True, timeout=60, cwd=pipe.folder)
    catalog = json.loads(done.stdout)
    path = pipe.folder / "catalog.json"

    def run(selected: set[str] = SELECTED) -> int:
        for entry in catalog["streams"]:
            for part in entry["metadata"]:
                if part["breadcrumb"] == []:
                    part["metadata"]["selected"] = entry["tap_stream_id"] in selected
        path.write_text(json.dumps(catalog))
        before = len(pipe.sandbox.log())
        command = [*pipe.tap(), "--catalog", str(path)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=120, cwd=pipe.folder
        )
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        pipe.state = [m["value"] for m in messages if m["type"] == "STATE"][-1]
        assert {m["stream"] for m in messages if m["type"] == "SCHEMA"} == selected
        return len([row for row in pipe.sandbox.log()[before:] if row["api"] == "cliniko"])

    return run


def test_a_run_with_nothing_new_is_cheap(selected_run):
    selected_run()
    assert selected_run() <= IDLE_REQUESTS
    assert selected_run() <= IDLE_REQUESTS


def test_the_workflow_reference_takes_as_many_requests_as_it_says(selected_run):
    (told,) = re.findall(r"docs/reference\.md\): (\d+) requests", PROJECT)
    assert int(told) - 3 <= selected_run(LISTED) <= int(told)
