"""Pipelines, stages and labels by name; products of deals, several at once."""

from __future__ import annotations

import asyncio

import pytest

from target_pipedrive.errors import Refused, Rejected, UnknownOutcome
from target_pipedrive.pipedrive import Names
from target_pipedrive.pipedrive.deal_products import MANY

from .faulty import DROP_AFTER, Reply, error, ok

pytestmark = pytest.mark.anyio

STAGES = [
    {"id": 1, "name": "New", "pipeline_id": 1},
    {"id": 2, "name": "Booked", "pipeline_id": 1},
    {"id": 3, "name": "New", "pipeline_id": 2},
    {"id": 4, "name": "Won back", "pipeline_id": 2},
    {"id": 5, "name": "won  BACK", "pipeline_id": 2},
]
PIPELINES = [{"id": 1, "name": "Clinic"}, {"id": 2, "name": "Gym"}]
LABEL = {"field_code": "label_ids", "options": [{"id": 7, "label": "Hot"}]}


@pytest.fixture
def names(pipedrive):
    return Names(pipedrive, pause=0.01)


@pytest.mark.parametrize(
    ("pipeline", "stage", "found"),
    [
        (None, None, {}),
        ("clinic ", None, {"pipeline_id": 1}),
        ("Gym", "new", {"stage_id": 3}),
        (None, " BOOKED", {"stage_id": 2}),
    ],
)
async def test_a_stage_is_found_by_its_name(server, names, pipeline, stage, found):
    server.script.extend([ok(STAGES), ok(PIPELINES)])
    assert await names.stage(pipeline, stage) == found
    again = len(server.requests)
    assert await names.stage(pipeline, stage) == found
    assert len(server.requests) == again <= 2


@pytest.mark.parametrize(
    ("pipeline", "stage", "told"),
    [
        ("Spa", "New", 'no pipeline has this name; there is "Clinic", "Gym"'),
        ("Clinic", "Won back", 'no stage has this name; there is "New", "Booked"'),
        (None, "New", "2 stages have this name: name the `pipeline` too"),
        ("Gym", "Won back", "2 stages have this name: name the `pipeline` too"),
    ],
)
async def test_a_name_that_means_no_stage_or_two_is_rejected(server, names, pipeline, stage, told):
    server.script.extend([ok(STAGES), ok(PIPELINES)])
    with pytest.raises(Rejected) as caught:
        await names.stage(pipeline, stage)
    assert (caught.value.code, caught.value.detail) == ("unknown_stage", told)


async def test_labels_are_found_folded_and_made_once(server, names):
    made = ok([{"id": 8, "label": "New"}])
    server.script.extend([ok([LABEL]), ok([LABEL]), made])
    both = await asyncio.gather(
        names.labels("person", ["HOT", "New"]), names.labels("person", ["new"])
    )
    assert both == [[7, 8], [8]]
    assert [request.method for request in server.requests] == ["GET", "GET", "POST"]
    assert server.requests[-1].path == "/api/v2/personFields/label_ids/options"


async def test_a_label_whose_making_got_no_answer_is_not_made_twice(server, names):
    after = {**LABEL, "options": [*LABEL["options"], {"id": 8, "label": "New"}]}
    server.script.extend([ok([LABEL]), ok([LABEL]), Reply(fault=DROP_AFTER), ok([after])])
    assert await names.labels("deal", ["New"]) == [8]
    assert [request.method for request in server.requests].count("POST") == 1


async def test_labels_of_leads_have_uuids_and_a_colour(server, names):
    server.script.extend([ok([{"id": "f08b", "name": "Hot"}]), ok({"id": "a1b2"})])
    assert await names.labels("lead", ["hot", "New"]) == ["f08b", "a1b2"]
    assert server.requests[-1].json == {"name": "New", "color": "gray"}


def line(number, **more):
    return {"deal_id": 5, "product_id": number, "item_price": 1, "quantity": 1, **more}


def stored(row, deal=5):
    return {"id": 100 + row["product_id"], "deal_id": deal, **row}


def answer(request):
    rows = request.json.get("data")
    return ok(stored(request.json) if rows is None else [stored(row) for row in rows])


async def _add(pipedrive, count):
    return await asyncio.gather(
        *(pipedrive.create("deal_product", line(number)) for number in range(count)),
        return_exceptions=True,
    )


@pytest.mark.parametrize("count", [1, MANY - 1, MANY, 100])
async def test_lines_go_as_it_costs_least(server, client, pipedrive, count):
    server.app = answer
    rows = await _add(pipedrive, count)
    assert [row["id"] for row in rows] == [f"5/{100 + number}" for number in range(count)]
    assert client.limits.spent == (25 if count >= MANY else 5 * count)


async def test_lines_of_different_deals_go_apart_and_a_hundred_at_most(server, pipedrive):
    server.app = answer
    bodies = [line(number, deal_id=deal) for deal in (5, 6) for number in range(101)]
    await asyncio.gather(*(pipedrive.create("deal_product", body) for body in bodies))
    sizes = sorted(len(request.json.get("data", [0])) for request in server.requests)
    assert sizes == [1, 1, 100, 100]


async def test_a_line_that_is_refused_leaves_the_others(server, pipedrive):
    def app(request):
        if "data" in request.json or request.json["product_id"] == 3:
            return error(400, "Validation failed: product_id: no such item")
        return answer(request)

    server.app = app
    outcomes = await _add(pipedrive, 7)
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [n == 3 for n in range(7)]


async def test_each_line_learns_that_its_outcome_is_not_known(server, pipedrive):
    server.script.append(Reply(fault=DROP_AFTER))
    outcomes = await _add(pipedrive, 6)
    assert all(isinstance(outcome, UnknownOutcome) for outcome in outcomes)
    assert len(server.requests) == 1


async def test_a_line_is_changed_read_and_removed_by_both_its_ids(server, pipedrive):
    server.app = lambda request: ok([stored(line(1))] if request.method == "GET" else {"id": 101})
    assert (await pipedrive.get("deal_product", "5/101"))["product_id"] == 1
    assert await pipedrive.get("deal_product", "5/999") is None
    await pipedrive.update("deal_product", "5/101", {"quantity": 2})
    await pipedrive.delete("deal_product", "5/101")
    assert [(request.method, request.path) for request in server.requests[2:]] == [
        ("PATCH", "/api/v2/deals/5/products/101"),
        ("DELETE", "/api/v2/deals/5/products/101"),
    ]
