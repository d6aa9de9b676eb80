"""Leads, lead labels and products of deals: what is taken, what is refused."""

from __future__ import annotations

import pytest

UNKNOWN = "adf21080-0e10-41eb-879b-05d71fb426ec"


@pytest.fixture
def lead(api):
    return api("POST", "/v1/leads", {"title": "Enquiry", "person_id": api.person()}).data


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"title": "Enquiry"}, "person or an organization"),
        ({"title": ""}, "title"),
        ({"title": "A", "org_id": 1}, "org_id"),
        ({"title": "A", "is_archived": True}, "is_archived"),
        ({"title": "A", "value": {"amount": 5}}, "currency"),
        ({"title": "A", "visible_to": 3}, "visible_to"),
        ({"title": "A", "label_ids": [UNKNOWN]}, "label_ids"),
        ({"title": "A", "person_id": "1"}, "person_id"),
    ],
)
def test_a_lead_is_held_to_its_keys(api, body, word):
    answer = api("POST", "/v1/leads", body)
    assert answer.status == 400
    assert word in answer.error


def test_a_lead_has_a_uuid_and_can_be_a_parent(api, lead):
    assert len(lead["id"]) == 36
    note = api("POST", "/v1/notes", {"content": "x", "lead_id": lead["id"]}).data
    activity = api("POST", "/v2/activities", {"subject": "x", "lead_id": lead["id"]}).data
    assert (note["lead_id"], activity["lead_id"]) == (lead["id"], lead["id"])
    assert api.upload("a.txt", b"a", lead_id=lead["id"]).data["lead_id"] == lead["id"]
    assert api("POST", "/v1/notes", {"content": "x", "lead_id": UNKNOWN}).status == 404
    assert api("POST", "/v2/activities", {"subject": "x", "lead_id": UNKNOWN}).status == 400
    api("DELETE", f"/v1/leads/{lead['id']}")
    assert api("GET", f"/v1/leads/{lead['id']}").status == 404
    assert api("GET", "/v1/leads").data == []


def test_the_origin_is_written_once(api, lead):
    refused = api("PATCH", f"/v1/leads/{lead['id']}", {"origin_id": "7"})
    assert refused.status == 400


def test_an_archived_lead_is_listed_apart_and_kept_as_it_is(api, lead):
    path = f"/v1/leads/{lead['id']}"
    api("PATCH", path, {"is_archived": True})
    assert api("GET", "/v1/leads").data == []
    assert [row["id"] for row in api("GET", "/v1/leads/archived").data] == [lead["id"]]
    assert api("PATCH", path, {"title": "B"}).status == 400
    assert api("PATCH", path, {"is_archived": False, "title": "B"}).data["title"] == "B"


def test_leads_carry_the_custom_fields_of_deals_in_old_shapes(api, lead):
    path = f"/v1/leads/{lead['id']}"
    chosen = api.field("deal", "set", ["A", "B"])
    money = api.field("deal", "monetary")
    options = [row["id"] for row in api("GET", f"/v2/dealFields/{chosen}").data["options"]]
    body = {chosen: f"{options[0]},{options[1]}", money: 5, f"{money}_currency": "AUD"}
    assert api("PATCH", path, body).data.items() >= body.items()
    assert api("PATCH", path, {chosen: options}).status == 400
    assert api("PATCH", path, {"custom_fields": {}}).status == 400
    assert chosen not in api("PATCH", path, {chosen: None}).data


def test_the_lines_of_a_deal_make_its_value(api):
    deal = api("POST", "/v2/deals", {"title": "Treatment"}).data["id"]
    product = api("POST", "/v2/products", {"name": "Session"}).data["id"]
    line = {"product_id": product, "item_price": 90, "quantity": 2, "discount": 50}
    lines = f"/v2/deals/{deal}/products"
    one = api("POST", lines, line).data["id"]
    assert api("GET", f"/v2/deals/{deal}").data["value"] == 90
    made = api("POST", f"{lines}/bulk", {"data": [line, line | {"comments": "x"}]}).data
    assert [row["comments"] for row in made] == ["", "x"]
    refused = api("POST", f"{lines}/bulk", {"data": [line, line | {"price": 5}]})
    assert refused.status == 400
    assert len(api("GET", lines).data) == 3, "all or none"
    assert api("POST", f"{lines}/bulk", {"data": [line] * 101}).status == 400
    api("DELETE", f"{lines}/{one}")
    assert api("DELETE", f"{lines}/{one}").status == 404
    assert api("GET", f"/v2/deals/{deal}").data["value"] == 180
