"""A plan says what the load then does, to the token; and nothing anywhere is changed by it."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

TRANSFORMS = Path(__file__).resolve().parent.parent / "transforms"

VARIES = {"deal_product.create", "deal_product.create_many"}
"""Operations whose number depends on which records come at the same time, beside `.add_options`."""

EDITS = (
    "rename_patient",
    "cancel_appointment",
    "archive_note",
    "merge_patients",
    "pay_invoice",
    "insert_patient",
)


def plan(pipe: Any, messages: Any, **settings: Any) -> dict[str, Any]:
    """Plan a load of recorded messages; nothing may be written anywhere."""
    pipe.sandbox.clear_log()
    before = contents(pipe.folder / "ledger.db")
    listed = {path.name for path in pipe.folder.rglob("*")}
    result = pipe.load(messages, mode="plan", **settings)
    assert result.target == 0, result.target_log
    assert pipe.writes() == []
    assert contents(pipe.folder / "ledger.db") == before
    assert result.states == []
    made = {path.name for path in pipe.folder.rglob("*")} - listed
    assert made <= {"output", "plan.json", "plan.html", "target.json", "target.out", "target.log"}
    summary = [line for line in result.target_log.splitlines() if " target_pipedrive " in line]
    told = summary[next(n for n, line in enumerate(summary) if "Plan: " in line) :]
    assert len(told) <= 25
    read: dict[str, Any] = json.loads((pipe.folder / "output/plan.json").read_text())
    return read


def contents(ledger: Any) -> tuple[bytes, list[str]] | None:
    """Return a ledger's file, byte for byte, and its rows, those in its log too."""
    if not ledger.exists():
        return None
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        return ledger.read_bytes(), [*connection.iterdump()]
    finally:
        connection.close()


def compare(pipe: Any, messages: Any, **settings: Any) -> dict[str, Any]:
    """Plan a load, then load, and hold one against the other."""
    planned = plan(pipe, messages, **settings)
    pipe.sandbox.clear_log()
    result = pipe.load(messages, **settings)
    assert result.target == 0, result.target_log
    done = json.loads((pipe.folder / "output/last-run.json").read_text())
    price = planned["price"]
    wanted, found = Counter(price["by_operation"]), Counter(done["requests"])
    together = {name for name in wanted | found if name.endswith(".add_options")} | VARIES
    assert not {
        name: (wanted[name], found[name])
        for name in (wanted | found).keys() - together
        if wanted[name] != found[name]
    }
    spent = sum(row["tokens"] for row in pipe.sandbox.log())
    assert price["tokens_at_least"] <= spent <= price["tokens_at_most"]
    if not any(name in together for name in wanted | found):
        assert price["tokens"] == spent
    actions = {
        f"{obj} {action}": number
        for obj, found_actions in planned["objects"].items()
        for action, number in found_actions.items()
        if action != "rejected"
    }
    assert actions == done["done"]
    left_out = {f"{one['stream']} {one['reason']}": one["records"] for one in planned["left_out"]}
    assert left_out == done["left_out"]
    assert planned["truncated"] == done["truncated"]
    rejected = sum(one["records"] for one in planned["rejects"])
    assert rejected == len((pipe.folder / "output/rejects.csv").read_text().splitlines()) - 1
    return planned


def test_a_plan_is_what_the_load_then_does(pipeline):
    pipe = pipeline(patients=40)
    messages = pipe.record()
    first = compare(pipe, messages)
    assert first["objects"]["person"]["adopted"] > 0
    assert first["oversized_files"]
    assert first["rejects"]
    assert first["truncated"]
    assert first["people"]["unmatched"][0]["objects"] > 0
    assert first["make"]["custom_fields_cap"]["new"] == len(
        [one for one in first["make"]["custom_fields"] if one["needed"]]
    )

    again = compare(pipe, messages)
    assert again["price"]["tokens"] <= 42
    assert {name for actions in again["objects"].values() for name in actions} <= {
        "unchanged",
        "rejected",
    }

    for edit in EDITS:
        pipe.sandbox.edit(edit)
    delta = compare(pipe, pipe.record())
    assert {name for actions in delta["objects"].values() for name in actions} >= {
        "created",
        "updated",
        "removed",
        "merged",
    }


@pytest.mark.slow
def test_what_people_deleted_in_pipedrive_is_seen(pipeline):
    pipe = pipeline(patients=5)
    assert pipe.load(pipe.record()).target == 0
    for edit in ("rename_patient", "cancel_appointment"):
        pipe.sandbox.edit(edit)
    with sqlite3.connect(pipe.folder / "ledger.db") as ledger:
        linked = ledger.execute("SELECT pipedrive_id FROM links WHERE object = 'person'").fetchall()
    for (row,) in linked:
        delete(pipe, f"persons/{row}")
    planned = compare(pipe, pipe.record())
    assert planned["objects"]["person"]["created"] == 1  # once more


def delete(pipe: Any, path: str) -> None:
    """Delete something in Pipedrive as somebody would by hand."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{pipe.sandbox.pipedrive}/api/v2/{path}",
        headers={"x-api-token": "sandbox-token"},
        method="DELETE",
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - loopback


@pytest.mark.slow
def test_all_that_is_optional_is_planned_for(pipeline):
    pipe = pipeline(patients=40)
    mapping = pipe.folder / "transforms"
    shutil.copytree(TRANSFORMS, mapping)
    account = mapping / "account.yml"
    account.write_text(re.sub(r"(?m)^  # - (\w+)", r"  - \1", account.read_text()))
    pipe.target_config["mapping"] = str(mapping)
    first = compare(pipe, pipe.record())
    for obj in ("deal", "deal_product", "organization"):
        assert first["objects"][obj]["created"] > 0
    for edit in (*EDITS, "insert_contact", "close_case", "insert_recall", "complete_form"):
        pipe.sandbox.edit(edit)
    compare(pipe, pipe.record())


@pytest.mark.slow
def test_once_its_schema_stands_the_price_is_exact(pipeline):
    pipe = pipeline(patients=5)
    messages = pipe.record()
    plan(pipe, messages)
    made = schema(pipe, "--dry-run")
    assert "Would make" in made
    assert pipe.writes() == []
    told = schema(pipe)
    assert told.replace("Made", "Would make") == made
    assert "Nothing is missing" in schema(pipe)
    planned = compare(pipe, messages)
    assert planned["make"]["custom_fields_cap"]["new"] == 0
    assert planned["make"]["activity_types"] == []
    assert planned["price"]["tokens_at_least"] == planned["price"]["tokens_at_most"]
    assert planned["objects"]["activity_type"].keys() <= {"adopted", "unchanged"}


def schema(pipe: Any, *options: str) -> str:
    """Run the command that makes a plan's schema."""
    command, _, *rest = pipe.target()
    done = subprocess.run(
        [command, "schema", "--config", *rest, *options],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=pipe.folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
