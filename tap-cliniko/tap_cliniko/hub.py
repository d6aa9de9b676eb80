"""Writes the plugin definition for Meltano Hub from the code, so that it cannot go stale.

``python -m tap_cliniko.hub meltano-hub.yml`` brings the file up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml  # a dependency of the Singer SDK

from tap_cliniko.settings import SCHEMA
from tap_cliniko.tap import TapCliniko

KINDS = {"boolean": "boolean", "integer": "integer", "number": "decimal", "string": "string"}

PREAMBLE = """\
An API key is made in Cliniko under My Info, Manage API keys. It sees what its user may see, so an
administrator's key is the one that reads everything. `meltano invoke tap-cliniko --test` says what
a key can see, `meltano invoke tap-cliniko:inventory` what stands in the account.
"""

USAGE = """\
Incremental streams go on from where the last run ended. `--full-refresh` reads everything anew.
The contents of attachments go into the folder of `attachments_dir`; their records say where.
Patients' records are health data: mind where the loader puts them.
"""


def definition() -> dict[str, Any]:
    """The definition, in the terms of Meltano Hub (Meltano docs, "Plugin definition syntax")."""
    return {
        "name": TapCliniko.name,
        "variant": "cliniko-pipedrive",
        "namespace": "tap_cliniko",
        "label": "Cliniko",
        "description": "Practice management for allied health clinics",
        "definition": "pulls a clinic's data and attachments from the Cliniko API, "
        "archived, cancelled and deleted rows included.",
        "domain_url": "https://docs.api.cliniko.com",
        "pip_url": TapCliniko.name,
        "executable": TapCliniko.name,
        "maintenance_status": "active",
        "keywords": ["api", "health", "meltano_sdk", "practice management"],
        "capabilities": sorted(entry.value for entry in TapCliniko.capabilities),
        "commands": {
            "inventory": {
                "args": "inventory",
                "description": "Say what stands in the account without reading it all",
            }
        },
        "settings_preamble": PREAMBLE,
        "settings_group_validation": [list(SCHEMA["required"])],
        "settings": [_setting(name, field) for name, field in SCHEMA["properties"].items()],
        "usage": USAGE,
    }


def text() -> str:
    """The definition as the file holds it."""
    return yaml.dump(definition(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar(
            "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
        )


_Dumper.add_representer(str, _Dumper.represent_text)


def _setting(name: str, field: dict[str, Any]) -> dict[str, Any]:
    kinds = [field["type"]] if isinstance(field["type"], str) else field["type"]
    kind = KINDS[next(kind for kind in kinds if kind != "null")]
    setting: dict[str, Any] = {"name": name, "label": field["title"], "kind": kind}
    if field.get("format") == "date-time":
        setting["kind"] = "date_iso8601"
    if "enum" in field:
        setting["kind"] = "options"
        setting["options"] = [
            {"label": value.capitalize(), "value": value} for value in field["enum"]
        ]
    if field.get("secret"):
        setting["sensitive"] = True
    if "default" in field:
        setting["value"] = field["default"]
    setting["description"] = field["description"]
    return setting


def main() -> None:
    """Bring the file named on the command line up to date."""
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
