"""The spool, and the stream that fills it."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import pytest

from tap_cliniko.attachments import Spool
from tap_cliniko.errors import SettingsError, TapClinikoError
from tap_cliniko.tap import TapCliniko

if TYPE_CHECKING:
    from fake_cliniko import Server


def read(server: Server, folder: Path, state: dict | None = None, **settings):
    with redirect_stdout(io.StringIO()):
        config = server.config(attachments_dir=str(folder), **settings)
        tap = TapCliniko(config=config, state=state or {})
    tap.client._retrier._patience = 0.001
    records = list(tap.streams["patient_attachments"].get_records(None))
    tap.run.end()
    return {record["id"]: record for record in records}, tap.state


def downloads(server: Server) -> int:
    return len([request for request in server.log if request.path.endswith("/content")])


def test_content_is_kept_under_its_hash(server, tmp_path):
    records, _ = read(server, tmp_path)
    assert list(records) == ["1", "2"]
    for number, content in server.clinic.contents.items():
        record = records[number]
        digest = hashlib.sha256(content).hexdigest()
        assert record["content_state"] == "ready"
        assert (record["sha256"], record["content_size"]) == (digest, len(content))
        assert record["content_uri"] == (tmp_path / digest[:2] / digest).as_uri()
        with fsspec.open(record["content_uri"]) as file:
            assert file.read() == content
    names = {path.name for path in tmp_path.rglob("*")}
    assert not any("passwd" in name for name in names)
    assert list((tmp_path / "partial").iterdir()) == []


def test_what_is_kept_is_not_downloaded_again(server, tmp_path):
    first, _ = read(server, tmp_path)
    before = downloads(server)
    second, _ = read(server, tmp_path)
    assert (second, downloads(server)) == (first, before)


def test_another_stamp_or_a_lost_file_means_another_download(server, tmp_path):
    records, _ = read(server, tmp_path)
    Path(records["1"]["content_uri"].removeprefix("file://")).unlink()
    server.clinic.lists["patient_attachments"][1]["updated_at"] = server.clinic.stamp()
    before = downloads(server)
    read(server, tmp_path)
    assert downloads(server) == before + 2


def test_a_damaged_index_entry_is_replaced(server, tmp_path):
    read(server, tmp_path)
    (tmp_path / "index" / "1.json").write_text("{")
    records, _ = read(server, tmp_path)
    assert records["1"]["content_state"] == "ready"


def test_states_without_content(server, tmp_path):
    rows = server.clinic.lists["patient_attachments"]
    rows[0].update(archived_at=server.clinic.stamp(-100), content=None)
    records, _ = read(server, tmp_path, max_attachment_mb=0.1)
    assert records["1"]["content_state"] == "archived"
    assert records["2"]["content_state"] == "skipped_size"
    assert records["2"]["content_uri"] is None
    assert downloads(server) == 0


def test_pending_content_is_looked_at_again_though_nothing_was_stamped(server, tmp_path):
    row = server.clinic.lists["patient_attachments"][0]
    ready = dict(row)
    row.update(content=None, processing_completed=False)
    records, state = read(server, tmp_path)
    assert records["1"]["content_state"] == "pending"
    assert state["bookmarks"]["patient_attachments"]["again"] == ["1"]
    row.update(ready)
    records, state = read(server, tmp_path, state)
    assert list(records) == ["1"]
    assert records["1"]["content_state"] == "ready"
    assert state["bookmarks"]["patient_attachments"]["again"] == []


@pytest.mark.parametrize("kind", ["gone", "size"])
def test_what_cliniko_cannot_give_is_missing(server, tmp_path, kind):
    if kind == "gone":
        del server.clinic.contents["1"]
    else:
        server.clinic.contents["1"] = b"not the size on record"
    records, _ = read(server, tmp_path)
    assert records["1"]["content_state"] == "missing"
    assert records["2"]["content_state"] == "ready"


def test_storage_that_stays_down_ends_the_run(server, tmp_path):
    server.faults.append(("storage/1", "500", 100))
    with pytest.raises(TapClinikoError, match="downloading /patient_attachments/1/content failed"):
        read(server, tmp_path)


def test_order_is_kept_and_memory_bounded(server, tmp_path):
    for number in range(3, 40):
        content = bytes([number]) * 1_000_000
        server.clinic.contents[str(number)] = content
        row = dict(server.clinic.lists["patient_attachments"][0])
        server.clinic.lists["patient_attachments"].append(
            {**row, "id": str(number), "size": len(content)}
        )
    tracemalloc.start()
    held, _ = tracemalloc.get_traced_memory()
    records, _ = read(server, tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert list(records) == [str(number) for number in range(1, 40)]
    assert peak - held < 15_000_000


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written to"):
        Spool(str(tmp_path / "file" / "below"))
    with pytest.raises(SettingsError, match="cannot be written to"):
        Spool("nonsense://x")


def test_any_fsspec_filesystem_will_do():
    spool = Spool("memory://spool")
    with spool.receiving("1", "s") as partial:
        partial.begin(None)
        partial.write(b"wrong")
        partial.begin(None)
        partial.write(b"abc")
        content = spool.keep(partial, "1", "s")
    assert spool.find("1", "s", 3) == content
    with fsspec.open(content.uri) as file:
        assert file.read() == b"abc"
