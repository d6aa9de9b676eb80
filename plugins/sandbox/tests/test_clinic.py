"""The synthetic clinic: repeatable, sound, and holding every case a migration must survive."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from sandbox import clinic
from sandbox.cliniko.catalog import RESOURCES

NOW = datetime(2026, 3, 9, 4, 30, 17, tzinfo=UTC)
STAMP = "2026-03-09T04:30:17Z"
OUTSIDE = {"letters", "payments", "signatures"}


@pytest.fixture(scope="module")
def state():
    return clinic.build(now=NOW)


@pytest.fixture(scope="module")
def rows(state):
    return {name: list(state.rows(name)) for name in RESOURCES}


def test_the_same_seed_gives_the_same_clinic(state):
    assert clinic.build(now=NOW).dump() == state.dump()
    assert clinic.build(seed=2, now=NOW).dump()["streams"] != state.dump()["streams"]


def test_a_clinic_of_one_patient_stands():
    assert len(clinic.build(1, now=NOW).tables["patients"].rows) == 1


def test_totals_stay_modest(rows):
    assert len(rows["patients"]) == clinic.DEFAULT_PATIENTS
    pages = sum(-(-len(rows[name]) // 100) + 1 for name in RESOURCES)
    assert pages + len(rows["patient_attachments"]) < 200


def test_every_link_leads_to_a_record(state, rows):
    for name, resource in RESOURCES.items():
        if name == "bookings":
            continue
        for link, target in resource.one.items():
            if target in OUTSIDE:
                continue
            for row in rows[name]:
                if (key := row.get(f"{link}_id")) is not None:
                    state.row(target, key)


def test_no_stamp_is_before_creation_or_after_now(rows):
    for name, table in rows.items():
        for row in table:
            if name == "services":
                continue
            assert row["created_at"] <= row["updated_at"] <= STAMP
            for stamp in ("archived_at", "cancelled_at", "deleted_at", "merged_at", "closed_at"):
                assert row["created_at"] <= row.get(stamp, STAMP) <= STAMP


def test_invoices_add_up(rows):
    lines = Counter()
    for row in rows["invoice_items"]:
        lines[row["invoice_id"]] += Decimal(row["net_price"]) + Decimal(row["tax_amount"])
    for row in rows["invoices"]:
        assert abs(Decimal(row["total_amount"])) == lines[row["id"]]
        assert Decimal(row["net_amount"]) + Decimal(row["tax_amount"]) == Decimal(
            row["total_amount"]
        )
        assert (row["status"] in {20, 30}) == ("closed_at" in row)
        assert (row["status"] == 40) == (Decimal(row["total_amount"]) < 0)
    numbers = [row["number"] for row in rows["invoices"]]
    assert len(set(numbers)) == len(numbers)


def test_group_appointments_name_the_patients_on_their_list(rows):
    for group in rows["group_appointments"]:
        listed = [
            str(row["patient_id"])
            for row in rows["attendees"]
            if row["booking_id"] == group["id"] and "archived_at" not in row
        ]
        assert sorted(group["patient_ids"]) == sorted(listed)


def live(row):
    return not row.keys() & {"archived_at", "deleted_at", "cancelled_at"}


def names(row):
    return (row.get("first_name"), row.get("last_name"))


def note_questions(rows):
    for row in rows["treatment_notes"]:
        for section in (row.get("content") or {"sections": []})["sections"]:
            yield from section["questions"]


def answered(rows, section, name):
    for row in rows["patients"]:
        for part in (row.get("custom_fields") or {"sections": []})["sections"]:
            for field in part["fields"]:
                if (part["name"], field["name"]) == (section, name):
                    yield field


def form_questions(rows):
    for row in rows["patient_forms"]:
        for section in (row.get("content") or {"sections": []})["sections"]:
            yield from section["questions"]


CASES = {
    "forms with every type of question": lambda r: {q["type"] for q in form_questions(r)} == {
        "text", "paragraph", "date", "checkboxes", "radiobuttons", "signature",
        "full_name", "address", "phone", "pronouns", "select",
    },
    "forms done, edited, waiting, archived, restricted, empty": lambda r: all(
        any(fits(f) for f in r["patient_forms"])
        for fits in (
            lambda f: "completed_at" in f,
            lambda f: "edited_at" in f,
            lambda f: "completed_at" not in f,
            lambda f: "archived_at" in f,
            lambda f: f["restricted_to_practitioner"],
            lambda f: "content" not in f,
        )
    ),
    "recalls open, done and archived": lambda r: all(
        any(fits(c) for c in r["recalls"])
        for fits in (live, lambda c: "recalled_at" in c, lambda c: "archived_at" in c)
    ),
    "cases open, closed, archived, without a name": lambda r: all(
        any(fits(c) for c in r["patient_cases"])
        for fits in (
            lambda c: "closed_at" not in c,
            lambda c: "closed_at" in c,
            lambda c: "archived_at" in c,
            lambda c: c["name"] == "",
        )
    ),
    "a hidden row in every list that hides": lambda r: all(
        any(row.keys() & set(resource.hides) for row in r[name])
        for name, resource in RESOURCES.items()
        if resource.hides
    ),
    "a user of every role": lambda r: len({u["role"] for u in r["users"]}) == 6,
    "families on one e-mail": lambda r: (
        max(Counter(p["email"].lower() for p in r["patients"] if "email" in p).values()) >= 3
    ),
    "two people of one name": lambda r: any(
        count > 1 for name, count in Counter(map(names, r["patients"])).items() if all(name)
    ),
    "names beyond ASCII": lambda r: (
        sum(not "".join(names(p)).isascii() for p in r["patients"]) >= 5
    ),
    "no first name": lambda r: any(names(p)[0] == "" and names(p)[1] for p in r["patients"]),
    "no last name": lambda r: any(names(p)[1] == "" and names(p)[0] for p in r["patients"]),
    "no name at all": lambda r: any(names(p) == ("", "") for p in r["patients"]),
    "spaces to trim": lambda r: any(
        p["first_name"] != p["first_name"].strip() for p in r["patients"]
    ),
    "archived patients": lambda r: any(
        "archived_at" in p and "merged_at" not in p for p in r["patients"]
    ),
    "several countries": lambda r: len({p.get("country_code") for p in r["patients"]}) >= 3,
    "phones of every type": lambda r: {
        "Mobile", "Home", "Work", "Fax", "Other"
    } <= {n["phone_type"] for p in r["patients"] for n in p["patient_phone_numbers"]},
    "one number twice": lambda r: any(
        count > 1
        for p in r["patients"]
        for count in Counter(
            n.get("normalized_number") for n in p["patient_phone_numbers"]
        ).values()
    ),
    "numbers nobody can dial": lambda r: any(
        "normalized_number" not in n for p in r["patients"] for n in p["patient_phone_numbers"]
    ),
    "text too long for a varchar": lambda r: any(
        len(p.get("occupation", "")) > 255 for p in r["patients"]
    ),
    "long referral notes": lambda r: any(
        len(s.get("notes", "")) > 255 for s in r["referral_sources"]
    ),
    "inactive practitioner": lambda r: any(not p["active"] for p in r["practitioners"]),
    "two zones": lambda r: (
        len({b["time_zone_identifier"] for b in r["businesses"] if live(b)}) == 2
    ),
    "archived types in use": lambda r: (
        {t["id"] for t in r["appointment_types"] if not live(t)}
        & {a["appointment_type_id"] for a in r["individual_appointments"]}
    ),
    "cancelled with reason and note": lambda r: any(
        a.get("cancelled_at") and a.get("cancellation_note") for a in r["individual_appointments"]
    ),
    "did not arrive": lambda r: any(a.get("did_not_arrive") for a in r["individual_appointments"]),
    "arrived": lambda r: any(a.get("patient_arrived") for a in r["individual_appointments"]),
    "future": lambda r: any(
        a["starts_at"] > STAMP and live(a) for a in r["individual_appointments"]
    ),
    "future and cancelled": lambda r: any(
        a["starts_at"] > STAMP and "cancelled_at" in a for a in r["individual_appointments"]
    ),
    "archived by the older stamp only": lambda r: any(
        "deleted_at" in a and "archived_at" not in a for a in r["individual_appointments"]
    ),
    "repeated": lambda r: any("repeated_from_id" in a for a in r["individual_appointments"]),
    "a group with nobody left": lambda r: any(
        live(g) and not any(live(a) for a in r["attendees"] if a["booking_id"] == g["id"])
        for g in r["group_appointments"]
    ),
    "group attendees of every fate": lambda r: all(
        any(
            fits(a)
            for a in r["attendees"]
            if a["booking_id"] in {g["id"] for g in r["group_appointments"]}
        )
        for fits in (
            lambda a: "cancelled_at" in a,
            lambda a: "archived_at" in a,
            lambda a: a.get("arrived") is False,
            lambda a: a.get("arrived") is True,
        )
    ),
    "every type of question": lambda r: {q["type"] for q in note_questions(r)} == {
        "text", "paragraph", "date", "checkboxes", "radiobuttons", "bodycharts"
    },
    "other answers": lambda r: any(q.get("other", {}).get("value") for q in note_questions(r)),
    "unanswered questions": lambda r: any(
        q["type"] == "text" and "answer" not in q for q in note_questions(r)
    ),
    "text that needs escaping": lambda r: any("<" in q["name"] for q in note_questions(r)),
    "a draft": lambda r: any(n["draft"] for n in r["treatment_notes"]),
    "archived notes": lambda r: any("archived_at" in n for n in r["treatment_notes"]),
    "a note without content": lambda r: any("content" not in n for n in r["treatment_notes"]),
    "a note over 100 kB": lambda r: any(
        len(q.get("answer", "")) > 100_000 for q in note_questions(r)
    ),
    "invoices of every status": lambda r: {i["status"] for i in r["invoices"]} == {10, 20, 30, 40},
    "removed invoices": lambda r: any("archived_at" in i for i in r["invoices"])
    and any("deleted_at" in i and "archived_at" not in i for i in r["invoices"]),
    "two invoices of one day": lambda r: any(
        count > 1
        for count in Counter((i["patient_id"], i["issue_date"]) for i in r["invoices"]).values()
    ),
    "patients without invoices": lambda r: (
        {p["id"] for p in r["patients"]} - {i["patient_id"] for i in r["invoices"]}
    ),
    "patients with nothing open": lambda r: any(
        all(i["status"] in {20, 30} for i in r["invoices"] if i["patient_id"] == p["id"])
        for p in r["patients"]
        if any(i["patient_id"] == p["id"] for i in r["invoices"])
    ),
    "communications of every type": lambda r: {c["type_code"] for c in r["communications"]} == {
        1, 2, 3, 4
    },
    "cells a spreadsheet would run": lambda r: {"=", "+", "-", "@"} <= {
        c["content"][:1] for c in r["communications"]
    },
    "confidential memos": lambda r: any(c.get("confidential") for c in r["communications"]),
    "mail of the account": lambda r: any("patient_id" not in c for c in r["communications"]),
    "archived communications": lambda r: any("archived_at" in c for c in r["communications"]),
    "archived alerts": lambda r: any("archived_at" in a for a in r["medical_alerts"]),
    "referrals by contact, patient and subcategory": lambda r: (
        {s.get("referrer_type") for s in r["referral_sources"] if "referrer_id" in s}
        == {"Contact", "Patient"}
        and any("subcategory" in s for s in r["referral_sources"])
    ),
    "archived referrals": lambda r: any("archived_at" in s for s in r["referral_sources"]),
    "two referrals of one patient": lambda r: (
        max(Counter(s["patient_id"] for s in r["referral_sources"]).values()) > 1
    ),
    "insurer typed beside other": lambda r: any(
        f.get("other", {}).get("selected") for f in answered(r, "Insurance coverage", "Provider")
    ),
    "archived option in use": lambda r: any(
        o["archived"] and o.get("selected")
        for f in answered(r, "Insurance coverage", "Provider")
        for o in f["options"]
    ),
    "archived field with a value": lambda r: any(
        "value" in f for f in answered(r, "About you", "Old file number")
    ),
    "attachment names that break paths": lambda r: {"/", "\\", "\n", "."} <= {
        mark
        for a in r["patient_attachments"]
        for mark in "/\\\n."
        if mark in a["filename"] and (mark != "." or a["filename"].startswith("."))
    },
    "an empty file": lambda r: any(a["size"] == 0 for a in r["patient_attachments"]),
    "a file too large": lambda r: any(a["size"] > 50_000_000 for a in r["patient_attachments"]),
    "a file still being processed": lambda r: any(
        not a["processing_completed"] for a in r["patient_attachments"]
    ),
    "an archived file": lambda r: any("archived_at" in a for a in r["patient_attachments"]),
    "discounts of both kinds": lambda r: {
        j["is_monetary_discount"]
        for j in r["appointment_type_billable_items"]
        if "is_monetary_discount" in j
    }
    == {True, False},
    "archived items in a type": lambda r: (
        {i["id"] for i in r["billable_items"] if not live(i)}
        & {j["billable_item_id"] for j in r["appointment_type_billable_items"]}
    ),
    "archived products": lambda r: any(not live(p) for p in r["products"]),
    "ids of both lengths": lambda r: {8, 19} <= {len(str(p["id"])) for p in r["patients"]},
    "one id in two lists": lambda r: (
        {p["id"] for p in r["patients"]} & {c["id"] for c in r["contacts"]}
    ),
    "empty text and null mixed": lambda r: (
        any(p.get("occupation") == "" for p in r["patients"])
        and any(p.get("notes", None) is None for p in r["patients"])
        and any(p.get("notes", None) == "" for p in r["patients"])
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_case_is_held(rows, case):
    assert CASES[case](rows)


@pytest.mark.parametrize("seed", [7, 8])
def test_every_case_is_held_whatever_the_seed(seed):
    other = clinic.build(seed=seed, now=NOW)
    table = {name: list(other.rows(name)) for name in RESOURCES}
    assert [case for case, holds in CASES.items() if not holds(table)] == []


def test_merged_patients_form_a_chain_and_their_records_moved_on(state, rows):
    losers = {
        row["id"]: row["merged_with_patient_id"] for row in rows["patients"] if "merged_at" in row
    }
    assert any(survivor in losers for survivor in losers.values())
    for name in ("individual_appointments", "invoices", "attendees", "treatment_notes"):
        assert not any(row["patient_id"] in losers for row in rows[name])
    moved = [row for row in rows["individual_appointments"] if row["patient_id"] in losers.values()]
    merged_at = min(state.row("patients", loser)["merged_at"] for loser in losers)
    assert any(row["updated_at"] < merged_at for row in moved)


def test_contents_are_made_on_the_fly_and_two_are_alike(state):
    digests = Counter(content.sha256() for content in state.contents.values())
    assert max(digests.values()) == 2
    for content in state.contents.values():
        if content.size < 100_000:
            assert sum(map(len, content.blocks())) == content.size


def test_users_of_pipedrive_match_all_but_one_practitioner(rows, state):
    users = clinic.pipedrive_users(state)
    known = {user["email"].lower() for user in users}
    assert not {user["email"] for user in users} & {row["email"] for row in rows["users"]}
    by_id = {row["id"]: row for row in rows["users"]}
    missing = [
        row for row in rows["practitioners"] if by_id[row["user_id"]]["email"].lower() not in known
    ]
    assert len(missing) == 1
    assert missing[0]["active"]
    assert [user["active_flag"] for user in users].count(False) == 1


def test_numbers_of_invoices_rise_in_a_row(rows):
    numbers = sorted(row["number"] for row in rows["invoices"])
    assert all(after - before <= 2 for before, after in pairwise(numbers))


def test_everything_is_json(state):
    assert json.loads(json.dumps(state.dump())) == state.dump()


@pytest.mark.slow
def test_twenty_thousand_patients_take_less_than_a_minute():
    started = time.process_time()
    assert len(clinic.build(20_000, now=NOW).tables["patients"].rows) == 20_000
    assert time.process_time() - started < 60
