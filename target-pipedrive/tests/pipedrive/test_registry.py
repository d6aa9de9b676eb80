from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from target_pipedrive.pipedrive import OBJECTS, OPERATIONS, PARENTS

REFERENCE = Path(__file__).parents[4] / "shared" / "reference"
NEWER = {  # keys that official releases after these files added (see the registry)
    "person": {"first_name", "last_name", "im", "postal_address", "notes", "birthday", "job_title"},
    "organization": {"website", "linkedin", "industry", "annual_revenue", "employee_count"},
}


@pytest.fixture(scope="module")
def specs():
    found = {version: REFERENCE / f"pipedrive-openapi-v{version}.yaml" for version in (1, 2)}
    if not all(path.exists() for path in found.values()):
        pytest.skip("the official OpenAPI files are not at hand")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {version: yaml.load(path.read_text(), loader) for version, path in found.items()}  # noqa: S506 - a safe loader


def _entry(specs, operation):
    path = operation.path.replace("{code}", "{field_code}")
    return specs[operation.version]["paths"][path][operation.method.lower()]


def _properties(spec, schema):
    while "$ref" in schema:
        found = spec
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    keys = dict(schema.get("properties", {}))
    for kind in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(kind, ()):
            keys |= _properties(spec, part)
    return keys


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_operation_exists_at_its_price(specs, operation):
    assert _entry(specs, operation)["x-token-cost"] == operation.cost


@pytest.mark.parametrize("kind", OBJECTS.values(), ids=OBJECTS)
def test_every_writable_key_is_known(specs, kind):
    known = {}
    for operation in (kind.create, kind.update):
        spec = specs[operation.version]
        for content in _entry(specs, operation)["requestBody"]["content"].values():
            known |= _properties(spec, content["schema"])
    placed = {"deal_id"} if kind.name == "deal_product" else set()  # in the path
    assert kind.writable - set(known) == NEWER.get(kind.name, set()) | placed
    nullable = {key for key in kind.clearable if known.get(key, {}).get("nullable")}
    assert kind.clearable - nullable == NEWER.get(kind.name, set()) & kind.clearable


@pytest.mark.parametrize("kind", OBJECTS.values(), ids=OBJECTS)
def test_an_object_is_consistent(kind):
    assert set(kind.required) <= kind.writable
    assert kind.create_only <= kind.writable
    assert kind.clearable | set(kind.empties) | kind.html <= kind.writable
    assert set(kind.parents) <= kind.writable
    assert not kind.clearable & set(kind.empties)


def test_core_objects_have_what_a_load_needs():
    for name in ("person", "activity", "note", "product", "file"):
        kind = OBJECTS[name]
        assert all((kind.list, kind.get, kind.create, kind.update, kind.delete)), name
    assert OBJECTS["activity_type"].get is None
    assert {name for name, kind in OBJECTS.items() if kind.custom_fields} == {
        "person",
        "organization",
        "deal",
        "lead",
        "product",
    }
    assert set(PARENTS.values()) <= set(OBJECTS)
