"""Holds the schemas of the streams against Cliniko's official OpenAPI, field by field.

``python tap-cliniko/tests/compare_openapi.py cliniko-openapi.yaml`` prints what is only there and
what is only ours, with the reason of each; it ends with 1 when a difference has none. The tests
use the same comparison.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tap_cliniko.links import SENSITIVE
from tap_cliniko.streams import STREAMS

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
OPENAPI = REFERENCE / "cliniko-openapi.yaml"
OPENAPI_2023 = REFERENCE / "cliniko-openapi-2023-10.json"

COMPONENTS = {
    "public_settings": "PublicSettings",
    "settings": "Settings",
    "businesses": "Business",
    "taxes": "Tax",
    "patient_cases": "PatientCase",
    "daily_availabilities": "DailyAvailability",
}
NEWER = frozenset({"recalls", "recall_types"})
"""Lists that Cliniko serves since 2026, later than the OpenAPI."""

_HAS_KEY = "the account's id, so that the record has a key"
_SINCE_2026 = "sent since 2026, later than the OpenAPI"
_CONNECTED = "questions tied to the patient, which the OpenAPI describes beside the list of kinds"

ADDED = {
    ("public_settings", "id"): _HAS_KEY,
    ("settings", "id"): _HAS_KEY,
    ("patients", "reminders_communication_channels"): _SINCE_2026,
    ("patients", "reminders_communication_channels[]"): _SINCE_2026,
    ("patients", "reminders_communication_channels_description"): _SINCE_2026,
    ("patients", "follow_ups_communication_channels"): _SINCE_2026,
    ("patients", "follow_ups_communication_channels[]"): _SINCE_2026,
    ("patients", "follow_ups_communication_channels_description"): _SINCE_2026,
    ("patient_attachments", "content_state"): "says what became of the content",
    ("patient_attachments", "content_uri"): "takes the place of the link to the content",
    ("patient_attachments", "content_size"): "size of what is kept",
    ("patient_attachments", "sha256"): "identity of the content",
    ("patient_forms", "content.sections[].questions[].options"): _CONNECTED,
    ("patient_forms", "content.sections[].questions[].patient_field_connection"): _CONNECTED,
    ("patient_form_templates", "content.sections[].questions[].patient_field_connection"): (
        _CONNECTED
    ),
}
"""What a schema has beyond the OpenAPI."""

DROPPED = {
    ("patient_attachments", "content"): "the content itself is read",
    ("patient_forms", "url"): "sensitive",
    **{
        (stream.name, name): "sensitive"
        for stream in STREAMS
        for name in (part.name for part in stream.sensitive)
        if name in SENSITIVE
    },
}
"""What the OpenAPI has beyond a schema, links to lists apart."""

OTHER_TYPE = {
    ("invoice_items", "total_including_tax"): "a number there, exact text here as other amounts",
    ("patient_forms", "content.sections[].questions[].answer"): _CONNECTED,
}
"""Fields whose type differs."""

GONE_SINCE_2023 = {
    ("public_settings", "email"),
    ("public_settings", "email.patient_accept_email_marketing_by_default"),
    ("public_settings", "sms.patient_accept_sms_marketing_by_default"),
    ("settings", "email"),
    ("settings", "email.patient_accept_email_marketing_by_default"),
    ("settings", "sms.patient_accept_sms_marketing_by_default"),
    ("user", "new_ui_enabled"),
    ("user", "privacy_policy_accepted"),
    ("users", "new_ui_enabled"),
    ("users", "privacy_policy_accepted"),
}
"""Fields of the OpenAPI of 2023 that the one of 2025 and our schemas no longer have."""

Types = dict[str, tuple[str, str]]
"""Path of a field to type and format, as in ``content.sections[].name``."""

_FORMATS = {"date-time": "date-time", "date": "date", "decimal": "singer.decimal"}
"""Formats that a schema repeats; int64, uri and the like are plain text here."""


@dataclass
class Official:
    """What the tap should emit by the OpenAPI.

    Attributes:
        fields: The fields.
        lists: Names of links that lead to lists, which are dropped.
    """

    fields: Types = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)


@dataclass
class Comparison:
    """One stream held against the OpenAPI.

    Attributes:
        official: Number of its fields there.
        ours: Number of its fields here.
        only_there: Fields that are only there, with the reason or None.
        only_ours: Fields that are only here, with the reason or None.
        other_type: Fields of another type, with the reason or None.
        lists: Links to lists.
    """

    official: int
    ours: int
    only_there: dict[str, str | None]
    only_ours: dict[str, str | None]
    other_type: dict[str, str | None]
    lists: set[str]

    @property
    def unexplained(self) -> list[str]:
        """Differences without a reason."""
        parts = (self.only_there, self.only_ours, self.other_type)
        return [path for part in parts for path, reason in part.items() if reason is None]


def load(path: Path) -> dict[str, Any]:
    """An OpenAPI document; JSON is YAML too."""
    loaded: dict[str, Any] = yaml.load(path.read_text(), yaml.CSafeLoader)
    return loaded


def component_of(stream: str) -> str:
    """Name of the component that describes a stream's records."""
    if stream in COMPONENTS:
        return COMPONENTS[stream]
    return "".join(word.capitalize() for word in stream.removesuffix("s").split("_"))


def official_fields(name: str, components: dict[str, Any]) -> Official:
    """What the tap should emit by the OpenAPI: links flat, those to lists apart."""
    found = Official()
    for link_or_field, value in _properties(components[name], components).items():
        kind = _resolved(value, components)
        if link_or_field == "links":
            continue
        if _is_link(kind):
            example = kind["properties"]["links"]["properties"]["self"]["example"]
            if re.search(r"/\d+$", example.partition("?")[0]):
                found.fields[f"{link_or_field}_id"] = ("string", "")
            else:
                found.lists.add(link_or_field)
        elif kind.get("type") == "array" and _is_link(_resolved(kind["items"], components)):
            ids = f"{link_or_field.removesuffix('s')}_ids"
            found.fields |= {ids: ("array", ""), f"{ids}[]": ("string", "")}
        else:
            _walk(link_or_field, kind, components, found.fields)
    return found


def our_fields(schema: dict[str, Any]) -> Types:
    """The fields of a stream's schema, nested ones included."""
    found: Types = {}
    for name, value in schema["properties"].items():
        _walk(name, value, {}, found)
    return found


def compare(stream: Any, components: dict[str, Any]) -> Comparison:
    """Hold one stream against the OpenAPI."""
    official = official_fields(component_of(stream.name), components)
    ours = our_fields(stream.schema)
    return Comparison(
        len(official.fields),
        len(ours),
        {p: DROPPED.get((stream.name, p)) for p in official.fields.keys() - ours.keys()},
        {p: ADDED.get((stream.name, p)) for p in ours.keys() - official.fields.keys()},
        {
            path: OTHER_TYPE.get((stream.name, path))
            for path in official.fields.keys() & ours.keys()
            if official.fields[path] != ours[path]
        },
        official.lists,
    )


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema


def _variants(schema: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    kind = _resolved(schema, components)
    parts = [part for word in ("oneOf", "anyOf", "allOf") for part in kind.get(word, [])]
    return [one for part in parts for one in _variants(part, components)] or [kind]


def _properties(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variant in _variants(schema, components):
        for name, value in variant.get("properties", {}).items():
            found.setdefault(name, value)
    return found


def _is_link(kind: dict[str, Any]) -> bool:
    return set(kind.get("properties", {})) == {"links"}


def _walk(path: str, schema: dict[str, Any], components: dict[str, Any], found: Types) -> None:
    """Note a field and what it holds; a field of several types, as questions have, once each."""
    for kind in _variants(schema, components):
        types = kind.get("type", "object")
        names = sorted({types} if isinstance(types, str) else set(types) - {"null"})
        form = kind.get("format", "")
        form = _FORMATS.get(form, form if form in _FORMATS.values() else "")
        known = found.setdefault(path, ("|".join(names), form))
        if known != ("|".join(names), form):
            merged = sorted(set(known[0].split("|")) | set(names))
            found[path] = ("|".join(merged), known[1] if known[1] == form else "")
        if "items" in kind:
            _walk(f"{path}[]", kind["items"], components, found)
        for name, value in kind.get("properties", {}).items():
            _walk(f"{path}.{name}" if path else name, value, components, found)


def _cell(differences: dict[str, str | None]) -> str:
    """Fields with one reason side by side."""
    by_reason: dict[str, list[str]] = {}
    for path, reason in sorted(differences.items()):
        by_reason.setdefault(reason or "NO REASON", []).append(f"`{path}`")
    return "; ".join(f"{', '.join(paths)} ({reason})" for reason, paths in by_reason.items())


def main() -> int:
    """Print the comparison as a Markdown table."""
    components = load(Path(sys.argv[1]) if len(sys.argv) > 1 else OPENAPI)["components"]["schemas"]
    out = sys.stdout.write
    out(
        "| Stream | Fields in OpenAPI | Fields in ours | Only there (reason) | Only ours (reason) |"
    )
    out(" Other type (reason) |\n|---|---|---|---|---|---|\n")
    unexplained = 0
    for stream in STREAMS:
        if stream.name in NEWER:
            count = len(our_fields(stream.schema))
            out(f"| `{stream.name}` | - | {count} | | all (served since 2026) | |\n")
            continue
        result = compare(stream, components)
        lists: dict[str, str | None] = {
            name: DROPPED.get((stream.name, name), "links to lists") for name in result.lists
        }
        cells = (result.only_there | lists, result.only_ours, result.other_type)
        out(f"| `{stream.name}` | {result.official} | {result.ours} | ")
        out(" | ".join(map(_cell, cells)) + " |\n")
        unexplained += len(result.unexplained)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
