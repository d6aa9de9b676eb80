"""What a move costs: one write for each record, whole lists, nothing else; never over a limit."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest

PRICES = {
    "GET /v1/users/me": 2,
    "GET /v1/users": 20,
    "GET /v1/activityTypes": 20,
    "POST /v1/activityTypes": 10,
    "GET /v2/personFields": 10,
    "POST /v2/personFields": 5,
    "POST /v2/personFields/{field_code}/options": 5,
    "GET /v2/productFields": 10,
    "GET /v2/organizationFields": 10,
    "GET /v2/dealFields": 10,
    "POST /v2/productFields": 5,
    "GET /v2/persons": 10,
    "POST /v2/persons": 5,
    "GET /v2/persons/{id}": 1,
    "PATCH /v2/persons/{id}": 5,
    "GET /v2/activities": 10,
    "POST /v2/activities": 5,
    "GET /v2/products": 10,
    "POST /v2/products": 5,
    "GET /v1/notes": 20,
    "POST /v1/notes": 10,
    "GET /v1/files": 20,
    "POST /v1/files": 10,
}
"""Tokens: `x-token-cost` in Pipedrive's official OpenAPI."""

PAGES = {
    "users/me": 0,
    "users": 0,
    "activityTypes": 0,
    "personFields": 500,
    "productFields": 500,
    # Nothing is written there; but the subscription's cap counts the custom fields of all objects.
    "organizationFields": 500,
    "dealFields": 500,
    "persons": 500,
    "activities": 500,
    "products": 500,
    "notes": 500,
    "files": 100,
}
"""Lists a first run reads → rows in a page, 0 for a list that has none."""

LISTED = {
    "GET /v1/users/me",
    "GET /v1/users",
    "GET /v2/personFields",
    "GET /v2/productFields",
}
"""What even a run without news has to ask for."""


def rows(pipe):
    """Return how many rows of each kind stand in Pipedrive."""
    pipedrive = pipe.sandbox.dump()["pipedrive"]
    return Counter({kind: len(found) for kind, found in pipedrive.items() if kind in PAGES})


def calls(pipe):
    """Return the requests to Pipedrive since the log was cleared, by operation."""
    return Counter(pipe.sandbox.stats()["calls_by_operation"])


def pages(kind, before):
    return max(1, math.ceil(before[kind] / PAGES[kind])) if PAGES[kind] else 1


def adoptions(pipe, before):
    """Return how many of the persons that stood there before the run bear our id now."""
    pipedrive = pipe.sandbox.dump()["pipedrive"]
    code = next(
        field["field_code"]
        for field in pipedrive["personFields"]
        if field["field_name"] == "Cliniko patient ID"
    )
    oldest = sorted(pipedrive["persons"], key=lambda row: row["id"])[: before["persons"]]
    return sum(bool((row["custom_fields"] or {}).get(code)) for row in oldest)


def version(kind):
    return "v1" if kind in {"users/me", "users", "activityTypes", "notes", "files"} else "v2"


def run(pipe):
    result = pipe.run()
    assert (result.tap, result.target) == (0, 0), result.target_log + result.tap_log
    return result


def test_a_move_costs_one_write_for_each_record(pipeline, tmp_path):
    recording = tmp_path / "exchanges.jsonl"
    pipe = pipeline(patients=40, record=recording)
    before = rows(pipe)
    run(pipe)
    made, adopted = rows(pipe) - before, adoptions(pipe, before)
    wanted = Counter(
        {f"GET /{version(kind)}/{kind}": pages(kind, before) for kind in PAGES}
        | {f"POST /{version(kind)}/{kind}": made[kind] for kind in PAGES if made[kind]}
        # A person who stood there already: looked at, so that it can be put back, and changed.
        | {f"{method} /v2/persons/{{id}}": adopted for method in ("GET", "PATCH") if adopted}
    )
    found = calls(pipe)
    # Options that come from the data: each is sent once, those of many records in one request.
    options = found.pop("POST /v2/personFields/{field_code}/options", 0)
    assert found == wanted
    sent, standing = options_of(pipe, recording)
    assert sorted(sent) == sorted(standing)
    assert options <= 6  # three fields take their options from the data
    wanted["POST /v2/personFields/{field_code}/options"] = options
    price = sum(PRICES[name] * number for name, number in wanted.items())
    assert pipe.sandbox.stats()["tokens"]["total"] == price

    pipe.sandbox.clear_log()
    run(pipe)
    assert calls(pipe).keys() <= LISTED
    assert pipe.sandbox.stats()["tokens"]["total"] <= 42


def options_of(pipe, recording):
    """Return all options sent, and those that stand in custom fields of persons."""
    with recording.open() as file:
        lines = [json.loads(line) for line in file]
    sent = []
    for line in lines:
        if line["method"] != "POST" or "/personFields" not in line["path"]:
            continue
        adding = line["path"].endswith("/options")
        sent += line["request"] if adding else line["request"].get("options", [])
    fields = pipe.sandbox.dump()["pipedrive"]["personFields"]
    standing = [
        option["label"]
        for field in fields
        if field["is_custom_field"] and field["field_type"] in {"enum", "set"}
        for option in field["options"]
    ]
    return [option["label"] for option in sent], standing


@pytest.mark.parametrize(
    ("subscription", "limit"),
    [
        pytest.param("lite", 20, marks=pytest.mark.slow),
        pytest.param("growth", 40, marks=pytest.mark.slow),
        ("premium", 100),
        pytest.param("ultimate", 120, marks=pytest.mark.slow),
    ],
)
def test_no_two_seconds_hold_more_than_the_subscription_allows(pipeline, subscription, limit):
    pipe = pipeline(patients=25, burst=None, plan=subscription)
    del pipe.target_config["burst"]
    pipe.target_config["subscription"] = subscription
    run(pipe)
    stats = pipe.sandbox.stats()
    assert stats["limits"]["burst"] == limit
    assert stats["requests"]["pipedrive"] > 1.5 * limit
    assert stats["statuses"]["pipedrive"].keys() == {"200", "201"}
    assert limit / 2 < stats["worst_window"]["pipedrive_2s"] <= limit


@pytest.mark.slow
def test_no_minute_holds_more_than_cliniko_allows(pipeline):
    pipe = pipeline(patients=600, cliniko_per_minute=None)
    pipe.tap_config["requests_per_minute"] = 200
    pipe.record()
    stats = pipe.sandbox.stats()
    assert stats["limits"]["cliniko_per_minute"] == 200
    assert stats["requests"]["cliniko"] > 240
    assert stats["statuses"]["cliniko"].keys() == {"200", "303"}
    assert 150 < stats["worst_window"]["cliniko_60s"] <= 200
