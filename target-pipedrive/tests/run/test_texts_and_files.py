"""Notes, attachments and the file of communications."""

from __future__ import annotations

import copy
import json

import pytest

from target_pipedrive.errors import Blocked

from .conftest import script


@pytest.fixture
def spool(tmp_path, monkeypatch):
    """Make the folder that `files.singer` names, relative to where the target runs."""
    folder = tmp_path / "spool"
    folder.mkdir()
    (folder / "scan.txt").write_bytes(b"a scan of a knee")
    (folder / "x-ray.bin").write_bytes(b"0" * 3_000_000)
    (folder / "empty.txt").touch()
    monkeypatch.chdir(tmp_path)
    return folder


def test_files_arrive_or_are_rejected_each_for_its_own_reason(loader, account, spool):
    run = loader.load(script("files")[0], max_file_mb=2)
    files = {row["name"]: row for row in account.files(account.person("2900"))}
    assert files["scan.txt"]["file_size"] == 16
    assert run.codes() == {
        "patient_attachments/2902": "file_too_large",
        "patient_attachments/2903": "file_missing",
        "patient_attachments/2904": "file_missing",
        **({} if "empty.txt" in files else {"patient_attachments/2905": "refused"}),
    }
    assert run.summary["left_out"] == {"patient_attachments skipped": 1}

    (spool / "nowhere.pdf").write_bytes(b"a letter.")
    again = loader.load(script("files")[0][-1:], max_file_mb=5)
    assert "file_too_large" not in again.codes().values()
    assert "patient_attachments/2903" not in again.codes()
    names = [row["name"] for row in account.files(account.person("2900"))]
    assert (names.count("scan.txt"), names.count("x-ray.bin"), names.count("letter.pdf")) == (
        1,
    ) * 3


def test_a_table_is_replaced_before_the_old_one_goes(loader, account, sandbox):
    first, more = loader.play("communications")
    assert first.kinds()["POST files"] == 1
    assert [(write.method, write.path.split("/")[3]) for write in more.writes] == [
        ("POST", "files"),
        ("DELETE", "files"),
    ]
    (table,) = account.files(account.person("3000"))
    content = sandbox.dump()["pipedrive"]["files"]
    assert [row["active_flag"] for row in content if row["person_id"] == table["person_id"]] == [
        False,
        True,
    ]


def test_a_replaced_table_goes_even_when_the_run_died_in_between(loader, account, sandbox):
    text = json.dumps(script("communications")).replace('"30', '"39')  # another patient
    first, more = json.loads(text)
    loader.load(first)
    sandbox.fault(kind="html_403", api="pipedrive", method="DELETE", times=1)
    assert isinstance(loader.attempt(more).error, Blocked)
    person = account.person("3900")
    assert len(account.files(person)) == 2, "the old one could not be deleted"
    sandbox.clear_faults()
    again = loader.load(more)
    assert [(write.method, write.path.split("/")[3]) for write in again.writes] == [
        ("DELETE", "files")
    ]
    assert len(account.files(person)) == 1


def test_a_table_that_grew_is_replaced_even_when_the_ledger_was_lost(loader, account, tmp_path):
    text = json.dumps(script("communications")).replace('"30', '"38')  # another patient
    first, more = json.loads(text)
    loader.load(first)
    again = loader.load([*first[:-1], *more], ledger=f"sqlite:///{tmp_path}/another.db")
    assert again.kinds() == {"PATCH persons": 1, "POST files": 1, "DELETE files": 1}
    assert len(account.files(account.person("3800"))) == 1


def test_a_long_note_becomes_parts_and_shrinks_again(loader, account):
    messages, shorter = script("long_note")
    longer = copy.deepcopy(messages)
    question = longer[1]["record"]["content"]["sections"][0]["questions"][0]
    question["answer"] *= 10_000
    run = loader.load(longer)
    person = account.person("3100")
    notes = account.notes(person)
    assert run.kinds()["POST notes"] == len(notes) == 3
    for number, note in enumerate(notes, 1):
        assert f"({number}/3)" in note["content"]
        assert "Cliniko treatment note: 3101" in note["content"]
    assert sum(note["content"].count("Slept well again.") for note in notes) == 10_000

    assert loader.load(longer).writes == []
    assert loader.load(shorter).kinds() == {"POST notes": 1, "DELETE notes": 3}
    (note,) = account.notes(person)
    assert "Nothing to tell." in note["content"]
    assert "(1/" not in note["content"]


def test_notes_can_be_plain_text(loader, account):
    loader.play("text_note", note_format="text")
    (note,) = account.notes(account.person("3200"))
    assert "Slept well & long." in note["content"].replace("&amp;", "&")
    for tag in ("<b>", "<strong>", "<h2>"):
        assert tag not in note["content"]


def test_files_go_when_they_go_at_the_source(loader, account, spool):
    first, removed = loader.play("files_removed")
    assert first.kinds()["POST files"] == 2
    assert removed.kinds() == {"DELETE files": 2}
    assert account.files(account.person("4700")) == []
