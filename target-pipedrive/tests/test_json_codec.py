"""JSON: quick, and exact where the quick way does not go."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.json_codec import decode, decode_exact, encode_canonical

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())  # halves of characters among them
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(VALUES)
def test_it_reads_what_the_standard_library_reads(value):
    text = json.dumps(value)
    assert decode(text) == value
    assert decode(text.encode()) == value
    assert decode_exact(text) == json.loads(text, parse_float=Decimal)


@given(VALUES)
def test_what_is_written_is_read_again(value):
    assert decode(encode_canonical(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.10", Decimal("1.10")),
        ("0.12345678901234567890123456789", Decimal("0.12345678901234567890123456789")),
        ("1e400", Decimal("1e400")),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        (f"{'9' * 4000}", int("9" * 4000)),
        ('"a\\ud800b"', "a\ud800b"),
    ],
)
def test_every_digit_stays(text, value):
    found = decode_exact(text)
    assert (str(found), type(found)) == (str(value), type(value))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN"),
        ("[Infinity]", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("1 2", "Extra data"),
        ('"\t"', "control character"),
    ],
)
def test_what_is_no_json_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        decode_exact(text)


def test_equal_records_become_equal_bytes():
    one = {"b": Decimal("1.50"), "a": [1, {"d": None, "c": "ü"}]}
    other = {"a": [1, {"c": "ü", "d": None}], "b": Decimal("1.50")}
    assert encode_canonical(one) == encode_canonical(other)
    assert decode(encode_canonical(one))["b"] == "1.50"
    assert encode_canonical({"b": "\ud800", "a": 1}) == encode_canonical({"a": 1, "b": "\ud800"})
