"""Values of any source in the shape that a key of Pipedrive's wants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.desired import Owner, Ref
from target_pipedrive.mapping import Context, Options
from target_pipedrive.mapping.shapes import contacts, flag, names, shaped
from target_pipedrive.mapping.unfit import UnfitError
from target_pipedrive.pipedrive import Kind


@pytest.fixture
def context():
    return Context(None, Options(currency="AUD"))


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("text", " a ", "a"),
        ("text", "", None),
        ("text", 5, 5),
        ("number", "12.50", Decimal("12.50")),
        ("number", 3, 3),
        ("integer", "7", 7),
        ("integer", "7.0", 7),
        ("flag", "Yes", True),
        ("flag", "0", False),
        ("flag", "", None),
        ("flag", True, True),
        ("bit", "true", 1),
        ("day", "2026-01-31T09:00:00Z", "2026-01-31"),
        ("moment", "2026-01-31", "2026-01-31T00:00:00Z"),
        ("moment", "2026-01-31T10:00:00+10:00", "2026-01-31T00:00:00Z"),
        ("stamp", "2026-01-31T09:30:00Z", "2026-01-31 09:30:00"),
        ("reference", "12", 12),
        ("reference", "adf21080-0e10", "adf21080-0e10"),
        ("contacts", "a@b.example", [{"label": "work", "primary": True, "value": "a@b.example"}]),
        ("contacts", [], None),
        ("address", "1 High St", {"value": "1 High St"}),
        ("address", {"value": ""}, None),
        ("amount", "50", {"amount": Decimal(50), "currency": "AUD"}),
        ("prices", "95", [{"price": Decimal(95), "currency": "AUD"}]),
        ("prices", [{"price": 1}], [{"price": 1}]),
        ("names", "Hot, New ,Hot", ["Hot", "New"]),
        ("names", ["Hot", ""], ["Hot"]),
        ("people", [], None),
    ],
)
def test_each_kind_reads_what_it_is_given(context, kind, given, wanted):
    assert shaped(kind, given, context) == wanted


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("number", "a lot"),
        ("number", True),
        ("integer", "1.5"),
        ("flag", "perhaps"),
        ("day", "soon"),
        ("moment", "soon"),
        ("text", object()),
    ],
)
def test_what_cannot_be_read_is_refused_without_being_told(context, kind, given):
    with pytest.raises(UnfitError) as caught:
        shaped(kind, given, context)
    assert str(given) not in str(caught.value) or given is True


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("value", [None, Ref("person", "patients", "1"), Owner("a@b.example")])
def test_nothing_and_what_is_resolved_later_pass_any_kind(context, kind, value):
    assert shaped(kind, value, context) is value


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9000, 1, 1), timezones=st.timezones()),  # noqa: DTZ001 - the zone comes with it
    st.integers(-12, 14),
)
def test_a_moment_is_the_same_instant_in_utc(at, hours):
    elsewhere = at.astimezone(timezone(timedelta(hours=hours)))
    found = shaped("moment", elsewhere.isoformat(), Context(None, Options()))
    assert datetime.fromisoformat(found) == at.astimezone(UTC).replace(microsecond=0)


@given(st.lists(st.sampled_from(["a@b.example", "c@d.example", "", " "])))
def test_contacts_are_kept_once_with_one_primary(values):
    found = contacts(values) or []
    assert len({row["value"] for row in found}) == len(found)
    assert sum(row["primary"] for row in found) == bool(found)
    assert contacts(", ".join(values)) == (found or None)
    assert contacts(found) == (found or None)


@given(st.text())
def test_reading_yes_and_no_ends_in_one_of_three(value):
    try:
        assert flag(value) in (True, False, None)
    except UnfitError:
        assert value.strip()


@given(st.lists(st.text()))
def test_names_are_told_once_and_never_blank(values):
    found = names(values) or []
    assert len(set(found)) == len(found)
    assert all(name == name.strip() and name for name in found)
