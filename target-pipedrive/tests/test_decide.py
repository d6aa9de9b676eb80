from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.decide import changes, fingerprints
from target_pipedrive.desired import Custom, Desired, File, Found, Mark, Owner, Ref


def person(body=None, custom=None, file=None):
    mark = Mark(Found.FIELD, "Cliniko patient ID", "1")
    return Desired("person", "patients", "1", "", body or {}, custom or {}, mark, file=file)


def user_id(owner):
    return {"amy@clinic.example": 7}.get(owner.email, 1)


def survivor(stream, record_id):
    return {"3": "2", "2": "1"}.get(record_id, record_id) if stream == "patients" else record_id


def compare(before, after):
    sent = None if before is None else fingerprints(before, user_id)
    return changes(after, fingerprints(after, user_id), sent, survivor)


@pytest.mark.parametrize(
    ("before", "after", "is_set", "cleared"),
    [
        pytest.param({"name": "A"}, {"name": "A"}, (), (), id="nothing changed"),
        pytest.param({"name": "A"}, {"name": "B"}, ("name",), (), id="a new value"),
        pytest.param({}, {"name": "B"}, ("name",), (), id="a first value"),
        pytest.param({"name": "A"}, {"name": None}, (), ("name",), id="a value vanished"),
        pytest.param({"name": None}, {"name": None}, (), (), id="still nothing"),
        pytest.param({"name": "A"}, {}, (), (), id="the mapping no longer speaks of it"),
        pytest.param(
            {"prices": [{"price": Decimal("50.0")}]},
            {"prices": [{"price": Decimal("50.00")}]},
            (),
            (),
            id="the same amount, written otherwise",
        ),
        pytest.param(
            {"owner_id": Owner("amy@clinic.example", "practitioners/4")},
            {"owner_id": Owner("amy@clinic.example", "practitioners/5")},
            (),
            (),
            id="another practitioner, the same user",
        ),
        pytest.param(
            {"owner_id": Owner(None)},
            {"owner_id": Owner("amy@clinic.example")},
            ("owner_id",),
            (),
            id="a user at last",
        ),
        pytest.param(
            {"person_id": Ref("person", "patients", "3")},
            {"person_id": Ref("person", "patients", "2")},
            ("person_id",),
            (),
            id="on another patient, who was not merged",
        ),
    ],
)
def test_changes_of_a_key(before, after, is_set, cleared):
    if before.get("person_id"):
        before = {"person_id": Ref("person", "patients", "9")}
    found = compare(person(before), person(after))
    assert (found.set, found.cleared) == (is_set, cleared)


def test_a_merge_at_the_source_is_no_change_of_the_children():
    before = person({"participants": [{"person_id": Ref("person", "patients", "2")}]})
    after = person({"participants": [{"person_id": Ref("person", "patients", "1")}]})
    assert not compare(before, after)


def test_what_was_sent_last_is_unknown_so_everything_is_sent():
    after = person({"name": "A", "phones": None}, {"Sex": Custom("enum", None)})
    found = compare(None, after)
    assert found.set == ("name",)
    assert found.cleared == ("phones", "custom:Sex")


def test_a_custom_field_is_compared_with_its_type():
    before = person(custom={"Notes": Custom("varchar", "x")})
    after = person(custom={"Notes": Custom("text", "x")})
    assert compare(before, after).set == ("custom:Notes",)


def test_a_file_is_compared_by_name_and_content():
    before = person(file=File("a.csv", 1, "aa", data=b"a"))
    same = person(file=File("a.csv", 1, "aa", uri="file:///spool/aa"))
    other = person(file=File("a.csv", 1, "bb", data=b"b"))
    assert not compare(before, same)
    assert compare(before, other).set == ("file",)


@given(st.text())
def test_no_text_of_a_record_can_pretend_to_be_a_reference(text):
    prints = fingerprints(person({"name": text}), user_id)
    assert len(prints["name"]) == 16


@given(st.text(min_size=1))
def test_fingerprints_do_not_show_values(text):
    prints = fingerprints(person({"name": "Zebedee " + text}), user_id)
    assert "Zebedee" not in prints["name"]
