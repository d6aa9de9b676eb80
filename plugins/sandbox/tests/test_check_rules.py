"""The check's own rules, each as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.check import communications, footer, html_text, note_content, phones
from sandbox.check.clinic import Clinic, link
from sandbox.check.files import name_agrees, safe_names
from sandbox.check.values import VARCHAR, cut, folded, instant, minutes, number, text


def clinic(**streams):
    return Clinic({"streams": streams, "settings": {"account": {"country_code": "AU"}}})


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        (None, []),
        ("plain", ["plain"]),
        ("<p>a</p><p>b</p>", ["a", "b"]),
        ("a<br>b<br/>c", ["a", "b", "c"]),
        ("<div>a<div>b</div>c</div>", ["a", "b", "c"]),
        ("<p>a\n  b</p>", ["a b"]),
        ("<p> </p><ul><li>one</li><li>two</li></ul>", ["one", "two"]),
        ("<p>a &lt;b&gt; &amp; c</p>", ["a <b> & c"]),
        ("<style>p {}</style><script>x()</script>said", ["said"]),
        ("<b>bo</b>ld", ["bold"]),
    ],
)
def test_html_as_lines(html, lines):
    assert html_text.lines(html) == lines


def test_line_feeds_part_lines_only_in_plain_text():
    assert html_text.lines("a\nb") == ["a b"]
    assert html_text.lines("a\nb", newlines=True) == ["a", "b"]


def test_headings_and_bold_spans_are_kept_apart():
    lines = html_text.read("<h2>Head</h2><p><strong>Q</strong> a <b>x y</b></p>")
    assert [(line.text, line.heading, line.bold) for line in lines] == [
        ("Head", True, []),
        ("Q a x y", False, ["Q", "x y"]),
    ]


@given(st.text())
def test_any_text_is_read_without_a_fault(content):
    assert all(line == " ".join(line.split()) for line in html_text.lines(content))


@pytest.mark.parametrize(
    ("content", "is_html"),
    [("<p>x", True), ("a<br/>b", True), ("<3 you", False), ("1 < 2 > 0", False), (None, False)],
)
def test_what_counts_as_html(content, is_html):
    assert html_text.is_html(content) is is_html


@pytest.mark.parametrize(
    ("href", "found"),
    [
        ("https://api.au1.cliniko.com/v1/patients/12", "12"),
        ("http://elsewhere/v1/patients/12/", "12"),
        ("https://api.au1.cliniko.com/v1/patients/12/invoices", None),
        ("https://api.au1.cliniko.com/v1/attendees?q%5B%5D=patient_id%3A%3D12", None),
    ],
)
def test_only_a_to_one_link_has_an_id(href, found):
    assert link({"x": {"links": {"self": href}}}, "x") == found
    assert link({"x": None}, "x") is None
    assert link({}, "x") is None


def test_a_circle_of_merges_ends():
    def patient(key, into):
        return {"id": key, "merged_with_patient": {"links": {"self": f"/v1/patients/{into}"}}}

    assert clinic(patients=[patient("1", "2"), patient("2", "1")]).survivor("1") in {"1", "2"}
    assert clinic(patients=[patient("1", "9")]).survivor("1") is None


@pytest.mark.parametrize(
    ("numbers", "accepted"),
    [
        ([("0491 570 156", "Mobile")], ("+61491570156", "mobile", True)),
        ([("+44 7700 900456", "Other")], ("+447700900456", "other", True)),
        ([("ask his wife", "Home")], ("ask his wife", "home", True)),
        ([("555", "Home")], ("555", "home", True)),
        ([("0491570156", "Fax"), ("+61 491 570 156", "Work")], ("+61491570156", "other", True)),
    ],
)
def test_phones_in_e164(numbers, accepted):
    rows = [{"number": typed, "phone_type": kind} for typed, kind in numbers]
    wanted = phones.expected(clinic(), {"patient_phone_numbers": rows})
    assert (accepted,) in wanted.values
    assert () not in wanted.values


def test_a_known_number_is_right_in_e164_alone():
    rows = [{"number": "0491 570 156", "phone_type": "Mobile"}]
    wanted = phones.expected(clinic(), {"patient_phone_numbers": rows, "country_code": "AU"})
    assert wanted.values == ((("+61491570156", "mobile", True),),)


@pytest.mark.parametrize(
    ("source", "shown", "agrees"),
    [
        ("a.pdf", "a.pdf", True),
        ("a.pdf", "b.pdf", False),
        ("a/b\\c.pdf", "a_b_c.pdf", True),
        ("../x.pdf", "___x.pdf", True),
        ("../x.pdf", "_x.pdf", True),
        ("../x.pdf", "x.pdf", False),
        ("a\n\x07b.pdf", "a__b.pdf", True),
        (None, "attachment", True),
        (None, "", False),
        ("ü" * 200 + ".pdf", "ü" * 125 + ".pdf", True),
        ("ü" * 200 + ".pdf", "ü" * 125 + ".png", False),
        ("ü" * 200 + ".pdf", "ü" * 126 + ".pdf", False),
        ("ü" * 200 + ".pdf", "o" * 100 + ".pdf", False),
    ],
)
def test_file_names(source, shown, agrees):
    assert name_agrees(source, shown) is agrees


@given(st.text(min_size=1))
def test_a_safe_name_has_no_separator_and_no_leading_dot(name):
    for safe in safe_names(name):
        assert "/" not in safe
        assert "\\" not in safe
        assert not safe.startswith(".")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Content", "=1+1", "'=1+1"),
        ("Content", "+1 for Friday", "'+1 for Friday"),
        ("Content", "- no", "'- no"),
        ("Content", "@desk", "'@desk"),
        ("Content", "\tx", "'\tx"),
        ("Content", "x = 1", "x = 1"),
        ("From", "+61 (4) 91-570.156", "+61 (4) 91-570.156"),
        ("From", "+cmd", "'+cmd"),
        ("To", "-1", "'-1"),
        ("Content", "+61491570156", "'+61491570156"),
    ],
)
def test_inert_cells(name, value, shown):
    assert communications.inert(name, value) == shown


LINE = b"Date,Type,Direction,Category,From,To,Subject,Content"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (LINE + b"\r\n", None),
        (LINE, None),
        (LINE + b'\r\na,b,c,d,e,f,g,"h\ni"\r\n', None),
        (b"\xef\xbb\xbf" + LINE, "a byte order mark"),
        (LINE + b"\n", "a line end that is not CRLF"),
        (LINE + b"\r\na,b\r\n", "a row that is longer or shorter than the header"),
    ],
)
def test_the_form_of_a_csv_file(data, fault):
    assert communications.parse(data)[1] == fault


def test_a_csv_that_is_no_csv_or_no_utf8_has_a_fault():
    assert communications.parse(LINE + b'\r\n"a"b,,,,,,,')[1]
    assert communications.parse(LINE + b"\r\n\xff,,,,,,,")[1]


def test_the_bytes_of_a_file_are_foretold():
    message = {"id": "1", "created_at": "2025-01-01T00:00:00Z", "type": "SMS", "content": "Hello"}
    data = LINE + b"\r\n2025-01-01T00:00:00Z,SMS,,,,,,Hello\r\n"
    assert data in set(communications.renderings([message]))


QUESTIONS = [
    {"name": "Side", "type": "radiobuttons", "answers": [{"value": "Left", "selected": True}]},
    {
        "name": "Did",
        "type": "checkboxes",
        "answers": [{"value": "A b", "selected": True}, {"value": "C", "selected": True}],
    },
    {"name": "Plan", "type": "paragraph", "answer": "<p>one two</p><p>three</p>"},
]


def fault(*parts, questions=QUESTIONS):
    outline = note_content.outline({"sections": [{"name": "S", "questions": questions}]})
    return note_content.first_fault(outline.blocks, note_content.tokens(list(parts)))


@pytest.mark.parametrize(
    "lines",
    [
        ["S", "Side", "Left", "Did", "A b", "C", "Plan", "one two", "three"],
        ["S", "Side: Left", "Did: A b, C", "Plan: one two", "three"],
        ["S", "Side Left", "Did", "• A b", "• C", "Plan", "one two", "three"],
        ["S", "Side : Left", "Did A b; C", "Plan", "one two", "three"],
    ],
)
def test_open_details_of_a_note_are_tolerated(lines):
    assert fault(lines) is None


@pytest.mark.parametrize("border", range(1, 9))
def test_a_note_may_be_parted_at_any_line(border):
    lines = ["S", "Side", "Left", "Did", "A b", "C", "Plan", "one two", "three"]
    assert fault(lines[:border], lines[border:]) is None


def test_a_note_may_be_parted_at_a_word():
    assert fault(["S", "Side Left", "Did A"], ["b, C", "Plan", "one"], ["two", "three"]) is None


@pytest.mark.parametrize(
    "lines",
    [
        ["S", "Side", "Left", "Did", "A b", "Plan", "one two", "three"],
        ["S", "Side", "Left", "Did", "A b C", "Plan", "one two", "three"],
        ["S", "Side", "Left", "Did", "C", "A b", "Plan", "one two", "three"],
        ["S", "Side", "Left", "Did", "A b", "C", "Plan", "one two three"],
        ["S", "Side", "Left", "Did", "A b", "C", "Plan", "one", "two", "three"],
        ["S", "Side", "Left", "Did", "A b", "C", "Plan", "one two"],
        ["S", "Side", "Left", "Did", "A b", "C", "Plan", "one two", "three", "four"],
        ["Side", "Left", "Did", "A b", "C", "Plan", "one two", "three"],
        [],
    ],
)
def test_what_a_note_says_is_not_negotiable(lines):
    assert fault(lines)


@pytest.mark.parametrize(
    ("lines", "body", "values"),
    [
        (["x", "A: 1", "B: 2"], ("x",), {"A": "1", "B": "2"}),
        (["B: 2", "A: 1"], (), {"A": "1", "B": "2"}),
        (["A: said", "x", "A: 1", "more", "B: 2"], ("A: said", "x"), {"A": "1 more", "B": "2"}),
        (["x"], ("x",), {}),
    ],
)
def test_footers(lines, body, values):
    read = footer.read(lines, ("A", "B"))
    assert read.body == body
    assert read.values == values


@pytest.mark.parametrize(
    ("lines", "found"),
    [(["M: 1"], "1"), (["M: 1", "M: 2"], "2"), (["M: x"], None), (["M 1"], None), ([], None)],
)
def test_markers(lines, found):
    assert footer.marker(lines, "M") == found


def test_values():
    assert text("  a\r\nb ") == "a\nb"
    assert text(" ") is None
    assert folded("  Zoë  ÅL ") == "zoe al"
    assert cut("x" * VARCHAR) == "x" * VARCHAR
    assert cut("x" * (VARCHAR + 1)) == "x" * (VARCHAR - 1) + "…"
    assert number("12.50") == number(12.5)
    assert number("x") is None
    assert minutes("01:30:00") == minutes("1:30") == 90
    assert minutes(None) is None
    assert instant("2025-01-01 00:00:00") == instant("2025-01-01T00:00:00Z")
    assert instant("soon") is None
