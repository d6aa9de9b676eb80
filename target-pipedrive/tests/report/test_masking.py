"""What is left of a value when it is masked."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_pipedrive.report import mask


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, ""),
        ("", "empty"),
        ([], "empty"),
        ({}, "empty"),
        (True, "•••• yes or no"),
        (0, "•••• number, 1 character"),
        (-12.5, "•••• number, 5-8 characters"),
        (Decimal("1204.50"), "•••• number, 5-8 characters"),
        ("x", "•••• text, 1 character"),
        ("Okafor", "•••• text, 5-8 characters"),
        (" Okafor", "•••• text, 5-8 characters, spaces around it"),
        ("1984-02-29", "•••• date"),
        ("09:30", "•••• time"),
        ("2031-03-07T21:04:00Z", "•••• date and time"),
        ("2031-03-07 21:04:00+11:00", "•••• date and time"),
        ("a.b@example.com", "•••• e-mail, 9-16 characters"),
        ("+61 491 570 156", "•••• phone, 9-16 characters"),
        ("https://example.com/x", "•••• address on the web, 17-32 characters"),
        ("<p>Sore</p>", "•••• HTML, 9-16 characters"),
        ("two\nlines", "•••• text, 9-16 characters, 2-4 lines"),
        ("x" * 70_000, "•••• text, over 65536 characters"),
        (["a", "b"], "•••• list of 2-4 values"),
        ({"value": "a@example.com"}, "•••• 1 entry"),
    ],
)
def test_a_value_is_told_by_kind_and_size(value, told):
    assert mask(value) == told


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="no value of JSON: object"):
        mask(object())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
WORDS = re.compile(
    "••••|empty|yes or no|number|characters?|text|spaces around it|date( and time)?|time|e-mail"
    "|phone|address on the web|HTML|lines?|list of|values?|entry|entries|over"
)
CLASSES = re.compile(r"1|[1-9]\d*-[1-9]\d*|65536")


@given(JSON)
@settings(max_examples=40)
def test_nothing_but_words_of_its_own_and_classes_of_length_is_told(value):
    left = WORDS.sub("", mask(value)).replace(",", " ").split()
    assert all(CLASSES.fullmatch(word) for word in left), left


@settings(max_examples=40)
@given(st.text(alphabet="abcdefghij", min_size=5, max_size=8))
def test_values_of_one_class_cannot_be_told_apart(value):
    assert mask(value) == mask("abcdefg"), json.dumps(value)
