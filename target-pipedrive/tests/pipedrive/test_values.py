from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.pipedrive.encoding import encode as to_json
from target_pipedrive.pipedrive.lines import lines
from target_pipedrive.pipedrive.values import decode, encode, fold, fold_name

IDS = {"Female": 11, "Male": 12, "SMS": 21, "Email": 22}
LABELS = {number: label for label, number in IDS.items()}
MONEY = {"value": Decimal("12.30"), "currency": "AUD"}


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("varchar", "abc", "abc"),
        ("text", "a\nb", "a\nb"),
        ("phone", "+61400", "+61400"),
        ("date", "2020-02-29", "2020-02-29"),
        ("double", 3, 3),
        ("double", Decimal("3.10"), Decimal("3.10")),
        ("double", "3.10", Decimal("3.10")),
        ("monetary", MONEY, MONEY),
        ("enum", "Male", 12),
        ("set", ("SMS", "Email"), [21, 22]),
        ("set", ("SMS", "SMS"), [21]),
        ("time", "09:30:00", {"value": "09:30:00"}),
        ("address", {"value": "1 High St", "country": "AU", "locality": None}, None),
        ("daterange", {"value": "2020-01-01", "until": "2020-02-01"}, None),
        ("user", "7", 7),
    ],
)
def test_what_v2_takes_and_gives_back(kind, value, sent):
    encoded = encode(kind, value, IDS.__getitem__)
    if sent is not None:
        assert encoded == sent
    echoed = json.loads(to_json(encoded))
    again = encode(kind, decode(kind, echoed, LABELS), IDS.__getitem__)
    assert again == encoded


@pytest.mark.parametrize(
    "kind", ["varchar", "date", "double", "monetary", "enum", "set", "address"]
)
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_null(kind, value):
    assert encode(kind, value, IDS.__getitem__) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [("set", ()), ("set", ("", " ")), ("address", {"value": "", "country": "AU"})],
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


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Zoë  Quick", "zoe quick", True), ("ŁUCJA", "Łucja", True), ("Ann", "Anna", False)],
)
def test_names_of_people_are_compared_without_accents_too(one, other, same):
    assert (fold_name(one) == fold_name(other)) is same
    assert fold("Mère") != fold("Mere")  # two options of a field stay two


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
