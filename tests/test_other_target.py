"""The tap serves other targets: what target-jsonl writes is what stands in the clinic."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "plugins" / "loaders" / "target-jsonl--andyh1203.lock"
INSTALL_SECONDS = 240
WITHHELD = {
    "links",
    "booking_ip_address",
    "cancellation_url",
    "online_payment_url",
    "telehealth_url",
}
"""What the tap leaves out: addresses that open an appointment or invoice to whoever holds them."""

LOGIN_MAIL = {11, 25, 42, 43, 44, 45, 46, 47}
"""Categories of the account's own mail that may hold login codes (official OpenAPI)."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def target_jsonl(tmp_path_factory):
    """Install the target as Meltano does, apart from ours: it needs a jsonschema of 2017."""
    folder = tmp_path_factory.mktemp("target-jsonl")
    requirement = json.loads(LOCK.read_text())["pip_url"]
    for command in (
        [sys.executable, "-m", "venv", folder],
        [folder / "bin" / "pip", "install", "--quiet", requirement],
    ):
        subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
    return folder / "bin" / "target-jsonl"


def expected_of(stream, row):
    """Return a row of the clinic's as the tap promises it, computed apart from the tap."""
    flat = {}
    for name, value in row.items():
        address = value["links"]["self"] if isinstance(value, dict) and "links" in value else None
        if address is None:
            flat[name] = value
        elif address.rsplit("/", 1)[-1].isdigit():
            flat[f"{name}_id"] = address.rsplit("/", 1)[-1]
    if stream == "communications" and "patient" not in row and row["category_code"] in LOGIN_MAIL:
        flat["content"] = None
    return {name: value for name, value in flat.items() if name not in WITHHELD}


def test_every_row_arrives_in_files(pipeline, target_jsonl, tmp_path):
    pipe = pipeline(patients=60)
    messages = pipe.record()
    config = tmp_path / "jsonl.json"
    config.write_text(json.dumps({"destination_path": str(tmp_path), "do_timestamp_file": False}))
    with messages.open() as stdin:
        done = subprocess.run(
            [target_jsonl, "--config", config],
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert json.loads(done.stdout.splitlines()[-1])["bookmarks"]
    clinic = pipe.sandbox.dump()["cliniko"]["streams"]
    files = {path.stem: path for path in tmp_path.glob("*.jsonl")}
    assert files.keys() <= clinic.keys() | {"public_settings"}
    assert len(files) > 20
    for stream in files.keys() - {"public_settings"}:
        with files[stream].open() as file:
            written = {row["id"]: row for row in map(json.loads, file)}
        assert written.keys() == {row["id"] for row in clinic[stream]}, stream
        for row in clinic[stream]:
            expected = expected_of(stream, row)
            found = {name: written[row["id"]].get(name) for name in expected}
            assert found == expected, stream
