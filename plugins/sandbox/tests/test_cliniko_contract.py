"""Every answer of the simulated Cliniko against the official description, where it is at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from sandbox import contract
from sandbox.cliniko.catalog import NESTED, RESOURCES
from sandbox.testing import running

SPEC = Path(__file__).parents[4] / "shared" / "reference" / "cliniko-openapi.yaml"
UNDESCRIBED = {"recalls", "recall_types"}
ONLY_IN_LISTS = {"services", "referral_sources"}
LEGACY = "appointments"

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the official description is not at hand")


@pytest.fixture(scope="module")
def spec():
    return contract.cliniko(SPEC)


@pytest.fixture(scope="module")
def recording(tmp_path_factory, caller):
    """Read every list to its end, and one record of each kind singly."""
    file = tmp_path_factory.mktemp("record") / "exchanges.jsonl"
    with running(record=file, cliniko_per_minute=100_000) as sandbox:
        cliniko = caller(sandbox.cliniko)
        for name, resource in RESOURCES.items():
            lifted = [f"{stamp}:*" for stamp in resource.hides]
            rows = cliniko.rows(name, q=lifted)
            assert rows, name
            if name not in ONLY_IN_LISTS:
                assert cliniko.get(f"/{name}/{rows[0]['id']}", q=lifted).status == 200
        for nested in NESTED.values():
            if LEGACY not in {nested.parent, nested.key}:
                parent = sandbox.dump()["cliniko"]["streams"][nested.parent][0]["id"]
                assert cliniko.get(f"/{nested.parent}/{parent}/{nested.key}").status == 200
        for path in ("/user", "/settings", "/settings/public", "/practitioners/inactive"):
            assert cliniko.get(path).status == 200
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_every_answer_fits_its_description(spec, recording):
    assert len(recording) > 80
    assert [fault for line in recording for fault in spec.faults(line)] == []


def test_filters_are_those_of_the_description(spec):
    """The description tells filters in prose: a table in the text of the parameter q[]."""
    document = yaml.load(SPEC.read_text(), yaml.CSafeLoader)
    kinds = {
        "date-time": "datetime",
        "int64": "number",
        "integer": "number",
        "date": "date",
        "string": "string",
        "boolean": "boolean",
        "array": "array",
    }
    for name in RESOURCES.keys() - UNDESCRIBED - {"services"}:
        parameters = document["paths"][f"/{name}"]["get"]["parameters"]
        text = next(one["description"] for one in parameters if one.get("name") == "q[]")
        told = {
            field: kinds[kind]
            for field, kind in re.findall(r"\|\s*(\w+)\s*\|\s*\[([\w-]+)\]", text)
        }
        assert dict(RESOURCES[name].filters) == told, name


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"path": "/v1/patient"}, "no such operation"),
        ({"query": "serch=x"}, "no query parameter serch"),
        ({"status": 204}, "status 204 is not described"),
        ({"response": {"patients": [{"id": 5}]}}, "5 is not of type 'string'"),
        ({"response": {"patients": [{"id": "5", "shoe_size": 40}]}}, "shoe_size"),
        ({"response": {"patients": [{"id": "5", "reminder_type": "Fax"}]}}, "reminder_type"),
        ({"response": {"patients": [{"id": "5", "email": "nobody"}]}}, "email"),
    ],
)
def test_a_wrong_exchange_is_noticed(spec, change, fault):
    good = {
        "method": "GET",
        "path": "/v1/patients",
        "query": "q%5B%5D=archived_at%3A%2A&per_page=100",
        "request": None,
        "status": 200,
        "response": {"patients": [{"id": "5"}], "total_entries": 1, "links": {"self": "https://x"}},
    }
    assert list(spec.faults(good)) == []
    found = list(spec.faults(good | change))
    assert any(fault in text for text in found), found
