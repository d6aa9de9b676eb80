"""The example project: its wiring loads what a tap sends of its files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .conftest import DATA, ROOT, TOKEN

EXAMPLE = ROOT / "examples" / "csv-to-pipedrive"
WIRING = yaml.safe_load((EXAMPLE / "meltano.yml").read_text())
(TAP,) = WIRING["plugins"]["extractors"]
(TARGET,) = WIRING["plugins"]["loaders"]
SETTINGS = {
    name: value
    for name, value in TARGET["config"].items()
    if "$MELTANO_PROJECT_ROOT" not in str(value)
}


def stands(account):
    """Hold what stands in Pipedrive against the two spreadsheets."""
    (ines,) = account.labelled("persons", "personFields", "Spreadsheet ID", "C-1001")
    assert ines["name"] == "Ines Moreau"
    assert [row["value"] for row in ines["emails"]] == ["ines.moreau@mail.example"]
    assert [row["value"] for row in ines["phones"]] == ["+61 491 570 156"]
    assert ines["add_time"] == "2019-05-01T00:00:00Z"
    assert ines["custom"]["How found"] == "A friend"
    (mei,) = account.labelled("persons", "personFields", "Spreadsheet ID", "C-1003")
    assert mei["emails"] == []
    (deal,) = account.labelled("deals", "dealFields", "Spreadsheet ID", "E-1")
    assert (deal["title"], deal["value"]) == ("Back pain after a fall", 120.5)
    assert deal["person_id"] == ines["id"]
    stages = {row["id"]: row["name"] for row in account.rows("stages")}
    assert stages[deal["stage_id"]] == "Booked"


def test_the_wiring_loads_what_stands_in_the_files(loader, account):
    """The messages are worded as tap-csv does it: every value is text."""
    lines = (DATA / "spreadsheets.singer").read_text().splitlines()
    messages = [json.loads(line) for line in lines]
    made = loader.load(messages, **SETTINGS)
    assert made.codes() == {}
    assert made.summary["done"] == {"person created": 3, "deal created": 2}
    stands(account)
    assert loader.load(messages, **SETTINGS).writes == []


def loaded(tap: list[str | Path], sandbox, tmp_path):
    """Run a tap and the target as processes, joined as Meltano joins them."""
    (tmp_path / "tap.json").write_text(json.dumps(TAP["config"]))
    place = {
        "api_token": TOKEN,
        "api_url": sandbox.pipedrive,
        "ledger": f"sqlite:///{tmp_path}/ledger.db",
        "output_dir": str(tmp_path / "output"),
        "subscription": "ultimate",
    }
    (tmp_path / "target.json").write_text(json.dumps(SETTINGS | place))
    read = subprocess.run(
        [*tap, "--config", tmp_path / "tap.json"],
        cwd=EXAMPLE,
        check=True,
        capture_output=True,
        timeout=120,
    )
    target = Path(sys.executable).with_name("target-pipedrive")
    command = [target, "--config", tmp_path / "target.json"]
    subprocess.run(command, input=read.stdout, check=True, capture_output=True, timeout=120)


def test_a_tap_of_spreadsheets_and_the_target_as_processes(sandbox, account, tmp_path):
    loaded([sys.executable, Path(__file__).with_name("csv_tap.py")], sandbox, tmp_path)
    stands(account)


@pytest.mark.slow
def test_the_tap_that_the_example_names(sandbox, account, tmp_path):
    """It is on no package index: skipped where git cannot fetch it."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    install = [folder / "bin" / "pip", "install", "--quiet", TAP["pip_url"]]
    if subprocess.run(install, check=False, capture_output=True, timeout=280).returncode:
        pytest.skip(f"{TAP['pip_url']} cannot be installed here")
    loaded([folder / "bin" / "tap-csv"], sandbox, tmp_path)
    stands(account)
