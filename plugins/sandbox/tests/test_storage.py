"""The storage behind attachments: signed links, parts of a file, connections that break."""

from __future__ import annotations

import hashlib
import http.client
from urllib.parse import urlsplit

import pytest

from sandbox.cliniko.content import BLOCK, Content
from sandbox.testing import running

SIZE = 150_000


@pytest.fixture(scope="module")
def file(fresh, caller):
    """A file of three blocks: a way to get a fresh link, and its bytes."""
    cliniko = caller(fresh.cliniko)
    key = fresh.edit("insert_attachment", size=SIZE)["changed"][0]["id"]

    def link():
        return cliniko.get(f"/patient_attachments/{key}/content").headers["location"]

    return link


@pytest.fixture(scope="module")
def fresh():
    with running(patients=5, cliniko_per_minute=100_000) as sandbox:
        yield sandbox


def test_parts_of_a_file_make_the_whole(file, get):
    whole = get(file())
    assert (whole.status, len(whole.body)) == (200, SIZE)
    assert whole.headers["accept-ranges"] == "bytes"
    parts = b""
    for first, last in ((0, 0), (1, 70_000), (70_001, 149_999)):
        part = get(file(), {"Range": f"bytes={first}-{last}", "If-Range": whole.headers["etag"]})
        assert part.status == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
        assert part.headers["content-length"] == str(last - first + 1)
        assert part.headers["etag"] == whole.headers["etag"]
        parts += part.body
    assert hashlib.sha256(parts).digest() == hashlib.sha256(whole.body).digest()


@pytest.mark.parametrize(
    ("asked", "status", "length"),
    [
        ("bytes=149990-", 206, 10),
        ("bytes=149990-999999", 206, 10),
        ("bytes=-7", 206, 7),
        ("bytes=-999999", 206, SIZE),
        ("bytes=5-4", 416, None),
        ("bytes=150000-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=0-1,5-6", 200, SIZE),
        ("bytes=-", 200, SIZE),
        ("lines=1-2", 200, SIZE),
    ],
)
def test_a_range_is_served_as_the_rfc_says(file, get, asked, status, length):
    answer = get(file(), {"Range": asked})
    assert answer.status == status
    if length is None:
        assert answer.headers["content-range"] == f"bytes */{SIZE}"
    else:
        assert len(answer.body) == length


def test_a_file_that_changed_comes_whole(file, get):
    answer = get(file(), {"Range": "bytes=5-", "If-Range": '"another"'})
    assert (answer.status, len(answer.body)) == (200, SIZE)


def test_ranges_can_be_switched_off(file, fresh, get):
    fresh.limits(storage_ranges=False)
    try:
        answer = get(file(), {"Range": "bytes=5-"})
        assert (answer.status, len(answer.body)) == (200, SIZE)
        assert answer.headers["accept-ranges"] == "none"
    finally:
        fresh.limits(storage_ranges=True)


def test_a_link_is_signed_for_get_alone(file, get):
    assert get(file(), method="HEAD").status == 403
    assert get(file() + "0").status == 403
    assert get(file().replace("Signature=", "Signature=%C3%A9")).status == 403


def test_an_expired_link_can_be_ordered(file, fresh, get):
    fresh.fault(api="storage", kind="expired_link", times=1)
    answer = get(file())
    assert (answer.status, answer.headers["content-type"]) == (403, "application/xml")
    assert b"Request has expired" in answer.body
    assert get(file()).status == 200


def test_a_reset_in_the_middle_leaves_a_part(file, fresh):
    fresh.fault(api="storage", kind="reset_midway", times=1)
    parts = urlsplit(file())
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    assert answer.status == 200
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        answer.read()
    connection.close()


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_any_part_is_that_of_the_whole(size):
    content = Content(size, 3, b"%PDF-1.4\n"[:size])
    whole = b"".join(content.blocks())
    assert len(whole) == size
    for start in (0, 1, size // 2, BLOCK):
        for stop in (start, start + 1, size, size + 9):
            assert b"".join(content.blocks(start, stop)) == whole[start:stop]
