"""The whole tap against the project's simulated clinic: every row, every field."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tap_cliniko.links import flatten
from tap_cliniko.streams import STREAMS

testing = pytest.importorskip("sandbox.testing")


def run(folder, state=None):
    arguments = ["--config", str(folder / "config.json")]
    if state is not None:
        (folder / "state.json").write_text(json.dumps(state))
        arguments += ["--state", str(folder / "state.json")]
    done = subprocess.run(
        [sys.executable, "-m", "tap_cliniko", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    records = {
        (line["stream"], line["record"]["id"]): line["record"]
        for line in lines
        if line["type"] == "RECORD"
    }
    return records, [line["value"] for line in lines if line["type"] == "STATE"][-1]


def test_every_row_arrives_as_it_stands_in_the_clinic(tmp_path):
    with testing.running() as sandbox:
        config = {
            "api_key": "sandbox-key-au1",
            "api_url": sandbox.cliniko,
            "contact_email": "tests@example.com",
            "attachments_dir": str(tmp_path / "spool"),
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        records, _ = run(tmp_path)
        cliniko = sandbox.dump()["cliniko"]
    for stream in STREAMS:
        rows = cliniko["streams"].get(stream.name, [])
        assert len([key for key in records if key[0] == stream.name]) == max(len(rows), 1)
        for row in rows:
            record, expected = records[stream.name, row["id"]], flatten(row)
            for link_or_secret in ("content", "referrers"):
                expected.pop(link_or_secret, None)
            assert {name: record.get(name) for name in expected} == expected
            assert record.keys() <= stream.schema["properties"].keys()
    for number, content in cliniko["attachments"].items():
        record = records["patient_attachments", number]
        if record["content_state"] == "ready":
            assert (record["sha256"], record["content_size"]) == (
                content["sha256"],
                content["size"],
            )
