"""Answers to what is not sent, and lists as they would be."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from target_pipedrive.errors import Refused
from target_pipedrive.pipedrive import OPERATIONS, Answer, Limits, Pipedrive
from target_pipedrive.plan.imagined import FIRST
from target_pipedrive.plan.rehearsal import FEW, Rehearsal

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Account:
    """Stands for a client; answers reads alone, from rows by kind."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=lambda: Limits("lite", 1))
    origin: str = "https://clinic.example"
    host: str = "clinic.example"

    async def call(self, operation, *, ids=None, params=None, **others):
        del others
        assert operation.method == "GET"
        self.asked.append(operation.name)
        kind, _, verb = operation.name.partition(".")
        rows = self.rows.get(kind, []) if verb != "archived" else []
        if verb == "get":
            found = [row for row in rows if str(row["id"]) == str(ids["id"])]
            if not found:
                raise Refused(404, "not found")
            return Answer(found[0], {}, 200, {})
        limit = int((params or {}).get("limit", 500))
        start = int((params or {}).get("cursor") or (params or {}).get("start") or 0)
        more = start + limit < len(rows)
        if operation.version == 1:
            paging: dict[str, Any] = {
                "pagination": {"more_items_in_collection": more, "next_start": start + limit}
            }
        else:
            paging = {"next_cursor": str(start + limit) if more else None}
        return Answer(rows[start : start + limit], paging, 200, {})


def rehearse(account, work):
    """Run some work on a rehearsed account; return what it returns, and the rehearsal."""
    rehearsal = Rehearsal(account)
    return asyncio.run(work(Pipedrive(rehearsal))), rehearsal


async def listed(pipedrive, kind, **options):
    return [[row["id"] for row in page] async for page in pipedrive.rows(kind, **options)]


@pytest.mark.parametrize("kind", ["person", "note"])
@pytest.mark.parametrize(
    ("real", "made", "pages"),
    [(0, 0, 1), (1, 0, 1), (499, 1, 1), (500, 0, 1), (500, 1, 2), (700, 300, 2), (1, 1600, 4)],
)
def test_a_list_has_as_many_pages_as_it_would_have(kind, real, made, pages):
    account = Account({kind: [{"id": number} for number in range(1, real + 1)]})

    async def work(pipedrive):
        for _ in range(made):
            await pipedrive.create(kind, {"name": "Ada"})
        return await listed(pipedrive, kind)

    found, rehearsal = rehearse(account, work)
    assert len(found) == pages
    assert [row for page in found for row in page] == [*range(1, real + 1)]
    assert rehearsal.tally.calls[OPERATIONS[f"{kind}.list"]] == pages


def test_a_list_of_changes_tells_of_those_that_were_made_now():
    account = Account({"deal": [{"id": 1, "update_time": "2026-02-01T00:00:00Z"}, {"id": 2}]})

    async def work(pipedrive):
        await pipedrive.update("deal", 2, {"title": "Hip"})
        account.rows["deal"].pop()  # as a list of what changed would leave it out
        changed = await listed(pipedrive, "deal", updated_since=SINCE)
        await pipedrive.delete("deal", 1)
        return changed, await listed(pipedrive, "deal", updated_since=SINCE)

    (before, after), _ = rehearse(account, work)
    assert before == [[1, "2"], []]  # the second list is that of archived deals
    assert after == [["2"], []]


def test_what_was_made_can_be_changed_and_what_is_gone_cannot():
    async def work(pipedrive):
        made = await pipedrive.create("person", {"name": "Ada"})
        assert made["id"] >= FIRST
        await pipedrive.update("person", made["id"], {"name": "Ada B."})
        assert (await pipedrive.get("person", made["id"]))["id"] == str(made["id"])
        await pipedrive.delete("person", made["id"])
        assert await pipedrive.get("person", made["id"]) is None
        with pytest.raises(Refused) as refused:
            await pipedrive.update("person", made["id"], {"name": "Ada"})
        assert refused.value.gone
        with pytest.raises(Refused) as refused:
            await pipedrive.update("person", 12, {"name": "Nobody"})
        assert refused.value.gone

    rehearse(Account(), work)


def test_merging_needs_both():
    account = Account({"person": [{"id": 1}, {"id": 2}]})

    async def work(pipedrive):
        await pipedrive.merge_persons(1, 2)
        assert await pipedrive.get("person", 1) is None
        with pytest.raises(Refused):
            await pipedrive.merge_persons(2, 3)

    rehearse(account, work)


def test_looking_at_many_becomes_one_list():
    account = Account({"person": [{"id": number} for number in range(1, 200)]})

    async def work(pipedrive):
        for number in range(1, 200):
            await pipedrive.update("person", number, {"name": "Ada"})

    _, rehearsal = rehearse(account, work)
    assert account.asked == ["person.get"] * FEW + ["person.list"]
    assert [one.name for one in rehearsal.tally.calls] == ["person.update"]


def test_activity_types_are_listed_as_they_would_stand():
    account = Account({"activity_type": [{"id": 1, "name": "Call"}, {"id": 2, "name": "Lunch"}]})

    async def work(pipedrive):
        made = await pipedrive.create("activity_type", {"name": "Massage", "icon_key": "meeting"})
        await pipedrive.update("activity_type", 1, {"name": "Phone call"})
        await pipedrive.update("activity_type", made["id"], {"name": "Sports massage"})
        await pipedrive.delete("activity_type", 2)
        return [row async for page in pipedrive.rows("activity_type") for row in page]

    found, _ = rehearse(account, work)
    assert [row["name"] for row in found] == ["Phone call", "Sports massage"]
    assert all(row.get("key_string") for row in found[1:])


def test_fields_and_options_are_listed_as_they_would_stand():
    code = "a" * 40
    shown = {"field_code": code, "field_name": "Sex", "is_custom_field": True, "options": None}
    account = Account({"personFields": [shown]})

    async def work(pipedrive):
        made = await pipedrive.schema.create_field("person", "Insurance", "enum", ["Extras"])
        await pipedrive.schema.add_options("person", code, ["Female"])
        await pipedrive.schema.add_options("person", made["field_code"], ["Hospital", "Both"])
        return await pipedrive.schema.field_rows("person")

    found, rehearsal = rehearse(account, work)
    assert [[one["label"] for one in row["options"]] for row in found] == [
        ["Female"],
        ["Extras", "Hospital", "Both"],
    ]
    assert [(one.fewest, one.most) for one in rehearsal.tally.options.values()] == [(0, 2), (1, 1)]
    assert sorted(rehearsal.names.values()) == ["Insurance", "Sex"]


def test_lines_are_known_by_their_deal_and_lists_of_new_deals_are_empty():
    account = Account({"deal_product": [{"id": 5, "deal_id": 9}]})

    async def work(pipedrive):
        deal = await pipedrive.create("deal", {"title": "Hip"})
        lines = [{"deal_id": deal["id"], "product_id": 1, "quantity": n} for n in range(8)]
        rows = await asyncio.gather(*(pipedrive.create("deal_product", line) for line in lines))
        assert {row["id"].partition("/")[0] for row in rows} == {str(deal["id"])}
        deals = [str(deal["id"]), "9"]
        return [row async for page in pipedrive.deal_products.lines(deals) for row in page]

    found, rehearsal = rehearse(account, work)
    assert [row["id"] for row in found] == ["9/5"]
    assert rehearsal.tally.calls[OPERATIONS["deal_product.create_many"]] == 1


def test_writes_take_nothing_of_the_limits_and_are_counted_with_their_price():
    account = Account()

    async def work(pipedrive):
        await pipedrive.create("note", {"content": "<p>x</p>", "person_id": 1, "add_time": None})

    _, rehearsal = rehearse(account, work)
    assert account.limits.spent == 0
    assert rehearsal.tally.sums == (1, 10)
    assert dict(rehearsal.tally.carried) == {("note", "content"): 1, ("note", "person_id"): 1}
