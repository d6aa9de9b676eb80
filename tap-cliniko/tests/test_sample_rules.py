"""The rules by which a sample is chosen and held together, without any reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cliniko.sample.choice import cover
from tap_cliniko.sample.references import lists, references, without
from tap_cliniko.sample.variety import (
    WEIGHTS,
    of_patient,
    of_record,
    patients_of,
    sharing_an_email,
    shuffled,
)


def link(path):
    return {"links": {"self": f"https://api.au1.cliniko.com/v1/{path}"}}


GROUP = {
    "id": "1",
    "links": link("group_appointments/1")["links"],
    "practitioner": link("practitioners/7"),
    "attendees": link("group_appointments/1/attendees"),
    "repeats": link("group_appointments?q%5B%5D=repeated_from_id%3A%3D1"),
    "conflicts": None,
    "repeat_rule": {},
    "patient_ids": ["11", 12],
}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": "1", "notes": "patients/5"}, []),
        (GROUP, [("practitioners", "7"), ("patients", "11"), ("patients", "12")]),
        ({"booking": link("bookings/3")}, [("bookings", "3")]),
        ({"referrer": link("contacts/3"), "referrer_type": "Contact"}, [("contacts", "3")]),
        ({"attendee_ids": None}, []),
        ({"patient": {"links": None}}, []),
    ],
)
def test_what_a_row_leads_to(row, expected):
    assert list(references(row)) == expected


def test_a_booking_may_be_of_two_lists():
    assert lists("bookings") == ("individual_appointments", "group_appointments")
    assert lists("appointments") == ("individual_appointments",)
    assert lists("patients") == ("patients",)


def test_cutting_leaves_all_else_as_it_is():
    cut = without(GROUP, lambda name, number: (name, number) != ("patients", "12"))
    rest = {name: value for name, value in GROUP.items() if name != "practitioner"}
    assert cut == {**rest, "patient_ids": [12]}
    assert without(GROUP, lambda *_: False) == GROUP


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"email": None}, ("patients without e-mail", True)),
        ({"archived_at": "2026-01-01T00:00:00Z"}, ("archived patients", True)),
        ({"merged_with_patient": link("patients/9")}, ("merged patients", True)),
        ({"patient_phone_numbers": [{"phone_type": "Fax"}]}, ("phone types", "Fax")),
        ({"accepted_sms_marketing": False}, ("fields in use", ("accepted_sms_marketing", False))),
        ({"dva_card_number": "x"}, ("fields in use", "dva_card_number")),
        (
            {
                "custom_fields": {
                    "sections": [{"token": "s", "fields": [{"token": "f", "value": "x"}]}]
                }
            },
            ("custom fields", ("s", "f")),
        ),
        (
            {
                "custom_fields": {
                    "sections": [
                        {
                            "token": "s",
                            "fields": [
                                {"token": "f", "options": [{"token": "o", "selected": True}]}
                            ],
                        }
                    ]
                }
            },
            ("options of custom fields", ("s", "f", "o")),
        ),
    ],
)
def test_traits_of_a_patient(row, expected):
    assert expected in set(of_patient(row))


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("group_appointments", GROUP, ("group appointments", True)),
        ("group_appointments", GROUP, ("practitioners", "7")),
        ("invoices", {"status": 30}, ("invoice states", ("invoices", "status", 30))),
        ("patient_attachments", {"size": 60_000_000}, ("large files", 50_000_000)),
        ("patient_attachments", {"size": 2_000_000}, ("large files", 1_000_000)),
        (
            "treatment_notes",
            {"content": {"sections": [{"questions": [{"type": "date"}]}]}},
            ("questions", ("treatment_notes", "date")),
        ),
        ("communications", {"content": "text"}, ("states of records", ("communications", None))),
        (
            "attendees",
            {"cancelled_at": "2026-01-01T00:00:00Z"},
            ("states of records", ("attendees", "cancelled_at")),
        ),
    ],
)
def test_traits_of_a_record(name, row, expected):
    traits = set(of_record(name, row))
    assert expected in traits
    assert {kind for kind, _ in traits} <= WEIGHTS.keys()


def test_an_archived_file_is_not_large():
    row = {"size": 60_000_000, "archived_at": "2026-01-01T00:00:00Z"}
    assert "large files" not in dict(of_record("patient_attachments", row))


def test_the_patients_of_a_record():
    assert patients_of({"patient": link("patients/3")}) == ["3"]
    assert patients_of(GROUP) == ["11", "12"]
    assert patients_of({"patient": None}) == []


def test_two_of_a_family_are_found_by_their_address():
    rows = [{"id": str(n), "email": mail} for n, mail in enumerate(["a@x", "B@x", "b@X", None])]
    assert sorted(sharing_an_email(rows, shuffled(1))) == ["1", "2"]
    assert sharing_an_email(rows[:2], shuffled(1)) == []


PEOPLE = st.dictionaries(
    st.integers(1, 40).map(str),
    st.frozensets(st.tuples(st.sampled_from(sorted(WEIGHTS)), st.integers(0, 3)), max_size=6),
    max_size=20,
)


@given(PEOPLE, st.integers(0, 25), st.integers(0, 5))
def test_each_one_taken_adds_most_to_those_taken_before(people, count, seed):
    taken = cover(people, count, shuffled(seed))
    assert len(taken) == len(set(taken)) == min(count, len(people))
    shown = set()

    def weight(one):
        return sum(WEIGHTS[kind] for kind, _ in people[one] - shown)

    for number, one in enumerate(taken):
        rest = people.keys() - set(taken[:number])
        best = max(weight(other) for other in rest)
        assert weight(one) == best
        ties = [other for other in rest if weight(other) == best]
        assert one == min(ties, key=shuffled(seed))
        shown |= people[one]


def test_another_seed_fills_up_with_others():
    people = {str(number): frozenset() for number in range(200)}
    first, again, other = (cover(people, 20, shuffled(seed)) for seed in (1, 1, 2))
    assert first == again
    assert set(first) != set(other)
