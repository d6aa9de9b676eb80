"""The check agrees with an agreeing dump, and each single change in it is named.

`data/check_dump.json` holds a small clinic and, written by hand, what the default mapping makes of
it.
"""

from __future__ import annotations

import base64
import copy
import html
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.check import compare, html_text

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DATA = json.loads((Path(__file__).parent / "data" / "check_dump.json").read_text("utf-8"))


@pytest.fixture
def dump():
    return copy.deepcopy(DATA["dump"])


def judge(dump, **settings):
    settings.setdefault("baseline", DATA["baseline"])
    return compare(dump, settings.pop("now", NOW), **settings)


def row(dump, half, kind, key):
    rows = dump["cliniko"]["streams"][kind] if half == "cliniko" else dump["pipedrive"][kind]
    return next(each for each in rows if str(each["id"]) == str(key))


def found(report):
    """Return every finding as `(object, kind of finding or field)`."""
    return {
        *((s.kind, d.field) for s in report.sections for d in s.differences),
        *((s.kind, "missing") for s in report.sections if s.missing),
        *((s.kind, "extra") for s in report.sections if s.extra),
        *((s.kind, "duplicates") for s in report.sections if s.duplicates),
    }


def custom(dump, fields, name):
    return next(
        each["field_code"] for each in dump["pipedrive"][fields] if each["field_name"] == name
    )


def test_an_agreeing_dump_has_no_finding(dump):
    report = judge(dump)
    assert report.ok
    assert found(report) == set()
    counts = {section.kind: section.expected for section in report.sections}
    assert counts == {
        "person": 4,
        "activity_type": 3,
        "activity": 7,
        "note": 2,
        "product": 7,
        "file": 2,
        "communications_csv": 1,
        "field": 27,
        "others' rows": 4,
    }
    assert all(section.present == section.expected for section in report.sections)


def test_without_a_baseline_it_agrees_too(dump):
    assert found(judge(dump, baseline=None)) == set()


# (kind of row, id, key, wrong value, findings it must bring)
COLUMNS = [
    ("persons", 10, "name", "Anna Borg", {("person", "name")}),
    ("persons", 10, "owner_id", 2, {("person", "owner")}),
    ("persons", 10, "add_time", "2024-05-06T07:08:10Z", {("person", "add_time")}),
    ("persons", 10, "emails", [], {("person", "emails")}),
    ("persons", 11, "name", "103", {("person", "name")}),
    ("persons", 5, "owner_id", 2, {("person", "owner")}),
    ("persons", 5, "emails", [], {("person", "emails")}),
    ("persons", 6, "name", "Somebody", {("others' rows", "name")}),
    ("activities", 1, "subject", "Physio", {("activity", "subject")}),
    ("activities", 2, "subject", "Physiotherapy", {("activity", "subject")}),
    ("activities", 3, "subject", "Physiotherapy", {("activity", "subject")}),
    ("activities", 1, "type", "call", {("activity", "type")}),
    ("activities", 1, "due_date", "2025-06-03", {("activity", "due_date, due_time")}),
    ("activities", 1, "due_time", "09:30:00", {("activity", "due_date, due_time")}),
    ("activities", 1, "duration", "00:44", {("activity", "duration")}),
    ("activities", 1, "done", False, {("activity", "done")}),
    ("activities", 4, "done", True, {("activity", "done")}),
    ("activities", 4, "busy", False, {("activity", "busy")}),
    ("activities", 2, "busy", True, {("activity", "busy")}),
    ("activities", 1, "owner_id", 1, {("activity", "owner_id")}),
    ("activities", 2, "owner_id", 2, {("activity", "owner_id")}),
    ("activities", 1, "attendees", [{"email": "x@example.com"}], {("activity", "attendees")}),
    (
        "activities",
        1,
        "participants",
        [{"person_id": 11, "primary": True}],
        {("activity", "participants"), ("activity", "primary participant")},
    ),
    (
        "activities",
        7,
        "participants",
        [{"person_id": 5, "primary": False}, {"person_id": 10, "primary": True}],
        {("activity", "primary participant")},
    ),
    ("activityTypes", 2, "icon_key", "call", {("activity_type", "icon_key")}),
    ("activityTypes", 2, "name", "PHYSIOTHERAPY", {("activity_type", "name")}),
    ("notes", 1, "add_time", "2025-06-03 01:02:04", {("note", "add_time")}),
    ("notes", 1, "user_id", 1, {("note", "user_id")}),
    ("notes", 3, "user_id", 2, {("note", "user_id")}),
    ("notes", 1, "person_id", 11, {("note", "person_id")}),
    ("products", 1, "name", "Roller", {("product", "name")}),
    ("products", 1, "code", None, {("product", "code")}),
    ("products", 5, "code", "X", {("product", "code")}),
    ("products", 1, "tax", 0, {("product", "tax")}),
    ("products", 2, "is_linkable", True, {("product", "is_linkable")}),
    ("products", 1, "prices", [{"price": 40.1, "currency": "EUR"}], {("product", "prices")}),
    ("products", 5, "prices", [{"price": 212.0, "currency": "AUD"}], {("product", "prices")}),
    ("products", 6, "prices", [{"price": 1, "currency": "AUD"}], {("product", "prices")}),
    ("products", 2, "prices", [], {("product", "prices")}),
    ("files", 1, "name", "scan_1.pdf", {("file", "name")}),
    ("files", 1, "sha256", "0", {("file", "sha256")}),
    ("files", 1, "file_size", 6, {("file", "size")}),
    ("files", 1, "person_id", 11, {("file", "missing"), ("file", "extra")}),
]


@pytest.mark.parametrize(("kind", "key", "name", "value", "wanted"), COLUMNS)
def test_a_wrong_column_is_named(dump, kind, key, name, value, wanted):
    row(dump, "pipedrive", kind, key)[name] = value
    report = judge(dump)
    assert found(report) == wanted
    assert not report.ok


CUSTOM = [
    ("Cliniko status", 201),
    ("Date of birth", "1980-03-02"),
    ("Sex", 401),
    ("Preferred name", None),
    ("Address", {"value": "12 Sydney Road, Sydney, NSW, Australia"}),
    ("Address", {"value": "12 Sydney Road, Sydney, NSW, 2000, Australia", "postal_code": "2001"}),
    ("Address", {"value": "Flat 1, 12 Sydney Road, Sydney, NSW, 2000, Australia"}),
    ("Address", None),
    ("Occupation", "x" * 255),
    ("Emergency contact", "Karl 0400 000 000"),
    ("Patient notes", None),
    ("Medical alerts", "Latex\nNuts"),
    ("Medical alerts", "Nuts"),
    ("Concession type", None),
    ("Referral source", "Internet \u2013 Search"),
    ("Reminder preference", 1300),
    ("Marketing consent", [1400]),
    ("Medicare number", "2123 45670 1"),
    ("Insurance provider", "Wattle Health"),
    ("Insurance policy number", "WH-1001"),
    ("Insurance group", None),
    ("Insurance coverage details", "Two visits."),
    ("Insurance type", None),
    ("Outstanding balance", {"value": 200.2, "currency": "NZD"}),
    ("Outstanding balance", {"value": 1199.2, "currency": "AUD"}),
    ("Last payment date", "2025-01-10"),
    ("Total invoiced", {"value": 250.25000000000003, "currency": "AUD"}),
    ("Invoice count", 4),
    ("Last invoice date", "2025-03-10"),
    ("Last invoice status", 2600),
]


@pytest.mark.parametrize(("name", "value"), CUSTOM)
def test_a_wrong_custom_field_is_named(dump, name, value):
    values = row(dump, "pipedrive", "persons", 10)["custom_fields"]
    values[custom(dump, "personFields", name)] = value
    assert found(judge(dump)) == {("person", name)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("+61491570156", "0491 570 156"),
        ('"mobile"', '"work"'),
        ('"primary": false}, {"value": "+61491570156", "label": "mobile", "primary": true', None),
    ],
)
def test_a_wrong_phone_is_named(dump, before, after):
    person = row(dump, "pipedrive", "persons", 10)
    if after is None:
        for phone in person["phones"]:
            phone["primary"] = phone["label"] == "home"
    else:
        person["phones"] = json.loads(json.dumps(person["phones"]).replace(before, after))
    assert found(judge(dump)) == {("person", "phones")}


TEXTS = [
    ("activities", 1, "Bring scans", "Bring", "note"),
    ("activities", 1, "Status: Attended", "Status: Completed", "note: Status"),
    ("activities", 2, "Sick, flu", "Sick", "note: Status"),
    ("activities", 3, "Status: Did not arrive", "Status: Completed", "note: Status"),
    ("activities", 4, "Status: Booked", "Status: Completed", "note: Status"),
    ("activities", 5, "Status: Attended", "Status: Completed", "note: Status"),
    ("activities", 6, "Status: Completed", "Status: Booked", "note: Status"),
    ("activities", 7, "Bo Li: ", "", "note: Status"),
    ("activities", 7, "Bo Li: ", "Bo Li, Anna Berg: ", "note: Status"),
    ("activities", 7, "(Work)", "", "note: Status"),
    ("activities", 1, "(21)", "(22)", "note: Practitioner"),
    ("activities", 1, "Cleo Marsh", "C.", "note: Practitioner"),
    ("activities", 1, "Location: Harbour Clinic", "Location: West Clinic", "note: Location"),
    ("notes", 1, "Initial", "First", "title"),
    ("notes", 2, " (draft)", "", "title"),
    ("notes", 1, "Author: Cleo Marsh", "Author: Cleo", "Author"),
    ("notes", 1, "3 June 2025", "2 June 2025", "Written"),
    ("notes", 1, "09:02", "11:02", "Written"),
    ("notes", 1, "AWST", "", "Written"),
    ("notes", 1, "&amp; rising", "and rising", "content"),
    ("notes", 1, "<li>two</li>", "", "content"),
    ("notes", 1, "</p><ul><li>one</li>", " one</p><ul>", "content"),
    ("notes", 1, "Swelling, Redness", "Swelling, Heat, Redness", "content"),
    ("notes", 1, ", a bruise", "", "content"),
    ("notes", 1, "</strong> 2025-06-03", "</strong> 3 June 2025", "content"),
    ("notes", 1, "<p>Cliniko", "<p>Unasked</p><p>Cliniko", "content"),
    ("notes", 1, "<h2>Subjective</h2>", "<p>Subjective</p>", "heading"),
    ("notes", 1, "<strong>Complaint</strong>", "Complaint", "question"),
    ("notes", 3, "gamma", "", "content"),
]


@pytest.mark.parametrize(("kind", "key", "before", "after", "name"), TEXTS)
def test_a_wrong_text_is_named(dump, kind, key, before, after, name):
    target = row(dump, "pipedrive", kind, key)
    column = "note" if kind == "activities" else "content"
    assert before in target[column]
    target[column] = target[column].replace(before, after)
    assert found(judge(dump)) == {("activity" if kind == "activities" else "note", name)}


@pytest.mark.parametrize(
    ("kind", "key", "gone", "section"),
    [
        ("activities", 1, {"is_deleted": True}, "activity"),
        ("products", 1, {"is_deleted": True}, "product"),
        ("notes", 1, {"active_flag": False}, "note"),
        ("files", 1, {"active_flag": False}, "file"),
        ("files", 3, {"active_flag": False}, "communications_csv"),
    ],
)
def test_a_deleted_row_is_missing(dump, kind, key, gone, section):
    row(dump, "pipedrive", kind, key).update(gone)
    assert found(judge(dump)) == {(section, "missing")}


@pytest.mark.parametrize("gone", [{"is_deleted": True}, {"merged_into": 5}])
def test_a_person_that_is_gone_is_missing(dump, gone):
    row(dump, "pipedrive", "persons", 11).update(gone)
    assert found(judge(dump)) == {("person", "missing")}


@pytest.mark.parametrize(
    ("kind", "key", "section"),
    [
        ("persons", 11, "person"),
        ("activities", 1, "activity"),
        ("products", 1, "product"),
        ("notes", 1, "note"),
        ("files", 2, "file"),
        ("files", 3, "communications_csv"),
        ("activityTypes", 3, "activity_type"),
    ],
)
def test_a_second_row_is_a_duplicate(dump, kind, key, section):
    dump["pipedrive"][kind].append({**row(dump, "pipedrive", kind, key), "id": 9000})
    assert found(judge(dump)) == {(section, "duplicates")}


@pytest.mark.parametrize(
    ("kind", "surplus", "section"),
    [
        ("persons", {"name": "Nobody", "custom_fields": {}}, "person"),
        ("activities", {"note": None}, "activity"),
        ("activities", {"note": "Cliniko appointment: 312"}, "activity"),
        ("activities", {"note": "Cliniko appointment: 306"}, "activity"),
        ("activities", {"note": "Cliniko appointment: 305"}, "activity"),
        ("notes", {"content": "by hand", "active_flag": True}, "note"),
        ("notes", {"content": "Cliniko treatment note: 603", "active_flag": True}, "note"),
        ("products", {"name": "x", "custom_fields": {}}, "product"),
        ("files", {"name": "later.pdf", "person_id": 10, "active_flag": True}, "file"),
        (
            "files",
            {"name": "Cliniko communications.csv", "person_id": 11, "active_flag": True},
            "communications_csv",
        ),
        ("activityTypes", {"name": "New", "key_string": "n", "active_flag": True}, "activity_type"),
    ],
)
def test_a_row_nobody_asked_for_is_extra(dump, kind, surplus, section):
    dump["pipedrive"][kind].append({"id": 9000, **surplus})
    assert found(judge(dump)) == {(section, "extra")}


def test_rows_of_other_people_are_never_extra(dump):
    baseline = copy.deepcopy(DATA["baseline"])
    for kind in ("notes", "activities", "products", "files"):
        other = {"id": 8000, "name": "theirs", "content": "theirs", "active_flag": True}
        dump["pipedrive"][kind].append(other)
        baseline[kind].append(copy.deepcopy(other))
    assert found(judge(dump, baseline=baseline)) == set()


def test_a_parent_of_a_new_name_does_not_change_what_hangs_on_it(dump):
    baseline = copy.deepcopy(DATA["baseline"])
    old = {"id": 8000, "name": "theirs.pdf", "person_name": "Alva  DAHL", "active_flag": True}
    baseline["files"].append(old)
    dump["pipedrive"]["files"].append({**old, "person_name": "Ålva Dahl"})
    assert found(judge(dump, baseline=baseline)) == set()
    dump["pipedrive"]["files"][-1]["name"] = "ours.pdf"
    assert found(judge(dump, baseline=baseline)) == {("others' rows", "name")}


def test_a_row_of_other_people_that_is_gone_is_named(dump):
    baseline = copy.deepcopy(DATA["baseline"])
    baseline["notes"].append({"id": 8000, "content": "theirs", "active_flag": True})
    assert found(judge(dump, baseline=baseline)) == {("others' rows", "missing")}


def test_plain_text_notes_are_read_by_their_lines(dump):
    for note in dump["pipedrive"]["notes"]:
        note["content"] = "\n".join(html.escape(line) for line in html_text.lines(note["content"]))
    assert found(judge(dump, note_format="text")) == set()
    row(dump, "pipedrive", "notes", 3)["content"] = (
        "Long (draft) (2/2)\nCliniko treatment note: 602"
    )
    assert found(judge(dump, note_format="text")) == {("note", "content")}


def test_a_lost_or_too_long_part_of_a_note_is_named(dump):
    first = row(dump, "pipedrive", "notes", 2)
    first["content"] = first["content"].replace("<h2>", "<p> </p>" * 13_000 + "<h2>")
    assert found(judge(dump)) == {("note", "length")}
    row(dump, "pipedrive", "notes", 3)["active_flag"] = False
    assert found(judge(dump)) == {("note", "length"), ("note", "parts"), ("note", "content")}


def test_removed_records_may_stay_when_the_setting_says_so(dump):
    activity = row(dump, "pipedrive", "activities", 8)
    activity["is_deleted"] = False
    dump["pipedrive"]["notes"].append(
        {"id": 9000, "content": "Cliniko treatment note: 603", "active_flag": True}
    )
    gone = dump["cliniko"]["attachments"]["703"]
    dump["pipedrive"]["files"].append(
        {"id": 9, "name": "gone.pdf", "person_id": 10, "sha256": gone["sha256"], "file_size": 6}
    )
    assert found(judge(dump, when_removed="keep")) == set()
    assert found(judge(dump)) == {
        ("activity", "extra"),
        ("note", "extra"),
        ("file", "extra"),
    }


def test_a_merged_patient_must_not_stand(dump):
    loser = copy.deepcopy(row(dump, "pipedrive", "persons", 11))
    code = custom(dump, "personFields", "Cliniko patient ID")
    loser.update(id=9000, custom_fields={**loser["custom_fields"], code: "102"})
    dump["pipedrive"]["persons"].append(loser)
    assert found(judge(dump)) == {("person", "extra")}
    loser["merged_into"] = 10
    row(dump, "pipedrive", "persons", 10)["emails"].append(
        {"value": "old@example.com", "label": "home", "primary": False}
    )
    assert found(judge(dump)) == set()


def test_merge_chains_are_followed(dump):
    first = row(dump, "cliniko", "patients", 102)
    first["merged_with_patient"]["links"]["self"] = "https://api.au1.cliniko.com/v1/patients/106"
    dump["cliniko"]["streams"]["patients"].append(
        {
            "id": "106",
            "merged_with_patient": {"links": {"self": "http://x/v1/patients/101"}},
            "archived_at": "2025-01-01T00:00:00Z",
        }
    )
    assert found(judge(dump)) == set()


def test_a_person_adopted_by_email_alone_is_named(dump):
    """The baseline's person 6 has the patient's e-mail but another name."""
    baseline = copy.deepcopy(DATA["baseline"])
    baseline["persons"].append(
        {"id": 10, "name": "Karl Berg", "emails": [{"value": "anna@example.com"}]}
    )
    assert found(judge(dump, baseline=baseline)) == {("person", "adopted person")}


def test_a_match_that_was_not_adopted_is_named(dump):
    baseline = copy.deepcopy(DATA["baseline"])
    other = {
        "id": 7,
        "name": "anna berg",
        "is_deleted": False,
        "emails": [{"value": "ANNA@example.com"}],
    }
    baseline["persons"].append(other)
    dump["pipedrive"]["persons"].append(copy.deepcopy(other))
    assert found(judge(dump, baseline=baseline)) == {("person", "adopted person")}


def test_an_ambiguous_patient_must_not_stand(dump):
    baseline = copy.deepcopy(DATA["baseline"])
    for key in (7, 8):
        other = {"id": key, "name": "Anna Berg", "emails": [{"value": "anna@example.com"}]}
        baseline["persons"].append(other)
        dump["pipedrive"]["persons"].append(copy.deepcopy(other))
    report = judge(dump, baseline=baseline)
    assert report["person"].extra == ["with patient ID 101 (Pipedrive 10)"]
    assert report["person"].missing == []
    assert report["activity"].extra


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda field: field.update(field_name="Beruf"), {"missing", "extra"}),
        (lambda field: field.update(field_type="text"), {"Occupation: type"}),
    ],
)
def test_a_wrong_custom_field_definition_is_named(dump, change, wanted):
    code = custom(dump, "personFields", "Occupation")
    for field in dump["pipedrive"]["personFields"]:
        if field["field_code"] == code:
            change(field)
    assert {kind for section, kind in found(judge(dump)) if section == "field"} == wanted


def test_wrong_options_are_named(dump):
    for field in dump["pipedrive"]["personFields"]:
        if field["field_name"] == "Reminder preference":
            field["options"].append({"id": 7, "label": "Pigeon"})
        if field["field_name"] == "Sex":
            field["options"].append({"id": 8, "label": "female"})
    assert found(judge(dump)) == {
        ("field", "Reminder preference: options"),
        ("field", "Sex: options"),
    }


def test_more_than_thirty_custom_fields_are_named(dump):
    for number in range(4):
        dump["pipedrive"]["personFields"].append(
            {
                "field_code": f"x{number}",
                "field_name": f"Field {number}",
                "field_type": "text",
                "is_custom_field": True,
            }
        )
    assert found(judge(dump)) == {("field", "extra"), ("field", "custom fields made in all")}


def test_close_to_the_run_both_answers_are_right(dump):
    source = row(dump, "cliniko", "individual_appointments", 308)
    source["ends_at"] = "2025-06-03T00:15:00Z"
    now = datetime(2025, 6, 3, 0, 10, tzinfo=UTC)
    for done, busy, status in ((True, False, "Completed"), (False, True, "Booked")):
        activity = row(dump, "pipedrive", "activities", 6)
        activity.update(done=done, busy=busy)
        activity["note"] = activity["note"].replace("Completed", status)
        report = judge(dump, now=now)
        assert not [each for each in report["activity"].differences if each.cliniko_id == "308"]


def test_the_default_owner_and_currency_settings_are_followed(dump):
    report = judge(dump, default_owner="CLEO@clinic.example", currency="NZD")
    assert found(report) == {
        ("person", "owner"),
        ("person", "Outstanding balance"),
        ("person", "Total invoiced"),
        ("activity", "owner_id"),
        ("note", "user_id"),
        ("product", "prices"),
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"now": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001 - the fault under test
        ({"default_owner": "nobody@clinic.example"}, "default_owner"),
        ({"note_format": "markdown"}, "note_format"),
        ({"when_removed": "archive"}, "when_removed"),
    ],
)
def test_settings_it_cannot_judge_by_are_refused(dump, settings, words):
    with pytest.raises(ValueError, match=words):
        judge(dump, **settings)


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("2025-05-01T00:00:00Z", "2025-05-01T00:00:00.0Z", "902 Date"),
        (",Email,", ",SMS,", "902 Type"),
        (",SMS,Sent,", ",SMS,Received,", "901 Direction"),
        ("Appointment Reminder", "Reminder", "901 Category"),
        ("a@clinic.example", "", "902 From"),
        (",+61491570156,", ",'+61491570156,", "901 To"),
        ("Your invoice", "An invoice", "902 Subject"),
        ("Pay up", "Pay", "902 Content"),
        ("Dear Anna\nPay up", "<p>Dear Anna</p><p>Pay up</p>", "902 Content"),
        ("'=1+1", "=1+1", "901 Content"),
        ("bye", "by", "901 Content"),
        ("Date,", "When,", "header"),
        ("\r\n", "\n", "form"),
        ("2025-05-01", "\ufeff2025-05-01", "902 Date"),
    ],
)
def test_a_wrong_cell_is_named(dump, before, after, name):
    rewrite_csv(dump, lambda content: content.replace(before, after))
    assert found(judge(dump)) == {("communications_csv", name)}


def test_wrong_rows_of_the_csv_are_named(dump):
    def swap(content):
        head, first, rest = content.split("\r\n", 2)
        return f"{head}\r\n{rest}{first}\r\n"

    rewrite_csv(dump, lambda content: content + content.split("\r\n")[1] + "\r\n")
    assert found(judge(dump)) == {("communications_csv", "rows")}
    dump["pipedrive"]["files"] = copy.deepcopy(DATA["dump"]["pipedrive"]["files"])
    rewrite_csv(dump, swap)
    assert ("communications_csv", "902 Date") in found(judge(dump))


def test_a_csv_the_dump_does_not_show_is_judged_by_its_digest(dump):
    file = row(dump, "pipedrive", "files", 3)
    del file["content_base64"]
    assert judge(dump)["communications_csv"].unverified == []
    file["sha256"] = "0"
    report = judge(dump)
    assert report["communications_csv"].unverified == ["101"]
    assert "not compared" in report.lines()[-1]
    row(dump, "cliniko", "communications", 902)["content"] = "Dear Anna"
    assert found(judge(dump)) == {("communications_csv", "sha256")}


def rewrite_csv(dump, change):
    file = row(dump, "pipedrive", "files", 3)
    content = change(base64.b64decode(file["content_base64"]).decode())
    file["content_base64"] = base64.b64encode(content.encode()).decode()


def test_the_report_counts_aligns_and_cuts_off(dump):
    for activity in dump["pipedrive"]["activities"]:
        activity.update(subject="x", duration="00:01", owner_id=9, type="call")
    report = judge(dump)
    lines = report.lines()
    assert lines[0].split()[:2] == ["object", "expected"]
    assert len({len(line) for line in lines[:10]}) == 1
    assert lines[-1].startswith("… and ")
    assert len(lines) == 1 + 9 + 20 + 1
    as_dict = json.loads(json.dumps(report.as_dict()))
    assert as_dict["ok"] is False
    assert as_dict["objects"]["activity"]["differences"][0] == {
        "kind": "activity",
        "cliniko_id": "301",
        "pipedrive_id": "1",
        "field": "duration",
        "expected": "45",
        "actual": "1",
    }
