from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.pipedrive.answers import clean

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "body", "told"),
    [
        (
            "Validation failed: emails: must be an array",
            None,
            "Validation failed: emails: must be an array",
        ),
        ('"emails" is required', None, '"emails" is required'),
        (f"custom_fields: '{KEY}' is unknown", None, f"custom_fields: '{KEY}' is unknown"),
        ("name 'Ann Bee' is taken", None, "name … is taken"),
        ("ann@bee.example is no e-mail", None, "… is no e-mail"),
        ("phone +61 400 123 456 is bad", None, "phone … is bad"),
        ("Ann Bee was refused", {"name": "Ann Bee"}, "… was refused"),
        ("birth 1980-01-02 is bad", {"custom_fields": {KEY: "1980-01-02"}}, "birth … is bad"),
        ("value name is bad", {"label": "name"}, "value name is bad"),
        ("total 1234 is bad", {"total": 1234}, "total … is bad"),
        (f"{KEY} is bad", {"total": 123}, f"{KEY} is bad"),
        ("12.30 is too much", {"value": Decimal("12.30")}, "… is too much"),
        ("a\n b", None, "a b"),
    ],
)
def test_reasons_keep_names_and_lose_values(text, body, told):
    assert clean(text, body) == told


def test_a_reason_is_kept_short():
    assert len(clean("word " * 500)) == 300


@given(st.text(min_size=3, alphabet=st.characters(categories=["L", "N", "P", "Zs"])), st.text())
def test_nothing_that_was_sent_comes_back(value, rest):
    value = f"<{value}>"
    assert value not in clean(f"{rest} {value} {rest}", {"emails": [{"value": value}]})
