"""What people type beside loading: rejects and ledger."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import json
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from target_pipedrive.cli import command_line
from target_pipedrive.errors import REJECTS, SettingsError
from target_pipedrive.ledger import Ledger, Link, LinkKey
from target_pipedrive.pipedrive import OBJECTS

TARGET = Path(sys.executable).with_name("target-pipedrive")
_numbers = itertools.count(1)


class Commands:
    """The command line with the loader's settings, given as Meltano gives them."""

    def __init__(self, loader, monkeypatch):
        self.loader = loader
        self.monkeypatch = monkeypatch
        for name, value in loader.settings.items():
            monkeypatch.setenv(f"TARGET_PIPEDRIVE_{name.upper()}", str(value))

    def choose(self, setting, value):
        """Give the commands another value of a setting than the loader's."""
        self.monkeypatch.setenv(f"TARGET_PIPEDRIVE_{setting.upper()}", str(value))

    def run(self, *arguments, code=0):
        """Type a command; `code` is the exit code that is due, None for any."""
        result = CliRunner().invoke(command_line(), [*map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert code is None or result.exit_code == code, result.output
        return result

    def told(self, *arguments, code=0):
        return self.run(*arguments, code=code).stdout

    def json(self, *arguments, code=0):
        return json.loads(self.told(*arguments, "--format=json", code=code))

    def ledger(self):
        return Ledger(self.loader.settings["ledger"], "by hand")


class Orphans:
    """Two appointments whose patient has not come, and the patient."""

    def __init__(self, loader):
        number = next(_numbers)
        self.loader, self.patient = loader, f"97{number:03}"
        self.bookings = [f"98{number:03}1", f"98{number:03}2"]

    def load(self, *, patient=False):
        times = {"starts_at": "2024-05-06T01:00:00Z", "ends_at": "2024-05-06T01:45:00Z"}
        records = [
            {"stream": "individual_appointments", "record": times | {"id": booking}}
            for booking in self.bookings
        ]
        for record in records:
            record["record"]["patient_id"] = self.patient
        if patient:
            person = {"id": self.patient, "first_name": "Zymurgy", "last_name": "Beer"}
            person["created_at"] = "2024-03-01T00:00:00Z"
            records = [{"stream": "patients", "record": person}]
        messages = [{"type": "RECORD", **record} for record in records]
        return self.loader.load([*messages, {"type": "STATE", "value": {"run": 1}}])


@pytest.fixture
def commands(loader, monkeypatch):
    return Commands(loader, monkeypatch)


@pytest.fixture
def orphans(loader):
    found = Orphans(loader)
    found.load()
    return found


# the command line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--version"], "target-pipedrive v"),
        (["--about", "--format=json"], '"name": "target-pipedrive"'),
        (["load", "--version"], "target-pipedrive v"),
        (["--help"], "rejects"),
        (["rejects", "--help"], "retry"),
    ],
)
def test_the_singer_command_is_what_runs_when_none_is_named(commands, arguments, told):
    assert told in commands.told(*arguments)


def test_a_command_that_is_none_is_told(commands):
    assert "No such command 'reject'" in commands.run("reject", code=2).stderr


def test_the_program_reads_singer_messages_as_it_always_did(loader, tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(loader.settings))
    done = subprocess.run(
        [TARGET, "--config", config],
        input='{"type": "STATE", "value": {"run": 1}}\n',
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, '{"run": 1}\n'), done.stderr


def test_the_program_ends_with_a_line_and_a_code(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"ledger": f"sqlite:///{tmp_path}/none.db"}))
    done = subprocess.run(
        [TARGET, "rejects", "--config", config],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "There is no ledger at" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("content", [None, "[]", "{"])
def test_a_config_that_is_none_is_told(commands, tmp_path, content):
    file = tmp_path / "config.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=r"config\.json cannot be read"):
        commands.run("ledger", "--config", file)


# rejects


def test_rejects_are_counted_by_code_and_listed(commands, orphans):
    told = commands.told("rejects")
    assert "parent_missing  2 " in told
    for booking in orphans.bookings:
        assert f"individual_appointments  {booking}" in told
    listed = commands.json("rejects", "list")
    assert listed["counts"] == {"parent_missing": 2}
    assert [row["tries"] for row in listed["rejects"]] == [1, 1]
    orphans.load()
    assert [row["tries"] for row in commands.json("rejects")["rejects"]] == [2, 2]
    rows = list(csv.DictReader(io.StringIO(commands.told("rejects", "list", "--format=csv"))))
    assert {row["id"] for row in rows} == set(orphans.bookings)
    assert {row["since"] for row in rows} == {row["since"] for row in listed["rejects"]}


def test_rejects_are_chosen_by_code_and_stream(commands, orphans):
    assert commands.json("rejects", "--code=refused")["rejects"] == []
    assert commands.json("rejects", "--stream=patients")["rejects"] == []
    assert len(commands.json("rejects", "--code=parent_missing")["rejects"]) == 2
    assert "No record stands rejected" in commands.told("rejects", "--code=refused")
    assert "Invalid value for '--code'" in commands.run("rejects", "--code=nonsense", code=2).stderr


@pytest.mark.parametrize("code", REJECTS)
def test_every_code_is_explained(commands, code):
    told = commands.told("rejects", "explain", code)
    assert REJECTS[code].meaning in told
    assert REJECTS[code].action in told


def test_a_record_is_explained(commands, orphans):
    name = f"individual_appointments/{orphans.bookings[0]}"
    told = commands.told("rejects", "explain", name)
    assert f"{name} (as activity): parent_missing" in told
    assert f"Detail: patients/{orphans.patient}" in told
    assert f"rejects retry {name}" in told
    with pytest.raises(SettingsError, match="No record patients/nobody is rejected"):
        commands.run("rejects", "explain", "patients/nobody")
    with pytest.raises(SettingsError, match="neither a code nor STREAM/ID"):
        commands.run("rejects", "explain", "nonsense")


def test_rejects_are_tried_again_at_once_and_only_those_chosen(commands, orphans, account):
    one, other = (f"individual_appointments/{booking}" for booking in orphans.bookings)
    assert "0 settled, 1 rejected once more" in commands.told("rejects", "retry", one)
    key = LinkKey("person", "patients", orphans.patient)
    person = account.make_person(name="By Hand")
    ledger = commands.ledger()
    ledger.links.put(Link(key, str(person), str(person), created=False, sent={}))
    ledger.close()
    assert "1 tried again: 1 settled, 0 rejected" in commands.told("rejects", "retry", one)
    assert len(account.activities(orphans.bookings[0])) == 1
    assert account.activities(orphans.bookings[1]) == []
    assert [row["id"] for row in commands.json("rejects")["rejects"]] == [other.split("/")[1]]
    assert "1 settled" in commands.told("rejects", "retry", "--code=parent_missing")
    assert "Nothing to try" in commands.told("rejects", "retry")


def test_a_retry_does_not_touch_what_a_run_waits_for(commands, orphans):
    """No state goes out, for nothing was read."""
    result = commands.run("rejects", "retry")
    assert '{"run"' not in result.stdout


def test_whole_records_are_exported_for_their_owner_alone(commands, orphans, tmp_path):
    file = tmp_path / "rejects.jsonl"
    result = commands.run("rejects", "export", file)
    assert "patient data" in result.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line["record"]["id"] for line in lines} == set(orphans.bookings)
    assert {line["record"]["patient_id"] for line in lines} == {orphans.patient}
    with pytest.raises(SettingsError, match="there already"):
        commands.run("rejects", "export", file)
    file.chmod(0o644)
    commands.run("rejects", "export", file, "--force", "--code=refused")
    assert file.read_text() == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(SettingsError, match="cannot be written"):
        commands.run("rejects", "export", tmp_path / "nowhere" / "file")


def test_a_dropped_record_is_never_tried_again_until_it_is_taken_up(commands, orphans, account):
    booking = orphans.bookings[0]
    name = f"individual_appointments/{booking}"
    commands.run("rejects", "drop", name, "--who", "Dr Ames")
    listed = commands.json("rejects")
    assert [row["id"] for row in listed["rejects"]] == orphans.bookings[1:]
    (dropped,) = listed["dropped"]
    assert (dropped["id"], dropped["who"], dropped["code"]) == (
        booking,
        "Dr Ames",
        "parent_missing",
    )
    assert "Dr Ames" in commands.told("rejects")
    orphans.load(patient=True)
    run = orphans.load()
    assert "individual_appointments: 1 left out, a person decided so" in run.log
    assert account.activities(booking) == []
    assert len(account.activities(orphans.bookings[1])) == 1
    commands.run("rejects", "drop", "--undo", name)
    orphans.load()
    assert len(account.activities(booking)) == 1
    with pytest.raises(SettingsError, match="was dropped"):
        commands.run("rejects", "drop", "--undo", name)


def test_a_person_is_named_even_if_nobody_says_who(commands, orphans):
    import getpass

    commands.run("rejects", "drop", f"individual_appointments/{orphans.bookings[0]}")
    assert commands.json("rejects")["dropped"][0]["who"] == getpass.getuser()


def test_no_value_of_a_record_is_shown(commands, orphans, caplog):
    orphans.load(patient=True)
    for arguments in (["rejects"], ["ledger"], ["ledger", "export"], ["ledger", "check"]):
        assert "Zymurgy" not in commands.run(*arguments).output
    assert "Zymurgy" not in caplog.text


# ledger


def test_the_ledger_tells_what_it_holds(commands, orphans, sandbox):
    orphans.load(patient=True)
    told = commands.json("ledger", "info")
    assert told["account"]["host"] in sandbox.pipedrive
    assert {row["object"]: row["created"] for row in told["links"]} == {"activity": 2, "person": 1}
    assert told["rejects"] == {}
    assert told["runs"]["number"] == 2
    assert told["runs"]["last"]["outcome"] == "done"
    assert told["tokens"][0]["tokens"] > 0
    shown = commands.told("ledger")
    assert "person    1        0" in shown
    assert "Version" in shown


def test_links_are_exported_without_contents(commands, orphans, tmp_path):
    orphans.load(patient=True)
    lines = [json.loads(line) for line in commands.told("ledger", "export").splitlines()]
    assert {(line["object"], line["id"]) for line in lines} == {
        ("person", orphans.patient),
        *(("activity", booking) for booking in orphans.bookings),
    }
    file = tmp_path / "links.csv"
    commands.run("ledger", "export", file, "--format=csv")
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert [row["pipedrive_id"] for row in rows] == [line["pipedrive_id"] for line in lines]


def test_a_sound_ledger_is_sound(commands, orphans):
    orphans.load(patient=True)
    assert "The ledger is sound." in commands.told("ledger", "check")


def test_what_does_not_fit_together_is_found(commands, orphans):
    orphans.load(patient=True)
    ledger = commands.ledger()
    link = ledger.links.get(LinkKey("person", "patients", orphans.patient))
    twin = LinkKey("person", "patients", "twin")
    ledger.links.put(Link(twin, link.pipedrive_id, link.handle, created=True, sent=None))
    ledger.links.announce(twin, "sign", datetime.now(UTC))
    ledger.links.announce(LinkKey("person", "patients", "lost"), "sign", datetime.now(UTC))
    ledger.kept.mark_dirty("patients", "1")
    asyncio.run(ledger.durable())
    ledger.close()
    findings = {row["finding"]: row for row in commands.json("ledger", "check", code=1)}
    assert findings["several records became one object"]["broken"] is True
    assert findings["a create has been announced twice"]["broken"] is True
    assert findings["a create has been announced and not settled"]["broken"] is False
    assert findings["what was sent last is not known"]["where"] == "1 of person"
    assert findings["to be computed again"]["where"] == "1 of patients"
    assert (
        len(
            list(
                csv.DictReader(
                    io.StringIO(commands.told("ledger", "check", "--format=csv", code=1))
                )
            )
        )
        == 5
    )
    assert "several records became one object" in commands.told("ledger", "check", code=1)


def test_the_ledger_is_held_against_the_account(commands, orphans, account, loader):
    orphans.load(patient=True)
    choice = ["ledger", "check", "--account", "--object=person", "--object=activity"]
    # Other tests' rows bear our mark, too.
    result = commands.run(*choice, "--format=json", code=None)
    assert "tokens" in result.stderr
    ours = {
        f"activity {row['id']}"
        for booking in orphans.bookings
        for row in account.activities(booking)
    }
    person = account.person(orphans.patient)["id"]
    assert not ours & {row["where"] for row in json.loads(result.stdout)}
    account.delete_person(person)
    ledger = commands.ledger()
    key = LinkKey("activity", "individual_appointments", orphans.bookings[0])
    lost = ledger.links.get(key).pipedrive_id
    ledger.links.forget(key)
    spent = ledger.book.tokens_today()
    ledger.close()
    rows = json.loads(commands.run(*choice, "--format=json", code=1).stdout)
    gone = f"person {person} of patients/{orphans.patient}"
    assert gone in {row["where"] for row in rows if row["finding"] == "gone from Pipedrive"}
    found = {row["where"] for row in rows if row["finding"] == "ours, and not in the ledger"}
    assert f"person {person}" not in found
    assert found
    ledger = commands.ledger()
    assert ledger.book.tokens_today() > spent
    assert ledger.links.get(key) is None
    assert lost
    ledger.close()


CHECKED = """
{stream: boxes, object: person, key_field: Box ID, fields: {name: name}}
---
{stream: hopes, object: lead, fields: {title: name, person_id: "ref('person', 'boxes', id)"}}
---
stream: wishes
object: lead
key_field: Wish ID
fields: {title: name, person_id: "ref('person', 'boxes', id)"}
---
{stream: sales, object: deal, key_field: Sale ID, fields: {title: name}}
---
{stream: wares, object: product, key_field: Ware ID, fields: {name: name}}
---
stream: parts
object: deal_product
key_line: Part
fields:
  deal_id: ref('deal', 'sales', id)
  product_id: ref('product', 'wares', id)
  item_price: 1
  quantity: 1
"""


def of_names(streams):
    """Write messages of streams with a record `c1` each, which has a name."""
    schema = {"properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    for stream in streams:
        told = {"stream": stream, "key_properties": ["id"], "schema": schema}
        yield {"type": "SCHEMA", **told}
        yield {"type": "RECORD", "stream": stream, "record": {"id": "c1", "name": stream}}
    yield {"type": "STATE", "value": {"checked": True}}


def found_by_check(commands, objects):
    chosen = [f"--object={obj}" for obj in objects]
    result = commands.run("ledger", "check", "--account", *chosen, "--format=json", code=None)
    rows = json.loads(result.stdout)
    return {(row["finding"], row["where"]) for row in rows}


def lose(commands, *keys):
    """Forget links, as an older copy of the ledger would; return the ids."""
    ledger = commands.ledger()
    ids = [ledger.links.get(key).pipedrive_id for key in keys]
    for key in keys:
        ledger.links.forget(key)
    ledger.close()
    return ids


def test_leads_and_products_of_deals_are_held_against_the_account(
    commands, loader, account, tmp_path
):
    (tmp_path / "checked").mkdir()
    (tmp_path / "checked" / "all.yml").write_text(CHECKED)
    commands.choose("mapping", tmp_path / "checked")
    streams = ["boxes", "hopes", "wishes", "sales", "wares", "parts"]
    run = loader.load([*of_names(streams)], mapping=str(tmp_path / "checked"))
    assert run.rejects == []
    objects = ("lead", "deal_product")
    assert found_by_check(commands, objects) == set()

    hope = LinkKey("lead", "hopes", "c1")
    wish = LinkKey("lead", "wishes", "c1")
    part = LinkKey("deal_product", "parts", "c1")
    lead, wished, line = lose(commands, hope, wish, part)
    unknown = {f"lead {lead}", f"lead {wished}", f"deal_product {line}"}
    found = found_by_check(commands, objects)
    assert found == {("ours, and not in the ledger", where) for where in unknown}

    ledger = commands.ledger()
    for key, row in ((hope, lead), (wish, wished), (part, line)):
        ledger.links.put(Link(key, row, row, created=True, sent=None))
    ledger.close()
    deal, _, number = line.partition("/")
    account.by_hand("DELETE", f"leads/{lead}", None, version=1)
    account.by_hand("DELETE", f"deals/{deal}/products/{number}", None)
    gone = {f"lead {lead} of hopes/c1", f"deal_product {line} of parts/c1"}
    found = {one for one in found_by_check(commands, objects) if "not known" not in one[0]}
    assert found == {("gone from Pipedrive", where) for where in gone}


def test_streams_without_a_mapping_file_are_held_against_the_account(commands, loader):
    commands.choose("mapping", "")
    commands.choose("key_field", "Checked ID")
    schema = {"properties": {key: {} for key in ("id", "name", "title", "person_id")}}
    told = {"key_properties": ["id"], "schema": schema}
    rows = {
        "persons": {"id": "c2", "name": "A", "title": None, "person_id": None},
        "lead": {"id": "c2", "name": None, "title": "B", "person_id": "c2"},
    }
    messages = [{"type": "SCHEMA", "stream": name, **told} for name in rows]
    messages += [{"type": "RECORD", "stream": name, "record": row} for name, row in rows.items()]
    messages.append({"type": "STATE", "value": {}})
    run = loader.load(messages, mapping="", key_field="Checked ID")
    assert run.rejects == []
    assert found_by_check(commands, ("person", "lead")) == set()
    keys = LinkKey("person", "persons", "c2"), LinkKey("lead", "lead", "c2")
    person, lead = lose(commands, *keys)
    wanted = {f"person {person}", f"lead {lead}"}
    found = found_by_check(commands, ("person", "lead"))
    assert found == {("ours, and not in the ledger", where) for where in wanted}


def test_every_linked_object_can_be_held_against_the_account():
    assert all(kind.list is not None for kind in OBJECTS.values())


def test_nothing_is_changed_while_a_loader_writes(commands, orphans, monkeypatch):
    from target_pipedrive.ledger import lock

    monkeypatch.setattr(lock.lock_file, "__kwdefaults__", {"wait": 0.1})
    writer = commands.ledger()
    assert len(commands.json("rejects")["rejects"]) == 2, "reading goes on beside it"
    with pytest.raises(SettingsError, match="Another loader is writing"):
        commands.run("rejects", "drop", f"individual_appointments/{orphans.bookings[0]}")
    writer.close()
