"""The check of the optional mapping files: an agreeing account passes, each change in it is named.

What the default mapping asks for lies in `data/check_dump.json`; what the optional files add is
written here by hand.
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.check import compare
from sandbox.check.optional import NAMES

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DATA = json.loads((Path(__file__).parent / "data" / "check_dump.json").read_text("utf-8"))
CONTACT, CASE = "c" * 40, "d" * 40
MADE = "2025-03-01T00:00:00Z"


def link(path):
    return {"links": {"self": f"https://api.au1.cliniko.com/v1/{path}"}}


def source(key, **values):
    return {"id": key, "created_at": MADE, "updated_at": MADE, "archived_at": None} | values


def custom_field(code, name):
    return {
        "field_code": code,
        "field_name": name,
        "field_type": "varchar",
        "options": None,
        "is_custom_field": True,
    }


def note(key, content, **parent):
    row = {"id": key, "content": content, "add_time": "2025-03-01 00:00:00", "user_id": 1}
    return row | {"active_flag": True, "person_id": None, "org_id": None, "deal_id": None} | parent


FORM = {
    "sections": [
        {
            "name": "About you",
            "questions": [
                {
                    "name": "Name",
                    "type": "full_name",
                    "answer": {"title": "Dr", "first_name": "Ann", "preferred_first_name": "Annie"},
                },
                {
                    "name": "Home",
                    "type": "address",
                    "answer": {"address_1": "1 High St", "city": "Perth"},
                },
                {
                    "name": "Phones",
                    "type": "phone",
                    "answer": [{"number": "0412", "phone_type": "Mobile"}],
                },
                {
                    "name": "Pronouns",
                    "type": "pronouns",
                    "answer": {"nominative": "she", "accusative": "her"},
                },
                {"name": "Sex", "type": "select", "answer": "Female"},
                {"name": "Sign", "type": "signature", "signature_id": "3"},
                {"name": "Empty", "type": "text"},
            ],
        }
    ]
}
CLINIKO = {
    "contacts": [
        source("6", company_name="Payer & Co", first_name="", last_name="", city="Perth"),
        source("7", first_name="Gone", last_name="", deleted_at=MADE),
    ],
    "patient_cases": [
        source(
            "31",
            name="Knee",
            notes="One\r\nTwo",
            referral_type="dva",
            expiry_date="2026-05-01",
            closed_at="2025-12-01T02:00:00Z",
            patient=link("patients/102"),
            contact=link("contacts/6"),
        ),
        source("32", name="", max_sessions=5, patient=link("patients/105")),
        source("33", name="Old", patient=link("patients/105")) | {"archived_at": MADE},
    ],
    "invoice_items": [
        source(
            "41",
            quantity="2.0",
            unit_price="50.5",
            tax_rate="10.0",
            discount_percentage="5.0",
            invoice=link("invoices/901"),
            billable_item=link("billable_items/811"),
        ),
        source(
            "42",
            quantity="1.0",
            unit_price="9.0",
            is_monetary_discount=True,
            discounted_amount="1.5",
            invoice=link("invoices/901"),
            product=link("products/801"),
        ),
        source("43", quantity="1.0", unit_price="9.0", invoice=link("invoices/902")),
    ],
    "recall_types": [source("50", name="Return visit")],
    "recalls": [
        source(
            "51",
            recall_at="2026-03-04",
            notes="Ring & ask",
            patient=link("patients/105"),
            recall_type=link("recall_types/50"),
        ),
        source("52", recall_at="2025-01-01", recalled_at=MADE, patient=link("patients/105")),
    ],
    "patient_forms": [
        source(
            "61",
            name="Intake",
            completed_at="2025-03-01T00:00:00Z",
            content=FORM,
            patient=link("patients/105"),
        ),
        source("62", name="Waiting", patient=link("patients/105")),
        source(
            "63",
            name="Secret",
            completed_at=MADE,
            restricted_to_practitioner=True,
            patient=link("patients/105"),
        ),
    ],
    "relationships": [
        source(
            "71",
            relation=10,
            relation_description="Parent",
            patient=link("patients/102"),
            related_patient=link("patients/105"),
        ),
        source(
            "72",
            relation=20,
            relation_description="Child",
            patient=link("patients/105"),
            related_patient=link("patients/101"),
        ),
    ],
}
ATTENDEE = source("499", patient=link("patients/105"), patient_case=link("patient_cases/32"))
INVOICE = {"patient": link("patients/105"), "archived_at": MADE, "attendee": link("attendees/499")}
INVOICES = [
    source("901", number=91, calculation_method=3, **INVOICE | {"archived_at": None}),
    source("902", number=92, status=40, **INVOICE | {"archived_at": None}),
]
CONTACT_5 = "<p>Title: Dr<br>Company: Practice<br>Cliniko contact: 5</p>"
FORM_TEXT = (
    "<h1>Intake</h1><p>Completed: 2025-03-01 11:00 Australia/Sydney</p><h2>About you</h2>"
    "<p><b>Name</b><br>Dr Ann (Annie)</p><p><b>Home</b><br>1 High St, Perth</p>"
    "<p><b>Phones</b><br>0412 (Mobile)</p><p><b>Pronouns</b><br>she / her</p>"
    "<p><b>Sex</b><br>Female</p><p><b>Sign</b><br>Signed in Cliniko</p>"
    "<p>Cliniko patient form: 61</p>"
)
ACTIVITY = {
    "type": "call",
    "owner_id": 1,
    "due_time": None,
    "duration": None,
    "done": False,
    "busy": False,
    "participants": [{"person_id": 12, "primary": True}],
    "attendees": [],
    "is_deleted": False,
}
LINE = {"deal_id": 22, "is_deleted": False, "tax_method": "inclusive"}
PIPEDRIVE = {
    "pipelines": [{"id": 1, "name": "Clinic", "is_deleted": False}],
    "stages": [{"id": n, "name": str(n), "pipeline_id": 1, "is_deleted": False} for n in (2, 3)],
    "organizationFields": [custom_field(CONTACT, "Cliniko contact ID")],
    "dealFields": [custom_field(CASE, "Cliniko ID")],
    "organizations": [
        {
            "id": 80,
            "name": "Payer & Co",
            "owner_id": 1,
            "add_time": MADE,
            "address": {"value": "Perth"},
            "is_deleted": False,
            "custom_fields": {CONTACT: "6"},
        }
    ],
    "deals": [
        {
            "id": 21,
            "title": "Knee",
            "person_id": 10,
            "owner_id": 1,
            "stage_id": 2,
            "status": "won",
            "won_time": "2025-12-01T02:00:00Z",
            "expected_close_date": "2026-05-01",
            "is_deleted": False,
            "custom_fields": {CASE: "patient_case 31"},
        },
        {
            "id": 22,
            "title": "Case 32",
            "person_id": 12,
            "owner_id": 1,
            "stage_id": 2,
            "status": "open",
            "won_time": None,
            "expected_close_date": None,
            "is_deleted": False,
            "custom_fields": {CASE: "patient_case 32"},
        },
    ],
    "dealProducts": [
        LINE
        | {
            "id": 1,
            "product_id": 3,
            "item_price": 50.5,
            "quantity": 2,
            "tax": 10,
            "discount": 5,
            "discount_type": "percentage",
            "comments": "Invoice: 91\nCliniko invoice item: 41",
        },
        LINE
        | {
            "id": 2,
            "product_id": 1,
            "item_price": 9,
            "quantity": 1,
            "tax": 0,
            "discount": 1.5,
            "discount_type": "amount",
            "comments": "Invoice: 91\nCliniko invoice item: 42",
        },
    ],
    "persons": [
        {
            "id": 70,
            "name": "Hedwig Stone",
            "emails": [],
            "phones": [],
            "owner_id": 1,
            "add_time": MADE,
            "is_deleted": False,
            "custom_fields": {CONTACT: "5"},
        }
    ],
    "personFields": [custom_field(CONTACT, "Cliniko contact ID")],
    "activities": [
        ACTIVITY
        | {
            "id": 151,
            "subject": "Return visit",
            "due_date": "2026-03-04",
            "note": "<p>Ring &amp; ask</p><p>Status: Due<br>Cliniko recall: 51</p>",
        },
        ACTIVITY
        | {
            "id": 152,
            "subject": "Recall",
            "due_date": "2025-01-01",
            "done": True,
            "note": "<p>Status: Recalled 2025-03-01<br>Cliniko recall: 52</p>",
        },
    ],
    "notes": [
        note(105, CONTACT_5, person_id=70),
        note(
            106,
            "<p>Company: Payer &amp; Co<br>Address: Perth<br>Cliniko contact: 6</p>",
            org_id=80,
        ),
        note(
            131,
            "<p>Expires: 2026-05-01<br>Referral: DVA<br>Contact: Payer &amp; Co<br>Notes: One<br>"
            "Two<br>Cliniko case: 31</p>",
            deal_id=21,
        ),
        note(132, "<p>Most sessions: 5<br>Cliniko case: 32</p>", deal_id=22),
        note(161, FORM_TEXT, person_id=12),
        note(
            171,
            "<h1>Relationship</h1><p>Patient: Anna Berg<br>Related to: Bo Li (Cliniko patient ID "
            "105)<br>Relation: Parent</p><p>Cliniko relationship: 71</p>",
            person_id=10,
        ),
    ],
}


@pytest.fixture
def dump():
    whole = copy.deepcopy(DATA["dump"])
    streams = whole["cliniko"]["streams"]
    for name, rows in CLINIKO.items():
        streams.setdefault(name, []).extend(copy.deepcopy(rows))
    for row in streams["contacts"]:
        row.setdefault("phone_numbers", [])
    streams["attendees"].append(copy.deepcopy(ATTENDEE))
    streams["invoices"] += copy.deepcopy(INVOICES)
    for kind, rows in PIPEDRIVE.items():
        whole["pipedrive"].setdefault(kind, []).extend(copy.deepcopy(rows))
    return whole


def found(dump, *names, **settings):
    """Return the findings as `(kind, field or kind of finding)`."""
    # The figures of the patient who was invoiced above are the default mapping's affair.
    report = compare(dump, NOW, optional_files=names, baseline=DATA["baseline"], **settings)
    sections = [section for section in report.sections if section.kind not in {"person", "field"}]
    return {
        *((s.kind, d.field) for s in sections for d in s.differences),
        *((s.kind, "missing") for s in sections if s.missing),
        *((s.kind, "extra") for s in sections if s.extra),
        *((s.kind, "twice") for s in sections if s.duplicates),
    }


def row(dump, kind, key):
    rows = dump["cliniko"]["streams"].get(kind) or dump["pipedrive"][kind]
    return next(each for each in rows if str(each["id"]) == str(key))


def test_an_agreeing_account_has_no_finding(dump):
    assert found(dump, *NAMES) == set()


def test_what_is_not_switched_on_is_a_stranger(dump):
    assert found(dump) == {("activity", "extra"), ("note", "extra")}


def test_each_file_is_known_by_its_name(dump):
    with pytest.raises(ValueError, match="each of optional_files is one of contacts, "):
        found(dump, "cases")


CHANGES = [
    ("persons", 70, "name", "Hedwig", "contact's person", "name"),
    ("persons", 70, "owner_id", 2, "contact's person", "owner_id"),
    ("persons", 70, "custom_fields", {CONTACT: "9"}, "contact's person", "missing"),
    ("organizations", 80, "name", "Payer", "contact's firm", "name"),
    ("organizations", 80, "address", None, "contact's firm", "address"),
    ("notes", 106, "org_id", 81, "contact's note", "org_id"),
    ("notes", 105, "content", CONTACT_5.replace("Dr", "Ms"), "contact's note", "text"),
    ("deals", 21, "title", "Knees", "case", "title"),
    ("deals", 21, "status", "lost", "case", "status"),
    ("deals", 21, "won_time", MADE, "case", "won_time"),
    ("deals", 21, "person_id", 12, "case", "person_id"),
    ("deals", 21, "expected_close_date", None, "case", "expected_close_date"),
    ("deals", 22, "stage_id", 3, "case", "stage_id"),
    ("deals", 22, "is_deleted", True, "case", "missing"),
    ("notes", 132, "deal_id", 21, "case's note", "deal_id"),
    ("notes", 132, "active_flag", False, "case's note", "missing"),
    ("dealProducts", 1, "item_price", 50, "case's product", "price"),
    ("dealProducts", 1, "discount", 0, "case's product", "discount"),
    ("dealProducts", 1, "tax_method", "exclusive", "case's product", "tax_method"),
    ("dealProducts", 2, "product_id", 2, "case's product", "product"),
    ("dealProducts", 2, "deal_id", 21, "case's product", "deal"),
    ("dealProducts", 2, "comments", "Cliniko invoice item: 43", "case's product", "extra"),
    ("activities", 151, "due_date", "2026-03-05", "recall", "due"),
    ("activities", 151, "due_time", "09:00:00", "recall", "due"),
    ("activities", 152, "done", False, "recall", "done"),
    ("activities", 151, "subject", "Recall", "recall", "subject"),
    ("activities", 151, "participants", [], "recall", "participants"),
    ("notes", 161, "person_id", 10, "form", "person_id"),
    ("notes", 161, "add_time", "2025-03-02 00:00:00", "form", "add_time"),
    ("notes", 161, "content", FORM_TEXT.replace("Intake", "In"), "form", "title"),
    ("notes", 161, "content", FORM_TEXT.replace("her<", "him<"), "form", "content"),
    ("notes", 161, "content", FORM_TEXT.replace("11:00", "12:00"), "form", "Completed"),
    ("notes", 161, "content", FORM_TEXT.replace("form: 61", "form: 63"), "form", "extra"),
    ("notes", 171, "person_id", 12, "relationship", "person_id"),
    ("recalls", 51, "archived_at", MADE, "recall", "extra"),
    ("patient_cases", 31, "archived_at", MADE, "case", "extra"),
    ("relationships", 71, "archived_at", MADE, "relationship", "missing"),
    ("patient_forms", 62, "completed_at", MADE, "form", "missing"),
]


@pytest.mark.parametrize(("kind", "key", "name", "value", "section", "finding"), CHANGES)
def test_a_change_is_named(dump, kind, key, name, value, section, finding):
    row(dump, kind, key)[name] = value
    assert (section, finding) in found(dump, *NAMES)


def test_what_was_removed_may_be_kept(dump):
    row(dump, "recalls", 51)["archived_at"] = MADE
    assert found(dump, *NAMES, when_removed="keep") == set()


def test_a_second_row_is_told(dump):
    dump["pipedrive"]["notes"].append(row(dump, "notes", 171) | {"id": 999})
    assert found(dump, *NAMES) == {("relationship", "twice")}
