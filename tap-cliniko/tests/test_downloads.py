"""Downloads go on where they broke, in this run and in the next, and never mix two files."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fake_cliniko import EMAIL, KEY

from tap_cliniko import downloads, partials, retrying, transport
from tap_cliniko.attachments import KEEP_PARTIAL, Spool
from tap_cliniko.client import Client
from tap_cliniko.downloads import SizeError
from tap_cliniko.errors import RefusedQueryError, ServerFaultError, TapClinikoError
from tap_cliniko.settings import Settings
from tap_cliniko.stopping import Stopper

CONTENT = os.urandom(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
STAMP = "2026-01-02T03:04:05Z"
PATH = "/patient_attachments/7/content"
EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


class Storage(ThreadingHTTPServer):
    """The API's redirect and the storage behind it, in one server.

    Attributes:
        breaks: How many bytes come before each break; when used up, all.
        ranges: Whether ``Range`` is understood.
        tag: The ETag, if any.
        expired: How many requests meet an address that is no longer valid.
        hops: How many redirects storage itself makes.
        hop_to: Where those lead.
        pause: Seconds between two pieces.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.content, self.tag, self.ranges = CONTENT, '"one"', True
        self.breaks, self.expired, self.hops, self.pause = [], [], 0, 0.0
        self.hop_to = "/store/7?hop"
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Storage

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, dict(self.headers)))
        if self.path.startswith("/v1/"):
            return self._send(302, b"", Location=f"{server.url}/store/7?signature=secret")
        if "Authorization" in self.headers:
            return self._send(400)
        if server.hops:
            server.hops -= 1
            return self._send(302, Location=server.hop_to)
        if server.expired:
            return self._send(server.expired.pop(0), EXPIRED)
        begin, whole = 0, len(server.content)
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", server.tag) == server.tag
        if found and server.ranges and same:
            begin = int(found[1])
            if begin >= whole:
                return self._send(416, Content_Range=f"bytes */{whole}")
        headers = {"ETag": server.tag} if server.tag else {}
        if begin:
            headers["Content_Range"] = f"bytes {begin}-{whole - 1}/{whole}"
        self._send(206 if begin else 200, server.content[begin:], **headers)
        return None

    def _send(self, status, body=b"", **headers):
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        cut = self.server.breaks.pop(0) if self.server.breaks and len(body) > 1000 else len(body)
        for start in range(0, cut, 50_000):
            piece = body[start : min(start + 50_000, cut)]
            try:
                self.wfile.write(piece)
            except OSError:
                self.close_connection = True
                return
            self.server.sent += len(piece)
            time.sleep(self.server.pause)
        self.close_connection = cut < len(body)


@pytest.fixture
def storage():
    server = Storage()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(storage: Storage, spool: Spool, size: int = len(CONTENT), stopper=None):
    config = {"api_key": KEY, "api_url": storage.url, "contact_email": EMAIL}
    client = Client(Settings.parse(config), stopper or Stopper(), "0", patience=0.001)
    with spool.receiving("7", STAMP) as partial:
        client.download(PATH, partial, size)
        return spool.keep(partial, "7", STAMP)


def files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=["local", "memory"])
def spool(request, tmp_path):
    return Spool(str(tmp_path) if request.param == "local" else f"memory://{tmp_path.name}")


@pytest.mark.parametrize("tag", ['"one"', None, 'W/"weak"'])
def test_a_broken_download_goes_on_where_it_broke(storage, spool, tag):
    storage.tag, storage.breaks = tag, [1_100_000, 700_000]
    assert fetch(storage, spool).sha256 == SHA256
    stored = [headers for path, headers in storage.asked if path.startswith("/store")]
    first, *later = [headers.get("Range") for headers in stored]
    assert first is None
    begins = [int(re.fullmatch(r"bytes=(\d+)-", text)[1]) for text in later]
    # A chunk that was not whole is asked for again.
    assert all(
        came - transport.CHUNK_BYTES < begin <= came
        for begin, came in zip(begins, [1_100_000, begins[0] + 700_000], strict=True)
    )
    assert [headers.get("If-Range") for headers in stored[1:]] == 2 * [
        tag if tag == '"one"' else None
    ]
    assert len(storage.asked) == 6  # a fresh address each time


def test_storage_without_ranges_starts_again(storage, spool):
    storage.ranges, storage.breaks = False, [1_100_000]
    assert fetch(storage, spool).sha256 == SHA256
    assert storage.sent == len(CONTENT) + 1_100_000


def test_another_file_under_the_address_is_not_mixed_with_the_first(storage, spool):
    storage.breaks = [1_100_000]
    other = os.urandom(len(CONTENT))

    class Changing(Stopper):
        def sleep(self, seconds):  # between the two tries
            storage.content, storage.tag = other, '"two"'

    assert fetch(storage, spool, stopper=Changing()).sha256 == hashlib.sha256(other).hexdigest()


def test_progress_is_not_counted_as_failure_and_a_trickle_is(storage, spool, monkeypatch):
    monkeypatch.setattr(retrying, "TRIES", 2)
    monkeypatch.setattr(downloads, "PROGRESS_BYTES", 150_000)
    storage.breaks = [250_000] * 11
    assert fetch(storage, spool).sha256 == SHA256
    storage.breaks = [10_000] * 50
    with pytest.raises(ServerFaultError, match=f"downloading {PATH} failed 2 times"):
        fetch(storage, Spool("memory://trickle"))


@pytest.mark.parametrize("status", [400, 403])
def test_an_expired_address_is_asked_for_again_a_few_times(storage, spool, status, caplog):
    storage.expired = [status] * 3
    assert fetch(storage, spool).sha256 == SHA256
    storage.expired = [status] * 100
    with pytest.raises(ServerFaultError, match=f"storage answered HTTP {status}"):
        fetch(storage, Spool("memory://expired"))
    assert len(storage.expired) == 100 - retrying.TRIES
    assert "secret" not in caplog.text


@pytest.mark.parametrize("have", [100, len(CONTENT) + 5])
def test_a_size_that_is_not_on_record_leaves_nothing(storage, tmp_path, have):
    spool = Spool(str(tmp_path))
    with pytest.raises(ServerFaultError) as caught:
        fetch(storage, spool, have)
    assert isinstance(caught.value.__cause__, SizeError)
    assert files(tmp_path) == {}


def test_storage_redirects_are_followed_without_the_key_but_not_for_ever(storage, spool):
    storage.hops = 3
    assert fetch(storage, spool).sha256 == SHA256
    assert all(
        "Authorization" not in headers for path, headers in storage.asked if "/v1" not in path
    )
    storage.hops = 10_000
    with pytest.raises(ServerFaultError, match="storage redirects without end"):
        fetch(storage, Spool("memory://hops"))
    assert storage.hops == 10_000 - retrying.TRIES * (downloads.MAX_REDIRECTS + 1)


@pytest.mark.parametrize("where", ["http://192.0.2.1/x", "file:///etc/passwd", "ftp://x/y"])
def test_storage_leads_to_no_unsafe_place(storage, spool, where):
    storage.hops, storage.hop_to = 1, where
    with pytest.raises(RefusedQueryError, match="not https"):
        fetch(storage, spool)


def test_a_lasting_fault_leaves_what_came_for_the_next_run(storage, tmp_path, monkeypatch):
    monkeypatch.setattr(retrying, "TRIES", 1)
    monkeypatch.setattr(downloads, "PROGRESS_BYTES", len(CONTENT))
    storage.breaks = [1_100_000]
    with pytest.raises(ServerFaultError):
        fetch(storage, Spool(str(tmp_path)))
    assert fetch(storage, Spool(str(tmp_path))).sha256 == SHA256
    assert storage.sent <= len(CONTENT) + transport.CHUNK_BYTES
    assert files(tmp_path).keys() == {SHA256, "7.json"}


def test_what_a_killed_run_left_is_gone_on_with(storage, tmp_path):
    storage.pause = 0.02
    code = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "import test_downloads as t; from tap_cliniko.attachments import Spool\n"
        "class Server: url = sys.argv[1]\n"
        "t.fetch(Server, Spool(sys.argv[2]))\n"
    )
    here = str(Path(__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", code, storage.url, str(tmp_path), here, *sys.path]
    ) as process:
        limit = time.monotonic() + 30
        while storage.sent < 1_000_000:
            assert time.monotonic() < limit
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    kept = files(tmp_path)["7-20260102030405"]
    assert kept >= 500_000
    time.sleep(0.1)
    storage.pause, storage.sent = 0.0, 0
    assert fetch(storage, Spool(str(tmp_path))).sha256 == SHA256
    assert storage.sent <= len(CONTENT) - kept + 100_000  # and what the first one still sent
    assert files(tmp_path).keys() == {SHA256, "7.json"}


def test_what_had_come_whole_is_not_asked_for_again(storage, tmp_path):
    spool = Spool(str(tmp_path))
    (tmp_path / "partial" / "7-20260102030405").write_bytes(CONTENT)
    assert fetch(storage, spool).sha256 == SHA256
    assert storage.asked == []


def test_two_runs_on_one_spool_do_not_harm_each_other(storage, tmp_path):
    storage.pause = 0.002
    results = []

    def work():
        results.append(fetch(storage, Spool(str(tmp_path))).sha256)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [SHA256] * 4
    assert files(tmp_path).keys() == {SHA256, "7.json"}
    assert (tmp_path / SHA256[:2] / SHA256).read_bytes() == CONTENT


def test_a_file_that_was_moved_away_while_waiting_for_it_is_not_written_to(tmp_path):
    path = tmp_path / "7-1"
    holder = partials._exclusive(path)
    assert partials._exclusive(path) is None
    late = path.open("rb+")  # opened, like the second of two, before the first has moved it
    path.rename(tmp_path / "content")
    holder.close()
    again = partials._exclusive(path)
    assert not os.path.samestat(os.fstat(again.fileno()), os.fstat(late.fileno()))
    late.close()
    again.close()


def test_old_leftovers_are_removed_and_young_ones_kept(tmp_path):
    Spool(str(tmp_path))
    old, young = tmp_path / "partial" / "1-1", tmp_path / "partial" / "2-2"
    for path, seconds in ((old, KEEP_PARTIAL.total_seconds() + 60), (young, 3600)):
        path.write_bytes(b"x")
        os.utime(path, (time.time() - seconds,) * 2)
    Spool(str(tmp_path))
    assert files(tmp_path) == {"2-2": 1}


def test_a_full_disk_names_the_folder(storage, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(partials.LocalPartial, "_append", full)
    with pytest.raises(TapClinikoError) as caught:
        fetch(storage, Spool(str(tmp_path)))
    assert str(caught.value) == (
        f"attachment 7 cannot be kept in attachments_dir {tmp_path}: no space left on device; "
        "make room or mend it, and run again"
    )


def test_credentials_in_the_folders_address_are_not_shown():
    with pytest.raises(TapClinikoError) as caught:
        Spool("nonsense://key:secret@host/x")
    assert "secret" not in str(caught.value)
    assert "nonsense://host/x" in str(caught.value)


def test_no_more_than_a_chunk_is_in_memory(storage, tmp_path):
    sizes = []

    class Watching(partials.LocalPartial):
        def write(self, chunk):
            sizes.append(len(chunk))
            super().write(chunk)

    config = {"api_key": KEY, "api_url": storage.url, "contact_email": EMAIL}
    into = Watching(str(tmp_path), 7, STAMP)
    Client(Settings.parse(config), Stopper(), "0").download(PATH, into, len(CONTENT))
    into.leave()
    assert max(sizes) <= transport.CHUNK_BYTES
    assert sum(sizes) == len(CONTENT)
