"""The judge of exchanges, on a description of its own."""

from __future__ import annotations

import json

import pytest

from sandbox.contract import Spec

DESCRIPTION = {
    "openapi": "3.0.3",
    "paths": {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path"}],
            "get": {
                "parameters": [{"$ref": "#/components/parameters/Deep"}],
                "responses": {"200": {"$ref": "#/components/responses/Thing"}, "404": {}},
            },
            "patch": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                    }
                },
                "responses": {"200": {"$ref": "#/components/responses/Thing"}},
            },
        },
        "/things/first": {"get": {"responses": {"200": {}}}},
    },
    "components": {
        "parameters": {"Deep": {"name": "deep", "in": "query"}},
        "responses": {
            "Thing": {
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
            }
        },
        "schemas": {
            "Thing": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "pattern": "^[A-Z]+$"},
                    "note": {"type": "string", "nullable": True},
                    "color": {"type": "string", "pattern": r"^#\h{6}$"},
                    "size": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
                },
            }
        },
    },
}


@pytest.fixture
def load(tmp_path):
    def loaded(**options):
        path = tmp_path / "description.yaml"
        path.write_text(json.dumps(DESCRIPTION))  # JSON is YAML
        return Spec.load(path, prefix="/v9", **options)

    return loaded


def judge(spec, **exchange):
    whole = {"method": "GET", "path": "/v9/things/5", "query": "", "status": 200} | exchange
    return list(spec.faults(whole))


@pytest.mark.parametrize(
    ("exchange", "fault"),
    [
        ({"response": {"name": "abc", "note": None, "color": "#Ff0099", "size": 1}}, None),
        ({"query": "deep=1"}, None),
        ({"query": "depp="}, "no query parameter depp"),
        ({"path": "/v9/thing/5"}, "no such operation"),
        ({"method": "DELETE"}, "no such operation"),
        ({"path": "/v9/things/first"}, None),
        ({"path": "/v9/things/first", "query": "deep=1"}, "no query parameter deep"),
        ({"status": 201}, "status 201 is not described"),
        ({"status": 500}, None),
        ({"response": {"name": 5}}, "$.name: 5 is not of type 'string'"),
        ({"response": {"name": None}}, "$.name: None"),
        ({"response": {"color": "red"}}, "$.color: 'red' does not match"),
        ({"response": {"size": 0}}, "$.size: 0 is less than or equal to the minimum"),
        ({"response": {"shape": 1}}, None),
        ({"method": "PATCH", "request": {"size": "1"}}, "PATCH /v9/things/5 request: $.size"),
    ],
)
def test_a_fault_is_named(load, exchange, fault):
    found = judge(load(), **exchange)
    assert (found == []) if fault is None else (len(found) == 1 and fault in found[0]), found


def test_a_closed_description_knows_all_keys(load):
    (found,) = judge(load(closed=True), response={"shape": 1})
    assert "'shape' was unexpected" in found


def test_a_description_silent_on_null_judges_requests_still(load):
    spec = load(silent_on_null=True)
    assert judge(spec, response={"name": None}) == []
    assert judge(spec, method="PATCH", request={"name": None}) != []


def test_a_description_can_be_amended(load):
    def amend(document):
        del document["components"]["schemas"]["Thing"]["properties"]["color"]["pattern"]

    assert judge(load(amend=amend), response={"color": "red"}) == []
