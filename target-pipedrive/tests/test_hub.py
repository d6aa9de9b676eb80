"""The plugin definition for Meltano Hub: in step with the code, and what Meltano understands."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from target_pipedrive.commands import COMMANDS
from target_pipedrive.declared import SCHEMA
from target_pipedrive.hub import text

FILE = Path(__file__).parents[1] / "meltano-hub.yml"


def definition():
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def test_the_definition_is_up_to_date():
    command = "python -m target_pipedrive.hub target-pipedrive/meltano-hub.yml"
    assert FILE.read_text(encoding="utf-8") == text(), f"run: {command}"


def test_it_knows_every_setting_and_marks_the_secrets():
    settings = {setting["name"]: setting for setting in definition()["settings"]}
    assert list(settings) == list(SCHEMA.to_dict()["properties"])
    assert [name for name in settings if settings[name].get("sensitive")] == [
        "api_token",
        "oauth_client_secret",
        "oauth_refresh_token",
        "ledger",
    ]
    assert settings["unmatched_practitioners"]["options"] == [
        {"label": "Default owner", "value": "default_owner"},
        {"label": "Stop", "value": "stop"},
    ]
    kinds = {"custom_field_codes": "object", "max_file_mb": "decimal", "seats": "integer"}
    assert {name: settings[name]["kind"] for name in kinds} == kinds


def test_it_knows_every_command():
    commands = definition()["commands"]
    assert list(commands) == [command.name for command in COMMANDS]
    assert all(command["description"] for command in commands.values())


def test_meltano_understands_it():
    """Meltano's own schema of meltano.yml, in which a definition may stand as it is."""
    pytest.importorskip("meltano", reason="Meltano is not installed")
    file = resources.files("meltano.schemas") / "meltano.schema.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    only_on_the_hub = {
        "definition",
        "domain_url",
        "keywords",
        "maintenance_status",
        "settings_preamble",
        "usage",
    }
    plugin = {name: value for name, value in definition().items() if name not in only_on_the_hub}
    project = {"version": 1, "plugins": {"loaders": [plugin]}}
    faults = [fault.message for fault in Draft202012Validator(schema).iter_errors(project)]
    assert not faults
    plugin["settings"][0]["kind"] = "nonsense"
    assert list(Draft202012Validator(schema).iter_errors(project))
