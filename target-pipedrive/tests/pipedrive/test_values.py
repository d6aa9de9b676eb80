from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.pipedrive.encoding import encode as to_json
from target_pipedrive.pipedrive.lines import lines
from target_pipedrive.pipedrive.values import (
    TYPES,
    decode,
    digits,
    encode,
    flat,
    fold,
    fold_name,
    gathered,
)

IDS = {"Female": 11, "Male": 12, "SMS": 21, "Email": 22}
LABELS = {number: label for label, number in IDS.items()}
CODE = "a" * 40
MONEY = {"value": Decimal("12.30"), "currency": "AUD"}
PLACE = {"value": "1 High St", "country": "AU"}
DAYS = {"value": "2020-01-01", "until": "2020-02-01"}
HOURS = {"value": "09:00:00", "until": "10:30:00", "timezone_name": "Australia/Sydney"}

SHAPES = [
    # type, our value, as v2 takes it, as v1 takes it behind the field's key
    ("varchar", "abc", "abc", {"": "abc"}),
    ("varchar_auto", "abc", "abc", {"": "abc"}),
    ("text", "a\nb", "a\nb", {"": "a\nb"}),
    ("phone", "+61400", "+61400", {"": "+61400"}),
    ("date", "2020-02-29", "2020-02-29", {"": "2020-02-29"}),
    ("double", 3, 3, {"": 3}),
    ("double", Decimal("3.10"), Decimal("3.10"), {"": Decimal("3.10")}),
    ("double", "3.10", Decimal("3.10"), {"": Decimal("3.10")}),
    ("monetary", MONEY, MONEY, {"": MONEY["value"], "_currency": "AUD"}),
    ("daterange", DAYS, DAYS, {"": "2020-01-01", "_until": "2020-02-01"}),
    ("time", "09:30:00", {"value": "09:30:00"}, {"": "09:30:00"}),
    ("timerange", HOURS, HOURS, {"": "09:00:00", "_until": "10:30:00"}),
    ("enum", "Male", 12, {"": 12}),
    ("set", ("SMS", "Email"), [21, 22], {"": "21,22"}),
    ("set", ("SMS", "SMS"), [21], {"": "21"}),
    ("user", 7, 7, {"": 7}),
    ("org", "7", 7, {"": 7}),
    ("people", 7, 7, {"": 7}),
    ("address", {**PLACE, "locality": None}, PLACE, {"": "1 High St", "_country": "AU"}),
]


def test_every_type_that_can_be_made_has_its_shape():
    assert {kind for kind, *_ in SHAPES} == set(TYPES)
    assert len(TYPES) == 16


@pytest.mark.parametrize(("kind", "value", "v2", "v1"), SHAPES)
def test_what_each_version_takes_and_gives_back(kind, value, v2, v1):
    encoded = encode(kind, value, IDS.__getitem__)
    assert encoded == v2
    echoed = json.loads(to_json(encoded))
    assert encode(kind, decode(kind, echoed, LABELS), IDS.__getitem__) == encoded

    body = flat(kind, CODE, encoded)
    assert body == {CODE + part: sent for part, sent in v1.items()}
    row = json.loads(
        to_json({key: str(v) if key == CODE and kind == "enum" else v for key, v in body.items()})
    )
    back = encode(kind, decode(kind, gathered(kind, CODE, row), LABELS), IDS.__getitem__)
    assert flat(kind, CODE, back) == body


@pytest.mark.parametrize("kind", TYPES)
def test_nothing_empties_on_both_versions(kind):
    assert encode(kind, None, IDS.__getitem__) is None
    cleared = flat(kind, CODE, None)
    assert set(cleared.values()) == {None}
    assert CODE in cleared
    assert (f"{CODE}_until" in cleared) is kind.endswith("range")
    assert gathered(kind, CODE, cleared) is None


@pytest.mark.parametrize("kind", ["org", "people", "user"])
def test_v1_may_tell_a_reference_as_an_object(kind):
    assert gathered(kind, CODE, {CODE: {"id": 7, "name": "x"}}) == 7
    assert gathered(kind, CODE, {CODE: {"value": 7}}) == 7


@pytest.mark.parametrize(
    ("number", "count"),
    [
        (0, 1),
        ("0.00", 1),
        (7, 1),
        (-120, 3),
        ("1.50", 2),
        ("0.05", 2),
        ("12345678901234", 14),
        ("123456789012.34", 14),
        ("123456789012.345", 15),
        ("1E+20", 21),
        ("0.00000000000001", 14),
        ("0.000000000000001", 15),
        (0.1, 1),
    ],
)
def test_digits_are_counted_as_they_are_written_out(number, count):
    assert digits(Decimal(number) if isinstance(number, str) else number) == count


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_digits_are_those_that_a_person_would_count(number):
    shown = f"{number.copy_abs():f}"
    whole, _, rest = shown.partition(".")
    assert digits(number) == max(len(whole.lstrip("0")) + len(rest.rstrip("0")), 1)


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity")])
def test_what_is_not_finite_has_no_digits(number):
    with pytest.raises(ValueError, match="not finite"):
        digits(number)


@pytest.mark.parametrize(
    "kind", ["varchar", "date", "double", "monetary", "enum", "set", "address"]
)
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_null(kind, value):
    assert encode(kind, value, IDS.__getitem__) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("set", ()),
        ("set", ("", " ")),
        ("address", {"value": "", "country": "AU"}),
        ("monetary", {"value": Decimal(1), "currency": None}),
        ("daterange", {"value": "2020-01-01"}),
    ],
)
def test_what_v2_would_refuse_as_empty_is_null(kind, value):
    assert encode(kind, value, IDS.__getitem__) is None


@pytest.mark.parametrize("kind", ["varchar", "enum", "set", "monetary", "time"])
@pytest.mark.parametrize("raw", [None, "", []])
def test_an_unset_field_is_nothing(kind, raw):
    assert decode(kind, raw, LABELS) is None


def test_a_type_that_nobody_may_write_is_an_error():
    with pytest.raises(ValueError, match="picture"):
        encode("picture", "x", IDS.__getitem__)


def test_names_are_compared_without_case_and_spaces():
    assert fold("  Initial\tCONSULT ") == fold("initial consult") == "initial consult"
    assert fold("Mère") == fold("MERE") == fold("Me\u0300re")
    assert fold("は") != fold("ば")  # another letter, though Unicode writes it with a mark


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Zoë  Quick", "zoe quick", True), ("ŁUCJA", "Łucja", True), ("Ann", "Anna", False)],
)
def test_names_of_people_are_compared_without_accents_too(one, other, same):
    assert (fold_name(one) == fold_name(other)) is same


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)
    assert fold_name(fold_name(text)) == fold_name(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4) | st.decimals(-5, 5))
def test_a_decimal_keeps_its_digits(number):
    assert json.loads(to_json([number]), parse_float=Decimal, parse_int=Decimal) == [number]


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_other_bodies_are_plain_json(body):
    assert json.loads(to_json({"body": body, "price": Decimal(1)})) == {"body": body, "price": 1}


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity"), float("nan")])
def test_a_number_that_is_none_is_refused(number):
    with pytest.raises(ValueError, match="JSON"):
        to_json({"price": number})


def test_html_reads_line_by_line():
    html = "<h3>Exam&nbsp;(1/2)</h3><p>a <b>b</b><br/>c&amp;d</p>\n<div>Note:  7</div>"
    assert lines(html) == ["Exam (1/2)", "a b", "c&d", "Note: 7"]
