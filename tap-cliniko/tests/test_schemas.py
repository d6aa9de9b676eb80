"""Stream schemas held against the official OpenAPI, every difference with its reason."""

from __future__ import annotations

import re

import pytest
from compare_openapi import (
    ADDED,
    COMPONENTS,
    DROPPED,
    GONE_SINCE_2023,
    NEWER,
    OPENAPI,
    OPENAPI_2023,
    OTHER_TYPE,
    compare,
    component_of,
    load,
    official_fields,
    our_fields,
)

from tap_cliniko.links import SENSITIVE, TO_MANY
from tap_cliniko.schemas import with_fields
from tap_cliniko.streams import STREAMS
from tap_cliniko.streams.base import IncrementalStream

DESCRIBED = [stream for stream in STREAMS if stream.name not in NEWER]
KEYS = {"services": ("appointment_type_id", "business_id")}
SINGLE = {"public_settings", "settings", "user"}
STAMPS = {"archived_at", "cancelled_at", "deleted_at"}
NO_STREAMS = {"bookings": "the union of three lists that are streams"}


def name_of(stream):
    return stream.name


@pytest.fixture(scope="module")
def openapi():
    if not OPENAPI.exists():
        pytest.skip("the official OpenAPI is not at hand")
    return load(OPENAPI)


@pytest.fixture(scope="module")
def components(openapi):
    return openapi["components"]["schemas"]


@pytest.fixture(scope="module")
def old_components():
    if not OPENAPI_2023.exists():
        pytest.skip("the official OpenAPI of 2023 is not at hand")
    return load(OPENAPI_2023)["components"]["schemas"]


def test_every_list_is_a_stream(openapi):
    lists = {
        path.strip("/")
        for path, verbs in openapi["paths"].items()
        if path.count("/") == 1
        and "/Page" in "".join(p.get("$ref", "") for p in verbs["get"].get("parameters", []))
    }
    assert lists | NEWER | SINGLE == {stream.name for stream in STREAMS} | NO_STREAMS.keys()
    assert len({stream.name for stream in STREAMS}) == len(STREAMS)
    assert COMPONENTS.keys() <= {stream.name for stream in STREAMS}


@pytest.mark.parametrize("stream", DESCRIBED, ids=name_of)
def test_every_difference_has_a_reason(stream, components):
    assert compare(stream, components).unexplained == []


def test_no_reason_is_stale(components):
    results = {stream.name: compare(stream, components) for stream in DESCRIBED}
    for reasons, what in (
        (ADDED, lambda result: result.only_ours),
        (DROPPED, lambda result: result.only_there.keys() | result.lists),
        (OTHER_TYPE, lambda result: result.other_type),
    ):
        assert [key for key in reasons if key[1] not in what(results[key[0]])] == []


def test_what_changed_since_2023_is_taken_in_either_form(old_components):
    """A number where text comes today becomes exact text; nothing else changed its type."""
    gone = set()
    for stream in DESCRIBED:
        if component_of(stream.name) not in old_components:
            continue  # newer than that
        old, ours = (
            official_fields(component_of(stream.name), old_components),
            our_fields(stream.schema),
        )
        for path, (kind, _) in old.fields.items():
            if path not in ours:
                if (stream.name, path) not in DROPPED:
                    gone.add((stream.name, path))
            elif ours[path] != old.fields[path] and (stream.name, path) != (
                "patient_forms",
                "content.sections[].questions[].answer",
            ):
                assert kind in {"number", "integer"}
                assert ours[path] == ("string", "singer.decimal")
    assert gone == GONE_SINCE_2023


@pytest.mark.parametrize("stream", DESCRIBED, ids=name_of)
def test_hidden_rows_are_lifted_where_the_official_filters_say_so(stream, openapi):
    parameters = openapi["paths"].get(f"/{stream.name}", {}).get("get", {}).get("parameters", [])
    text = "".join(p["description"] for p in parameters if p.get("name") == "q[]")
    filters = set(re.findall(r"^\| (\w+) \|", text, re.MULTILINE))
    assert bool(filters) == (stream.name not in SINGLE | {"services"})
    assert set(stream.hidden) == filters & STAMPS
    if issubclass(stream, IncrementalStream):
        assert {"id", "updated_at"} <= filters
        if "patient_id" in filters:
            assert stream.patient_filter == "patient_id"


@pytest.mark.parametrize("stream", STREAMS, ids=name_of)
def test_every_field_is_described_and_nullable_but_the_key(stream):
    key = KEYS.get(stream.name, ("id",))
    assert stream.primary_keys == key
    assert stream.schema["required"] == list(key)
    assert not (SENSITIVE | {field.name for field in stream.sensitive}) & (
        stream.schema["properties"].keys()
    )

    def check(path, schema):
        assert schema["description"].endswith("."), path
        assert ("null" in schema["type"]) == (path not in key), path
        assert path in key or path.startswith("services.") or "required" not in schema, path
        inner = schema.get("properties") or schema.get("items", {}).get("properties") or {}
        for name, part in inner.items():
            check(f"{path}.{name}", part)
        assert schema.get("additionalProperties") is not False
        assert schema.get("items", {}).get("additionalProperties") is not False

    for name, schema in stream.schema["properties"].items():
        check(name, schema)


@pytest.mark.parametrize("stream", [s for s in STREAMS if s.sensitive], ids=name_of)
def test_sensitive_fields_are_described_and_official(stream, components):
    schema = with_fields(stream.schema, stream.sensitive)
    official = official_fields(component_of(stream.name), components).fields
    for field in stream.sensitive:
        assert field.name in official
        assert schema["properties"][field.name]["description"].endswith(".")
    assert schema["required"] == stream.schema["required"]


@pytest.mark.parametrize("stream", DESCRIBED, ids=name_of)
def test_every_sensitive_field_of_the_openapi_is_declared(stream, components):
    official = official_fields(component_of(stream.name), components).fields
    declared = {field.name for field in stream.sensitive}
    assert official.keys() & SENSITIVE == declared & SENSITIVE


def test_links_to_lists_that_may_be_null_are_known(components):
    appointment = components["IndividualAppointment"]
    assert {"attendees", "conflicts", "repeats"} <= TO_MANY & appointment["properties"].keys()
