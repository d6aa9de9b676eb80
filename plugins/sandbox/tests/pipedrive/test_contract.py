"""Our tables and answers against Pipedrive's official OpenAPI files, where they are at hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.pipedrive.objects import ENTITIES
from sandbox.pipedrive.operations import OPERATIONS

REFERENCE = Path(__file__).resolve().parents[5] / "shared" / "reference"
FILES = {version: REFERENCE / f"pipedrive-openapi-{version}.yaml" for version in ("v1", "v2")}

pytestmark = pytest.mark.skipif(
    not all(file.exists() for file in FILES.values()), reason="no official OpenAPI files here"
)

# Where newer official files, the guides or live probes differ from the file that is checked.
MORE_BODY_KEYS = {
    "persons": {
        "first_name",
        "last_name",
        "im",
        "postal_address",
        "notes",
        "birthday",
        "job_title",
    },
    "organizations": {"website", "linkedin", "industry", "annual_revenue", "employee_count"},
}
NEVER_TAKEN = {"persons": {"update_time"}, "organizations": {"update_time"}}
MORE_PARAMETERS = {"GET /v2/products": {"updated_since"}}


@pytest.fixture(scope="module")
def specs() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {
        version: yaml.load(file.read_text(encoding="utf-8"), loader)  # noqa: S506 - a safe loader
        for version, file in FILES.items()
    }


def resolved(spec, node):
    while "$ref" in node:
        target = spec
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def properties(spec, schema) -> dict[str, Any]:
    """Return the properties of an object schema, those of its parts included."""
    schema = resolved(spec, schema)
    found = dict(schema.get("properties", {}))
    for joint in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(joint, []):
            found |= properties(spec, part)
    return found


def official(specs, operation):
    spec = specs[operation.version]
    return spec, spec["paths"][operation.path][operation.method.lower()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_operations_exist_at_their_price(specs, operation):
    spec, known = official(specs, operation)
    assert operation.tokens == known["x-token-cost"]
    assert str(operation.created) in known["responses"]
    parameters = (resolved(spec, one) for one in known.get("parameters", []))
    names = {one["name"] for one in parameters if one["in"] == "query"}
    assert set(operation.query) - MORE_PARAMETERS.get(operation.name, set()) <= names
    if operation.version == "v2":
        assert names <= set(operation.query)


@pytest.mark.parametrize("kind", ENTITIES)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_bodies_take_the_official_keys(specs, kind, method):
    spec = specs["v2"]
    path = f"/{kind}" if method == "POST" else f"/{kind}/{{id}}"
    content = resolved(spec, spec["paths"][path][method.lower()]["requestBody"])["content"]
    known = properties(spec, content["application/json"]["schema"])
    keys = {
        name: key
        for name, key in ENTITIES[kind].keys.items()
        if (key.create if method == "POST" else key.update)
    }
    never = NEVER_TAKEN.get(kind, set()) | ({"add_time"} if method == "PATCH" else set())
    assert set(keys) - MORE_BODY_KEYS.get(kind, set()) == set(known) - never
    for name in keys.keys() & known.keys():
        nullable = resolved(spec, known[name]).get("nullable", False)
        assert keys[name].nullable == nullable, name


def merged(samples) -> dict[str, Any]:
    """Return one example with the keys of several, nested ones too."""
    whole: dict[str, Any] = {}
    for sample in samples:
        for name, value in sample.items() if isinstance(sample, dict) else ():
            both = isinstance(value, dict) and isinstance(whole.get(name), dict)
            whole[name] = whole[name] | value if both else value
    return whole


def unknown_keys(spec, schema, example, value, at) -> list[str]:
    """Return the paths of all keys of an answer that neither schema nor example know."""
    schema = resolved(spec, schema)
    if isinstance(value, list):
        inner = schema.get("items", {})
        sample = merged(example) if isinstance(example, list) else None
        return [
            fault for item in value for fault in unknown_keys(spec, inner, sample, item, f"{at}[]")
        ]
    if not isinstance(value, dict) or at.endswith("custom_fields"):
        return []
    known = properties(spec, schema)
    sample = example if isinstance(example, dict) else {}
    if not known and not sample:
        return []
    faults = [f"{at}.{name}" for name in value if name not in known and name not in sample]
    for name, inner in value.items():
        if name in known:
            faults += unknown_keys(spec, known[name], sample.get(name), inner, f"{at}.{name}")
    return faults


def rehearse_selling(api):
    """Call every operation of leads, lead labels and products of deals."""
    label = api("POST", "/v1/leadLabels", {"name": "New", "color": "blue"}).data["id"]
    assert label in {row["id"] for row in api("GET", "/v1/leadLabels").data}
    body = {"title": "Enquiry", "person_id": api.person(), "label_ids": [label], "origin_id": "7"}
    lead = f"/v1/leads/{api('POST', '/v1/leads', body).data['id']}"
    api("GET", lead)
    api("GET", "/v1/leads", updated_since="2020-01-01T00:00:00Z")
    api("PATCH", lead, {"is_archived": True})
    api("GET", "/v1/leads/archived")
    api("DELETE", lead)
    api("DELETE", f"/v1/leadLabels/{label}")
    deal = api("POST", "/v2/deals", {"title": "Treatment"}).data["id"]
    line = {
        "product_id": api("POST", "/v2/products", {"name": "Session"}).data["id"],
        "item_price": 90,
        "quantity": 2,
    }
    lines = f"/v2/deals/{deal}/products"
    one = f"{lines}/{api('POST', lines, line).data['id']}"
    api("POST", f"{lines}/bulk", {"data": [line, line]})
    api("PATCH", one, {"quantity": 3})
    api("GET", lines)
    api("GET", "/v2/deals/products", deal_ids=f"{deal}")
    api("DELETE", one)
    api("DELETE", lines)
    api("PATCH", f"/v2/deals/{deal}", {"is_archived": True})
    api("GET", "/v2/deals/archived")


def rehearse(api):
    """Call every operation at least once with success."""
    rehearse_selling(api)
    code = api.field("person", "enum", ["A", "B"])
    options = f"/v2/personFields/{code}/options"
    for kind in ("organization", "deal", "product"):
        made = api.field(kind, "set", ["A"])
        one = f"/v2/{kind}Fields/{made}"
        api("GET", one)
        api("POST", f"{one}/options", [{"label": "B"}])
        (first, second) = api("GET", one).data["options"]
        api("PATCH", f"{one}/options", [{"id": first["id"], "label": "C"}])
        api("DELETE", f"{one}/options", [{"id": second["id"]}])
        api("PATCH", one, {"field_name": "renamed"})
        api("DELETE", one)
        api("GET", f"/v2/{kind}Fields")
    (added,) = api("POST", options, [{"label": "C"}]).data
    api("PATCH", options, [{"id": added["id"], "label": "D"}])
    api("GET", "/v2/personFields", include_fields="ui_visibility,required_fields")
    address = {"value": "1 High St", "country": "Australia"}
    organization = api("POST", "/v2/organizations", {"name": "Org", "address": address}).data["id"]
    more = {"org_id": organization, "custom_fields": {code: added["id"]}}
    contacts = {"emails": [{"value": "a@x.example"}], "phones": [{"value": "1"}]}
    person, loser = api.person("Ann Other", **more, **contacts), api.person("Loser", **contacts)
    deal = api("POST", "/v2/deals", {"title": "Deal", "person_id": person}).data["id"]
    people = [{"person_id": person, "primary": True}]
    activity = api(
        "POST",
        "/v2/activities",
        {
            "participants": people,
            "attendees": [{"email": "a@x.example"}],
            "location": address,
            "due_date": "2025-01-01",
        },
    ).data["id"]
    product = api("POST", "/v2/products", {"name": "Tape"}).data["id"]
    pipeline = api("POST", "/v2/pipelines", {"name": "New"}).data["id"]
    stage = api("POST", "/v2/stages", {"name": "First", "pipeline_id": pipeline}).data["id"]
    for kind, term in (
        ("persons", "Ann Other"),
        ("organizations", "Org"),
        ("deals", "Deal"),
        ("products", "Tape"),
    ):
        assert api("GET", f"/v2/{kind}/search", term=term).data["items"]
    api("GET", "/v2/itemSearch", term="Ann Other")
    api("GET", "/v2/itemSearch/field", term="Tape", entity_type="product", field="name")
    api("GET", "/v2/activityFields")
    api("GET", "/v2/activityFields/subject")
    api("GET", f"/v2/personFields/{code}")
    api("PATCH", f"/v2/personFields/{code}", {"field_name": "renamed"})
    api("GET", "/v2/activities", include_fields="attendees")
    _old(api, person, loser)
    api("DELETE", options, [{"id": added["id"]}])
    api("DELETE", f"/v2/personFields/{code}")
    for kind, one, key in (
        ("activities", activity, "subject"),
        ("deals", deal, "title"),
        ("persons", person, "name"),
        ("organizations", organization, "name"),
        ("products", product, "name"),
        ("stages", stage, "name"),
        ("pipelines", pipeline, "name"),
    ):
        api("GET", f"/v2/{kind}")
        api("GET", f"/v2/{kind}/{one}")
        api("PATCH", f"/v2/{kind}/{one}", {key: "changed"})
        if kind in {"organizations", "deals", "persons", "products"}:
            api("GET", f"/v1/{kind}/{one}/files")
        api("DELETE", f"/v2/{kind}/{one}")


def _old(api, person, loser):
    note = api("POST", "/v1/notes", {"content": "x", "person_id": person}).data["id"]
    file = api.upload("a.txt", b"x", person_id=person).data["id"]
    made = api("POST", "/v1/activityTypes", {"name": "Massage", "icon_key": "meeting"}).data["id"]
    user = api("GET", "/v1/users/me").data["id"]
    for path in (
        "/v1/users",
        f"/v1/users/{user}",
        "/v1/currencies",
        "/v1/activityTypes",
        "/v1/notes",
        f"/v1/notes/{note}",
        "/v1/files",
        f"/v1/files/{file}",
        f"/v1/persons/{person}/files",
    ):
        api("GET", path)
    api("PUT", f"/v1/notes/{note}", {"content": "y"})
    api("PUT", f"/v1/files/{file}", {"name": "b.txt"})
    api("PUT", f"/v1/activityTypes/{made}", {"name": "Other"})
    api("PUT", f"/v1/persons/{loser}/merge", {"merge_with_id": person})
    api("DELETE", f"/v1/notes/{note}")
    api("DELETE", f"/v1/files/{file}")
    api("DELETE", f"/v1/activityTypes/{made}")


def test_answers_hold_only_official_keys(specs, connect):
    api = connect(burst=100_000, search_lag=0)
    rehearse(api)
    seen = set()
    for exchange in api.exchanges:
        assert exchange["status"] in {200, 201}, exchange
        operation = next(one for one in OPERATIONS if matches(one, exchange))
        seen.add(operation.name)
        spec, known = official(specs, operation)
        response = resolved(spec, known["responses"][str(exchange["status"])])
        content = response["content"]["application/json"]
        example = content.get("example")
        faults = unknown_keys(spec, content["schema"], example, exchange["answer"], operation.name)
        assert faults == []
        assert exchange["tokens"] == known["x-token-cost"]
    apart = {"POST /v1/files", "GET /v1/files/{id}/download"}  # not JSON, see test_v1
    assert {operation.name for operation in OPERATIONS} - seen == apart


def matches(operation, exchange) -> bool:
    path = f"/{operation.version}{operation.path}"
    an_id = r"(\d+|[0-9a-f-]{36})"
    pattern = path.replace("{id}", an_id).replace("{product_attachment_id}", an_id)
    pattern = pattern.replace("{field_code}", "[^/]+")
    same_method = operation.method == exchange["method"]
    return same_method and re.fullmatch(pattern, exchange["path"]) is not None
