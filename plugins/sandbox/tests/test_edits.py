"""Edits change what they say, stamp what Cliniko stamps, and nothing else."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox import clinic, edits
from sandbox.client import ControlError
from sandbox.edits import core

NOT_BUMPED = {
    "archive_patient": "patients",
    "archive_alert": "medical_alerts",
    "archive_note": "treatment_notes",
    "archive_invoice": "invoices",
    "archive_appointment_type": "appointment_types",
    "archive_attachment": "patient_attachments",
    "archive_business": "businesses",
    "archive_case": "patient_cases",
    "archive_contact": "contacts",
    "archive_form": "patient_forms",
    "archive_item": "billable_items",
    "archive_memo": "communications",
    "archive_note_template": "treatment_note_templates",
    "archive_product": "products",
    "archive_recall": "recalls",
    "archive_referral": "referral_sources",
    "archive_relationship": "relationships",
    "cancel_appointment": "individual_appointments",
    "cancel_attendee": "attendees",
    "merge_patients": "patients",
}
QUIET = {
    "cancel_appointment",
    "delete_patient",
    "delete_tax",
    "merge_patients",
    "remove_type_item",
    "remove_type_product",
}
"""Edits that leave the stamps of everything they touch alone."""


@pytest.fixture
def state():
    return clinic.build(60, now=datetime.now(UTC) - timedelta(days=1))


def snapshot(state):
    return {
        (name, row["id"]): dict(row)
        for name, table in state.tables.items()
        for row in table.rows.values()
    }


def differences(before, after):
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


@pytest.mark.parametrize("kind", sorted(edits.EDITS))
def test_an_edit_changes_what_it_reports(state, kind):
    before = snapshot(state)
    made = edits.apply(state, kind, {})
    after = snapshot(state)
    reported = {(change["stream"], int(change["id"])) for change in made["changed"]}
    changed = differences(before, after)
    assert changed
    # Only a note's mark on its appointment and the lines of an invoice go without saying.
    said = {key for key in changed if key[0] not in {"individual_appointments", "invoice_items"}}
    assert said <= reported
    assert reported <= changed
    for mark, there in (("new", before), ("removed", after)):
        assert {key for key in reported if key not in there} == {
            (change["stream"], int(change["id"])) for change in made["changed"] if change[mark]
        }


@pytest.mark.parametrize("kind", sorted(edits.EDITS))
def test_an_edit_stamps_as_cliniko_does(state, kind):
    made = edits.apply(state, kind, {})
    for change in made["changed"]:
        if change["removed"]:
            continue
        row = state.row(change["stream"], int(change["id"]))
        if kind in QUIET or NOT_BUMPED.get(kind) == change["stream"]:
            assert row["updated_at"] < made["at"]
        else:
            assert row["updated_at"] == made["at"]


@pytest.mark.parametrize("kind", sorted(NOT_BUMPED.keys() - {"merge_patients"}))
def test_a_stamp_can_be_ordered(state, kind):
    made = edits.apply(state, kind, {"bump": True})
    row = state.row(made["changed"][0]["stream"], int(made["changed"][0]["id"]))
    assert row["updated_at"] == made["at"]


@pytest.mark.parametrize("bump", [True, False])
def test_merging_moves_the_records_of_the_loser(state, bump):
    chosen = edits.apply(state, "merge_patients", {"bump": bump})
    loser = int(chosen["changed"][0]["id"])
    row = state.row("patients", loser)
    survivor = row["merged_with_patient_id"]
    assert row["archived_at"] == row["merged_at"] == chosen["at"]
    moved = state.where("individual_appointments", patient_id=survivor)
    assert moved
    assert not state.where("individual_appointments", patient_id=loser)
    assert any(child["updated_at"] == chosen["at"] for child in moved) == bump


def test_cancelling_is_taken_back_by_uncancelling(state):
    key = edits.apply(state, "cancel_appointment", {})["changed"][0]["id"]
    row = state.row("individual_appointments", int(key))
    assert row["cancellation_note"]
    edits.apply(state, "uncancel_appointment", {"id": key})
    assert not row.keys() & {"cancelled_at", "cancellation_reason", "cancellation_note"}


def test_paying_marks_the_appointment_too(state):
    invoice = next(
        row
        for row in state.rows("invoices")
        if row["status"] == 10 and "appointment_id" in row and "archived_at" not in row
    )
    edits.apply(state, "pay_invoice", {"id": str(invoice["id"])})
    assert (invoice["status"], invoice["status_description"]) == (20, "Paid")
    assert state.row("individual_appointments", invoice["appointment_id"])["invoice_status"] == 20


@pytest.mark.parametrize(
    ("kind", "arguments", "reason"),
    [
        ("explode", {}, "unknown edit 'explode'; there are add_type_item"),
        ("rename_patient", {"nme": "x"}, "takes id, first_name, last_name, not nme"),
        ("rename_patient", {"id": "1"}, "no record 1 in patients"),
        ("rename_patient", {"id": "x"}, "no record x in patients"),
        ("change_price", {"price": "much"}, "price must be a decimal"),
        ("change_price", {"price": 12.5}, "price must be a text"),
        ("move_appointment", {"days": "soon"}, "days must be a whole number, not 'soon'"),
        ("move_appointment", {"days": True}, "days must be a whole number, not True"),
        ("archive_note", {"bump": "1"}, "bump must be true or false, not '1'"),
        ("change_patient", {"fields": "[]"}, "fields must be a JSON object, not '[]'"),
    ],
)
def test_an_edit_that_cannot_be_made_says_why(state, kind, arguments, reason):
    with pytest.raises(edits.EditError, match=re.escape(reason)):
        edits.apply(state, kind, arguments)


def test_arguments_may_come_as_the_text_of_a_command_line(state):
    key = min(state.tables["patients"].rows)
    edits.apply(state, "change_patient", {"id": key, "fields": '{"occupation": "Baker"}'})
    assert state.row("patients", key)["occupation"] == "Baker"
    edits.apply(state, "unarchive_patient", {"bump": "false"})
    edits.apply(state, "rename_patient", {"last_name": "007", "first_name": None})


def test_every_argument_of_an_edit_can_be_read():
    for function in edits.EDITS.values():
        for parameter in list(inspect.signature(function).parameters.values())[1:]:
            kind = parameter.annotation.removesuffix(" | None")
            assert kind == "str" or kind in core._TYPES, (function.__name__, parameter)


def test_a_record_already_removed_cannot_be_removed_again(state):
    key = edits.apply(state, "archive_note", {})["changed"][0]["id"]
    with pytest.raises(edits.EditError, match="is no live note"):
        edits.apply(state, "archive_note", {"id": key})


def test_edits_show_in_the_api(scratch, caller):
    cliniko = caller(scratch.cliniko)
    made = scratch.edit("rename_patient", last_name="Ōkārito")
    key = made["changed"][0]["id"]
    found = cliniko.rows("patients", q=(f"updated_at:>={made['at']}",))
    assert [(row["id"], row["last_name"]) for row in found] == [(key, "Ōkārito")]
    scratch.edit("archive_patient", id=key)
    assert cliniko.get(f"/patients/{key}").status == 404
    added = scratch.edit("insert_attachment")["changed"][0]["id"]
    assert cliniko.get(f"/patient_attachments/{added}/content").status == 303
    with pytest.raises(ControlError, match="unknown edit"):
        scratch.edit("explode")


def test_the_readme_names_every_edit():
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    assert [kind for kind in edits.EDITS if f"`{kind}`" not in readme] == []
