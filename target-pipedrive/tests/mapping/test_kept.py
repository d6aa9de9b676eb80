from __future__ import annotations

import pytest

from target_pipedrive.errors import Rejected
from target_pipedrive.mapping import Options, Why, load
from target_pipedrive.mapping.context import Context

INVOICE = {
    "id": "1",
    "patient_id": "12",
    "number": 1,
    "status": 10,
    "total_amount": "5",
    "issue_date": "2026-01-01",
    "closed_at": None,
    "business_id": "1",
    "archived_at": None,
    "deleted_at": None,
    "notes": "secret",
}


def test_children_keep_only_what_their_parent_needs(default_mapping):
    kept = default_mapping.kept("invoices")
    assert kept.why is Why.CHILDREN
    assert kept.key(INVOICE) == "1"
    assert kept.parent(INVOICE) == ("patients", "12")
    assert kept.project(INVOICE) == {k: v for k, v in INVOICE.items() if k != "notes"}


@pytest.mark.parametrize(
    "change", [{"archived_at": "x"}, {"deleted_at": "x"}, {"patient_id": None}]
)
def test_children_that_do_not_count_are_not_kept(change, default_mapping):
    assert default_mapping.kept("invoices").project(INVOICE | change) is None


def test_parents_are_kept_whole(default_mapping):
    kept = default_mapping.kept("patients")
    record = {"id": "12", "anything": [1]}
    assert kept.why is Why.PARENT
    assert kept.project(record) == record
    assert kept.parent(record) is None
    assert default_mapping.children_of("patients") == [
        "communications",
        "invoices",
        "medical_alerts",
        "referral_sources",
    ]


def test_lookups_keep_what_their_file_names(default_mapping):
    kept = default_mapping.kept("users")
    assert kept.why is Why.LOOKUP
    assert kept.project({"id": "70", "email": "a@b.example", "phone_numbers": [1]}) == {
        "id": "70",
        "email": "a@b.example",
    }
    assert default_mapping.kept("treatment_notes") is None
    assert default_mapping.kept("nonsense") is None


def test_an_archived_location_is_kept_for_lookup(default_mapping):
    record = {"id": "1", "business_name": "B", "archived_at": "x", "email_reply_to": "y"}
    kept = default_mapping.kept("businesses")
    assert kept.parent(record) == ("public_settings", "account")
    assert kept.project(record) == {"id": "1", "business_name": "B", "archived_at": "x"}


def test_a_by_that_fails_rejects_the_record(write):
    mapping = write(
        a="stream: p\nlookup: true\n---\nstream: c\nrollup: p\nby: int(p_id)\nwhere: n > 1\n"
    )
    kept = mapping.kept("c")
    with pytest.raises(Rejected, match=r"mapping_failed: .*a.yml:6:5: ValueError"):
        kept.parent({"id": "1", "p_id": "secret"})
    with pytest.raises(Rejected, match=r"mapping_failed: .*a.yml:7:8: TypeError"):
        kept.project({"id": "1", "p_id": "1", "n": None})
    assert kept.project({"id": "1", "p_id": "1", "n": 2, "more": 3}) == {
        "id": "1",
        "p_id": "1",
        "n": 2,
        "more": 3,
    }


def test_users_are_practitioners_by_login(default_mapping, world):
    rule = default_mapping.user_rule()
    assert rule.stream == "practitioners"
    context = Context(world, Options(), rule)
    assert rule.email_of("7", context) == "ada@clinic.example"
    assert rule.email_of("8", context) is None
    assert rule.email_of("404", context) is None


def test_the_streams_of_the_default_mapping(default_mapping, transforms):
    files = {path.stem for path in transforms.glob("*.yml")} - {"account"}
    listed = {rule.stream for rule in default_mapping.references}
    assert default_mapping.streams() | listed == files
    assert default_mapping.streams() & listed == {
        "appointment_types",
        "businesses",
        "public_settings",
    }


def test_the_default_mapping_fits_the_smallest_plan(default_mapping):
    specs = default_mapping.field_specs()
    assert len(specs) == 27  # of 30 that Pipedrive's smallest plan allows
    assert len({(spec.object, spec.label) for spec in specs}) == len(specs)


def section(*fields):
    return {"sections": [{"name": "Lifestyle", "fields": list(fields)}]}


SMOKER = {"name": "Smoker", "type": "radiobuttons", "options": [{"name": "Yes", "selected": True}]}
SPORTS = {
    "name": "Sports",
    "type": "checkboxes",
    "options": [{"name": "Golf", "selected": True}, {"name": "Yoga"}],
}
SINCE = {"name": "Since", "type": "date", "value": "2020-01-01"}


def test_fields_that_no_rule_names_are_listed(default_mapping):
    named = {"name": "Insurance coverage", "fields": [{"name": "Provider", "type": "text"}]}
    definition = section(SMOKER, SPORTS, SINCE)
    definition["sections"].append(named)
    specs = default_mapping.other_fields({"patient_custom_fields_definition": definition})
    assert [(spec.label, spec.type, spec.from_source) for spec in specs] == [
        ("Lifestyle: Smoker", "enum", True),
        ("Lifestyle: Sports", "set", True),
        ("Lifestyle: Since", "date", False),
    ]
    assert default_mapping.other_custom_fields == "plan"
    assert default_mapping.other_fields({"patient_custom_fields_definition": None}) == []


@pytest.mark.parametrize(
    ("choice", "created"), [("plan", False), ("ignore", False), ("create", True)]
)
def test_fields_that_no_rule_names_come_along_when_asked(choice, created, write, world):
    mapping = write(
        account=f"other_custom_fields: {choice}\n",
        patients="stream: patients\nobject: person\nfields: {name: id}\n",
    )
    record = {"id": "12", "custom_fields": section(SMOKER, SPORTS, SINCE)}
    (piece,) = mapping.rules("patients")[0].evaluate(record, world).pieces
    shown = {label: (custom.type, custom.value) for label, custom in piece.custom.items()}
    expected = {
        "Lifestyle: Smoker": ("enum", "Yes"),
        "Lifestyle: Sports": ("set", ("Golf",)),
        "Lifestyle: Since": ("date", "2020-01-01"),
    }
    assert shown == (expected if created else {})


AGGREGATES = [
    ("sum: n", "6"),
    ("max: n", "3"),
    ("min: n", "1"),
    ("last: n", "3"),
    ("first: n", "1"),
    ("lines: n", "1\n2\n3"),
    ("count: true", "3"),
    ("last: n, order: ['-n']", "1"),
    ("sum: n, where: n > 1", "5"),
    ("count: true, where: n > 9", "0"),
    ("max: n, where: n > 9", None),
    ("first: n, where: n > 9", None),
    ("lines: n, where: n > 9", None),
]


@pytest.mark.parametrize(("how", "value"), AGGREGATES)
def test_aggregates(how, value, write, world):
    mapping = write(
        a="stream: p\nobject: person\nfields: {name: id}\n---\n"
        "stream: c\nrollup: p\nby: p_id\norder: [n]\n"
        f"custom_fields:\n  X: {{type: text, {how}}}\n"
    )
    world.parents["c"] = "p_id"
    world.records["c"] = [{"id": str(9 - n), "p_id": "1", "n": n} for n in (2, 3, 1)]
    rule = mapping.rules("p")[0]
    assert rule.evaluate({"id": "1"}, world).pieces[0].custom["X"].value == value
    assert rule.evaluate({"id": "2"}, world).pieces[0].custom["X"].value is None


def test_an_aggregate_of_no_children_may_have_a_value(write, world):
    mapping = write(
        a="stream: p\nobject: person\nfields: {name: id}\n---\n"
        "stream: c\nrollup: p\nby: p_id\n"
        "custom_fields:\n  X: {type: double, count: true, empty: 0}\n"
    )
    world.parents["c"] = "p_id"
    assert mapping.rules("p")[0].evaluate({"id": "1"}, world).pieces[0].custom["X"].value == 0


def test_options_reach_the_rules(transforms, objects, world):
    options = Options(note_format="text", max_varchar=20)
    mapping = load(transforms, options=options, objects=objects)
    note = {"id": "9", "patient_id": "12", "title": "t" * 30, "created_at": "2026-01-01T00:00:00Z"}
    (piece,) = mapping.rules("treatment_notes")[0].evaluate(note, world).pieces
    assert piece.body["content"] == (
        f"<p>{'t' * 19}…</p><p>Written: 2026-01-01 11:00 Australia/Sydney</p>"
        "<p>Cliniko treatment note: 9</p>"
    )
    assert piece.truncated == ("title",)
