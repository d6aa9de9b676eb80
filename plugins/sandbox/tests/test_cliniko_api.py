"""The simulated Cliniko over HTTP: who is let in, what is hidden, how pages and files come."""

from __future__ import annotations

import hashlib
import time
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.testing import running

LIFT = ("archived_at:*", "cancelled_at:*", "deleted_at:*")


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("sandbox-key-au1", 200),
        ("sandbox-key-AU1", 200),
        ("sandbox-key", 200),
        ("sandbox-key-uk1", 401),
        ("wrong-key-au1", 401),
        ("", 401),
    ],
)
def test_the_key_decides_who_is_let_in(demo, caller, key, status):
    assert caller(demo.cliniko, key).get("/user").status == status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer sandbox-key-au1"}, 401),
        ({"Authorization": "Basic ???"}, 401),
        ({"User-Agent": None}, 403),
        ({"User-Agent": "curl/8.0"}, 403),
        ({"User-Agent": "App (no address)"}, 403),
        ({"User-Agent": "(me@example.com)"}, 403),
        ({"User-Agent": "App 1.0 (me@example.com)"}, 200),
        ({"Accept": "text/html"}, 406),
        ({"Accept": "*/*"}, 200),
    ],
)
def test_headers_that_cliniko_demands(cliniko, header, status):
    assert cliniko.get("/user", headers=header).status == status


ROLES = [
    ("sandbox-receptionist-au1", "/users", 403),
    ("sandbox-receptionist-au1", "/treatment_notes", 403),
    ("sandbox-receptionist-au1", "/patient_attachments", 403),
    ("sandbox-receptionist-au1", "/settings", 403),
    ("sandbox-receptionist-au1", "/settings/public", 200),
    ("sandbox-receptionist-au1", "/appointment_types", 404),
    ("sandbox-receptionist-au1", "/patients", 200),
    ("sandbox-receptionist-au1", "/invoices", 200),
    ("sandbox-practitioner-au1", "/invoices", 403),
    ("sandbox-practitioner-au1", "/users", 403),
    ("sandbox-practitioner-au1", "/treatment_notes", 200),
    ("sandbox-practitioner-au1", "/products", 403),
    ("sandbox-practitioner-au1", "/appointment_types", 404),
    ("sandbox-practitioner-au1", "/patient_attachments", 200),
    ("sandbox-bookkeeper-au1", "/invoices", 200),
    ("sandbox-bookkeeper-au1", "/treatment_notes", 403),
    ("sandbox-power-receptionist-au1", "/treatment_notes", 403),
    ("sandbox-power-receptionist-au1", "/patient_attachments", 200),
    ("sandbox-power-receptionist-au1", "/users", 403),
    ("sandbox-scheduler-au1", "/invoices", 403),
    ("sandbox-scheduler-au1", "/patient_attachments", 403),
    ("sandbox-scheduler-au1", "/individual_appointments", 200),
    ("sandbox-key-au1", "/users", 200),
    ("sandbox-key-au1", "/settings", 200),
]


@pytest.mark.parametrize(("key", "path", "status"), ROLES)
def test_roles_see_what_they_may(demo, caller, key, path, status):
    answer = caller(demo.cliniko, key).get(path)
    assert answer.status == status
    if status == 403:
        assert answer.body == b""


def test_a_user_may_read_oneself_only(demo, caller):
    desk = caller(demo.cliniko, "sandbox-receptionist-au1")
    own = desk.get("/user").json()["id"]
    other = caller(demo.cliniko).get("/user").json()["id"]
    assert desk.get(f"/users/{own}").status == 200
    assert desk.get(f"/users/{other}").status == 403


def test_a_practitioner_sees_own_notes_only_and_is_told_nothing(demo, caller, cliniko):
    everyone = cliniko.rows("treatment_notes")
    own = caller(demo.cliniko, "sandbox-practitioner-au1").rows("treatment_notes")
    assert 0 < len(own) < len(everyone)
    assert len({row["practitioner"]["links"]["self"] for row in own}) == 1


def test_the_account_decides_what_practitioners_see(scratch, caller):
    everyone = caller(scratch.cliniko).rows("treatment_notes")
    jonas = caller(scratch.cliniko, "sandbox-practitioner-au1")
    assert len(jonas.rows("treatment_notes")) < len(everyone)
    scratch.limits(own_notes_only=False, practitioner_finance=True)
    assert jonas.rows("treatment_notes") == everyone
    assert jonas.get("/invoices").status == 200


def test_records_can_bear_fields_of_a_later_version(scratch, caller):
    cliniko = caller(scratch.cliniko)
    (before, *_) = cliniko.rows("patients")
    scratch.limits(future_fields=True)
    (after, *_) = cliniko.rows("patients")
    assert before.items() <= after.items()
    assert {"risk_flags", "summary"} <= after.keys() - before.keys()
    assert cliniko.get(f"/patients/{after['id']}").json() == after


def test_confidential_memos_are_hidden_from_the_desk(demo, caller, cliniko):
    desk = caller(demo.cliniko, "sandbox-receptionist-au1").rows("communications")
    assert any(row.get("confidential") for row in cliniko.rows("communications"))
    assert not any(row.get("confidential") for row in desk)


@pytest.mark.parametrize(
    ("name", "conditions"),
    [
        ("patients", LIFT[:1]),
        ("individual_appointments", LIFT),
        ("attendees", LIFT),
        ("group_appointments", (LIFT[0], LIFT[2])),
        ("treatment_notes", (LIFT[0], LIFT[2])),
        ("invoices", (LIFT[0], LIFT[2])),
        ("patient_attachments", LIFT[:1]),
        ("communications", LIFT[:1]),
        ("medical_alerts", (LIFT[0], LIFT[2])),
        ("appointment_types", LIFT[:1]),
        ("products", LIFT[:1]),
        ("businesses", (LIFT[0], LIFT[2])),
    ],
)
def test_hidden_rows_come_only_when_each_stamp_is_lifted(demo, cliniko, name, conditions):
    everything = demo.dump()["cliniko"]["streams"][name]
    assert len(cliniko.rows(name, q=conditions)) == len(everything)
    shown = cliniko.rows(name)
    assert 0 < len(shown) < len(everything)
    stamps = [condition.partition(":")[0] for condition in conditions]
    assert not any(row.get(stamp) for row in shown for stamp in stamps)
    for left_out in conditions:
        stamp = left_out.partition(":")[0]
        rest = [condition for condition in conditions if condition != left_out]
        assert not any(row[stamp] for row in cliniko.rows(name, q=rest))


def test_a_hidden_record_is_not_found_singly_unless_lifted(cliniko):
    (hidden, *_) = cliniko.rows("patients", q=("archived_at:?",))
    path = f"/patients/{hidden['id']}"
    assert cliniko.get(path).status == 404
    assert cliniko.get(path, q=("archived_at:*",)).json() == hidden


def test_children_of_an_archived_patient_are_still_listed(demo, cliniko):
    streams = demo.dump()["cliniko"]["streams"]
    archived = {row["id"] for row in streams["patients"] if row["archived_at"]}
    owners = {
        row["patient"]["links"]["self"].rpartition("/")[2]
        for row in cliniko.rows("individual_appointments")
    }
    assert owners & archived


def test_pages_link_to_each_other_and_keep_the_question(cliniko):
    asked = {"per_page": 7, "sort": "updated_at,id", "q": ("archived_at:*",)}
    first = cliniko.get("/patients", **asked).json()
    assert set(first["links"]) == {"self", "next"}
    assert first["total_entries"] == 120
    query = parse_qs(urlsplit(first["links"]["next"]).query)
    assert query == {
        "per_page": ["7"],
        "sort": ["updated_at,id"],
        "q[]": ["archived_at:*"],
        "page": ["2"],
    }
    last = cliniko.get("/patients", page=18, **asked).json()
    assert set(last["links"]) == {"self", "previous"}
    assert len(last["patients"]) == 1
    assert cliniko.get("/patients", page=19, **asked).json()["patients"] == []


def test_the_default_order_is_by_creation(cliniko):
    body = cliniko.get("/invoices", per_page=100).json()
    stamps = [row["created_at"] for row in body["invoices"]]
    assert stamps == sorted(stamps)


def test_ids_are_text_of_two_lengths_and_sort_as_numbers(cliniko):
    ids = [row["id"] for row in cliniko.rows("patients", sort="id", q=("archived_at:*",))]
    assert {len(key) for key in ids} >= {8, 19}
    assert [int(key) for key in ids] == sorted(int(key) for key in ids)


def test_keyset_reading_by_id_reads_everything(demo, cliniko):
    last, found = "0", []
    while rows := cliniko.get(
        "/attendees", per_page=100, sort="id", q=(*LIFT, f"id:>{last}")
    ).json()["attendees"]:
        found += rows
        last = rows[-1]["id"]
    assert len(found) == len(demo.dump()["cliniko"]["streams"]["attendees"])


def test_one_second_holds_more_rows_than_a_page(cliniko):
    stamps = [row["updated_at"] for row in cliniko.rows("individual_appointments", q=LIFT)]
    assert max(stamps.count(stamp) for stamp in set(stamps)) > 100


def test_empty_links_are_left_out_and_hosts_are_public(cliniko):
    rows = cliniko.rows("patients")
    assert any("concession_type" in row for row in rows)
    assert any("concession_type" not in row for row in rows)
    assert all("merged_with_patient" not in row for row in rows)
    assert all(row["links"]["self"].startswith("https://api.au1.cliniko.com/v1/") for row in rows)


def test_practitioners_are_split_into_active_and_inactive(cliniko):
    active = cliniko.rows("practitioners")
    inactive = cliniko.get("/practitioners/inactive").json()["practitioners"]
    assert all(row["active"] for row in active)
    assert inactive
    assert not any(row["active"] for row in inactive)
    assert cliniko.rows("practitioners", q=("active:=false",)) == inactive
    assert cliniko.get(f"/practitioners/{inactive[0]['id']}").status == 200


NESTED = [
    ("patients", "invoices", "patient"),
    ("patients", "treatment_notes", "patient"),
    ("patients", "medical_alerts", "patient"),
    ("patients", "patient_attachments", "patient"),
    ("practitioners", "invoices", "practitioner"),
    ("businesses", "daily_availabilities", "business"),
]


@pytest.mark.parametrize(("parent", "name", "link"), NESTED)
def test_a_list_under_its_parent_shows_only_its_own(cliniko, parent, name, link):
    rows = cliniko.rows(name)
    path = urlsplit(rows[0][link]["links"]["self"]).path.removeprefix("/v1")
    nested = cliniko.get(f"{path}/{name}", per_page=100).json()
    assert nested["total_entries"] == sum(row[link] == rows[0][link] for row in rows)
    assert all(row[link] == rows[0][link] for row in nested[name])
    assert path.startswith(f"/{parent}/")


@pytest.mark.parametrize(
    "path",
    [
        "/unknown",
        "/patients/1",
        "/patients/x",
        "/patients/1/invoices",
        "/referral_sources/1",
        "/services/1",
        "/patients/deleted",
        "/",
    ],
)
def test_what_is_not_there_is_not_found(cliniko, path):
    answer = cliniko.get(path)
    assert (answer.status, answer.json()) == (404, {"status": "404", "error": "Not Found"})


def test_a_fault_in_the_question_is_answered_with_its_reason(cliniko):
    answer = cliniko.get("/recalls", q=("recall_at:>=2026-01-01",))
    assert (answer.status, answer.json()) == (400, {"message": "recall_at is not filterable"})


def test_writing_is_refused_with_the_way_to_do_it(cliniko):
    answer = cliniko.get("/patients", method="POST")
    assert answer.status == 405
    assert "sandbox edit" in answer.json()["message"]


def test_public_settings_leave_out_what_few_may_see(cliniko):
    full, public = cliniko.get("/settings").json(), cliniko.get("/settings/public").json()
    assert "email_from" in full["account"]
    assert "email_from" not in public["account"]
    assert public["patient_custom_fields_definition"] == full["patient_custom_fields_definition"]


def test_a_referral_source_is_found_under_its_patient(cliniko):
    row = cliniko.rows("referral_sources")[0]
    path = urlsplit(row["links"]["self"]).path.removeprefix("/v1")
    assert path.startswith("/patients/")
    assert cliniko.get(path).status == 200


def test_bookings_are_the_union_of_three_lists(demo, cliniko):
    streams = demo.dump()["cliniko"]["streams"]
    parts = ("individual_appointments", "group_appointments", "unavailable_blocks")
    rows = cliniko.rows("bookings", q=LIFT)
    assert len(rows) == sum(len(streams[part]) for part in parts)
    assert all("/bookings/" in row["links"]["self"] for row in rows)


# -- the rate limit


def test_the_limit_is_per_user_and_says_when_it_ends(caller):
    with running(patients=5, cliniko_per_minute=5) as sandbox:
        owner = caller(sandbox.cliniko)
        assert [owner.get("/user").status for _ in range(5)] == [200] * 5
        refused = caller(sandbox.cliniko, "sandbox-key").get("/user")
        assert refused.status == 429
        reset = int(refused.headers["x-ratelimit-reset"])
        assert time.time() < reset <= time.time() + 61
        assert caller(sandbox.cliniko, "sandbox-practitioner-au1").get("/user").status == 200
        sandbox.limits(cliniko_per_minute=6)
        assert owner.get("/user").status == 200


def test_answers_carry_the_clock_of_the_server(cliniko):
    stamp = parsedate_to_datetime(cliniko.get("/user").headers["date"])
    assert abs(stamp.timestamp() - time.time()) < 5


# -- attachments


def _attachment(cliniko, fits):
    rows = cliniko.rows("patient_attachments", q=("archived_at:*",))
    return next(row for row in rows if fits(row))


def test_content_comes_from_storage_by_a_signed_link(demo, cliniko, get):
    row = _attachment(cliniko, lambda row: row["content"] and 0 < row["size"] < 100_000)
    path = urlsplit(row["content"]["links"]["self"]).path.removeprefix("/v1")
    sent = cliniko.get(path)
    assert sent.status == 303
    location = sent.headers["location"]
    assert location.startswith(demo.storage)
    content = get(location)
    assert content.status == 200
    assert len(content.body) == row["size"]
    known = demo.dump()["cliniko"]["attachments"][row["id"]]
    assert known == {"sha256": hashlib.sha256(content.body).hexdigest(), "size": row["size"]}


def test_storage_refuses_a_second_way_to_authenticate(cliniko, get):
    row = _attachment(cliniko, lambda row: row["content"])
    location = cliniko.get(f"/patient_attachments/{row['id']}/content").headers["location"]
    assert get(location, {"Authorization": "Basic c2VjcmV0"}).status == 400
    assert get(location.replace("Signature=", "Signature=0")).status == 403
    assert get(location.partition("?")[0]).status == 403


def test_a_link_expires(caller, get):
    with running(patients=15) as sandbox:
        sandbox.limits(link_seconds=1)
        cliniko = caller(sandbox.cliniko)
        row = _attachment(cliniko, lambda row: row["content"] and row["size"] < 100_000)
        location = cliniko.get(f"/patient_attachments/{row['id']}/content").headers["location"]
        time.sleep(2.1)
        assert get(location).status == 403


@pytest.mark.parametrize("hidden", [True, False])
def test_content_that_is_archived_or_not_yet_processed_is_not_there(cliniko, hidden):
    row = _attachment(
        cliniko,
        lambda row: (
            bool(row["archived_at"]) == hidden and (hidden or not row["processing_completed"])
        ),
    )
    assert row["content"] is None
    assert cliniko.get(f"/patient_attachments/{row['id']}/content").status == 404


def test_the_huge_file_has_its_full_length(cliniko, get):
    row = _attachment(cliniko, lambda row: row["size"] > 50_000_000)
    location = cliniko.get(f"/patient_attachments/{row['id']}/content").headers["location"]
    assert int(get(location).headers["content-length"]) == row["size"]
