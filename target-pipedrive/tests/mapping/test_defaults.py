"""The default mapping of `transforms/`, record by record."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import pytest

from target_pipedrive.desired import Custom, Desired, File, Found, Mark, Owner, Ref
from target_pipedrive.errors import Rejected

ADA = Owner("ada@clinic.example", "practitioners/7")
PERSON = Ref("person", "patients", "12")

PATIENT = {
    "id": "12",
    "first_name": " Zoë ",
    "last_name": "Ångström",
    "preferred_first_name": "Zo",
    "email": "zoe@family.example",
    "patient_phone_numbers": [
        {"number": "(02) 9374 4000", "phone_type": "Home"},
        {"number": "0412 345 678", "phone_type": "Mobile"},
    ],
    "date_of_birth": "1980-02-29",
    "sex": "Female",
    "address_1": "1 High St",
    "address_2": "",
    "address_3": None,
    "city": "Sydney",
    "state": "NSW",
    "post_code": "2000",
    "country": "Australia",
    "country_code": "AU",
    "occupation": "Baker",
    "emergency_contact": "Mum 123",
    "notes": "Likes\nwindows",
    "concession_type_id": "2",
    "reminder_type": "SMS & Email",
    "accepted_email_marketing": True,
    "accepted_sms_marketing": True,
    "medicare": "2123456701",
    "medicare_reference_number": "2",
    "custom_fields": {
        "sections": [
            {
                "name": "Insurance coverage",
                "fields": [
                    {
                        "name": "Provider",
                        "type": "radiobuttons",
                        "options": [{"name": "HCF"}],
                        "other": {"enabled": True, "selected": True, "value": "NIB"},
                    },
                    {"name": "Policy number", "type": "text", "value": "P-1"},
                    {"name": "Group", "type": "text"},
                    {"name": "Coverage details", "type": "paragraph", "value": "All"},
                    {
                        "name": "Insurance type",
                        "type": "radiobuttons",
                        "options": [{"name": "Extras", "selected": True, "archived": True}],
                    },
                ],
            }
        ]
    },
    "created_at": "2020-01-02T03:04:05Z",
    "archived_at": None,
    "deleted_at": None,
    "merged_with_patient_id": None,
}


def aud(value: str) -> Custom:
    return Custom("monetary", {"value": Decimal(value), "currency": "AUD"})


def one(evaluation) -> Desired:
    assert evaluation.reason == ""
    (piece,) = evaluation.pieces
    return piece


@pytest.fixture
def make(default_mapping, world):
    def evaluate(stream, record, object_name=None):
        rules = default_mapping.rules(stream)
        rule = next(r for r in rules if object_name in (None, r.object))
        return rule.evaluate(record, world)

    return evaluate


def test_patient(make, world):
    world.records["medical_alerts"] = [
        {"id": "9", "patient_id": "12", "name": "Latex", "created_at": "2021-01-01T00:00:00Z"},
        {"id": "8", "patient_id": "12", "name": "Nuts", "created_at": "2020-01-01T00:00:00Z"},
        {
            "id": "7",
            "patient_id": "12",
            "name": "Gone",
            "created_at": "2019-01-01T00:00:00Z",
            "archived_at": "2022-01-01T00:00:00Z",
        },
    ]
    world.records["referral_sources"] = [
        {
            "id": "1",
            "patient_id": "12",
            "referral_source_type_id": "4",
            "referrer_type": "Contact",
            "referrer_id": "5",
            "subcategory": "GP",
            "notes": "By letter",
            "created_at": "2020-01-01T00:00:00Z",
        }
    ]
    piece = one(make("patients", PATIENT))
    assert piece == Desired(
        object="person",
        stream="patients",
        id="12",
        part="",
        body={
            "name": "Zoë Ångström",
            "emails": [{"value": "zoe@family.example", "label": "home", "primary": True}],
            "phones": [
                {"value": "+61293744000", "label": "home", "primary": False},
                {"value": "+61412345678", "label": "mobile", "primary": True},
            ],
            "add_time": "2020-01-02T03:04:05Z",
            "owner_id": Owner("desk@clinic.example", ""),
        },
        custom={
            "Cliniko patient ID": Custom("varchar", "12"),
            "Cliniko status": Custom("enum", "Active"),
            "Date of birth": Custom("date", "1980-02-29"),
            "Sex": Custom("enum", "Female"),
            "Preferred name": Custom("varchar", "Zo"),
            "Address": Custom("address", {"value": "1 High St, Sydney, NSW, 2000, Australia"}),
            "Occupation": Custom("varchar", "Baker"),
            "Emergency contact": Custom("text", "Mum 123"),
            "Patient notes": Custom("text", "Likes\nwindows"),
            "Concession type": Custom("enum", "Pensioner"),
            "Reminder preference": Custom("enum", "SMS & Email"),
            "Marketing consent": Custom("set", ("Email", "SMS")),
            "Medicare number": Custom("varchar", "2123456701 2"),
            "Insurance provider": Custom("varchar", "NIB"),
            "Insurance policy number": Custom("varchar", "P-1"),
            "Insurance group": Custom("varchar", None),
            "Insurance coverage details": Custom("text", "All"),
            "Insurance type": Custom("enum", "Extras"),
            "Outstanding balance": Custom("monetary", None),
            "Last payment date": Custom("date", None),
            "Total invoiced": Custom("monetary", None),
            "Invoice count": Custom("double", None),
            "Last invoice date": Custom("date", None),
            "Last invoice status": Custom("enum", None),
            "Medical alerts": Custom("text", "Nuts\nLatex"),
            "Referral source": Custom("varchar", "Doctor – Mo Khan – By letter"),
        },
        mark=Mark(Found.FIELD, "Cliniko patient ID", "12"),
        match={"email": "zoe@family.example", "name": "Zoë Ångström"},
    )


def test_patient_with_nothing(make):
    piece = one(make("patients", {"id": "12", "custom_fields": None}))
    assert piece.body == {
        "name": "Cliniko patient ID 12",
        "emails": None,
        "phones": None,
        "add_time": None,
        "owner_id": Owner("desk@clinic.example", ""),
    }
    filled = {label for label, custom in piece.custom.items() if custom.value is not None}
    assert filled == {"Cliniko patient ID", "Cliniko status"}
    assert piece.match == {}


@pytest.mark.parametrize(
    ("change", "label", "value"),
    [
        ({"archived_at": "2026-01-01T00:00:00Z"}, "Cliniko status", "Archived"),
        ({"accepted_sms_marketing": None}, "Marketing consent", ("Email",)),
        ({"accepted_email_marketing": False}, "Marketing consent", ("SMS",)),
        (
            {"accepted_sms_marketing": None, "accepted_email_marketing": None},
            "Marketing consent",
            None,
        ),
        ({"medicare_reference_number": None}, "Medicare number", "2123456701"),
        ({"medicare": ""}, "Medicare number", None),
        ({"reminder_type": "None"}, "Reminder preference", "None"),
        ({"concession_type_id": None}, "Concession type", None),
        ({"concession_type_id": "404"}, "Concession type", None),
    ],
)
def test_fields_of_patients(change, label, value, make):
    assert one(make("patients", PATIENT | change)).custom[label].value == value


def test_long_text_is_cut_and_told(make):
    piece = one(make("patients", PATIENT | {"occupation": "x" * 300, "last_name": "y" * 300}))
    assert piece.custom["Occupation"].value == "x" * 254 + "…"
    assert len(piece.body["name"]) == 255
    assert piece.truncated == ("name", "Occupation")


def test_merged_patient(make):
    evaluation = make("patients", PATIENT | {"merged_with_patient_id": "99"})
    assert (evaluation.pieces, evaluation.reason, evaluation.merged_into) == ([], "merged", "99")


def test_patient_without_key(make):
    with pytest.raises(Rejected, match="no_key"):
        make("patients", PATIENT | {"id": None})


def test_a_failing_expression_names_its_place_and_no_value(make):
    with pytest.raises(Rejected) as caught:
        make("patients", PATIENT | {"date_of_birth": "secret"})
    assert caught.value.code == "mapping_failed"
    assert caught.value.detail.endswith(
        "transforms/patients.yml:23:38: a date is needed here, as YYYY-MM-DD"
    )
    with pytest.raises(Rejected) as caught:
        make("patients", PATIENT | {"created_at": "secret"})
    assert caught.value.detail.endswith("transforms/patients.yml:16:13: ValueError")
    assert "secret" not in str(caught.value)


def invoice(number, status, total, date, **more):
    return {
        "id": str(100 + number),
        "patient_id": "12",
        "number": number,
        "status": status,
        "total_amount": total,
        "issue_date": date,
        "business_id": "1",
    } | more


INVOICE_LABELS = (
    "Outstanding balance",
    "Last payment date",
    "Total invoiced",
    "Invoice count",
    "Last invoice date",
    "Last invoice status",
)
INVOICES = {
    "open, paid and credit": (
        [
            invoice(1, 10, "100.10", "2026-01-01"),
            invoice(2, 20, "50.20", "2026-02-01", closed_at="2026-02-03T20:00:00Z"),
            invoice(3, 40, "-20.00", "2026-01-15"),
        ],
        (Decimal("100.10"), "2026-02-04", Decimal("130.30"), 3, "2026-02-01", "Paid"),
    ),
    "all settled": (
        [invoice(1, 20, "50.00", "2026-01-01", closed_at="2026-01-01T02:00:00Z")],
        (Decimal(0), "2026-01-01", Decimal("50.00"), 1, "2026-01-01", "Paid"),
    ),
    "same day: the higher number": (
        [invoice(10, 30, "1", "2026-01-01"), invoice(9, 10, "2", "2026-01-01")],
        (Decimal(2), None, Decimal(3), 2, "2026-01-01", "Closed"),
    ),
    "the location's zone decides the day": (
        [
            invoice(1, 20, "5", "2026-01-01", closed_at="2026-01-01T15:00:00Z", business_id="10"),
            invoice(2, 20, "5", "2026-01-02", closed_at="2026-01-01T14:00:00Z"),
        ],
        (Decimal(0), "2026-01-01", Decimal(10), 2, "2026-01-02", "Paid"),
    ),
    "archived and deleted ones do not count": (
        [
            invoice(1, 10, "5", "2026-01-01", archived_at="2026-01-02T00:00:00Z"),
            invoice(2, 10, "5", "2026-01-01", deleted_at="2026-01-02T00:00:00Z"),
        ],
        (None,) * 6,
    ),
    "an amount that is not told": (
        [invoice(1, 10, None, "2026-01-01")],
        (Decimal(0), None, Decimal(0), 1, "2026-01-01", "Open"),
    ),
}


@pytest.mark.parametrize(("rows", "values"), INVOICES.values(), ids=INVOICES)
def test_invoices_become_figures_of_the_person(rows, values, make, world):
    world.records["invoices"] = rows
    custom = one(make("patients", PATIENT)).custom
    found = []
    for label in INVOICE_LABELS:
        value = custom[label].value
        if isinstance(value, dict):
            assert value["currency"] == "AUD"
            value = value["value"]
        found.append(value)
    assert tuple(found) == values


SOURCES = {
    "contact and notes": (
        {"referrer_type": "Contact", "referrer_id": "5", "subcategory": "x", "notes": "n"},
        "Doctor – Mo Khan – n",
    ),
    "patient": ({"referrer_type": "Patient", "referrer_id": "13"}, "Doctor – Li Wei"),
    "subcategory": ({"subcategory": "Website"}, "Doctor – Website"),
    "unknown contact": (
        {"referrer_type": "Contact", "referrer_id": "404", "subcategory": "s"},
        "Doctor – s",
    ),
    "type alone": ({}, "Doctor"),
    "no type": ({"referral_source_type_id": None, "notes": "n"}, "n"),
    "archived": ({"archived_at": "2026-01-01T00:00:00Z"}, None),
}


@pytest.mark.parametrize(("source", "value"), SOURCES.values(), ids=SOURCES)
def test_referral_sources(source, value, make, world):
    base = {"id": "1", "patient_id": "12", "referral_source_type_id": "4", "created_at": "1"}
    world.records["referral_sources"] = [base | source]
    assert one(make("patients", PATIENT)).custom["Referral source"].value == value


def test_the_newest_referral_source_counts(make, world):
    base = {"patient_id": "12", "referral_source_type_id": "4"}
    world.records["referral_sources"] = [
        base | {"id": "10", "notes": "b", "created_at": "2026-01-02T00:00:00Z"},
        base | {"id": "9", "notes": "a", "created_at": "2026-01-02T00:00:00Z"},
        base | {"id": "11", "notes": "c", "created_at": "2026-01-01T00:00:00Z"},
    ]
    assert one(make("patients", PATIENT)).custom["Referral source"].value == "Doctor – b"


def message(key, **more):
    return {
        "id": key,
        "patient_id": "12",
        "type": "SMS",
        "direction_description": "Sent",
        "category": "SMS Message",
        "from": None,
        "to": "+61412345678",
        "content_subject": None,
        "content": "Hi",
        "created_at": "2026-01-02T03:04:05.678Z",
        "archived_at": None,
        "confidential": None,
    } | more


def test_communications_become_one_file(make, world):
    world.records["communications"] = [
        message("10", content="=1+1"),
        message(
            "9",
            type="Email",
            content_subject="Hello, you",
            content="<p>Dear <b>Zoë</b></p>",
            created_at="2026-01-01T00:00:00Z",
            **{"from": "@x"},
        ),
        message("2"),
        message("3", confidential=True),
        message("4", archived_at="2026-01-03T00:00:00Z"),
    ]
    person, file = make("patients", PATIENT).pieces
    assert person.object == "person"
    data = (
        "Date,Type,Direction,Category,From,To,Subject,Content\r\n"
        '2026-01-01T00:00:00Z,Email,Sent,SMS Message,\'@x,+61412345678,"Hello, you",Dear Zoë\r\n'
        "2026-01-02T03:04:05Z,SMS,Sent,SMS Message,,+61412345678,,Hi\r\n"
        "2026-01-02T03:04:05Z,SMS,Sent,SMS Message,,+61412345678,,'=1+1\r\n"
    ).encode()
    name = "Cliniko communications.csv"
    assert file == Desired(
        object="file",
        stream="patients",
        id="12",
        part=name,
        body={"person_id": PERSON},
        custom={},
        mark=Mark(Found.NAME, "", name),
        file=File(name, len(data), hashlib.sha256(data).hexdigest(), data=data),
    )


def test_no_communication_no_file(make, world):
    world.records["communications"] = [message("3", confidential=True)]
    assert len(make("patients", PATIENT).pieces) == 1


APPOINTMENT = {
    "id": "500",
    "patient_id": "12",
    "practitioner_id": "7",
    "business_id": "1",
    "appointment_type_id": "3",
    "starts_at": "2026-05-01T23:00:00Z",
    "ends_at": "2026-05-01T23:45:00Z",
    "notes": "Bring <scans>\nand shoes",
    "cancelled_at": None,
    "did_not_arrive": None,
    "patient_arrived": None,
    "invoice_status": None,
    "treatment_note_status": None,
    "archived_at": None,
    "deleted_at": None,
}
FOOTER = (
    "<br>Practitioner: Dr Ada Osei (Cliniko ID 7)<br>Location: City Clinic"
    "<br>Cliniko appointment: 500</p>"
)
LATER = {"starts_at": "2026-07-01T23:00:00Z", "ends_at": "2026-07-01T23:45:00Z"}


def test_individual_appointment(make):
    assert one(make("individual_appointments", APPOINTMENT)) == Desired(
        object="activity",
        stream="individual_appointments",
        id="500",
        part="",
        body={
            "subject": "Massage",
            "type": Ref("activity_type", "appointment_types", "3"),
            "due_date": "2026-05-01",
            "due_time": "23:00:00",
            "duration": "00:45:00",
            "done": True,
            "busy": False,
            "owner_id": ADA,
            "participants": [{"person_id": PERSON, "primary": True}],
            "note": "<p>Bring &lt;scans&gt;<br>and shoes</p><p>Status: Completed" + FOOTER,
        },
        custom={},
        mark=Mark(Found.LINE, "Cliniko appointment", "500"),
    )


CANCELLED = {
    "cancelled_at": "2026-04-30T00:00:00Z",
    "cancellation_reason_description": "Sick",
    "cancellation_note": "Flu & cough",
}
STATUSES = {
    "booked": (LATER, "Massage", "Booked", False, True),
    "completed": ({}, "Massage", "Completed", True, False),
    "arrived": ({"patient_arrived": True}, "Massage", "Attended", True, False),
    "arrived early": (LATER | {"patient_arrived": True}, "Massage", "Attended", False, True),
    "invoiced": ({"invoice_status": 10}, "Massage", "Attended", True, False),
    "noted": ({"treatment_note_status": 10}, "Massage", "Attended", True, False),
    "did not arrive": (
        {"did_not_arrive": True, "invoice_status": 10},
        "Massage (did not arrive)",
        "Did not arrive",
        True,
        False,
    ),
    "cancelled": (
        LATER | CANCELLED | {"did_not_arrive": True},
        "Massage (cancelled)",
        "Cancelled – Sick – Flu &amp; cough",
        True,
        False,
    ),
    "cancelled without a word": (
        LATER | {"cancelled_at": "x", "cancellation_reason_description": ""},
        "Massage (cancelled)",
        "Cancelled",
        True,
        False,
    ),
}


@pytest.mark.parametrize(
    ("change", "subject", "status", "done", "busy"), STATUSES.values(), ids=STATUSES
)
def test_statuses(change, subject, status, done, busy, make):
    body = one(make("individual_appointments", APPOINTMENT | change)).body
    assert body["subject"] == subject
    assert body["note"].endswith(f"<p>Status: {status}{FOOTER}")
    assert (body["done"], body["busy"]) == (done, busy)


def test_appointment_without_anything_but_its_patient(make):
    body = one(make("individual_appointments", {"id": "500", "patient_id": "12"})).body
    assert body["subject"] == "Appointment"
    assert body["type"] is None
    assert body["owner_id"] == Owner("desk@clinic.example", "")
    assert body["note"] == "<p>Status: Booked<br>Cliniko appointment: 500</p>"


@pytest.mark.parametrize("stamp", ["archived_at", "deleted_at"])
@pytest.mark.parametrize(
    "stream", ["individual_appointments", "group_appointments", "treatment_notes"]
)
def test_removed_records(stream, stamp, make):
    evaluation = make(stream, APPOINTMENT | {stamp: "2026-01-01T00:00:00Z"})
    assert (evaluation.pieces, evaluation.reason) == ([], "removed")


def test_appointment_of_nobody_is_rejected(make):
    with pytest.raises(Rejected, match="parent_missing"):
        make("individual_appointments", APPOINTMENT | {"patient_id": None})


def attendee(key, patient, **more):
    return {
        "id": key,
        "booking_id": "500",
        "patient_id": patient,
        "arrived": None,
        "cancelled_at": None,
        "invoice_status": None,
        "treatment_note_status": None,
    } | more


def test_group_appointment(make, world):
    world.records["attendees"] = [
        attendee("100", "13", arrived=False),
        attendee("9", "12", arrived=True),
        attendee("101", "14", **CANCELLED),
        attendee("102", "15", archived_at="2026-01-01T00:00:00Z"),
    ]
    body = one(make("group_appointments", APPOINTMENT)).body
    assert body["subject"] == "Massage"
    assert body["participants"] == [
        {"person_id": PERSON, "primary": True},
        {"person_id": Ref("person", "patients", "13"), "primary": False},
    ]
    assert body["note"] == (
        "<p>Bring &lt;scans&gt;<br>and shoes</p><p>Status: Attended; Li Wei – Did not arrive; "
        "Cliniko patient ID 14 – Cancelled – Sick – Flu &amp; cough" + FOOTER
    )
    assert (body["done"], body["busy"]) == (True, False)


def test_two_attendees_that_were_merged_take_part_once(make, world):
    world.merged = {"13": "12"}
    world.records["attendees"] = [attendee("1", "13"), attendee("2", "12")]
    body = one(make("group_appointments", APPOINTMENT | LATER)).body
    assert body["participants"] == [{"person_id": PERSON, "primary": True}]
    assert "Status: Booked<br>" in body["note"]


@pytest.mark.parametrize("rows", [[], [attendee("1", "12", **CANCELLED)]])
def test_group_without_anybody_is_rejected(rows, make, world):
    world.records["attendees"] = rows
    with pytest.raises(Rejected, match=r"^no_participants$"):
        make("group_appointments", APPOINTMENT)


def test_appointment_type_becomes_activity_type_and_product(make, world):
    line = {"appointment_type_id": "3", "quantity": "1.0"}
    world.records["appointment_type_billable_items"] = [
        line | {"id": "1", "billable_item_id": "20", "discount_percentage": "12.5"},
        line | {"id": "2", "billable_item_id": "21"},  # archived
        line | {"id": "3", "billable_item_id": "404"},
    ]
    world.records["appointment_type_products"] = [
        line
        | {
            "id": "1",
            "product_id": "30",
            "quantity": "2",
            "is_monetary_discount": True,
            "discounted_amount": "1.50",
            "discount_percentage": "99",
        },
    ]
    record = {"id": "3", "name": "Massage", "archived_at": None}
    assert one(make("appointment_types", record, "activity_type")) == Desired(
        object="activity_type",
        stream="appointment_types",
        id="3",
        part="",
        body={"name": "Massage", "icon_key": "meeting"},
        custom={},
        mark=Mark(Found.NAME, "", "Massage"),
        match={"name": "Massage"},
    )
    assert one(make("appointment_types", record, "product")) == Desired(
        object="product",
        stream="appointment_types",
        id="3",
        part="",
        body={
            "name": "Massage",
            "prices": [{"price": Decimal("90.50"), "currency": "AUD"}],
            "is_linkable": True,
        },
        custom={"Cliniko ID": Custom("varchar", "appointment_type 3")},
        mark=Mark(Found.FIELD, "Cliniko ID", "appointment_type 3"),
    )


def test_appointment_type_that_is_billed_with_nothing(make):
    record = {"id": "3", "name": "Chat", "archived_at": "2026-01-01T00:00:00Z"}
    body = one(make("appointment_types", record, "product")).body
    assert body["prices"] == [{"price": Decimal(0), "currency": "AUD"}]
    assert body["is_linkable"] is False


def test_product(make):
    record = {
        "id": "30",
        "name": "Roller",
        "item_code": " ",
        "serial_number": "S1",
        "price_ex_tax": "10.00",
        "price_including_tax": "11.00",
        "tax_id": "6",
        "archived_at": None,
    }
    piece = one(make("products", record))
    assert piece.body == {
        "name": "Roller",
        "code": "S1",
        "prices": [{"price": Decimal("10.00"), "currency": "AUD"}],
        "tax": Decimal("10.0"),
        "is_linkable": True,
    }
    assert piece.mark == Mark(Found.FIELD, "Cliniko ID", "product 30")
    body = one(make("products", record | {"price_ex_tax": None, "tax_id": None})).body
    assert body["prices"] == [{"price": Decimal("11.00"), "currency": "AUD"}]
    assert body["tax"] is None


def test_billable_item(make):
    record = {
        "id": "20",
        "name": "Visit",
        "item_code": "V1",
        "price": "80.00",
        "tax_id": None,
        "archived_at": "2026-01-01T00:00:00Z",
    }
    piece = one(make("billable_items", record))
    assert piece.body == {
        "name": "Visit",
        "code": "V1",
        "prices": [{"price": Decimal("80.00"), "currency": "AUD"}],
        "tax": None,
        "is_linkable": False,
    }
    assert piece.custom == {"Cliniko ID": Custom("varchar", "billable_item 20")}


NOTE = {
    "id": "900",
    "patient_id": "12",
    "practitioner_id": "7",
    "title": "Follow up",
    "author_name": "Dr Ada Osei",
    "draft": True,
    "content": {
        "sections": [
            {
                "name": "Plan",
                "questions": [
                    {"name": "Advice", "type": "text", "answer": "Rest & ice"},
                    {"name": "More", "type": "text"},
                ],
            }
        ]
    },
    "created_at": "2026-05-01T01:02:03Z",
}


def test_treatment_note(make):
    assert one(make("treatment_notes", NOTE)) == Desired(
        object="note",
        stream="treatment_notes",
        id="900",
        part="",
        body={
            "content": (
                "<h1>Follow up (draft)</h1>"
                "<p>Author: Dr Ada Osei<br>Written: 2026-05-01 11:02 Australia/Sydney</p>"
                "<h2>Plan</h2><p><b>Advice</b><br>Rest &amp; ice</p>"
                "<p>Cliniko treatment note: 900</p>"
            ),
            "person_id": PERSON,
            "user_id": ADA,
            "add_time": "2026-05-01 01:02:03",
        },
        custom={},
        mark=Mark(Found.LINE, "Cliniko treatment note", "900"),
    )


def test_long_treatment_note(make):
    question = {"name": "Long", "type": "paragraph", "answer": "<p>" + "word " * 50_000 + "</p>"}
    content = {"sections": [{"name": "Plan", "questions": [question]}]}
    pieces = make("treatment_notes", NOTE | {"content": content}).pieces
    assert [piece.part for piece in pieces] == ["1", "2", "3"]
    for number, piece in enumerate(pieces, 1):
        shown = piece.body["content"]
        assert len(shown) <= 100_000
        assert shown.startswith(f"<h1>Follow up (draft) ({number}/3)</h1>")
        assert shown.endswith("<p>Cliniko treatment note: 900</p>")
        assert piece.body["person_id"] == PERSON
        assert piece.mark == Mark(Found.LINE, "Cliniko treatment note", "900")


ATTACHMENT = {
    "id": "700",
    "patient_id": "12",
    "filename": "../knee.jpg",
    "content_uri": "file:///spool/ab",
    "content_size": 0,
    "sha256": "ab",
    "content_state": "ready",
    "archived_at": None,
}


def test_attachment(make):
    assert one(make("patient_attachments", ATTACHMENT)) == Desired(
        object="file",
        stream="patient_attachments",
        id="700",
        part="",
        body={"person_id": PERSON},
        custom={},
        mark=Mark(Found.NAME, "", "___knee.jpg"),
        file=File("___knee.jpg", 0, "ab", uri="file:///spool/ab"),
    )


def test_attachments_that_are_no_file(make):
    gone = {"content_uri": None, "sha256": None, "content_size": None}
    pending = make("patient_attachments", ATTACHMENT | gone | {"content_state": "pending"})
    assert (pending.pieces, pending.reason) == ([], "skipped")
    archived = make("patient_attachments", ATTACHMENT | {"archived_at": "2026-01-01T00:00:00Z"})
    assert (archived.pieces, archived.reason) == ([], "removed")
    for state in ("missing", "ready"):
        with pytest.raises(Rejected, match=r"^file_missing"):
            make("patient_attachments", ATTACHMENT | gone | {"content_state": state})
    unnamed = one(make("patient_attachments", ATTACHMENT | {"filename": None}))
    assert unnamed.file.name == "attachment 700"
