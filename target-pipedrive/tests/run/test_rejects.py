"""What cannot be written stops nothing else, is told without its values, and is tried again."""

from __future__ import annotations

import io
import shutil

import pytest

from target_pipedrive.errors import BadInput, TooManyRejects
from target_pipedrive.target import TargetPipedrive

from .conftest import ROOT, script


@pytest.fixture
def failing(tmp_path):
    """Make a mapping in which an expression fails on words."""
    folder = tmp_path / "transforms"
    shutil.copytree(ROOT / "transforms", folder)
    patients = folder / "patients.yml"
    text = patients.read_text()
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "value: occupation" in line)
    mended = text.replace("value: occupation}", "value: text(int(occupation))}")
    assert mended != text
    patients.write_text(mended)
    column = mended.splitlines()[line - 1].index("text(int(") + 1
    return folder, f"{patients}:{line}:{column}"


def test_an_expression_that_fails_is_named_by_its_place(loader, account, failing):
    folder, place = failing
    (messages,) = script("failing_expression")
    run = loader.load(messages, mapping=str(folder))
    assert run.codes() == {"patients/3700": "mapping_failed"}
    assert run.rejects[0]["detail"].startswith(f"{place}: ")
    assert place in run.log
    for value in ("Falconer", "Osgood", "Pennywhistle"):
        assert value not in run.log
        assert value not in str(run.rejects)
    assert account.people("3700") == []
    assert account.person("3701")["custom"]["Occupation"] == "7"

    mended = loader.load(messages[-1:])
    assert mended.codes() == {}
    assert account.person("3700")["custom"]["Occupation"] == "Falconer"


def test_a_stream_without_a_mapping_is_left_out(loader, account):
    (run,) = loader.play("unknown_stream")
    assert "No mapping for stream recalls: its records are left out" in run.log
    assert run.summary["read"] == {"recalls": 1, "patients": 1}
    assert account.person("3800")["name"] == "Rae Fenn"


def test_too_many_rejects_end_the_run_and_lose_nothing(loader):
    (messages,) = script("many_rejects")
    run = loader.attempt(messages, max_rejects=2)
    assert isinstance(run.error, TooManyRejects)
    assert run.error.exit_code == 6
    assert "`max_rejects`" in str(run.error)
    assert set(run.codes().values()) == {"parent_missing"}
    assert len(run.codes()) == 3

    raised = loader.load(messages, max_rejects=3)
    assert len(raised.codes()) == 3


def test_rejects_that_no_mapping_makes_any_more_are_told_and_kept(loader, tmp_path):
    people = "stream: people\nobject: person\nkey_field: Person key\nfields: {name: name}\n"
    cases = "stream: cases\nobject: deal\nkey_field: Case key\nfields:\n  title: title\n"
    folder = tmp_path / "mapping"
    folder.mkdir()
    (folder / "people.yml").write_text(people)
    (folder / "cases.yml").write_text(f"{cases}  person_id: ref('person', 'people', person)\n")
    case = {"id": "1", "title": "Case", "person": "nobody"}
    state = {"type": "STATE", "value": {"run": 1}}
    messages = [
        {"type": "SCHEMA", "stream": "cases", "schema": {"properties": {key: {} for key in case}}},
        {"type": "RECORD", "stream": "cases", "record": case},
        state,
    ]
    assert loader.load(messages, mapping=str(folder)).codes() == {"cases/1": "parent_missing"}
    (folder / "cases.yml").unlink()
    run = loader.load([state], mapping=str(folder))
    assert "1 rejected records of cases are not tried: no mapping makes a deal of it" in run.log
    assert run.codes() == {"cases/1": "parent_missing"}


def test_rejects_tell_what_to_do(loader):
    (run,) = loader.play("many_rejects")
    for row in run.rejects:
        assert row["meaning"].endswith(".")
        assert row["action"].endswith(".")
        assert row["object"] == "activity"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"type": "RECORD", "stream": "patients", "record": {"id": "1", "notes": "Zym', "JSON"),
        ('{"type": "RECORD", "record": {"id": "1", "notes": "Zymurgy"}}', "`stream`"),
        ('{"type": "RECORD", "stream": "patients", "record": "Zymurgy"}', "`record`"),
        ('{"type": "Zymurgy"}', "RECORD"),
        ('["Zymurgy"]', "RECORD"),
    ],
    ids=["cut off", "no stream", "no record", "no type", "no message"],
)
def test_a_broken_line_ends_the_run_and_is_not_quoted(loader, capsys, caplog, line, told):
    target = TargetPipedrive(config=loader.settings, parse_env_config=False)
    good = '{"type": "STATE", "value": {"read": 1}}'
    with pytest.raises(BadInput, match="Line 2 of the input") as raised:
        target.load(io.StringIO(f"{good}\n{line}"))
    assert raised.value.exit_code == 1
    assert told in str(raised.value)
    assert "Zym" not in str(raised.value)
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    assert "Zym" not in caplog.text
    assert "Zym" not in capsys.readouterr().err
