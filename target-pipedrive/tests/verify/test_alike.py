"""What says the same, what is spelt otherwise, and what differs: as tables."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.pipedrive.registry import Kind
from target_pipedrive.verify.alike import (
    E_MAIL,
    FORMATTING,
    MARKUP,
    NUMBER,
    ORDER,
    PARTS,
    PHONE,
    SAME,
    SPACES,
    TIME,
    alike,
    alike_custom,
    is_empty,
)
from target_pipedrive.verify.structure import letters, structure


def contact(value, label="home", *, primary=True):
    return {"value": value, "label": label, "primary": primary}


@pytest.mark.parametrize(
    ("kind", "want", "got", "rule"),
    [
        (Kind.TEXT, "Ann", "Ann", SAME),
        (Kind.TEXT, "Ann  Bee", "Ann Bee", SPACES),
        (Kind.TEXT, "a\r\nb", "a\nb", SPACES),
        (Kind.TEXT, "Zoe\u0301", "Zo\u00e9", SPACES),
        (Kind.TEXT, "Ann", "ann", None),
        (Kind.TEXT, "3", 3, SAME),
        (Kind.NUMBER, Decimal("12.50"), 12.5, SAME),
        (Kind.NUMBER, Decimal("12.50"), "12.5", SAME),
        (Kind.NUMBER, Decimal("0.1000000000000000055"), 0.1, NUMBER),
        (Kind.NUMBER, Decimal("12.50"), 12.51, None),
        (Kind.NUMBER, 12, "twelve", None),
        (Kind.INTEGER, 3, "3", SAME),
        (Kind.FLAG, True, True, SAME),
        (Kind.FLAG, True, False, None),
        (Kind.BIT, 1, True, SAME),
        (Kind.BIT, 0, True, None),
        (Kind.DAY, "2026-01-31", "2026-01-31", SAME),
        (Kind.DAY, "2026-01-31", "2026-01-31T00:00:00Z", TIME),
        (Kind.DAY, "2026-01-31", "2026-02-01", None),
        (Kind.CLOCK, "09:05:00", "09:05", TIME),
        (Kind.CLOCK, "09:05:00", "09:06:00", None),
        (Kind.CLOCK, "09:05:00", "soon", None),
        (Kind.SPAN, "00:30", "00:30:00", TIME),
        (Kind.MOMENT, "2026-01-31T09:00:00Z", "2026-01-31 09:00:00", TIME),
        (Kind.MOMENT, "2026-01-31T09:00:00Z", "2026-01-31T20:00:00+11:00", TIME),
        (Kind.MOMENT, "2026-01-31T09:00:00Z", "2026-01-31T09:00:01Z", None),
        (Kind.MOMENT, "2026-01-31T09:00:00Z", "soon", None),
        (Kind.USER, 5, {"id": 5, "name": "Ann"}, SAME),
        (Kind.REFERENCE, 5, 6, None),
        (Kind.IDS, [1, 2], [2, 1], SAME),
        (Kind.IDS, [1, 2], [1], None),
        (Kind.CONTACTS, [contact("+61 412")], [contact("+61 412")], SAME),
        (Kind.CONTACTS, [contact("+61412345678")], [contact("+61 412 345 678")], PHONE),
        (Kind.CONTACTS, [contact("0061 2 5550 1234")], [contact("+61 2 5550 1234")], PHONE),
        (Kind.CONTACTS, [contact("+61412345678")], [contact("+61412345679")], None),
        (Kind.CONTACTS, [contact("Ann@B.example")], [contact("ann@b.example")], E_MAIL),
        (Kind.CONTACTS, [contact("ann@b.example")], [contact("eve@b.example")], None),
        (Kind.CONTACTS, [contact("a@b.c", "home")], [contact("a@b.c", "work")], None),
        (Kind.CONTACTS, [{"value": "a@b.c"}], [contact("a@b.c", "work")], SAME),
        (Kind.CONTACTS, [contact("a@b.c")], [], None),
        (
            Kind.CONTACTS,
            [contact("a@b.c"), contact("d@e.f", primary=False)],
            [contact("d@e.f", primary=False), contact("a@b.c")],
            ORDER,
        ),
        (Kind.CONTACTS, [contact("a@b.c")], [contact("a@b.c"), contact("d@e.f")], None),
        (Kind.ADDRESS, {"value": "1 High St"}, {"value": "1 High St", "country": None}, SAME),
        (Kind.ADDRESS, {"value": "1 High St"}, {"value": "1 High St", "country": "AU"}, PARTS),
        (Kind.ADDRESS, {"value": "1 High St"}, {"value": "2 High St"}, None),
        (Kind.ADDRESS, {"value": "1 High St"}, "1 High St", SAME),
        (
            Kind.AMOUNT,
            {"amount": Decimal(5), "currency": "AUD"},
            {"amount": 5, "currency": "AUD"},
            SAME,
        ),
        (
            Kind.AMOUNT,
            {"amount": Decimal(5), "currency": "AUD"},
            {"amount": 5, "currency": "EUR"},
            None,
        ),
        (
            Kind.PRICES,
            [{"price": Decimal("9.50"), "currency": "AUD"}],
            [{"price": 9.5, "currency": "AUD", "cost": 0, "product_id": 1}],
            SAME,
        ),
        (
            Kind.PRICES,
            [{"price": 9, "currency": "AUD"}],
            [{"price": 9, "currency": "AUD"}, {"price": 8, "currency": "EUR"}],
            None,
        ),
        (
            Kind.PEOPLE,
            [{"person_id": 1, "primary": True}, {"person_id": 2, "primary": False}],
            [{"person_id": 2, "primary": False}, {"person_id": 1, "primary": True}],
            SAME,
        ),
        (Kind.PEOPLE, [{"person_id": 1, "primary": True}], [], None),
        (Kind.TEXT, "Ann", None, None),
        (Kind.HTML, "<p>a<br>b</p>", "<p>a<br />b</p>", MARKUP),
        (Kind.HTML, "<p>a <b>b</b></p>", "<p>a<strong> b</strong></p>", MARKUP),
        (Kind.HTML, "<p>&#39;a&#39; &amp; b</p>\n<p>c</p>", "<p>'a' &amp; b</p><p>c</p>", MARKUP),
        (
            Kind.HTML,
            '<a href="https://a.example" rel="x">a</a>',
            '<a href="https://a.example">a</a>',
            MARKUP,
        ),
        (
            Kind.HTML,
            '<a href="https://a.example">a</a>',
            '<a href="https://b.example">a</a>',
            FORMATTING,
        ),
        (Kind.HTML, "<p>a</p><p></p>", "<p>a</p>", MARKUP),
        (Kind.HTML, "<p>a <b>b</b></p>", "<p>a b</p>", FORMATTING),
        (Kind.HTML, "<p>a</p>", "<p>b</p>", None),
        (Kind.HTML, "<p>a b</p>", "<p>a</p>", None),
    ],
)
def test_values_of_own_keys(kind, want, got, rule):
    assert alike(kind, want, got) == rule


@pytest.mark.parametrize(
    ("field_type", "want", "got", "rule"),
    [
        ("varchar", "a", "a", SAME),
        ("text", "a\r\nb", "a\nb", SPACES),
        ("varchar", "a", None, None),
        ("varchar", None, "", SAME),
        ("varchar", None, "a", None),
        ("double", 0, None, None),
        ("double", None, 0, None),
        ("double", Decimal("0.0"), 0, SAME),
        ("monetary", {"value": Decimal(0), "currency": "AUD"}, None, None),
        (
            "monetary",
            {"value": Decimal("1.50"), "currency": "AUD"},
            {"value": 1.5, "currency": "AUD"},
            SAME,
        ),
        ("enum", 5, 5, SAME),
        ("enum", 5, "5", SAME),
        ("enum", 5, 6, None),
        ("set", [5, 6], [6, 5], SAME),
        ("set", [5, 6], [5], None),
        ("date", "2026-01-31", "2026-01-30", None),
        (
            "daterange",
            {"value": "2026-01-01", "until": "2026-01-02"},
            {"value": "2026-01-01", "until": "2026-01-03"},
            None,
        ),
        ("time", {"value": "09:05:00"}, {"value": "09:05:00", "timezone_name": "UTC"}, SAME),
        ("time", {"value": "09:05:00"}, {"value": "09:05", "timezone_id": 1}, TIME),
        (
            "timerange",
            {"value": "09:05:00", "until": "10:00:00"},
            {"value": "09:05:00", "until": None},
            None,
        ),
        ("phone", "+61412345678", "+61 412 345 678", PHONE),
        ("address", {"value": "1 High St"}, {"value": "1 High St", "locality": "Perth"}, PARTS),
        ("address", None, {"value": None, "locality": None}, SAME),
        ("user", 5, 5, SAME),
        ("org", 5, 6, None),
    ],
)
def test_values_of_custom_fields(field_type, want, got, rule):
    assert alike_custom(field_type, want, got) == rule


@pytest.mark.parametrize("value", [None, "", [], {}, {"value": None}, 0, False, "0000-00-00"])
def test_what_is_empty(value):
    assert is_empty(value)


@pytest.mark.parametrize("value", ["0", " ", [0], {"value": "a"}, 1, True])
def test_what_is_not(value):
    assert not is_empty(value)


@given(st.text(), st.text())
def test_texts_are_the_same_when_their_words_are(one, other):
    told = alike(Kind.TEXT, one, other)
    assert (told == SAME) == (one == other)
    if told is None:
        assert one.split() != other.split()


WORDS = st.lists(st.text(alphabet="abc<>&\"' é", min_size=1), min_size=1, max_size=5)


@given(WORDS)
def test_whatever_is_escaped_and_spaced_otherwise_is_the_same(words):
    def escaped(word):
        return word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    one = "".join(f"<p>{escaped(word)}</p>" for word in words)
    other = "\n".join(
        f"<div class='x'> {escaped(word).replace(chr(34), '&quot;')}\n</div>" for word in words
    )
    assert structure(one) == structure(other)
    assert letters(one) == letters(other)


@given(WORDS, st.integers(0, 4))
def test_a_letter_more_is_told(words, at):
    place = at % len(words)
    changed = [word + "z" if index == place else word for index, word in enumerate(words)]

    def html(texts):
        return "".join(
            f"<p>{text.replace('&', '&amp;').replace('<', '&lt;')}</p>" for text in texts
        )

    assert alike(Kind.HTML, html(words), html(changed)) is None
