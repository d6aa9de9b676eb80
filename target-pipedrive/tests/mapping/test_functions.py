from __future__ import annotations

import datetime as dt
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given

from target_pipedrive.desired import Owner, Ref
from target_pipedrive.errors import Rejected
from target_pipedrive.mapping.context import Options
from target_pipedrive.mapping.functions import FUNCTIONS
from target_pipedrive.mapping.functions.files import file_name
from target_pipedrive.mapping.functions.people import e164
from target_pipedrive.mapping.reference import examples
from target_pipedrive.mapping.text import cut, id_order
from target_pipedrive.mapping.unfit import UnfitError
from target_pipedrive.pipedrive.values import fold_name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples_of_the_documentation_hold(name, evaluate):
    function = FUNCTIONS[name]
    meaning, _ = function.documentation
    assert meaning.endswith(".")
    shown = list(examples(function))
    assert shown, f"{name}() has no example"
    scope = {"Decimal": Decimal, "Owner": Owner, "Ref": Ref}
    for expression, result in shown:
        expected = eval(result, scope)  # noqa: S307 - our own documentation
        assert evaluate(expression) == expected, expression


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("text(12)", "12"),
        ("text(' a\\x00\\x07b\\r\\n ')", "ab"),
        ("text('a\\ud800b')", "ab"),  # half a character: no API takes it
        ("join(' – ', 'a', '', None, ['b', ' '])", "a – b"),
        ("join(' ', None)", None),
        ("first(0, 1)", 0),
        ("first(False)", False),
        ("first('', ' ')", None),
        ("html('a\\n<b> & \"c\"')", "<p>a<br>&lt;b&gt; &amp; &quot;c&quot;</p>"),
        ("html(' ')", None),
        ("plain('a &amp; b')", "a &amp; b"),  # no tag: not HTML, so nothing is undone
        ("plain('<div>a&nbsp;&amp;<br>b</div>')", "a &\nb"),
        ("plain('<style>p {}</style><p>Hi <script>x()</script>Ann</p>')", "Hi Ann"),
        ("plain('<ul><li>a</li><li>b</li></ul>')", "a\nb"),
        ("plain('Dear <3 Ann')", "Dear <3 Ann"),
        ("emails('')", None),
        ("phones(None, 'AU')", None),
        ("phones([{'number': ' ', 'phone_type': 'Home'}], 'AU')", None),
        ("full_name(None)", None),
        ("full_name({'first_name': ' ', 'last_name': 'Bee'})", "Bee"),
        ("utc('2026-03-01T00:00:00.9Z')", "2026-03-01T00:00:00Z"),
        ("utc(None)", None),
        ("utc_time('2026-03-01T23:59:59Z')", "23:59:59"),
        ("duration('2026-03-01T08:00:00Z', '2026-03-02T09:30:05Z')", "25:30:05"),
        ("duration('2026-03-01T08:00:00Z', '2026-03-01T08:00:00Z')", None),
        ("duration(None, '2026-03-01T08:00:00Z')", None),
        ("past('2026-06-01T00:00:00Z')", False),  # the run's own second is not past
        ("past('2026-05-31T23:59:59Z')", True),
        ("local_date('2026-03-01T20:00:00Z')", "2026-03-02"),
        ("local_date(None)", None),
        # daylight saving time in Sydney, then not
        ("local_time('2026-01-01T00:00:00Z')", "2026-01-01 11:00 Australia/Sydney"),
        ("local_time('2026-07-01T00:00:00Z')", "2026-07-01 10:00 Australia/Sydney"),
        ("decimal(5)", Decimal(5)),
        ("decimal('-0.10')", Decimal("-0.10")),
        ("total([])", Decimal(0)),
        ("total(['0.1', '0.2'])", Decimal("0.3")),
        ("line_total(None, {'quantity': '1'})", None),
        ("line_total('33.33', {'quantity': '3', 'discount_percentage': None})", Decimal("99.99")),
        ("prices(None)", None),
        ("prices(0)", [{"price": Decimal(0), "currency": "AUD"}]),
        ("labelled({})", None),
        ("labelled({'A': 'x\\ny', 'B': 2})", "<p>A: x<br>y<br>B: 2</p>"),
        ("sections(None)", None),
        ("lookup('businesses', None)", None),
        ("lookup('businesses', '404')", None),
        ("lookup('businesses', 404).business_name", None),
        ("user(None)", Owner("desk@clinic.example", "")),
        ("user('8')", Owner(None, "practitioners/8")),  # the key cannot read this login
        ("user('9')", Owner("eve@clinic.example", "practitioners/9")),  # an override
        ("user('404')", Owner(None, "practitioners/404")),
        ("participants([])", []),
    ],
)
def test_values(source, value, evaluate):
    assert evaluate(source) == value


@pytest.mark.parametrize(
    "source",
    [
        "utc('yesterday')",
        "utc('2026-03-01T00:00:00')",
        "local_date('2026-03-01T20:00:00Z', 'Mars/Base')",
        "local_date('2026-03-01T20:00:00Z', '../../etc/passwd')",
        "decimal('1,000')",
        "decimal('1e5')",
        "total(['x'])",
        "text([1])",
        "join(' ', {'a': 1})",
    ],
)
def test_what_does_not_fit_is_refused_without_its_value(source, evaluate):
    with pytest.raises(ValueError, match=r"^[^0-9]*$|^Invalid isoformat string") as caught:
        evaluate(source)
    assert isinstance(caught.value, UnfitError) or "isoformat" in str(caught.value)


def test_references_follow_merges_and_refuse_nothing(evaluate, world):
    world.merged = {"13": "12"}
    assert evaluate("ref('person', 'patients', '13')") == Ref("person", "patients", "12")
    assert evaluate("participants(['13', '12'])") == [
        {"person_id": Ref("person", "patients", "12"), "primary": True}
    ]
    assert evaluate("full_name(lookup('patients', '13'))") == "Zoë Ångström"
    with pytest.raises(Rejected) as caught:
        evaluate("ref('person', 'patients', None)")
    assert caught.value.code == "parent_missing"


NUMBERS = [
    # number as typed, country of the patient, as sent
    ("0412 345 678", "AU", "+61412345678"),
    ("(02) 9374 4000", "AU", "+61293744000"),
    ("+61 412 345 678", "NZ", "+61412345678"),
    ("021 123 4567", "NZ", "+64211234567"),
    ("0412 345 678", "NZ", "+61412345678"),  # not a number in NZ, but one at the clinic
    ("07911 123456", "GB", "+447911123456"),
    ("0412 345 678", None, "+61412345678"),
    ("07700 900123", "GB", "+447700900123"),  # no range that is in use, but a number all the same
    ("0412 345 678", "au", "+61412345678"),
    ("ask mum", "AU", "ask mum"),
    ("123", "AU", "123"),
    ("0412 345 678 ext 5", "AU", "0412 345 678 ext 5"),  # an extension has no place in E.164
]


@pytest.mark.parametrize(("typed", "country", "sent"), NUMBERS)
def test_phone_numbers(typed, country, sent, evaluate):
    rows = [{"number": typed, "phone_type": "Home"}]
    found = evaluate("phones(numbers, country)", {"numbers": rows, "country": country})
    assert found == [{"value": sent, "label": "home", "primary": True}]


def test_a_number_is_sent_once_and_the_first_mobile_is_primary(evaluate):
    rows = [
        {"number": "02 9374 4000", "phone_type": "Work"},
        {"number": "0412 345 678", "phone_type": "Mobile"},
        {"number": "+61 412 345 678", "phone_type": "Fax"},
        {"number": "0499 999 999", "phone_type": "Mobile"},
        {"number": "x1", "phone_type": "Fax"},
    ]
    assert evaluate("phones(numbers, 'AU')", {"numbers": rows}) == [
        {"value": "+61293744000", "label": "work", "primary": False},
        {"value": "+61412345678", "label": "mobile", "primary": True},
        {"value": "+61499999999", "label": "mobile", "primary": False},
        {"value": "x1", "label": "other", "primary": False},
    ]


@given(st.text(max_size=30), st.lists(st.sampled_from(["AU", "NZ", "GB", "XX"]), max_size=3))
def test_any_number_becomes_e164_or_stays(typed, regions):
    sent = e164(typed, regions)
    assert sent == typed or (sent.startswith("+") and sent[1:].isdecimal() and len(sent) <= 16)
    assert e164(sent, regions) == sent


RADIO = {
    "name": "Provider",
    "type": "radiobuttons",
    "options": [{"name": "HCF", "selected": False}, {"name": "Bupa"}],
}
FIELDS = [
    ({"name": "Provider", "type": "text", "value": " HCF "}, "HCF"),
    ({"name": "Provider", "type": "text"}, None),
    ({"name": "Provider", "type": "date", "value": "2026-01-01"}, "2026-01-01"),
    (RADIO, None),
    (RADIO | {"options": [{"name": "HCF", "selected": True, "archived": True}]}, "HCF"),
    (RADIO | {"other": {"enabled": True, "selected": True, "value": "NIB"}}, "NIB"),
    (RADIO | {"other": {"enabled": True, "selected": False, "value": "NIB"}}, None),
    (RADIO | {"archived": True, "options": [{"name": "HCF", "selected": True}]}, "HCF"),
    (
        {
            "name": "Provider",
            "type": "checkboxes",
            "options": [{"name": "A", "selected": True}, {"name": "B", "selected": True}],
            "other": {"selected": True, "value": "C"},
        },
        ["A", "B", "C"],
    ),
]


@pytest.mark.parametrize(("field", "value"), FIELDS)
def test_custom_fields_of_the_account(field, value, evaluate):
    record = {"custom_fields": {"sections": [{"name": " Insurance ", "fields": [field]}]}}
    assert evaluate("custom(_, 'Insurance', 'Provider')", record) == value
    assert evaluate("custom(_, 'Other', 'Provider')", record) is None
    assert evaluate("custom(_, 'Insurance', 'Provider')", {"custom_fields": None}) is None


def test_the_first_of_two_fields_of_one_name_that_has_a_value_counts(evaluate):
    empty = {"name": "Provider", "type": "text"}
    filled = {"name": "Provider", "type": "text", "value": "HCF"}
    record = {"custom_fields": {"sections": [{"name": "I", "fields": [empty, filled]}]}}
    assert evaluate("custom(_, 'I', 'Provider')", record) == "HCF"


def test_currency_falls_back(evaluate, world):
    assert evaluate("currency()", {}, Options(currency="NZD")) == "NZD"
    assert evaluate("currency()") == "AUD"
    world.records["public_settings"] = [{"id": "1", "account": {"country_code": "QQ"}}]
    assert evaluate("currency()") == "USD"
    world.currency = None
    with pytest.raises(UnfitError, match="no currency is known"):
        evaluate("prices(1)")


def test_the_account_without_locations_is_in_utc(evaluate, world):
    world.records["businesses"] = []
    assert evaluate("account_zone()") == "UTC"
    assert evaluate("phones(n, None)", {"n": [{"number": "0412 345 678"}]}) == [
        {"value": "+61412345678", "label": "other", "primary": True}
    ]
    world.records["public_settings"] = []
    assert evaluate("phones(n, None)", {"n": [{"number": "0412 345 678"}]}) == [
        {"value": "0412 345 678", "label": "other", "primary": True}
    ]


def test_stamps_may_be_times_already(evaluate):
    moment = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
    assert evaluate("utc(at)", {"at": moment}) == "2026-03-01T08:00:00Z"


QUESTIONS = [
    ({"type": "text", "answer": " a < b "}, "<p><b>Q</b><br>a &lt; b</p>"),
    ({"type": "text", "answer": "a\nb"}, "<p><b>Q</b><br>a<br>b</p>"),
    ({"type": "text"}, ""),
    ({"type": "date", "answer": "2026-03-01"}, "<p><b>Q</b><br>2026-03-01</p>"),
    ({"type": "paragraph", "answer": "<p>x <b>y</b></p>"}, "<p><b>Q</b></p><p>x <b>y</b></p>"),
    ({"type": "paragraph", "answer": "x <i>y</i>"}, "<p><b>Q</b></p><p>x <i>y</i></p>"),
    ({"type": "paragraph", "answer": "<p><br></p>"}, ""),
    ({"type": "paragraph", "answer": "<p onclick='x()'>a</p>"}, "<p><b>Q</b></p><p>a</p>"),
    ({"type": "paragraph", "answer": "<script>x()</script><p>a</p>"}, "<p><b>Q</b></p><p>a</p>"),
    (
        {"type": "paragraph", "answer": '<a href="javascript:x()">a</a>'},
        "<p><b>Q</b></p><p><a>a</a></p>",
    ),
    (
        {"type": "paragraph", "answer": '<a href="https://a.example/?b=1&c=2" target="x">a</a>'},
        '<p><b>Q</b></p><p><a href="https://a.example/?b=1&amp;c=2">a</a></p>',
    ),
    ({"type": "paragraph", "answer": "<h3>t</h3><p>a"}, "<p><b>Q</b></p>t<p>a</p>"),
    (
        {"type": "checkboxes", "answers": [{"value": "a", "selected": True}, {"value": "b"}]},
        "<p><b>Q</b></p><ul><li>a</li></ul>",
    ),
    (
        {
            "type": "radiobuttons",
            "answers": [{"value": "a"}],
            "other": {"selected": True, "value": "c & d"},
        },
        "<p><b>Q</b></p><ul><li>c &amp; d</li></ul>",
    ),
    ({"type": "radiobuttons", "answers": [{"value": "a"}]}, ""),
    ({"type": "bodycharts", "body_chart_ids": ["1"]}, ""),
]


@pytest.mark.parametrize(("question", "html"), QUESTIONS)
def test_questions_of_treatment_notes(question, html, evaluate):
    content = {"sections": [{"name": "S & T", "questions": [{"name": "Q"} | question]}]}
    assert evaluate("sections(content)", {"content": content}) == f"<h2>S &amp; T</h2>{html}"


NAMES = [
    ("invoice\u202efdp.exe", "invoice_fdp.exe"),
    ("a\u200b\u2066b\ufeff.pdf", "a__b_.pdf"),
    ("con.txt", "_con.txt"),
    ("NUL", "_NUL"),
    ("Com1 .tar.gz", "_Com1 .tar.gz"),
    ("console.txt", "console.txt"),
    ("a.pdf. .", "a.pdf___"),
    ("scan.pdf", "scan.pdf"),
    ("a/b\\c.pdf", "a_b_c.pdf"),
    ("..", "__"),
    (".htaccess", "_htaccess"),
    ("a\x00\x1f\x7f\n.pdf", "a____.pdf"),
    ("Röntgen – Knie.jpg", "Röntgen – Knie.jpg"),
    ("   ", "otherwise"),
    (None, "otherwise"),
]


@pytest.mark.parametrize(("name", "safe"), NAMES)
def test_file_names(name, safe):
    assert file_name(name, "otherwise") == safe


@given(st.text(), st.sampled_from(["", ".pdf", ".jpeg", "." + "x" * 300]))
def test_file_names_are_safe_and_short(stem, extension):
    name = file_name(stem + extension, "otherwise")
    assert name
    assert len(name.encode()) <= 255
    assert not name.startswith(".")
    assert not set(name) & set("/\\\x00\n\r")
    assert file_name(name, "otherwise") == name
    if len(extension) < 10:
        assert file_name(f"a{stem}{extension}", "").endswith(extension)


@pytest.mark.parametrize(
    ("value", "folded"),
    [
        ("Zoë  ÅNGSTRÖM ", "zoe angstrom"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ann@BEE.example", "ann@bee.example"),
        ("", ""),
    ],
)
def test_folding(value, folded):
    assert fold_name(value) == folded
    assert fold_name(folded) == folded


def test_cutting_keeps_the_limit():
    assert cut("a" * 255, 255) == "a" * 255
    assert cut("a" * 256, 255) == "a" * 254 + "…"


def test_ids_sort_as_numbers():
    ids = ["900719925474099312", "12", "9", None, "x"]
    assert sorted(ids, key=id_order) == [None, "x", "9", "12", "900719925474099312"]
