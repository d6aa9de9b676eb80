"""Each reject code is reached by a record, and says what to do; there is no other one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import target_pipedrive
from target_pipedrive import writer
from target_pipedrive.errors import REJECTS

MAPPING = """
stream: people
object: person
key_field: Person key
match: [email, name]
fields:
  name: name
  emails: emails(email)
custom_fields:
  Shoe size: {type: double, value: decimal(size)}
---
stream: deals
object: deal
key_field: Deal key
fields:
  title: title
  stage: stage
  status: status
  person_id: ref('person', 'people', person)
---
stream: groups
object: activity
key_line: Group
reject_when:
  no_participants: not members
fields:
  subject: "'Class'"
  note: "''"
---
stream: scans
object: file
fields:
  person_id: ref('person', 'people', person)
file:
  uri: uri
  name: "'scan.bin'"
  size: size
  sha256: sha256
"""

PERSON = {"id": "CODE", "name": "Ann Bee", "email": None, "size": None}
DEAL = {"id": "CODE", "title": "Case", "stage": None, "status": None, "person": "CODE"}
SCAN = {"id": "CODE", "person": "CODE", "uri": "file:///nowhere/scan.bin", "sha256": "0" * 64}


@dataclass(frozen=True)
class Case:
    """Records the last of which is rejected.

    Args:
        records: (stream, record); CODE stands for a key of the case's own.
        settings: Of the target, beside the usual.
        by_hand: Persons that somebody made.
        faults: Ordered of the simulated Pipedrive.
    """

    records: list[tuple[str, dict[str, Any]]]
    settings: dict[str, Any] = field(default_factory=dict)
    by_hand: int = 0
    faults: dict[str, Any] | None = None


CASES = {
    "parent_missing": Case([("deals", DEAL | {"person": "nobody"})]),
    "no_participants": Case([("groups", {"id": "CODE", "members": []})]),
    "unknown_stage": Case([("people", PERSON), ("deals", DEAL | {"stage": "Nowhere"})]),
    "ambiguous_match": Case([("people", PERSON | {"email": "ann@example.com"})], by_hand=2),
    "mapping_failed": Case([("people", PERSON | {"size": "Zymurgy"})]),
    "refused": Case([("people", PERSON), ("deals", DEAL | {"status": "Zymurgy"})]),
    "file_too_large": Case(
        [("people", PERSON), ("scans", SCAN | {"size": 3_000_000})], {"max_file_mb": 2}
    ),
    "file_not_allowed": Case(
        [("people", PERSON), ("scans", SCAN | {"uri": "file:///etc/passwd", "size": 9})]
    ),
    "file_missing": Case([("people", PERSON), ("scans", SCAN | {"size": 9})]),
    "unknown_outcome": Case(
        [("people", PERSON)],
        faults={"kind": "error_500", "method": "POST", "path": "/persons", "times": 3},
    ),
    "no_key": Case([("people", PERSON | {"id": None})]),
}


def test_every_code_has_a_case():
    assert set(CASES) == set(REJECTS), "a code that no record reaches, or a case of no code"


@pytest.mark.parametrize("code", CASES)
def test_a_record_reaches_it(code, loader, account, sandbox, tmp_path, monkeypatch):
    case = CASES[code]
    monkeypatch.setattr(writer, "PAUSE", 0.0)
    folder = tmp_path / "mapping"
    folder.mkdir()
    (folder / "all.yml").write_text(MAPPING)
    emails = [{"value": "ann@example.com"}]
    by_hand = [account.make_person(name="Ann Bee", emails=emails) for _ in range(case.by_hand)]
    given = json.loads(json.dumps(case.records).replace("CODE", code))
    schemas = [
        {"type": "SCHEMA", "stream": stream, "schema": {"properties": {key: {} for key in record}}}
        for stream, record in given
    ]
    records = [{"type": "RECORD", "stream": stream, "record": record} for stream, record in given]
    if case.faults:
        loader.load([{"type": "STATE", "value": {"run": 0}}], mapping=str(folder))
        sandbox.fault(api="pipedrive", **case.faults)
    try:
        run = loader.load(
            [*schemas, *records, {"type": "STATE", "value": {"run": 1}}],
            mapping=str(folder),
            **case.settings,
        )
    finally:
        sandbox.clear_faults()
        for row_id in by_hand:
            account.delete_person(row_id)
    stream, record = given[-1]
    assert run.codes() == {f"{stream}/{record['id'] or ''}": code}
    assert f"1 rejected as {code}: {REJECTS[code].meaning}" in run.log
    assert "Zymurgy" not in run.log


@pytest.mark.parametrize("code", REJECTS)
def test_it_says_in_sentences_what_it_means_and_what_to_do(code):
    for text in (REJECTS[code].meaning, REJECTS[code].action):
        assert text.endswith(".")
        assert text[0].isupper()


def test_the_program_rejects_with_no_other_code():
    """Codes that are written into the program; those of mappings are checked when they are read."""
    package = Path(target_pipedrive.__file__).parent
    used = {
        code
        for path in package.rglob("*.py")
        for code in re.findall(r'Rejected\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert used <= set(REJECTS)
