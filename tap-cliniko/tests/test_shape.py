"""Rows become records: total over whatever comes, no unknown field lost, values exact."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_cliniko.links import SENSITIVE, TO_MANY, is_link
from tap_cliniko.shape import exact
from tap_cliniko.streams import STREAMS
from tap_cliniko.streams.communications import LOGIN_MAIL
from tap_cliniko.tap import TapCliniko

CONFIG = {"api_key": "key-au1", "contact_email": "a@example.com"}
TAP = TapCliniko(config=CONFIG)
KEEPING = TapCliniko(config={**CONFIG, "keep_sensitive_links": True})
NAMES = [stream.name for stream in STREAMS]


def link(path):
    return {"links": {"self": f"https://api.au1.cliniko.com/v1/{path}"}}


def shaped(name, row, tap=TAP):
    return tap.streams[name].shape(row)


known = st.sampled_from(
    sorted(
        {field for stream in STREAMS for field in stream.schema["properties"]} | {"practitioners"}
    )
)
names = known | known.map(lambda name: name.removesuffix("_id")) | st.text(max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
targets = st.sampled_from(
    ["patients/12", "x/3/", "x?q%5B%5D=a%3A%3D1", "x/1/conflicts", "", "/", "patients/١"]
)
values = st.recursive(
    scalars | targets.map(link) | st.just({"links": None}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
rows = st.dictionaries(names, values, max_size=8)
every_row = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@every_row
@given(st.sampled_from(NAMES), rows)
def test_whatever_comes_is_shaped_without_changing_it_and_without_losing_a_field(name, row):
    before = repr(row)
    record = shaped(name, row)
    assert repr(row) == before
    stream = TAP.streams[name]
    dropped = SENSITIVE | {field.name for field in stream.sensitive} | {"links"}
    for field, value in row.items():
        if is_link(value):
            continue  # becomes an id, or leads to a list
        if field in dropped:
            assert field not in record
        elif name == "services" and field == "practitioners":
            assert {"practitioners", "practitioner_ids"} & record.keys()
        elif value is None and (field in TO_MANY or f"{field}_id" in stream.schema["properties"]):
            continue  # a link that is not there
        else:
            assert field in record
    assert record.keys() >= {n for n in stream.schema["properties"] if n.endswith("_id")} - {
        "content_id"
    }


@every_row
@given(st.sampled_from(NAMES), rows)
def test_shaping_twice_is_shaping_once(name, row):
    """Of what has no links any more; an object in an unknown field may hold some."""
    once = shaped(name, row)
    if not any(map(is_link, once.values())):
        assert repr(shaped(name, once)) == repr(once)


@every_row
@given(st.sampled_from(NAMES), rows)
def test_no_id_is_a_number_at_any_depth(name, row):
    def check(value, field):
        if isinstance(value, dict):
            for key, inner in value.items():
                check(inner, key)
        elif isinstance(value, list):
            for inner in value:
                check(inner, field)
        elif field == "id" or field.endswith(("_id", "_ids")):
            assert not isinstance(value, int) or isinstance(value, bool)

    for field, value in shaped(name, row).items():
        check(value, field)


@every_row
@given(st.sampled_from(NAMES), rows, st.randoms())
def test_what_is_kept_does_not_depend_on_the_order_of_fields(name, row, random):
    other = list(row.items())
    random.shuffle(other)
    one, two = shaped(name, row), shaped(name, dict(other))
    assert {k: repr(v) for k, v in one.items()} == {k: repr(v) for k, v in two.items()}


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_amounts_keep_every_digit(number):
    for text in (str(number), f"{number:E}", f"{number:f}"):
        assert Decimal(exact(text)) == number
        assert "e" not in exact(text).lower() or abs(number.adjusted()) > 100


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        ("50.00", "50.00"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        ("9.05e1", "90.5"),
        ("1e999999", "1e999999"),
        ("free", "free"),
        ("", ""),
        (True, True),
        (None, None),
        ([1], [1]),
    ],
)
def test_amounts(value, text):
    assert exact(value) == text


@pytest.mark.parametrize(
    ("stream", "row", "expected"),
    [
        ("patients", {"id": 12, "new_list": [1]}, {"id": "12", "new_list": [1]}),
        ("patients", {"new_link": link("things/7")}, {"new_link_id": "7"}),
        ("patients", {"new_id": 7, "new_ids": [7]}, {"new_id": "7", "new_ids": ["7"]}),
        ("products", {"stock_level": 3}, {"stock_level": "3"}),
        ("invoice_items", {"total_including_tax": "12.50"}, {"total_including_tax": "12.50"}),
        ("group_appointments", {"patient_ids": [1, "2"]}, {"patient_ids": ["1", "2"]}),
        ("group_appointments", {"patient_ids": None}, {"patient_ids": None}),
        ("products", {"product_supplier_id": 4}, {"product_supplier_id": "4"}),
        (
            "products",
            {"product_supplier": link("product_suppliers/5"), "product_supplier_id": None},
            {"product_supplier_id": "5"},
        ),
        (
            "products",
            {"product_supplier_id": None, "product_supplier": link("product_suppliers/5")},
            {"product_supplier_id": "5"},
        ),
        (
            "treatment_notes",
            {"content": {"sections": [{"questions": [{"body_chart_ids": [1, 10**18]}]}]}},
            {"content": {"sections": [{"questions": [{"body_chart_ids": ["1", str(10**18)]}]}]}},
        ),
        (
            "patient_forms",
            {"content": {"sections": [{"questions": [{"signature_id": 5, "answer": 5}]}]}},
            {"content": {"sections": [{"questions": [{"signature_id": "5", "answer": 5}]}]}},
        ),
        (
            "patient_forms",
            {"signatures": link("patient_forms/1/signatures/2")},
            {"signatures_id": "2"},
        ),
        (
            "services",
            {"practitioners": [link("practitioners/1"), link("practitioners/2")]},
            {"practitioner_ids": ["1", "2"]},
        ),
        ("services", {"practitioners": None}, {"practitioner_ids": None}),
        ("services", {"practitioners": []}, {"practitioner_ids": []}),
        ("services", {"practitioners": ["Jo"]}, {"practitioners": ["Jo"]}),
        (
            "public_settings",
            {"account": {"id": 7}, "online_bookings": {"practitioner_order": [1]}},
            {"account": {"id": "7"}, "online_bookings": {"practitioner_order": ["1"]}},
        ),
    ],
)
def test_values(stream, row, expected):
    record = shaped(stream, row)
    assert {name: record[name] for name in expected} == expected


def test_the_order_of_fields_is_that_of_the_row_and_then_of_the_schema():
    row = {"updated_at": "x", "zzz": 1, "patient": link("patients/1"), "id": "1"}
    absent = ["appointment_id", "attendee_id", "business_id", "original_invoice_id"]
    absent += ["practitioner_id", "signature_id"]
    assert list(shaped("invoices", row)) == ["updated_at", "zzz", "patient_id", "id", *absent]


@pytest.mark.parametrize("stream", [s for s in STREAMS if s.sensitive], ids=lambda s: s.name)
def test_sensitive_fields_are_left_out_unless_asked_for(stream):
    secret = {field.name: "https://example.com/secret" for field in stream.sensitive}
    row = {"id": "1", **secret}
    assert "secret" not in json.dumps(shaped(stream.name, row))
    assert not secret.keys() & TAP.streams[stream.name].schema["properties"].keys()
    assert secret.items() <= shaped(stream.name, row, KEEPING).items()
    assert secret.keys() <= KEEPING.streams[stream.name].schema["properties"].keys()


def test_a_url_is_a_secret_of_forms_alone():
    assert shaped("recalls", {"url": "u"})["url"] == "u"
    assert "url" not in shaped("patient_forms", {"url": "u"})


@pytest.mark.parametrize("code", [*LOGIN_MAIL, *map(int, LOGIN_MAIL), None])
@pytest.mark.parametrize("label", [" Email OTP code", None])
def test_mail_with_login_secrets_loses_its_words(code, label):
    row = {"category_code": code, "category": label, "content": "1", "content_subject": "2"}
    login = code is not None or label is not None
    words = (None, None) if login else ("1", "2")
    record = shaped("communications", row)
    assert (record["content"], record["content_subject"]) == words
    record = shaped("communications", {**row, "patient": link("patients/1")})
    assert (record["content"], record["content_subject"]) == ("1", "2")
