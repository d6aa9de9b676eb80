"""What a run tells the audit log, and what people get from it."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from target_pipedrive.cli import command_line
from target_pipedrive.errors import SettingsError
from target_pipedrive.ledger import Ledger, LinkKey

_numbers = itertools.count(1)


class Commands:
    """The command line with a loader's settings."""

    def __init__(self, loader, monkeypatch):
        self.settings = loader.settings
        for name, value in loader.settings.items():
            monkeypatch.setenv(f"TARGET_PIPEDRIVE_{name.upper()}", str(value))

    def told(self, *arguments, code=0):
        result = CliRunner().invoke(command_line(), ["audit", *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.stdout

    def lines(self, *arguments):
        return list(csv.DictReader(io.StringIO(self.told("export", *arguments, "-"))))

    def touch(self, statement):
        engine = create_engine(self.settings["ledger"])
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def ledger(self):
        return Ledger(self.settings["ledger"], "")


class Clinic:
    """A patient, two appointments, and an appointment whose patient never comes."""

    def __init__(self, loader):
        self.loader = loader
        number = next(_numbers)
        self.patient, self.first, self.second, self.lost = (f"95{number:03}{n}" for n in range(4))

    def load(self, *, surname="Beer", archived=False):
        person = {"id": self.patient, "first_name": "Zymurgy", "last_name": surname}
        records = [("patients", person | {"created_at": "2024-03-01T00:00:00Z"})]
        times = {"starts_at": "2024-05-06T01:00:00Z", "ends_at": "2024-05-06T01:45:00Z"}
        for booking, patient in (
            (self.first, self.patient),
            (self.second, self.patient),
            (self.lost, "950"),
        ):
            gone = "2024-09-01T00:00:00Z" if archived and booking == self.second else None
            booked = {"id": booking, "patient_id": patient, "archived_at": gone}
            records.append(("individual_appointments", times | booked))
        messages = [{"type": "RECORD", "stream": name, "record": row} for name, row in records]
        return self.loader.load([*messages, {"type": "STATE", "value": {"run": 1}}])


@pytest.fixture
def clinic(loader):
    return Clinic(loader)


@pytest.fixture
def audit(loader, monkeypatch):
    return Commands(loader, monkeypatch)


def outline(lines):
    return [
        (line["action"], line["object"], line["id"], line["code"])
        for line in lines
        if line["stream"]
    ]


def test_a_run_tells_what_it_did_and_its_head(clinic, audit, account):
    run = clinic.load()
    lines = audit.lines()
    assert sorted(outline(lines)) == [
        ("created", "activity", clinic.first, ""),
        ("created", "activity", clinic.second, ""),
        ("created", "person", clinic.patient, ""),
        ("rejected", "activity", clinic.lost, "parent_missing"),
    ]
    person = next(line for line in lines if line["object"] == "person")
    assert int(person["pipedrive_id"]) == account.person(clinic.patient)["id"]
    host = clinic.loader.settings["api_url"]
    assert person["link"] == f"{host}/person/{person['pipedrive_id']}"
    assert {line["run"] for line in lines} == {run.summary["run"]}
    assert run.summary["audit"] == {"lines": len(lines), "head": lines[-1]["hash"]}
    assert lines[-1]["hash"] in run.log


def test_fields_that_were_made_are_told(clinic, audit, account):
    clinic.load()
    fields = [line for line in audit.lines("--object=personFields") if not line["part"]]
    codes = {row["field_code"]: row["field_name"] for row in account.rows("personFields")}
    assert {line["id"] for line in fields} >= {"Cliniko patient ID"}
    assert all(codes[line["pipedrive_id"]] == line["id"] for line in fields)


def test_what_stands_unchanged_is_not_told_again(clinic, audit):
    clinic.load()
    before = audit.lines()
    assert clinic.load().summary["audit"]["lines"] == 0
    assert audit.lines() == before
    clinic.load(surname="Wine", archived=True)
    assert sorted(outline(audit.lines("--run=last"))) == [
        ("left_out", "activity", clinic.second, "removed"),
        ("removed", "activity", clinic.second, ""),
        ("updated", "person", clinic.patient, ""),
    ]
    clinic.load(surname="Wine", archived=True)
    assert len(audit.lines("--run=last")) == 3, "the run after told nothing"


def test_no_value_of_a_record_is_in_it(clinic, audit):
    clinic.load()
    audit.told("export", "--format=html")
    page = (Path(audit.settings["output_dir"]) / "audit.html").read_text()
    for told in (page, audit.told("export", "-"), audit.told(), audit.told("check")):
        assert "Zymurgy" not in told
        assert "Beer" not in told


def test_the_summary_counts_by_run(clinic, audit):
    with pytest.raises(SettingsError, match="There is no ledger"):
        audit.told()
    first = clinic.load().summary
    second = clinic.load(surname="Wine").summary
    told = audit.told()
    rows = [line.split() for line in told.splitlines() if line.startswith("20")]
    assert [row[0] for row in rows] == [second["run"], first["run"]]
    assert f"of line {len(audit.lines())}: {second['audit']['head']}" in told
    assert "audit check" in told


def test_a_log_without_a_line_says_so(clinic, audit):
    clinic.loader.load([{"type": "STATE", "value": {"run": 1}}])
    audit.touch("DELETE FROM audit")
    audit.touch("DELETE FROM meta WHERE name = 'audit head'")
    assert "No line was written yet" in audit.told()


# check


def test_check_tells_the_head_to_keep(clinic, audit):
    head = clinic.load().summary["audit"]["head"]
    assert f"audit check --head {head}" in audit.told("check")
    clinic.load(surname="Wine")
    told = audit.told("check", "--head", head.upper())
    assert "Heads kept elsewhere that are in it: 2." in told


def test_check_names_the_first_broken_line(clinic, audit):
    clinic.load()
    lines = audit.lines()
    row = next(line for line in lines if line["object"] == "person")
    audit.touch(f"UPDATE audit SET pipedrive_id = '1' WHERE seq = {row['seq']}")  # noqa: S608 - a number
    told = audit.told("check", code=1)
    assert f"line {row['seq']} is not as it was written" in told
    assert f"Sound up to line {int(row['seq']) - 1}, whose hash is" in told
    assert f"created person 1 of patients/{clinic.patient}, run {row['run']}" in told
    assert "What to do: Somebody wrote into the ledger" in told


def test_check_knows_the_head_that_the_last_run_left(clinic, audit):
    summary = clinic.load().summary
    audit.touch(f"DELETE FROM audit WHERE seq = {len(audit.lines())}")  # noqa: S608 - a number
    audit.touch("DELETE FROM meta WHERE name = 'audit head'")
    told = audit.told("check", code=1)
    assert f"the head {summary['audit']['head']} (" in told
    assert "last-run.json) is not in it" in told


def test_check_forgives_a_last_run_of_another_ledger(clinic, audit, loader):
    clinic.load()
    path = Path(loader.settings["output_dir"]) / "last-run.json"
    path.write_text(json.dumps({"run": "another", "audit": {"head": "f" * 64}}))
    audit.told("check")
    for broken in ("{", "[]", '{"run": 1}'):
        path.write_text(broken)
        audit.told("check")
    assert f"the head {'f' * 64} (--head) is not in it" in audit.told(
        "check", "--head", "f" * 64, code=1
    )


# export


def test_json_lines_can_be_checked_by_others(clinic, audit):
    clinic.load()
    before = "0" * 64
    for line in audit.told("export", "--format=jsonl", "-").splitlines():
        row = json.loads(line)
        row.pop("link")
        *content, digest = row.values()
        chained = json.dumps([before, *content], separators=(",", ":"))
        before = hashlib.sha256(chained.encode()).hexdigest()
        assert before == digest
    assert before == json.loads(line)["hash"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "html"])
def test_a_file_is_its_owners_alone_and_lies_with_the_output(clinic, audit, form, tmp_path):
    clinic.load()
    told = audit.told("export", f"--format={form}", "--action=created")
    path = Path(audit.settings["output_dir"]) / f"audit.{form}"
    assert f"that you chose of {len(audit.lines())} are in {path}" in told
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    named = tmp_path / "deep" / f"my.{form}"
    assert str(named) in audit.told("export", f"--format={form}", named)
    assert clinic.patient in named.read_text() or form == "html"


def test_lines_are_chosen_by_all_that_is_asked(clinic, audit):
    clinic.load()
    assert outline(audit.lines("--stream=individual_appointments", "--action=rejected")) == [
        ("rejected", "activity", clinic.lost, "parent_missing")
    ]
    chosen = audit.lines("--object=person", "--object=activity", "--run=last")
    assert {line["object"] for line in chosen} == {"person", "activity"}
    assert audit.lines("--run=nothing") == []


def test_a_cell_of_the_csv_runs_as_nothing(clinic, audit):
    clinic.load()
    ledger = audit.ledger()
    ledger.audit.add("left_out", LinkKey("person", "=cmd|x", "@SUM(1)"), code="-1")
    ledger.close()
    line = audit.lines("--run=by hand")[-1]
    assert (line["stream"], line["id"], line["code"]) == ("'=cmd|x", "'@SUM(1)", "'-1")


def test_what_cannot_be_written_says_what_to_do(clinic, audit):
    clinic.load()
    with pytest.raises(SettingsError, match="Name another FILE"):
        audit.told("export", "/proc/nowhere/audit.csv")
    with pytest.raises(SettingsError, match="Name another FILE"):
        audit.told("export", "--format=html", "/proc/nowhere/audit.html")
    with pytest.raises(SettingsError, match="name one instead of -"):
        audit.told("export", "--format=html", "-")
