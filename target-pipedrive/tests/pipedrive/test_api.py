from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from target_pipedrive.desired import File
from target_pipedrive.errors import Refused, Rejected, SettingsError, UnknownOutcome
from target_pipedrive.pipedrive import OPERATIONS
from target_pipedrive.pipedrive.files import Multipart

from .faulty import DROP_AFTER, HTML, Reply, error, ok

pytestmark = pytest.mark.anyio

SINCE = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


async def _all(pages):
    return [row["id"] async for page in pages for row in page]


def _file(content, **values):
    return File(
        **{
            "name": 'a "b".pdf',
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            **values,
        }
    )


async def test_the_account(server, pipedrive):
    server.script.append(
        ok(
            {
                "id": 3,
                "email": "Boss@Acme.example",
                "company_id": 9,
                "company_name": "Acme",
                "company_domain": "acme",
                "default_currency": "AUD",
                "timezone_name": "Australia/Sydney",
                "access": [{"app": "sales", "admin": True}],
            }
        )
    )
    account = await pipedrive.account()
    assert (account.company_id, account.user_email) == (9, "boss@acme.example")
    assert (account.currency, account.timezone) == ("AUD", "Australia/Sydney")
    assert account.is_admin


async def test_an_address_that_is_not_pipedrives_is_a_setting_to_mend(server, pipedrive):
    server.script.append(Reply(404, HTML))
    with pytest.raises(SettingsError, match="api_url"):
        await pipedrive.account()


async def test_users_are_active_unless_deactivated_or_deleted(server, pipedrive):
    rows = [
        {"id": 1, "name": "A", "email": "A@x.example ", "active_flag": True},
        {"id": 2, "name": "B", "email": "b@x.example", "active_flag": False},
        {"id": 3, "name": "C", "email": "c@x.example", "active_flag": True, "is_deleted": True},
    ]
    server.script.append(ok(rows))
    users = await pipedrive.users()
    assert [(user.email, user.active) for user in users] == [
        ("a@x.example", True),
        ("b@x.example", False),
        ("c@x.example", False),
    ]


async def test_create_and_update_speak_each_objects_own_way(server, pipedrive):
    server.app = lambda request: ok({"id": 7, "seen": request.path})
    assert (await pipedrive.create("note", {"content": "x"}))["seen"] == "/api/v1/notes"
    await pipedrive.update("note", 7, {"content": "y"})
    await pipedrive.update("person", 7, {"name": "y"})
    await pipedrive.update("file", 7, {"name": "a b"})
    assert [(request.method, request.path) for request in server.requests[1:]] == [
        ("PUT", "/api/v1/notes/7"),
        ("PATCH", "/api/v2/persons/7"),
        ("PUT", "/api/v1/files/7"),
    ]
    assert server.requests[-1].body == b"name=a+b"


async def test_a_create_answered_without_an_id_has_an_unknown_outcome(server, pipedrive):
    server.script.append(ok(None))
    with pytest.raises(UnknownOutcome):
        await pipedrive.create("person", {"name": "x"})


@pytest.mark.parametrize(
    ("reply", "there"), [(ok({"id": 1}), True), (error(404, "x"), False), (error(410, "x"), False)]
)
async def test_delete_counts_what_is_gone_as_done(server, pipedrive, reply, there):
    server.script.append(reply)
    assert await pipedrive.delete("person", 1) is there


async def test_delete_tells_of_other_refusals(server, pipedrive):
    server.script.append(error(400, "x"))
    with pytest.raises(Refused):
        await pipedrive.delete("person", 1)


@pytest.mark.parametrize(
    "reply",
    [
        error(404, "x"),
        error(410, "x"),
        ok({"id": 1, "is_deleted": True}),
        ok({"id": 1, "active_flag": False}),
    ],
)
async def test_get_finds_nothing_where_the_object_is_gone(server, pipedrive, reply):
    server.script.append(reply)
    assert await pipedrive.get("note", 1) is None


async def test_v2_lists_walk_the_cursor_and_leave_deleted_rows_out(server, pipedrive):
    server.script.extend(
        [
            ok([{"id": 9}, {"id": 8, "is_deleted": True}], additional_data={"next_cursor": "c"}),
            ok([{"id": 7}], additional_data={"next_cursor": None}),
        ]
    )
    pages = pipedrive.rows(
        "person", updated_since=SINCE, newest_first=True, custom_fields=["k1", "k2"]
    )
    assert await _all(pages) == [9, 7]
    first, second = (request.query for request in server.requests)
    assert first == {
        "limit": "500",
        "sort_by": "id",
        "sort_direction": "desc",
        "updated_since": "2026-01-02T03:04:05Z",
        "custom_fields": "k1,k2",
    }
    assert second == {**first, "cursor": "c"}


async def test_ids_are_asked_for_by_the_hundred(server, pipedrive):
    server.app = lambda request: ok([{"id": int(i)} for i in request.query["ids"].split(",")])
    assert await _all(pipedrive.rows("person", ids=range(1, 251))) == list(range(1, 251))
    assert len(server.requests) == 3


async def test_v1_lists_walk_start_and_take_null_for_nothing(server, pipedrive):
    more = {"more_items_in_collection": True}
    server.script.extend(
        [
            ok([{"id": 1}], additional_data={"pagination": {**more, "next_start": 500}}),
            ok([{"id": 2, "active_flag": False}], additional_data=more),
            ok(None),
        ]
    )
    assert await _all(pipedrive.rows("note", person_id=4)) == [1]
    assert [request.query["start"] for request in server.requests] == ["0", "500", "1000"]
    assert server.requests[0].query["person_id"] == "4"
    assert server.requests[0].query["sort"] == "id ASC"


async def test_an_account_without_updated_since_for_products_is_filtered_here(server, pipedrive):
    rows = [
        {"id": 1, "update_time": "2025-12-31T00:00:00Z"},
        {"id": 2, "update_time": "2026-01-02T03:04:05Z"},
    ]

    def answer(request):
        if "updated_since" in request.query:
            return error(400, "Validation failed: updated_since: unknown")
        return ok(rows)

    server.app = answer
    for _ in range(2):
        assert await _all(pipedrive.rows("product", updated_since=SINCE)) == [2]
    assert len(server.requests) == 3  # it is not tried again


async def test_a_merge_without_an_answer_has_an_unknown_outcome(server, pipedrive):
    server.script.append(Reply(fault=DROP_AFTER))
    with pytest.raises(UnknownOutcome):
        await pipedrive.merge_persons(5, 6)
    assert server.requests[0].path == "/api/v1/persons/5/merge"
    assert server.requests[0].json == {"merge_with_id": 6}


CONTENT = bytes(range(256)) * 4096  # 1 MiB: several chunks


@pytest.mark.parametrize("content", [CONTENT, b""], ids=["large", "empty"])
@pytest.mark.parametrize("spooled", [True, False], ids=["spooled", "at hand"])
async def test_an_upload_arrives_whole(server, pipedrive, tmp_path, content, spooled):
    path = tmp_path / "spool"
    path.write_bytes(content)
    place = {"uri": path.as_uri()} if spooled else {"data": content}
    server.script.append(ok({"id": 3, "file_size": len(content), "name": 'a "b".pdf'}))

    row = await pipedrive.upload(_file(content, **place), {"person_id": 5})

    assert row["id"] == 3
    (request,) = server.requests
    boundary = request.headers["content-type"].partition("boundary=")[2].encode()
    parent, file, end = request.body.split(b"--" + boundary)[1:]
    assert parent == b'\r\nContent-Disposition: form-data; name="person_id"\r\n\r\n5\r\n'
    assert file == (
        b'\r\nContent-Disposition: form-data; name="file"; filename="a %22b%22.pdf"\r\n'
        b"Content-Type: application/pdf\r\n\r\n" + content + b"\r\n"
    )
    assert end == b"--\r\n"


async def test_what_an_upload_does_not_take_is_written_afterwards(server, pipedrive):
    server.script += [
        ok({"id": 3, "file_size": 2, "name": 'a "b".pdf'}),
        ok({"id": 3, "description": "Left knee"}),
    ]
    row = await pipedrive.upload(
        _file(b"ab", data=b"ab"), {"person_id": 5, "description": "Left knee"}
    )
    assert row["description"] == "Left knee"
    upload, update = server.requests
    assert b"Left knee" not in upload.body
    assert (update.method, update.path) == ("PUT", "/api/v1/files/3")
    assert b"Left" in update.body


async def test_an_upload_is_sent_whole_again_after_too_many_requests(server, pipedrive):
    async def sleep(_):
        pipedrive.client.limits.clock = lambda: 1e12

    pipedrive.client.limits.sleep = sleep
    server.script.extend([Reply(429, {"success": False}), ok({"id": 3, "name": 'a "b".pdf'})])
    await pipedrive.upload(_file(b"abc", data=b"abc"), {"person_id": 5})
    first, second = server.requests
    assert first.body == second.body


@pytest.mark.parametrize(
    "place",
    [
        {"uri": "file:///nowhere/at/all"},
        {"uri": "nosuchprotocol://x"},
        {"data": b"ab"},
    ],
)
async def test_content_that_is_not_there_in_full_is_rejected_unsent(server, pipedrive, place):
    with pytest.raises(Rejected) as caught:
        await pipedrive.upload(_file(b"abc", **place), {"person_id": 5})
    assert caught.value.code == "file_missing"
    assert server.requests == []


@pytest.mark.parametrize("size", [2, 4])
async def test_content_that_changes_on_its_way_never_becomes_a_whole_request(
    server, client, tmp_path, size
):
    path = tmp_path / "spool"
    path.write_bytes(b"abc")
    body = Multipart(_file(b"x" * size, uri=path.as_uri()), {"person_id": "5"})
    with pytest.raises(Rejected, match="file_missing"):
        await client.call(OPERATIONS["file.create"], files=body)
    assert server.requests == []


async def test_a_file_that_pipedrive_cut_is_removed_and_rejected(server, pipedrive):
    server.script.extend([ok({"id": 3, "file_size": 1, "name": 'a "b".pdf'}), ok({"id": 3})])
    with pytest.raises(Rejected, match="1 of 3 bytes"):
        await pipedrive.upload(_file(b"abc", data=b"abc"), {"person_id": 5})
    assert [request.method for request in server.requests] == ["POST", "DELETE"]


async def test_what_pipedrive_lacks_is_a_mistake_of_the_caller(pipedrive):
    with pytest.raises(ValueError, match="no get for activity_type"):
        await pipedrive.get("activity_type", 1)
