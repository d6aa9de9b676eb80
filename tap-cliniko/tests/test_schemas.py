"""Stream schemas held against the official OpenAPI, every difference with its reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tap_cliniko.links import SENSITIVE, TO_MANY
from tap_cliniko.streams import STREAMS

OPENAPI = Path(__file__).parents[3] / "shared" / "reference" / "cliniko-openapi.yaml"

COMPONENTS = {
    "public_settings": "PublicSettings",
    "businesses": "Business",
    "taxes": "Tax",
}

ADDED = {
    ("public_settings", "id"): "the account's id, so that the record has a key",
    ("patients", "reminders_communication_channels"): "sent since 2026, newer than the OpenAPI",
    ("patients", "reminders_communication_channels_description"): "sent since 2026",
    ("patients", "follow_ups_communication_channels"): "sent since 2026",
    ("patients", "follow_ups_communication_channels_description"): "sent since 2026",
    ("patient_attachments", "content_state"): "says what became of the content",
    ("patient_attachments", "content_uri"): "takes the place of the link to the content",
    ("patient_attachments", "content_size"): "size of what is kept",
    ("patient_attachments", "sha256"): "identity of the content",
}

DROPPED = {
    ("patient_attachments", "content_id"): "the content itself is read; its link is no record",
}


def component_name(stream: str) -> str:
    if stream in COMPONENTS:
        return COMPONENTS[stream]
    return "".join(word.capitalize() for word in stream.removesuffix("s").split("_"))


@pytest.fixture(scope="module")
def openapi():
    if not OPENAPI.exists():
        pytest.skip("the official OpenAPI is not at hand")
    return yaml.load(OPENAPI.read_text(), yaml.CSafeLoader)


@pytest.fixture(scope="module")
def components(openapi):
    return openapi["components"]["schemas"]


def resolved(schema, components):
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema


def official_fields(name, components):
    """What the tap should emit by the OpenAPI: name -> type."""
    fields = {}
    schema = components[name]
    for part in (schema, *schema.get("anyOf", []), *schema.get("allOf", [])):
        for field, value in resolved(part, components).get("properties", {}).items():
            kind = resolved(value, components)
            if field == "links" or field in SENSITIVE:
                continue
            if set(kind.get("properties", {})) == {"links"}:
                example = kind["properties"]["links"]["properties"]["self"]["example"]
                if re.search(r"/\d+$", example.partition("?")[0]):
                    fields[f"{field}_id"] = "string"
            else:
                fields[field] = kind.get("type", "object")
    return fields


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_official_field_and_no_other(stream, components):
    official = official_fields(component_name(stream.name), components)
    ours = stream.schema["properties"]
    missing = {(stream.name, field) for field in official.keys() - ours.keys()}
    added = {(stream.name, field) for field in ours.keys() - official.keys()}
    assert missing == {key for key in DROPPED if key[0] == stream.name}
    assert added == {key for key in ADDED if key[0] == stream.name}
    for field in official.keys() & ours.keys():
        assert official[field] in ours[field]["type"], field


def test_nested_settings(components):
    official = components["PublicSettings"]["properties"]
    (settings,) = [stream for stream in STREAMS if stream.name == "public_settings"]
    for block, schema in official.items():
        expected = resolved(schema, components).get("properties", {})
        assert settings.schema["properties"][block]["properties"].keys() == expected.keys(), block


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_hidden_rows_are_lifted_where_the_official_filters_say_so(stream, openapi):
    if stream.name == "public_settings":
        assert stream.hidden == ()
        return
    parameters = openapi["paths"][f"/{stream.name}"]["get"]["parameters"]
    (text,) = [p["description"] for p in parameters if p.get("name") == "q[]"]
    filters = set(re.findall(r"^\| (\w+) \|", text, re.MULTILINE))
    assert set(stream.hidden) == filters & {"archived_at", "cancelled_at", "deleted_at"}
    patient_filter = getattr(stream, "patient_filter", None)
    incremental = stream.replication_key is not None if hasattr(stream, "patient_filter") else False
    assert patient_filter == ("patient_id" if incremental and "patient_id" in filters else None)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_field_is_described_and_nullable_but_the_id(stream):
    for field, schema in stream.schema["properties"].items():
        assert schema["description"].endswith("."), field
        assert ("null" in schema["type"]) == (field != "id"), field
    assert stream.schema["required"] == ["id"]
    assert not SENSITIVE & stream.schema["properties"].keys()


def test_links_to_lists_that_may_be_null_are_known(components):
    (row,) = [components["IndividualAppointment"]]
    assert {"attendees", "conflicts", "repeats"} <= TO_MANY & row["properties"].keys()
