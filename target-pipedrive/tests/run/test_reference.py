"""Mode `reference`: what no API can move is listed, without an account."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from target_pipedrive.endings import LOADERS
from target_pipedrive.errors import MappingError, SettingsError
from target_pipedrive.mapping.listing import Entry
from target_pipedrive.reference.listing import Part, as_json, as_markdown
from target_pipedrive.target import TargetPipedrive

ROOT = Path(__file__).parents[3]
TYPE = {
    "id": "71",
    "name": "Massage *deep*",
    "archived_at": None,
    "appointment_reminder_template_ids": ["9", "10"],
    "show_in_online_bookings": True,
    "online_bookings_lead_time_hours": 24,
}
TEMPLATE = {
    "id": "81",
    "name": "First visit",
    "content": {"sections": [{"name": "Pain", "questions": [{"name": "Where", "type": "text"}]}]},
}
PATIENT = {"id": "91", "first_name": "Zymurgy", "last_name": "Quux"}


def schema(stream, record, **more):
    properties = {name: {} for name in (*record, *more)}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"properties": properties},
        "key_properties": ["id"],
    }


def messages(*records):
    """Tell records of streams, each with a schema that has whatever the mapping reads."""
    for stream, record in records:
        yield {"type": "RECORD", "stream": stream, "record": record}
    yield {"type": "STATE", "value": {"run": 1}}


@pytest.fixture
def run(tmp_path, capsys):
    """Run in mode `reference` without any setting of an account; return the folder of files."""
    folder = tmp_path / "output"

    def go(*streams, mapping=ROOT / "transforms", **settings):
        config = {"mode": "reference", "mapping": str(mapping), "output_dir": str(folder)}
        config["ledger"] = f"sqlite:///{tmp_path}/ledger.db"
        target = TargetPipedrive(config=config | settings, parse_env_config=False)
        used = {use.stream: set() for rule in target.mapping.references for use in rule.uses}
        for rule in target.mapping.references:
            for use in rule.uses:
                used[use.stream].update(use.expression.names)
        lines = []
        for stream, *records in streams:
            lines.append(schema(stream, dict.fromkeys(used.get(stream, ()), 0), id=0))
            lines += messages(*((stream, record) for record in records))
        target.load(io.StringIO("".join(json.dumps(line) + "\n" for line in lines)))
        assert capsys.readouterr().out == ""  # no state: it lists all of it each time
        assert not (tmp_path / "ledger.db").exists()
        return folder

    go.folder = folder
    return go


def told(folder):
    return json.loads((folder / "workflow-reference.json").read_text())


def page(folder):
    return (folder / "workflow-reference.md").read_text()


def test_it_lists_what_came_and_names_what_did_not(run, caplog):
    caplog.set_level("INFO")
    folder = run(
        ("appointment_types", TYPE), ("treatment_note_templates", TEMPLATE), ("patients", PATIENT)
    )
    found = told(folder)
    types, templates = found["parts"]
    assert types["title"] == "Appointment types"
    (massage,) = types["records"]
    assert massage["id"] == "71"
    assert massage["Reminder templates"] == ["9", "10"]
    assert massage["Archived"] is False
    assert massage["Least notice online in hours"] == 24
    assert templates["records"][0]["Content"] == TEMPLATE["content"]
    assert found["missing_streams"] == [
        "businesses",
        "patient_form_templates",
        "public_settings",
        "recall_types",
    ]
    assert "The tap did not send businesses, patient_form_templates, public_settings" in caplog.text
    assert "1 other streams came" in caplog.text
    assert "Next: " in caplog.text
    text = page(folder)
    assert "### Massage \\*deep\\*" in text
    assert "- Reminder templates: 9, 10\n" in text
    assert "- Can be booked online: yes\n" in text
    assert "        - **Where**\n          - Type: text\n" in text
    assert "did not send them: businesses, patient\\_form\\_templates" in text
    assert "Quux" not in text + json.dumps(found)


def test_a_run_that_breaks_off_writes_nothing(run):
    with pytest.raises(MappingError, match="recall_types has no field 'archived_at'"):
        run_broken(run)
    assert not run.folder.joinpath("workflow-reference.json").exists()


def run_broken(run):
    config = {"mode": "reference", "mapping": str(ROOT / "transforms")}
    config |= {"output_dir": str(run.folder)}
    lines = json.dumps(schema("recall_types", {"id": 0, "name": 0})) + "\n"
    TargetPipedrive(config=config, parse_env_config=False).load(io.StringIO(lines))


def test_an_expression_may_read_its_own_record_alone(run, tmp_path):
    folder = tmp_path / "transforms"
    shutil.copytree(ROOT / "transforms", folder)
    path = folder / "recall_types.yml"
    path.write_text(path.read_text().replace("name: name", "name: lookup('users', id).email"))
    with pytest.raises(MappingError, match=r"lookup\(\) reads other records"):
        run(mapping=folder)


def test_a_record_whose_expression_fails_is_told_and_the_rest_listed(run, tmp_path, caplog):
    folder = tmp_path / "transforms"
    shutil.copytree(ROOT / "transforms", folder)
    path = folder / "recall_types.yml"
    path.write_text(path.read_text().replace("archived_at is not None", "1 / name"))
    found = told(run(("recall_types", {"id": "5", "name": "Zymurgy"}), mapping=folder))
    (part,) = found["parts"]
    assert part["records"] == []
    assert "recall_types.yml:" in part["not_listed"]["5"]
    assert "Zymurgy" not in json.dumps(part) + caplog.text


def test_other_modes_need_an_account():
    for mode in LOADERS:
        if mode == "reference":
            continue
        with pytest.raises(SettingsError, match="`api_token` is empty"):
            TargetPipedrive(config={"mode": mode}, parse_env_config=False)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\nb  c", "a b c"),
        ("25.0", "25.0"),
        ("1. first", "1\\. first"),
        ("# not a heading", "\\# not a heading"),
        ("- no item", "\\- no item"),
        ("[a](b) `c` <b>", "\\[a\\](b) \\`c\\`"),
        ("a & b &amp; c", "a & b \\&amp; c"),
        ("<p>One</p><p>Two</p>", "One Two"),
        (True, "yes"),
        (0, "0"),
    ],
)
def test_values_are_no_markdown(value, shown):
    part = Part("Part", "stream", [Entry("1", "Name", {"Label": value})], came=True)
    assert f"- Label: {shown}" in as_markdown([part], "now").splitlines()


def test_entries_are_in_the_order_of_their_names():
    entries = [Entry(str(key), name, {}) for key, name in enumerate(("b", "A", "", "a"))]
    found = json.loads(as_json([Part("Part", "stream", entries, came=True)], "now"))
    assert [record["id"] for record in found["parts"][0]["records"]] == ["2", "1", "3", "0"]
