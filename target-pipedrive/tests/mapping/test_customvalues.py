from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.desired import Owner, Ref
from target_pipedrive.mapping import Context, Options
from target_pipedrive.mapping.customvalues import fitted
from target_pipedrive.mapping.unfit import UnfitError
from target_pipedrive.mapping.values import FIELD_TYPES, Fitter
from target_pipedrive.pipedrive.values import MOST_DIGITS, TYPES, digits, encode

CONTEXT = Context(None, Options(currency="AUD"))
PERSON = Ref("person", "patients", "1")
FIRM = Ref("organization", "contacts", "1")
ANN = Owner("ann@clinic.example")
DAYS = {"value": "2026-01-02", "until": "2026-02-03"}
HOURS = {"value": "09:00:00", "until": "17:30:00"}
ZONE = {"timezone_name": "Australia/Perth"}

FITS = [
    ("varchar", " a ", "a"),
    ("varchar_auto", 7, "7"),
    ("text", "a\nb", "a\nb"),
    ("phone", "0412 345 678", "0412 345 678"),
    ("double", "12.50", Decimal("12.50")),
    ("double", 7, 7),
    ("double", "12345678901234", Decimal(12345678901234)),
    ("monetary", "12.50", {"value": Decimal("12.50"), "currency": "AUD"}),
    ("monetary", 7, {"value": Decimal(7), "currency": "AUD"}),
    ("date", "2026-01-02", "2026-01-02"),
    ("daterange", ["2026-01-02", "2026-02-03"], DAYS),
    ("daterange", "2026-01-02/2026-02-03", DAYS),
    ("daterange", dict(DAYS), DAYS),
    ("daterange", [None, None], None),
    ("time", "9:05", "09:05:00"),
    ("time", "23:59:58", "23:59:58"),
    ("time", {"value": "9:05", **ZONE}, {"value": "09:05:00", **ZONE}),
    ("time", {"value": None, **ZONE}, None),
    ("timerange", ["9:00", "17:30"], HOURS),
    ("timerange", {"value": "9:00", "until": "17:30", **ZONE}, {**HOURS, **ZONE}),
    ("timerange", "22:00/06:00", {"value": "22:00:00", "until": "06:00:00"}),
    ("enum", " A ", "A"),
    ("set", ["A", None, " ", "A", "B"], ("A", "B")),
    ("set", "A", ("A",)),
    ("set", [], None),
    ("user", "ann@clinic.example", ANN),
    ("user", ANN, ANN),
    ("user", Owner(None, "practitioners/7"), None),
    ("org", FIRM, FIRM),
    ("people", PERSON, PERSON),
    ("address", "1 High St", {"value": "1 High St"}),
    (
        "address",
        {"value": "1 High St", "country": " AU ", "locality": ""},
        {"value": "1 High St", "country": "AU"},
    ),
    ("address", {"value": " ", "country": "AU"}, None),
]

UNFIT = [
    ("double", "123456789012.345", "more than 14 digits"),
    ("double", 10**14, "more than 14 digits"),
    ("monetary", "1234567890123.45", "more than 14 digits"),
    ("double", "a lot", "a number"),
    ("date", "02/01/2026", "as YYYY-MM-DD"),
    ("daterange", ["2026-01-02", None], "both its ends"),
    ("daterange", "2026-01-02", "both its ends"),
    ("daterange", ["2026-01-02"] * 3, "both its ends"),
    ("daterange", ["2026-02-03", "2026-01-02"], "ends before it begins"),
    ("time", "25:00", "a time of day"),
    ("time", "9", "a time of day"),
    ("timerange", ["9:00", None], "both its ends"),
    ("user", "Ann", "an e-mail"),
    ("org", PERSON, "ref\\('organization'"),
    ("people", "12", "ref\\('person'"),
    ("address", {"value": "x", "city": "y"}, "has no part city"),
    ("enum", ["A"], "text is needed"),
]


def test_every_type_is_fitted():
    assert {kind for kind, *_ in FITS} == set(TYPES)
    assert set(TYPES) - FIELD_TYPES == {"org", "people"}


@pytest.mark.parametrize(("kind", "value", "found"), FITS)
def test_what_an_expression_gives_becomes_the_shape_of_its_type(kind, value, found):
    assert fitted(kind, value, CONTEXT) == found


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing_stays_nothing(kind, nothing):
    if nothing is None or kind not in ("org", "people"):
        assert fitted(kind, nothing, CONTEXT) is None


@pytest.mark.parametrize(("kind", "value", "words"), UNFIT)
def test_what_does_not_fit_is_told_without_the_value(kind, value, words):
    with pytest.raises(UnfitError, match=words) as caught:
        fitted(kind, value, CONTEXT)
    assert "2026" not in str(caught.value)
    assert "Ann" not in str(caught.value)


@pytest.mark.parametrize("kind", ["varchar", "varchar_auto", "phone", "enum", "set"])
def test_what_is_too_long_is_cut_and_counted(kind):
    fitter = Fitter(CONTEXT, {})
    value = fitter.custom("Label", kind, "x" * 300).value
    assert value == (("x" * 254 + "…",) if kind == "set" else "x" * 254 + "…")
    assert fitter.truncated == ["Label"]


@given(
    st.text(alphabet=st.characters(codec="utf-8", categories=["L"]), max_size=60),
    st.integers(3, 40),
)
def test_a_long_text_is_cut_at_a_letter(text, limit):
    fitter = Fitter(Context(None, Options(max_text_bytes=limit)), {})
    value = fitter.custom("Label", "text", text).value or ""
    assert len(value.encode()) <= limit
    assert bool(fitter.truncated) is (value != text)
    assert text.startswith(value.removesuffix("…"))
    if fitter.truncated:
        assert value.endswith("…")


@given(st.decimals(-(10**15), 10**15, places=4))
def test_a_number_is_sent_with_all_its_digits_or_not_at_all(number):
    if digits(number) > MOST_DIGITS:
        with pytest.raises(UnfitError):
            fitted("double", str(number), CONTEXT)
    else:
        value = fitted("double", str(number), CONTEXT)
        assert encode("double", value, lambda _: 0) == number
