"""Writes the plugin definition for Meltano Hub from the code, so that it cannot go stale.

``python -m target_pipedrive.hub meltano-hub.yml`` brings the file up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml  # a dependency of the Singer SDK

from target_pipedrive.commands import COMMANDS
from target_pipedrive.declared import SCHEMA
from target_pipedrive.target import TargetPipedrive

KINDS = {
    "boolean": "boolean",
    "integer": "integer",
    "number": "decimal",
    "object": "object",
    "string": "string",
}

PREAMBLE = """\
Give the API token of an administrator and the account's address, or an OAuth app. The token stands
in Pipedrive under Personal preferences, API; `target-pipedrive oauth` lets an administrator allow
an app. `subscription` and `seats` say how much may be asked of Pipedrive.
"""

USAGE = """\
What becomes what stands in mapping files, in the folder of `mapping`; a stream that bears the name
of a Pipedrive object, such as `persons`, needs none. Keep the ledger as long as the two systems are
kept in step: with it nothing is written twice, however often a run is interrupted.
What cannot be written is kept with its reason: `meltano invoke target-pipedrive:rejects`.
"""


def definition() -> dict[str, Any]:
    """The definition, in the terms of Meltano Hub (Meltano docs, "Plugin definition syntax")."""
    properties = SCHEMA.to_dict()["properties"]
    return {
        "name": TargetPipedrive.name,
        "variant": "cliniko-pipedrive",
        "namespace": "target_pipedrive",
        "label": "Pipedrive",
        "description": "CRM for sales teams",
        "definition": "loads persons, organizations, deals, leads, activities, notes, products and "
        "files into Pipedrive, each of them once.",
        "domain_url": "https://developers.pipedrive.com/docs/api/v1",
        "pip_url": TargetPipedrive.name,
        "executable": TargetPipedrive.name,
        "maintenance_status": "active",
        "keywords": ["api", "crm", "meltano_sdk", "reverse etl"],
        "capabilities": sorted(entry.value for entry in TargetPipedrive.capabilities),
        "commands": {
            str(command.name): {
                "args": str(command.name),
                "description": str(command.help).splitlines()[0].rstrip("."),
            }
            for command in COMMANDS
        },
        "settings_preamble": PREAMBLE,
        "settings_group_validation": [
            ["api_token", "api_url"],
            ["oauth_client_id", "oauth_client_secret"],
        ],
        "settings": [_setting(name, field) for name, field in properties.items()],
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
    if "enum" in field:
        setting["kind"] = "options"
        setting["options"] = [
            {"label": value.replace("_", " ").capitalize(), "value": value}
            for value in field["enum"]
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
