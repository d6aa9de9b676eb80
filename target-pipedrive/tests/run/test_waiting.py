"""Records that wait for what they look up, and what a run tells of the mapping at its end."""

from __future__ import annotations

import pytest

COMPANIES = """
stream: companies
object: organization
key_field: Company ID
fields: {name: name}
"""
REMARKS = """
stream: remarks
object: note
key_line: Remark
wait: true
skip_when: not lookup('visits', visit_id).company_id
fields:
  content: text
  org_id: ref('organization', 'companies', lookup('visits', visit_id).company_id)
---
stream: visits
lookup: true
keep: [company_id]
---
stream: ties
object: note
key_line: Tie
wait: true
skip_when: "[1 for row in children('ties', 'companies', other) if row.other == one and row.id < id]"
fields:
  content: "''"
  org_id: ref('organization', 'companies', one)
---
stream: ties
rollup: companies
by: one
"""
NAMES = {
    "companies": ["id", "name"],
    "remarks": ["id", "visit_id", "text"],
    "visits": ["id", "company_id"],
    "ties": ["id", "one", "other"],
}


def record(stream, *values):
    row = dict(zip(NAMES[stream], values, strict=True))
    return {"type": "RECORD", "stream": stream, "record": row}


@pytest.fixture
def run(loader, tmp_path):
    folder = tmp_path / "transforms"
    folder.mkdir()

    def run(*messages, mapping=COMPANIES + "---" + REMARKS, streams=tuple(NAMES)):
        (folder / "all.yml").write_text(mapping)
        schemas = [
            {
                "type": "SCHEMA",
                "stream": name,
                "key_properties": ["id"],
                "schema": {"properties": {key: {} for key in NAMES[name]}},
            }
            for name in streams
        ]
        sent = [*schemas, *messages, {"type": "STATE", "value": {"n": 1}}]
        return loader.load(sent, mapping=str(folder))

    return run


ONE, TWO = record("companies", "w1", "Acme"), record("companies", "w2", "Bee")


def notes(account, mark):
    return {
        row["content"].rpartition(f"{mark}: ")[2].partition("<")[0]: row["org_id"]
        for row in account.rows("notes")
        if f"{mark}: w" in row["content"]
    }


def firm(account, key):
    (row,) = account.labelled("organizations", "organizationFields", "Company ID", key)
    return row["id"]


def test_what_a_record_looks_up_may_come_after_it_and_change(run, account):
    remark = record("remarks", "w1", "w9", "Called")
    made = run(ONE, TWO, remark, record("visits", "w9", "w1"))
    assert made.codes() == {}
    assert notes(account, "Remark") == {"w1": firm(account, "w1")}
    assert run(remark, record("visits", "w9", "w1")).writes == []

    moved = run(record("visits", "w9", "w2"))
    assert moved.kinds() == {"PUT notes": 1}
    assert notes(account, "Remark") == {"w1": firm(account, "w2")}

    gone = run(record("visits", "w9", None))
    assert gone.kinds() == {"DELETE notes": 1}
    assert run(record("visits", "w9", "w1")).kinds() == {"POST notes": 1}


def test_a_pair_is_told_once_and_by_the_other_row_when_the_first_goes(run, account):
    run(ONE, TWO, record("ties", "w6", "w2", "w1"), record("ties", "w5", "w1", "w2"))
    assert notes(account, "Tie") == {"w5": firm(account, "w1")}
    run(record("ties", "w5", "w1", "w8"))
    assert notes(account, "Tie") == {"w5": firm(account, "w1"), "w6": firm(account, "w2")}


def test_streams_that_did_not_come_are_told(run):
    assert "The mapping takes" not in run(ONE).log
    assert "The mapping takes ties, visits, but" in run(ONE, streams=("companies", "remarks")).log


def test_what_is_mapped_for_the_first_time_is_told_once(run):
    first = run(ONE, mapping=COMPANIES)
    assert "Mapped for the first time" not in first.log
    later = run(ONE)
    assert "Mapped for the first time: remarks → note, ties → note." in later.log
    assert "--full-refresh" in later.log
    assert "Mapped for the first time" not in run(ONE).log
