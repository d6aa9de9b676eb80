"""What stands in Pipedrive is read back, and every change is told: that one, and no other."""

from __future__ import annotations

import csv
import itertools
import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from target_pipedrive.cli import command_line
from target_pipedrive.errors import Differs, SettingsError
from target_pipedrive.ledger import Ledger
from target_pipedrive.pipedrive import OBJECTS

from . import everything
from .conftest import OWNER, recorded

_numbers = itertools.count(1)
WRONG = {"different", "edited"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """An account in which nothing stands but what these tests know of."""
    with recorded(tmp_path_factory) as running:
        yield running


def told(settings, *verdicts):
    """Return object, row and field of what the last run found."""
    with (Path(settings["output_dir"]) / "verify.csv").open(newline="") as file:
        return [
            (row["object"], row["pipedrive_id"], row["field"])
            for row in csv.DictReader(file)
            if row["verdict"] in verdicts
        ]


def counts(settings):
    return json.loads((Path(settings["output_dir"]) / "verify.json").read_text())


@pytest.fixture
def verify(loader, sandbox):
    """Run a verification; nothing may be written, no state be put out, and the ledger stays."""

    def run(messages, **settings):
        before = ledger_rows(loader.settings)
        run = loader.attempt(messages, mode="verify", **settings)
        assert run.writes == []
        assert {row["method"] for row in sandbox.log()} <= {"GET"}
        assert run.states == []
        assert ledger_rows(loader.settings) == before
        return run

    return run


def ledger_rows(settings):
    ledger = Ledger(settings["ledger"], "look", alone=False)
    links = [*ledger.survey.links()]
    rejects = [(reject.name, reject.code) for reject in ledger.rejects.all()]
    ledger.close()
    return links, rejects


def test_every_key_of_the_registry_is_proved_or_said_not_to_be():
    for obj, kind in OBJECTS.items():
        proved = everything.MUTATIONS[obj].keys()
        others = everything.FIXED.get(obj, set()) | everything.LEFT_OUT.get(obj, set())
        assert proved | others == kind.writable | kind.names.keys(), obj
        assert not proved & others, obj


@pytest.fixture
def hand(sandbox):
    return everything.By(sandbox.pipedrive)


@pytest.fixture
def owner(account):
    return account.user(OWNER)


@pytest.fixture
def clinic(loader, owner, hand, tmp_path):
    """Load one record for each key of each object; return messages, and rows by object and key."""
    content = tmp_path / "content"
    content.mkdir()
    prefix = f"v{next(_numbers)}-"
    rows = list(everything.records(prefix, content, owner, hand.priorities()[0]))
    names = {stream: sorted(record) for stream, record in rows}
    messages = [
        {
            "type": "SCHEMA",
            "stream": stream,
            "schema": {"type": "object", "properties": {name: {} for name in keys}},
            "key_properties": ["id"],
        }
        for stream, keys in names.items()
    ]
    messages += [{"type": "RECORD", "stream": s, "record": record} for s, record in rows]
    messages.append({"type": "STATE", "value": {"done": True}})
    loader.settings |= {
        "mapping": everything.mapping(tmp_path / "mapping"),
        "currency": "AUD",
        "verify_files": True,
    }
    run = loader.load(messages)
    assert run.codes() == {}
    ledger = Ledger(loader.settings["ledger"], "look", alone=False)
    links = [*ledger.survey.links()]
    ledger.close()
    return messages, {
        (link["object"], link["id"].removeprefix(prefix)): link["pipedrive_id"] for link in links
    }


def test_whatever_a_person_does_is_told_and_nothing_else(
    clinic, verify, loader, settings, hand, owner, sandbox
):
    messages, rows = clinic
    run = verify(messages)
    assert run.error is None, told(settings, *WRONG, "missing")
    result = counts(settings)
    objects = Counter(obj for obj, _ in rows)
    assert {obj: sum(found.values()) for obj, found in result["objects"].items()} == objects
    assert result["outcome"] == "stands"
    assert result["fields"]["file"]["content"] == {"equal": objects["file"]}
    assert told(settings, "lost by design", "truncated", "not compared", "extra") == []

    made = list(everything.copies(hand, rows, sandbox.dump()["pipedrive"]))
    assert {obj for obj, _ in made} == everything.STREAMS.keys() - {"activity_type"}
    run = verify(messages)
    assert run.error is None, "what is extra fails no verification"
    assert sorted(told(settings, "extra")) == sorted((*one, "") for one in made)
    for obj, row in made:
        hand.delete(obj, row)

    expected = set()
    for obj, row, key, body in everything.changes(hand, owner, rows, sandbox.dump()["pipedrive"]):
        hand.change(obj, row, body)
        keys = {key} | everything.SIDE_EFFECTS.get((obj, key), set())
        expected |= {(obj, row, f"Every {k}" if k in everything.CUSTOM else k) for k in keys}
    run = verify(messages)
    assert isinstance(run.error, Differs)
    found = told(settings, *WRONG)
    assert len(found) == len(set(found))
    assert (expected - set(found), set(found) - expected) == (set(), set())
    assert told(settings, "missing", "extra") == []

    gone = {(obj, rows[obj, everything.KEYS[obj][0]]) for obj in everything.ORDER}
    for obj, row in sorted(gone):
        hand.delete(obj, row)
    run = verify(messages)
    assert isinstance(run.error, Differs)
    assert set(told(settings, "missing")) == {(*one, "") for one in gone}
    assert set(told(settings, *WRONG)) == {one for one in expected if one[:2] not in gone}

    done = resent(settings, "--edited")
    assert "objects are written whole by the next run" in done
    loader.load(messages)
    run = verify(messages)
    assert run.error is None, told(settings, *WRONG, "missing")
    assert counts(settings)["outcome"] == "stands"
    assert "Nothing to send again" in resent(settings)


def test_what_hung_on_an_object_that_is_made_anew_follows_it(
    clinic, verify, loader, settings, hand
):
    messages, rows = clinic
    for obj in ("person", "organization", "product"):
        hand.delete(obj, rows[obj, "0"])
    verify(messages)
    assert {one[:2] for one in told(settings, "missing")} == {
        (obj, rows[obj, "0"]) for obj in ("person", "organization", "product")
    }
    resent(settings)
    loader.load(messages)
    verify(messages)
    assert {obj for obj, _, _ in told(settings, *WRONG, "missing")} == {"file"}
    resent(settings)
    loader.load(messages)
    run = verify(messages)
    assert run.error is None, told(settings, *WRONG, "missing")


def resent(settings, *options):
    config = Path(settings["output_dir"]) / "config.json"
    config.write_text(json.dumps(settings))
    arguments = ["resend", "--config", str(config), *options]
    done = CliRunner().invoke(command_line(), arguments, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_without_findings_there_is_nothing_to_send_again(loader, settings):
    loader.play("patient")
    with pytest.raises(SettingsError, match="holds no findings of a verification"):
        resent(settings)
