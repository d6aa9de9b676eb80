# ruff: noqa: A001, A002 - the product's own names of arguments

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace

import pytest

from target_pipedrive.desired import Desired, FieldSpec, File, Found, Mark
from target_pipedrive.index import Index
from target_pipedrive.ledger import Ledger, Link, LinkKey
from target_pipedrive.pipedrive import Fields

from .bindings import Bindings
from .faulty import Reply, ok

pytestmark = pytest.mark.anyio

SINCE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RECENT, OLD = "2026-01-02 03:04:04", "2026-01-02 03:03:04"
KEY = "a" * 40


@pytest.fixture
def fields(pipedrive):
    return Fields(pipedrive, Bindings())


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", "run")
    yield ledger
    ledger.close()


@pytest.fixture
def look(pipedrive, fields, ledger):
    """Look for what a create of unknown outcome made; `known` rows belong to other records."""

    async def look(desired, body, known=()):
        for row in known:
            key = LinkKey(desired.object, "stream", f"other {row}")
            ledger.links.put(Link(key, str(row), str(row), created=True, sent={}))
        mark = desired.mark
        rule = SimpleNamespace(
            object=desired.object,
            key_field=mark.label if mark.found is Found.FIELD else None,
            key_line=mark.label if mark.found is Found.LINE else None,
            match=(),
            objects=lambda: {desired.object},
        )
        return await Index(pipedrive, fields, ledger, [rule]).look(desired, body, SINCE)

    return look


def _desired(object, mark, part="", **values):
    return Desired(object, "stream", "12", part, {}, {}, mark, **values)


async def test_a_person_is_found_by_its_field(server, fields, look):
    field = {"field_code": KEY, "field_name": "ID", "field_type": "varchar"}
    server.script.append(ok([{**field, "is_custom_field": True}]))
    await fields.prepare("person", [FieldSpec("person", "ID", "varchar")])
    server.script.append(
        ok(
            [
                {"id": id, "custom_fields": {KEY: key}}
                for id, key in [(4, "12"), (3, "1"), (2, "12")]
            ]
        )
    )

    desired = _desired("person", Mark(Found.FIELD, "ID", "12"))
    assert await look(desired, {}, known={2}) == "4"

    query = server.requests[-1].query
    assert query["updated_since"] == "2026-01-02T03:03:05Z"
    assert query["custom_fields"] == KEY


@pytest.mark.parametrize(("object", "html"), [("activity", "note"), ("note", "content")])
async def test_a_labelled_line_is_found_in_rewritten_html(server, look, object, html):
    texts = ["<p>x</p><p><b>No</b>:&nbsp;12</p>", "<p>No: 123</p>", "x No: 12 y", None]
    server.script.append(ok([{"id": 10 + n, html: text} for n, text in enumerate(texts)]))
    desired = _desired(object, Mark(Found.LINE, "No", "12"))
    assert await look(desired, {}) == "10"


async def test_parts_of_a_long_note_are_told_apart(server, look):
    def part(number):
        return f"<h3>Exam ({number}/2)</h3><p>see (2/2) and (1/2)</p><p>No: 12</p>"

    server.script.append(ok([{"id": n, "content": part(n)} for n in (1, 2)]))
    desired = _desired("note", Mark(Found.LINE, "No", "12"), part="2")
    body = {"content": part(2)}
    assert await look(desired, body) == "2"


async def test_a_file_is_found_by_name_size_and_time(server, look):
    def row(id, **values):
        return {
            "id": id,
            "name": "a.pdf",
            "file_size": 3,
            "add_time": RECENT,
            "person_id": 7,
            **values,
        }

    rows = [
        row(5),
        row(4, active_flag=False),
        row(3, file_size=4),
        row(2, name="b.pdf"),
        row(6),
        row(1, add_time=OLD),
    ]
    server.script += [ok(rows), Reply(body="abc")]
    file = File("a.pdf", 3, sha256(b"abc").hexdigest(), data=b"abc")
    desired = _desired("file", Mark(Found.NAME, "", "a.pdf"), file=file)
    assert await look(desired, {"person_id": 7}, known={6}) == "5"
    assert server.requests[0].path == "/api/v1/persons/7/files"


async def test_files_of_an_object_without_a_list_are_found_among_all(server, look):
    server.script.append(
        ok([{"id": 5, "name": "a.pdf", "file_size": 3, "add_time": RECENT, "activity_id": 7}])
    )
    server.script.append(Reply(body="abc"))
    file = File("a.pdf", 3, sha256(b"abc").hexdigest(), data=b"abc")
    desired = _desired("file", Mark(Found.NAME, "", "a.pdf"), file=file)
    assert await look(desired, {"activity_id": 7}) == "5"
    assert server.requests[0].path == "/api/v1/files"
    assert "updated_since" not in server.requests[0].query
