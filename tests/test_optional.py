"""The optional mapping files: switched on, loaded, kept in step, taken away."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TRANSFORMS = ROOT / "transforms"
NAMES = sorted(path.stem for path in (TRANSFORMS / "optional").glob("*.yml"))
CREDIT = 40
NEEDS = {"deal_products": ["patient_cases"]}


def switched_on(folder: Path, *names: str) -> str:
    """Copy the mapping and take away the # in front of some names, as a person would."""
    mapping = folder / "transforms"
    shutil.copytree(TRANSFORMS, mapping)
    account = mapping / "account.yml"
    text = account.read_text()
    for name in names:
        text, found = re.subn(rf"(?m)^  # - {name}\b", f"  - {name}", text)
        assert found == 1, name
    account.write_text(text)
    return str(mapping)


def judged(pipe: Any, *names: str) -> dict[str, Any]:
    """Run the pipeline; everything must stand as it shall. Return what was expected, by kind."""
    result = pipe.run()
    assert (result.tap, result.target) == (0, 0), result.target_log + result.tap_log
    report = pipe.sandbox.check(optional_files=names)
    assert report["ok"], "\n".join(report["lines"])
    return {name: found["expected"] for name, found in report["report"]["objects"].items()}


def writes(pipe: Any) -> list[tuple[str, str]]:
    """Return what was changed in Pipedrive since the log was cleared."""
    found = [(row["method"], row["path"]) for row in pipe.writes()]
    pipe.sandbox.clear_log()
    return found


def test_the_account_file_offers_every_optional_file():
    text = (TRANSFORMS / "account.yml").read_text()
    assert sorted(re.findall(r"(?m)^  # - (\w+)", text)) == NAMES


@pytest.fixture
def everything(pipeline):
    """A clinic moved with all that is optional."""
    pipe = pipeline(patients=40)
    pipe.target_config["mapping"] = switched_on(pipe.folder, *NAMES)
    expected = judged(pipe, *NAMES)
    for kind in ("contact's person", "contact's firm", "case", "case's product", "recall"):
        assert expected[kind] > 0
    for kind in ("contact's note", "case's note", "form", "relationship"):
        assert expected[kind] > 0
    pipe.sandbox.clear_log()
    return pipe


def test_all_of_them_stay_in_step(everything):
    pipe = everything
    edit = pipe.sandbox.edit
    judged(pipe, *NAMES)
    assert writes(pipe) == []

    assign_to_new_case(pipe)
    for kind in ("insert_contact", "change_contact", "close_case", "complete_form"):
        edit(kind)
    for kind in ("insert_recall", "move_recall", "complete_recall", "change_relationship"):
        edit(kind)
    twin = relationship(pipe)
    edit("insert_relationship", patient=twin[1], related=twin[0], relation=20)
    judged(pipe, *NAMES)
    made = writes(pipe)
    assert 0 < len(made) < 30, made
    judged(pipe, *NAMES)
    assert writes(pipe) == []

    for kind in ("archive_contact", "archive_case", "archive_recall", "archive_form"):
        edit(kind)
    edit("archive_relationship", id=twin[2])  # its twin speaks for the pair now
    edit("archive_invoice", id=billed(pipe)["id"])
    edit("merge_patients")
    judged(pipe, *NAMES)
    assert {method for method, _ in writes(pipe)} >= {"DELETE", "POST"}
    judged(pipe, *NAMES)
    assert writes(pipe) == []


def test_a_fresh_ledger_finds_them_all_again(everything):
    (everything.folder / "ledger.db").unlink()
    everything.state = None
    judged(everything, *NAMES)
    created = [path for method, path in writes(everything) if method == "POST"]
    assert created == []


def test_streams_that_did_not_come_are_told(everything):
    messages = everything.record()
    kept = [line for line in messages.read_text().splitlines() if '"recall' not in line]
    messages.write_text("\n".join(kept) + "\n")
    result = everything.load(messages)
    (told,) = [line for line in result.target_log.splitlines() if "the tap did not send" in line]
    assert "The mapping takes recall_types, recalls," in told
    assert "meltano.yml" in told


def test_one_that_needs_another_says_so(idle):
    idle.target_config["mapping"] = switched_on(idle.folder, "deal_products")
    result = idle.run()
    assert result.target == 2
    assert "optional/deal_products.yml" in result.target_log
    assert "patient_cases" in result.target_log


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_alone(pipeline, name):
    names = [name, *NEEDS.get(name, ())]
    pipe = pipeline(patients=40)
    pipe.target_config["mapping"] = switched_on(pipe.folder, *names)
    judged(pipe, *names)
    pipe.sandbox.clear_log()
    judged(pipe, *names)
    assert writes(pipe) == []


# what stands in the clinic


def streams(pipe: Any) -> dict[str, list[dict[str, Any]]]:
    return pipe.sandbox.dump()["cliniko"]["streams"]


def link(row: dict[str, Any], name: str) -> str:
    return row[name]["links"]["self"].rpartition("/")[2]


def live(row: dict[str, Any]) -> bool:
    return not (row.get("archived_at") or row.get("deleted_at"))


def relationship(pipe: Any) -> tuple[str, str, str]:
    """Return the patients of a relationship, and its id."""
    merged = {row["id"] for row in streams(pipe)["patients"] if row.get("merged_at")}
    for row in streams(pipe)["relationships"]:
        ends = link(row, "patient"), link(row, "related_patient")
        if live(row) and merged.isdisjoint(ends):
            return *ends, row["id"]
    raise AssertionError("no live relationship")


def billed(pipe: Any) -> dict[str, Any]:
    """Return an invoice whose lines are in a deal."""
    there = streams(pipe)
    cases = {row["id"] for row in there["patient_cases"] if live(row)}
    visits = {
        row["id"]
        for row in there["attendees"]
        if "patient_case" in row and link(row, "patient_case") in cases
    }
    return next(
        row
        for row in there["invoices"]
        if live(row)
        and row["status"] != 40
        and "attendee" in row
        and link(row, "attendee") in visits
    )


def assign_to_new_case(pipe: Any) -> None:
    """Let a visit that was billed move from its case to a new one of the same patient."""
    invoice = billed(pipe)
    patient, visit = link(invoice, "patient"), link(invoice, "attendee")
    made = pipe.sandbox.edit("insert_case", patient=patient, name="Second opinion")
    (case,) = (row["id"] for row in made["changed"] if row["stream"] == "patient_cases")
    pipe.sandbox.edit("assign_case", attendee=visit, case=case)
