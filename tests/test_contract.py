"""Everything the product says to both services, and hears from the sandbox, fits what they publish.

Needs the official OpenAPI files, which are not the project's to publish: it looks for them in
`../shared/reference`, beside the checkout.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox import contract

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"

pytestmark = pytest.mark.skipif(
    not REFERENCE.exists(), reason="the official descriptions are not at hand"
)

REFUSED = {
    ("post", "/persons"): ("update_time",),
    ("post", "/organizations"): ("update_time",),
    ("patch", "/persons/{id}"): ("add_time", "update_time"),
    ("patch", "/organizations/{id}"): ("add_time", "update_time"),
    ("post", "/activities"): ("person_id",),
    ("patch", "/activities/{id}"): ("person_id",),
}
"""Keys that the description lists, though newer editions do not, or though they are read only."""

EDITS = (
    "insert_patient",
    "change_patient",
    "archive_patient",
    "merge_patients",
    "insert_alert",
    "cancel_appointment",
    "move_appointment",
    "archive_appointment",
    "rename_appointment_type",
    "archive_note",
    "edit_note",
    "archive_attachment",
    "pay_invoice",
    "change_price",
    "insert_communication",
)

OPERATIONS = {
    "GET /v1/users/me",
    "GET /v1/users",
    "GET /v1/activityTypes",
    "POST /v1/activityTypes",
    "PUT /v1/activityTypes/{id}",
    "GET /v2/personFields",
    "POST /v2/personFields",
    "POST /v2/personFields/{field_code}/options",
    "GET /v2/productFields",
    "POST /v2/productFields",
    "GET /v2/persons",
    "POST /v2/persons",
    "PATCH /v2/persons/{id}",
    "PUT /v1/persons/{id}/merge",
    "GET /v2/activities",
    "POST /v2/activities",
    "PATCH /v2/activities/{id}",
    "DELETE /v2/activities/{id}",
    "GET /v2/products",
    "POST /v2/products",
    "PATCH /v2/products/{id}",
    "GET /v1/notes",
    "POST /v1/notes",
    "PUT /v1/notes/{id}",
    "DELETE /v1/notes/{id}",
    "GET /v1/files",
    "POST /v1/files",
    "DELETE /v1/files/{id}",
}
"""What a first run and an eventful week must have asked of Pipedrive, so that it is judged."""


def strict(document):
    """Let no request body hold a key that the description does not name; v2 refuses those."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if not isinstance(operation, dict):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            if schema is not None:
                without(schema, REFUSED.get((method, path), ()))
                close(schema)


def without(schema, names):
    for name in names:
        del schema["properties"][name]


def close(schema, *, part_of_another=False):
    """Close a schema and those within, where it names keys at all."""
    if not isinstance(schema, dict):
        return
    if schema.get("additionalProperties") is True:
        del schema["additionalProperties"]
    for part in schema.get("allOf", ()):
        close(part, part_of_another=True)
    for inner in (*schema.get("properties", {}).values(), schema.get("items")):
        close(inner)
    if not part_of_another and ("properties" in schema or "allOf" in schema):
        schema["unevaluatedProperties"] = False


@pytest.fixture(scope="module")
def specs():
    def pipedrive(version):
        return contract.Spec.load(
            REFERENCE / f"pipedrive-openapi-{version}.yaml",
            prefix=f"/api/{version}",
            silent_on_null=True,
            amend=strict,
        )

    return {
        "cliniko": contract.cliniko(REFERENCE / "cliniko-openapi.yaml"),
        "v1": pipedrive("v1"),
        "v2": pipedrive("v2"),
    }


def spec_of(specs, line):
    return specs["cliniko" if line["api"] == "cliniko" else line["path"].split("/")[2]]


def faults(specs, lines):
    return [fault for line in lines for fault in spec_of(specs, line).faults(line)]


def test_every_exchange_fits_the_official_descriptions(pipeline, specs, tmp_path):
    recording = tmp_path / "exchanges.jsonl"
    pipe = pipeline(patients=60, record=recording)
    for edits in ((), EDITS):
        for edit in edits:
            pipe.sandbox.edit(edit)
        if edits:
            pipe.sandbox.edit("change_patient", fields={"sex": "Not stated"})  # a new option
        result = pipe.run()
        assert (result.tap, result.target) == (0, 0), result.target_log
    assert set(pipe.sandbox.stats()["calls_by_operation"]) >= OPERATIONS
    with recording.open() as file:
        lines = [line for line in map(json.loads, file) if line["api"] != "storage"]
    assert {line["status"] for line in lines} == {200, 201, 303}
    assert faults(specs, lines) == []
    for line in lines:  # every body was there to be judged; uploads are no JSON
        upload = line["path"] == "/api/v1/files" and line["method"] == "POST"
        if line["method"] in {"POST", "PATCH", "PUT"} and not upload:
            assert line["request"] is not None, line
            assert spec_of(specs, line).operation(line["method"], line["path"]).body, line


@pytest.mark.parametrize(
    ("method", "path", "body", "fault"),
    [
        ("POST", "/api/v2/persons", {"name": "A", "add_time": "2020-01-01T00:00:00Z"}, None),
        ("POST", "/api/v2/persons", {"name": "A", "update_time": "2020-01-01T00:00:00Z"}, "update"),
        ("PATCH", "/api/v2/persons/5", {"add_time": "2020-01-01T00:00:00Z"}, "add_time"),
        ("POST", "/api/v2/persons", {"name": "A", "email": "a@example.com"}, "email"),
        ("POST", "/api/v2/persons", {"name": "A", "emails": [{"valu": "a"}]}, "valu"),
        ("POST", "/api/v2/persons", {"name": "A", "custom_fields": {"5f": "x"}}, None),
        ("POST", "/api/v2/activities", {"subject": "A", "person_id": 5}, "person_id"),
        ("POST", "/api/v1/notes", {"content": "A", "person_id": 5, "user_id": 7}, None),
        ("POST", "/api/v1/notes", {"content": "A", "patient_id": 5}, "patient_id"),
        ("POST", "/api/v2/personFields", {"field_name": "A", "field_type": "money"}, "money"),
        ("POST", "/api/v1/persons", {"name": "A"}, "no such operation"),
    ],
)
def test_a_request_the_description_does_not_know_is_noticed(specs, method, path, body, fault):
    line = {"api": "pipedrive", "method": method, "path": path, "query": "", "request": body}
    found = faults(specs, [line | {"status": 400, "response": None}])
    assert (found == []) if fault is None else any(fault in text for text in found), found
