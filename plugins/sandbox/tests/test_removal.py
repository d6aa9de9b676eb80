"""What is deleted for good is in no list; what is taken back is where it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox import clinic, edits
from sandbox.cliniko.catalog import RESOURCES

OUTSIDE = {"letters", "payments", "signatures"}


@pytest.fixture
def state():
    return clinic.build(60, now=datetime.now(UTC) - timedelta(days=1))


def dangling(state):
    """Return the links that lead to no record."""
    return [
        (name, row["id"], link)
        for name, resource in RESOURCES.items()
        if name != "bookings"
        for link, target in resource.one.items()
        if target not in OUTSIDE
        for row in state.rows(name)
        if (key := row.get(f"{link}_id")) is not None
        and key not in {each["id"] for each in state.rows(_list(target))}
    ]


def _list(target):
    return {"appointments": "individual_appointments"}.get(target, target)


def test_a_deleted_patient_takes_everything_along(state):
    made = edits.apply(state, "delete_patient", {})
    gone = {change["stream"] for change in made["changed"] if change["removed"]}
    assert {"patients", "individual_appointments", "attendees"} <= gone
    (key,) = (int(one["id"]) for one in made["changed"] if one["stream"] == "patients")
    for name, resource in RESOURCES.items():
        for row in state.rows(name):
            assert row.get("patient_id") != key, name
        if "patient_ids" in resource.fields:
            assert not any(str(key) in row["patient_ids"] for row in state.rows(name))
    assert dangling(state) == []
    left = {row["id"] for row in state.rows("patient_attachments")}
    assert state.contents.keys() == left


def test_those_merged_into_a_deleted_patient_go_too(state):
    (loser, *_) = (row for row in state.rows("patients") if "merged_at" in row)
    survivor = loser["merged_with_patient_id"]
    made = edits.apply(state, "delete_patient", {"id": survivor})
    gone = {int(one["id"]) for one in made["changed"] if one["stream"] == "patients"}
    assert {loser["id"], survivor} <= gone
    assert dangling(state) == []


def test_a_deleted_tax_leaves_its_items_without_one(state):
    (item, *_) = (row for row in state.rows("billable_items") if "tax_id" in row)
    edits.apply(state, "delete_tax", {"id": item["tax_id"]})
    assert "tax_id" not in item
    assert dangling(state) == []


@pytest.mark.parametrize(
    ("kind", "table", "column"),
    [
        ("remove_type_item", "appointment_type_billable_items", "billable_item_id"),
        ("remove_type_product", "appointment_type_products", "product_id"),
    ],
)
def test_a_type_keeps_the_link_of_an_item_it_still_has(state, kind, table, column):
    while rows := list(state.rows(table)):
        edits.apply(state, kind, {"id": rows[0]["id"]})
        for owner in state.rows("appointment_types"):
            joined = {row[column] for row in state.where(table, appointment_type_id=owner["id"])}
            assert owner.get(column) in (joined or {None})
    assert not any(column in row for row in state.rows("appointment_types"))


@pytest.mark.parametrize("bump", [True, False])
@pytest.mark.parametrize(
    ("archive", "unarchive", "table"),
    [
        ("archive_note", "unarchive_note", "treatment_notes"),
        ("archive_patient", "unarchive_patient", "patients"),
        ("archive_business", "unarchive_business", "businesses"),
    ],
)
def test_what_is_brought_back_stands_as_before(state, archive, unarchive, table, bump):
    key = int(edits.apply(state, archive, {})["changed"][0]["id"])
    row = state.row(table, key)
    assert "archived_at" in row
    before = row["updated_at"]
    made = edits.apply(state, unarchive, {"id": key, "bump": bump})
    assert not row.keys() & {"archived_at", "deleted_at"}
    assert row["updated_at"] == (made["at"] if bump else before)


@pytest.mark.parametrize("bump", [True, False])
def test_a_cancellation_can_be_taken_back_without_a_word(state, bump):
    key = edits.apply(state, "cancel_appointment", {})["changed"][0]["id"]
    before = state.row("individual_appointments", int(key))["updated_at"]
    made = edits.apply(state, "uncancel_appointment", {"id": key, "bump": bump})
    row = state.row("individual_appointments", int(key))
    assert "cancelled_at" not in row
    assert row["updated_at"] == (made["at"] if bump else before)


def test_joining_and_leaving_a_group_keeps_its_list_right(state):
    for kind in ("join_group", "leave_group"):
        made = edits.apply(state, kind, {})
        (group,) = (
            state.row("group_appointments", int(one["id"]))
            for one in made["changed"]
            if one["stream"] == "group_appointments"
        )
        listed = [
            str(row["patient_id"])
            for row in state.where("attendees", booking_id=group["id"])
            if "archived_at" not in row
        ]
        assert sorted(group["patient_ids"]) == sorted(listed)


def test_a_form_is_filled_in_for_one_patient_only(state):
    edits.apply(state, "insert_form", {})
    template = next(iter(state.rows("patient_form_templates")))
    made = edits.apply(state, "complete_form", {})
    form = state.row("patient_forms", int(made["changed"][0]["id"]))
    answers = [q for s in form["content"]["sections"] for q in s["questions"] if "answer" in q]
    assert answers
    asked = [q for s in template["content"]["sections"] for q in s["questions"]]
    assert not any("answer" in question for question in asked)


@pytest.mark.parametrize(
    ("kind", "arguments", "reason"),
    [
        ("insert_relationship", {"relation": 65}, "relation must be one of 10, 20"),
        ("change_tax", {"rate": "much"}, "rate must be a decimal"),
        ("delete_patient", {"id": "1"}, "no record 1 in patients"),
    ],
)
def test_an_edit_of_no_meaning_is_refused(state, kind, arguments, reason):
    with pytest.raises(edits.EditError, match=reason):
        edits.apply(state, kind, arguments)


def test_what_is_gone_is_gone_from_the_api(scratch, caller):
    cliniko = caller(scratch.cliniko)
    taxes = cliniko.rows("taxes")
    assert scratch.edit("delete_tax", id=taxes[0]["id"])["changed"][-1]["removed"]
    assert cliniko.rows("taxes") == taxes[1:]
    assert cliniko.get(f"/taxes/{taxes[0]['id']}").status == 404
