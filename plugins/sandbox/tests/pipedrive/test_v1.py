"""Notes, files, activity types and the merge of persons."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.pipedrive.html import rewrite
from sandbox.pipedrive.state import REGULAR_TOKEN

HTML = [
    ("<p>a</p>", "<p>a</p>"),
    ("plain", "plain"),
    ('it\'s "so"', "it&#39;s &quot;so&quot;"),
    ("<b>x</b><i>y</i>", "<strong>x</strong><em>y</em>"),
    ("a<br>b<br/>c", "a<br />b<br />c"),
    ("<p>a</p>\n  <p>b</p>", "<p>a</p><p>b</p>"),
    ("<p class='x' onclick='y()'>a</p>", "<p>a</p>"),
    ("a<script>alert(1)</script>b", "ab"),
    ("<table><tr><td>x</td></tr></table>", "x"),
    ("<h2>T</h2><h5>U</h5>", "<h2>T</h2>U"),
    ("5 < 6 & 7", "5 &lt; 6 &amp; 7"),
    (
        '<a href="https://x.example/?a>b">l</a>',
        '<a href="https://x.example/?a&gt;b" rel="noopener noreferrer">l</a>',
    ),
    ('<a href="javascript:x">l</a>', '<a rel="noopener noreferrer">l</a>'),
]


@pytest.mark.parametrize(("sent", "kept"), HTML)
def test_html_is_rewritten(api, sent, kept):
    assert rewrite(sent) == kept
    note = api("POST", "/v1/notes", {"content": sent, "person_id": api.person()}).data
    assert note["content"] == kept
    assert api("POST", "/v2/activities", {"note": sent}).data["note"] == kept


@given(st.text())
def test_rewritten_html_is_left_alone_the_next_time(content):
    once = rewrite(content)
    assert rewrite(once) == once


NOTES = [
    ({}, 400),
    ({"content": ""}, 400),
    ({"content": None}, 400),
    ({"content": "x" * 100_000}, 200),
    ({"content": "x" * 100_001}, 400),
    ({"content": "x", "person_id": None}, 400),
    ({"content": "x", "person_id": 1}, 404),
    ({"content": "x", "deal_id": 1}, 404),
    ({"content": "x", "lead_id": "adf21080-0e10-11eb-879b-05d71fb426ec"}, 404),
    ({"content": "x", "add_time": "2020-01-02 03:04:05"}, 200),
    ({"content": "x", "add_time": "2020-01-02T03:04:05Z"}, 400),
    ({"content": "x", "user_id": 1}, 404),
    ({"content": "x", "pinned_to_person_flag": 1}, 200),
    ({"content": "x", "pinned_to_person_flag": True}, 400),
    ({"content": "x", "pinned_to_deal_flag": 1}, 400),
    ({"content": "x", "unknown": 1}, 200),
]


@pytest.mark.parametrize(("body", "status"), NOTES)
def test_note_bodies(api, body, status):
    answer = api("POST", "/v1/notes", {"person_id": api.person()} | body)
    assert answer.status == status
    assert len(api.state.tables["notes"]) == (status == 200)
    if "add_time" in body and status == 200:
        assert answer.data["add_time"] == "2020-01-02 03:04:05"


def test_a_note_needs_a_parent(api):
    answer = api("POST", "/v1/notes", {"content": "x"})
    assert (answer.status, "person_id" in answer.error) == (400, True)


def test_only_an_admin_writes_for_others(api):
    admin, regular = list(api.state.users)[:2]
    body = {"content": "x", "person_id": api.person(), "user_id": regular}
    assert api("POST", "/v1/notes", body).data["user"]["name"] == "Bo Practitioner"
    api.token = REGULAR_TOKEN
    assert api("POST", "/v1/notes", body).status == 200
    assert api("POST", "/v1/notes", body | {"user_id": admin}).status == 403


def test_the_life_of_a_note(api):
    person = api.person()
    note = api("POST", "/v1/notes", {"content": "x", "person_id": str(person)}).data
    assert (note["person_id"], note["person"]) == (person, {"name": "Ann Other"})
    path = f"/v1/notes/{note['id']}"
    assert api("PUT", path, {"content": "y"}).data["content"] == "y"
    assert api("PUT", path, {"person_id": None}).status == 400
    assert api("GET", "/v1/notes", person_id=person).data[0]["content"] == "y"
    assert api("DELETE", path).json == {"success": True, "data": True}
    assert api("GET", path).data["active_flag"] is False
    assert api("GET", "/v1/notes", person_id=person).data is None
    assert (api("PUT", path, {"content": "z"}).status, api("DELETE", path).status) == (404, 404)


def test_notes_are_paged_by_start_and_limit(api):
    person = api.person()
    for index in range(5):
        api("POST", "/v1/notes", {"content": f"n{index}", "person_id": person})
    first = api("GET", "/v1/notes", limit=3, sort="id DESC")
    assert [row["content"] for row in first.data] == ["n4", "n3", "n2"]
    pagination = first.json["additional_data"]["pagination"]
    assert pagination == {
        "start": 0,
        "limit": 3,
        "more_items_in_collection": True,
        "next_start": 3,
    }
    last = api("GET", "/v1/notes", limit=3, start=3, sort="id DESC")
    assert [row["content"] for row in last.data] == ["n1", "n0"]
    assert "next_start" not in last.json["additional_data"]["pagination"]
    assert api("GET", "/v1/notes", start=5).data is None


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": 501}, 400),
        ({"sort": "colour"}, 400),
        ({"sort": "add_time DESC, id ASC"}, 200),
        ({"updated_since": "2025-01-01T00:00:00Z"}, 200),
        ({"updated_since": "2025-01-01T00:00:00.1Z"}, 400),
        ({"start_date": "2025-01-01", "end_date": "2999-01-01"}, 200),
        ({"start_date": "yesterday"}, 400),
        ({"colour": "red"}, 200),
    ],
)
def test_note_list_parameters(api, query, status):
    api("POST", "/v1/notes", {"content": "x", "person_id": api.person()})
    answer = api("GET", "/v1/notes", **query)
    assert answer.status == status
    if status == 200:
        assert len(answer.data) == 1


def test_notes_are_listed_by_time_of_change(api):
    api("POST", "/v1/notes", {"content": "x", "person_id": api.person()})
    assert api("GET", "/v1/notes", updated_since="2999-01-01T00:00:00Z").data is None
    assert api("GET", "/v1/notes", end_date="2001-01-01").data is None


def test_a_file_arrives_whole(api):
    person, content = api.person(), bytes(range(256)) * 10
    file = api.upload("plan é.pdf", content, person_id=person).data
    assert (file["name"], file["file_size"], file["person_id"]) == ("plan é.pdf", 2560, person)
    assert file["file_name"] != file["name"]
    assert file["file_name"].endswith(".pdf")
    assert api.raw("GET", f"/api/v1/files/{file['id']}/download").raw == content
    (dumped,) = api.state.dump()["files"]
    assert dumped["sha256"] == hashlib.sha256(content).hexdigest()


def test_of_large_files_only_the_digest_is_kept(api):
    content = b"0123456789" * 200_000
    file = api.upload("big.bin", content, person_id=api.person()).data
    assert api.state.dump()["files"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert api.state.contents == {}
    assert api("GET", f"/v1/files/{file['id']}/download").status == 501


@pytest.mark.parametrize(
    ("options", "name", "content", "status"),
    [
        ({}, "a.txt", b"", 200),
        ({"refuse_empty_files": True}, "a.txt", b"", 400),
        ({"max_file_mb": 0.001}, "a.txt", b"x" * 1000, 200),
        ({"max_file_mb": 0.001}, "a.txt", b"x" * 1001, 413),
        ({}, "a" * 251 + ".txt", b"x", 200),
        ({}, "a" * 252 + ".txt", b"x", 400),
    ],
)
def test_uploads_at_the_limits(connect, options, name, content, status):
    api = connect(**options)
    assert api.upload(name, content, person_id=api.person()).status == status


def test_a_file_needs_a_standing_parent(api):
    person = api.person()
    api("DELETE", f"/v2/persons/{person}")
    assert api.upload("a.txt", b"x").status == 400
    assert api.upload("a.txt", b"x", person_id=1).status == 404
    assert api.upload("a.txt", b"x", person_id=person).status == 404
    assert api("POST", "/v1/files", {"person_id": api.person()}).status == 400
    assert len(api.state.tables["files"]) == 0


def test_files_are_listed_renamed_and_deleted(api):
    person = api.person()
    ids = [api.upload(f"{index}.txt", b"x", person_id=person).data["id"] for index in range(3)]
    other = api.upload("other.txt", b"x", person_id=api.person()).data["id"]
    of_person = api("GET", f"/v1/persons/{person}/files", limit=2)
    assert [row["id"] for row in of_person.data] == ids[:2]
    assert of_person.json["additional_data"]["more_items_in_collection"] is True
    assert [row["id"] for row in api("GET", "/v1/files").data] == [*ids, other]
    assert api("GET", "/v1/files", limit=101).status == 400
    form = {"content-type": "application/x-www-form-urlencoded"}
    renamed = api.raw("PUT", f"/api/v1/files/{ids[0]}", b"name=new.txt", form).data
    assert renamed["name"] == "new.txt"
    assert api("DELETE", f"/v1/files/{ids[0]}").data == {"id": ids[0]}
    assert api("DELETE", f"/v1/files/{ids[0]}").status == 404
    assert [row["id"] for row in api("GET", f"/v1/persons/{person}/files").data] == ids[1:]
    assert api.state.dump()["files"][0]["active_flag"] is False


TYPES = [
    ({"name": "Initial consult", "icon_key": "meeting"}, "initial_consult"),
    ({"name": "Ostéo – long", "icon_key": "cogs", "color": "aeb31b"}, "osteo_long"),
    ({"name": "初診", "icon_key": "bell"}, "activity_type"),
    ({"name": "Call", "icon_key": "call"}, "call_2"),
    ({"icon_key": "call"}, None),
    ({"name": "x"}, None),
    ({"name": "x", "icon_key": "rocket"}, None),
    ({"name": "x", "icon_key": "call", "color": "#aeb31b"}, None),
]


@pytest.mark.parametrize(("body", "key"), TYPES)
def test_activity_types_get_their_key_from_the_name(api, body, key):
    answer = api("POST", "/v1/activityTypes", body)
    if key is None:
        assert answer.status == 400
        return
    assert answer.data["key_string"] == key
    assert answer.data["is_custom_flag"] is True
    assert api("POST", "/v2/activities", {"type": key}).data["subject"] == body["name"]


def test_the_life_of_an_activity_type(api):
    body = {"name": "Massage", "icon_key": "meeting"}
    made = api("POST", "/v1/activityTypes", body).data
    path = f"/v1/activityTypes/{made['id']}"
    renamed = api("PUT", path, {"name": "Remedial massage", "order_nr": 1}).data
    assert (renamed["key_string"], renamed["order_nr"]) == ("massage", 1)
    assert api("DELETE", path).data["active_flag"] is False
    assert api("DELETE", path).status == 404
    assert api("POST", "/v2/activities", {"type": "massage"}).status == 400
    assert api("POST", "/v1/activityTypes", body).data["key_string"] == "massage_2"
    listed = {row["key_string"]: row["active_flag"] for row in api("GET", "/v1/activityTypes").data}
    assert (listed["massage"], listed["massage_2"], listed["call"]) == (False, True, True)


def test_a_dump_is_a_copy_that_later_writes_leave_alone(api):
    person, body = api.person(phones=[{"value": "1"}]), {"name": "Massage", "icon_key": "meeting"}
    kind = api("POST", "/v1/activityTypes", body).data["id"]
    note = api("POST", "/v1/notes", {"content": "x", "person_id": person}).data["id"]
    before = api.state.dump()
    as_text = json.dumps(before)
    api("PUT", f"/v1/activityTypes/{kind}", {"name": "Other"})
    api("PATCH", f"/v2/persons/{person}", {"phones": [], "name": "Other"})
    api("PUT", f"/v1/notes/{note}", {"content": "y"})
    assert json.dumps(before) == as_text != json.dumps(api.state.dump())


def test_merging_keeps_one_person_and_moves_what_hangs_on_the_other(api):
    code, other = api.field("person", "varchar"), api.field("person", "varchar")
    shared = [{"value": "A@x.example"}]
    loser = api.person(
        "Loser Person",
        emails=[{"value": "a@X.example"}, {"value": "b@x.example"}],
        phones=[{"value": "1", "label": "mobile"}],
        custom_fields={code: "loser", other: "filled"},
    )
    kept = api.person("Kept Person", emails=shared, custom_fields={code: "kept"})
    people = [{"person_id": loser, "primary": True}, {"person_id": kept}]
    activity = api("POST", "/v2/activities", {"participants": people}).data["id"]
    note = api("POST", "/v1/notes", {"content": "x", "person_id": loser}).data["id"]
    file = api.upload("a.txt", b"x", person_id=loser).data["id"]
    deal = api("POST", "/v2/deals", {"title": "x", "person_id": loser}).data["id"]

    merged = api("PUT", f"/v1/persons/{loser}/merge", {"merge_with_id": kept}).data

    assert (merged["id"], merged["merge_what_id"], merged["name"]) == (kept, loser, "Kept Person")
    person = api("GET", f"/v2/persons/{kept}").data
    assert [email["value"] for email in person["emails"]] == ["A@x.example", "b@x.example"]
    assert [email["primary"] for email in person["emails"]] == [True, False]
    assert person["phones"] == [{"value": "1", "label": "mobile", "primary": True}]
    assert (person["custom_fields"][code], person["custom_fields"][other]) == ("kept", "filled")
    moved = api("GET", f"/v2/activities/{activity}").data
    assert moved["participants"] == [{"person_id": kept, "primary": True}]
    assert moved["person_id"] == kept
    assert api("GET", f"/v1/notes/{note}").data["person_id"] == kept
    assert api("GET", f"/v1/files/{file}").data["person_id"] == kept
    assert api("GET", f"/v2/deals/{deal}").data["person_id"] == kept
    assert [row["id"] for row in api("GET", f"/v1/persons/{kept}/files").data] == [file]
    assert api("GET", f"/v2/persons/{loser}").status == 404
    dumped = {row["id"]: row for row in api.state.dump()["persons"]}
    assert dumped[loser]["merged_into"] == kept
    assert "merged_into" not in dumped[kept]


def test_merging_needs_two_standing_persons(api):
    person = api.person()
    assert api("PUT", f"/v1/persons/{person}/merge", {"merge_with_id": person}).status == 400
    assert api("PUT", f"/v1/persons/{person}/merge", {}).status == 400
    assert api("PUT", f"/v1/persons/{person}/merge", {"merge_with_id": 1}).status == 404
    assert api("PUT", "/v1/persons/1/merge", {"merge_with_id": person}).status == 404


def test_a_note_can_be_given_to_somebody_and_back(api):
    me, other, *_ = (row["id"] for row in api("GET", "/v1/users").data if row["active_flag"])
    note = api("POST", "/v1/notes", {"content": "x", "person_id": api.person()}).data
    path = f"/v1/notes/{note['id']}"
    for author in (other, me):
        assert api("PUT", path, {"user_id": author}).data["user_id"] == author
        assert api("GET", path).data["user_id"] == author
