"""Organizations, deals with their products, leads and labels: made, changed, taken away, found."""

from __future__ import annotations

import pytest

from target_pipedrive.errors import MappingError

MAPPING = """
stream: companies
object: organization
key_field: Company ID
fields:
  name: name
  address: address
  labels: labels
---
stream: cases
object: deal
key_field: Case ID
remove_when: closed
fields:
  title: title
  org_id: ref('organization', 'companies', company_id)
  pipeline: "'clinic'"
  stage: stage
  value: price
  expected_close_date: until
  labels: labels
---
stream: services
object: product
key_field: Service ID
fields:
  name: name
  prices: price
---
stream: items
object: deal_product
key_line: Item
fields:
  deal_id: ref('deal', 'cases', case_id)
  product_id: ref('product', 'services', service_id)
  item_price: price
  quantity: quantity
  comments: remark
---
stream: enquiries
object: lead
fields:
  title: title
  organization_id: ref('organization', 'companies', company_id)
  value: price
  labels: labels
---
stream: calls
object: activity
key_line: Call
fields:
  subject: "'Call back'"
  lead_id: ref('lead', 'enquiries', enquiry_id) if enquiry_id else None
  deal_id: ref('deal', 'cases', case_id) if case_id else None
  note: "''"
---
stream: remarks
object: note
key_line: Remark
fields:
  content: text
  lead_id: ref('lead', 'enquiries', enquiry_id)
"""


def record(stream, **values):
    return {"type": "RECORD", "stream": stream, "record": values}


def company(**more):
    return record("companies", **{"id": "s1", "name": "Acme", "address": "1 High St"} | more)


def case(key="s1", **more):
    given = {"id": key, "title": f"Case {key}", "company_id": "s1", "stage": "BOOKED"}
    return record("cases", **given | {"price": "120.50", "until": "2026-01-31"} | more)


def items(numbers, **more):
    given = {"case_id": "s1", "service_id": "s1", "price": "9.50", "quantity": 2}
    return [record("items", **{"id": f"s{number}"} | given | more) for number in numbers]


SERVICE = record("services", id="s1", name="Massage", price="95")


def enquiry(**more):
    given = {"id": "s1", "title": "Backache", "company_id": "s1", "price": 50, "labels": "Hot, New"}
    return record("enquiries", **given | more)


@pytest.fixture
def run(loader, tmp_path):
    folder = tmp_path / "transforms"
    folder.mkdir()
    (folder / "all.yml").write_text(MAPPING)

    def run(*messages, **settings):
        messages = [*messages, {"type": "STATE", "value": {"n": 1}}]
        streams = {m["stream"]: m["record"] for m in messages if m["type"] == "RECORD"}
        names = ["labels", "closed", "remark", "address", "until", "enquiry_id", "case_id"]
        schemas = [
            {
                "type": "SCHEMA",
                "stream": stream,
                "key_properties": ["id"],
                "schema": {"properties": {key: {} for key in [*row, *names]}},
            }
            for stream, row in streams.items()
        ]
        return loader.load([*schemas, *messages], mapping=str(folder), **settings)

    return run


def test_deals_go_to_their_stage_by_name(run, account, sandbox):
    made = run(company(labels="VIP"), case(labels=["hot", "Recurring"]))
    assert made.codes() == {}
    (deal,) = account.labelled("deals", "dealFields", "Case ID", "s1")
    dump = sandbox.dump()["pipedrive"]
    stages = {row["id"]: row["name"] for row in dump["stages"]}
    assert stages[deal["stage_id"]] == "Booked"
    assert (deal["value"], deal["expected_close_date"]) == (120.5, "2026-01-31")
    (field,) = (row for row in dump["dealFields"] if row["field_code"] == "label_ids")
    labels = {option["id"]: option["label"] for option in field["options"]}
    assert [labels[one] for one in deal["label_ids"]] == ["Hot", "Recurring"]
    (firm,) = account.labelled("organizations", "organizationFields", "Company ID", "s1")
    assert (deal["org_id"], firm["address"]["value"]) == (firm["id"], "1 High St")

    moved = run(company(labels="VIP"), case(stage="Discharged"))
    (patch,) = moved.writes
    (stage,) = (key for key, name in stages.items() if name == "Discharged")
    assert patch.body == {"stage_id": stage, "label_ids": []}
    assert run(company(labels="VIP"), case(stage="Discharged")).writes == []
    gone = run(case(stage="Discharged", closed=True))
    assert gone.kinds() == {"DELETE deals": 1}


def test_a_stage_that_only_the_data_knows_is_rejected_alone(run, account):
    made = run(company(), case("s7", stage="Nowhere"), case("s8"))
    assert made.codes() == {"cases/s7": "unknown_stage"}
    assert '"Booked"' in made.rejects[0]["detail"]
    assert len(account.labelled("deals", "dealFields", "Case ID", "s8")) == 1


def test_a_pipeline_that_is_named_in_a_file_must_be_there(loader, tmp_path, sandbox):
    folder = tmp_path / "wrong"
    folder.mkdir()
    text = MAPPING.replace("'clinic'", "'Hospital'").replace("stage: stage", "stage: \"'Booked'\"")
    (folder / "all.yml").write_text(text)
    run = loader.attempt([{"type": "STATE", "value": {}}], mapping=str(folder))
    assert isinstance(run.error, MappingError)
    assert str(run.error) == (
        f'{folder}/all.yml:17:13: no pipeline has this name; there is "Clinic" in Pipedrive'
    )
    assert run.writes == []


def test_six_lines_of_a_deal_go_in_one_request(run, account, sandbox):
    made = run(company(), case("s20"), SERVICE, *items(range(20, 26), case_id="s20"))
    paths = [write.path for write in made.writes if "/products" in write.path[12:]]
    (deal,) = account.labelled("deals", "dealFields", "Case ID", "s20")
    assert paths == [f"/api/v2/deals/{deal['id']}/products/bulk"]

    def lines():
        rows = account.rows("dealProducts")
        return [row for row in rows if row["deal_id"] == deal["id"]]

    assert sorted(row["comments"] for row in lines()) == [f"Item: s{n}" for n in range(20, 26)]
    assert {(row["item_price"], row["quantity"]) for row in lines()} == {(9.5, 2)}

    same = run(company(), case("s20"), SERVICE, *items(range(20, 26), case_id="s20"))
    assert same.writes == []
    changed = run(*items([20], case_id="s20", quantity=3), *items([26], case_id="s20", remark="x"))
    assert changed.kinds() == {"PATCH deals": 1, "POST deals": 1}
    assert "x\nItem: s26" in [row["comments"] for row in lines()]


def test_lines_are_found_again_when_the_ledger_is_lost(run, account, sandbox, tmp_path):
    messages = [company(), case("s30"), SERVICE, *items(range(30, 36), case_id="s30")]
    run(*messages)
    again = run(*messages, ledger=f"sqlite:///{tmp_path}/another.db")
    assert [write for write in again.writes if write.method == "POST"] == []
    assert again.codes() == {}


def test_a_line_moves_with_its_record_to_another_deal(run, account, sandbox):
    run(company(), case("s40"), case("s41"), SERVICE, *items([40], case_id="s40"))
    run(*items([40], case_id="s41"))
    (deal,) = account.labelled("deals", "dealFields", "Case ID", "s41")
    lines = [row for row in account.rows("dealProducts") if row["comments"] == "Item: s40"]
    assert [row["deal_id"] for row in lines] == [deal["id"]]


def test_one_bad_line_leaves_the_others_alone(run, account):
    good = items(range(50, 56), case_id="s50")
    made = run(company(), case("s50"), SERVICE, *good, *items([56], case_id="s50", quantity="many"))
    assert made.codes() == {"items/s56": "mapping_failed"}


def test_leads_have_uuids_and_children(run, account, sandbox, tmp_path):
    messages = [
        company(),
        enquiry(),
        record("calls", id="s1", enquiry_id="s1"),
        record("remarks", id="s1", enquiry_id="s1", text="Wants Tuesday"),
    ]
    made = run(*messages)
    assert made.codes() == {}
    dump = sandbox.dump()["pipedrive"]
    (lead,) = (row for row in dump["leads"] if row["origin_id"] == "enquiries/s1")
    labels = {row["id"]: row["name"] for row in dump["leadLabels"]}
    assert [labels[one] for one in lead["label_ids"]] == ["Hot", "New"]
    assert lead["value"] == {"amount": 50, "currency": "AUD"}
    for kind in ("activities", "notes"):
        assert [row["lead_id"] for row in account.rows(kind)].count(lead["id"]) == 1
    assert run(*messages).writes == []
    (patch,) = run(company(), enquiry(title="Neck")).writes
    assert (patch.path, patch.body) == (f"/api/v1/leads/{lead['id']}", {"title": "Neck"})

    again = run(*messages, ledger=f"sqlite:///{tmp_path}/another.db")
    assert [write for write in again.writes if write.method == "POST"] == []
    assert again.codes() == {}
