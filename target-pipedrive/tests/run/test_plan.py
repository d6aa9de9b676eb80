"""Plans: what they say is what the load then does; what they were made for must not move."""

from __future__ import annotations

import json
import re
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from target_pipedrive.commands.schema import schema
from target_pipedrive.decide import CUSTOM, Changes
from target_pipedrive.desired import Custom, Desired, Found, Mark
from target_pipedrive.errors import SettingsError
from target_pipedrive.plan import document
from target_pipedrive.plan.notes import Act, Notes

from .conftest import OWNER, ROOT, recorded, script

BEHAVIOURS = (
    "adopted",
    "ambiguous",
    "child_first",
    "communications",
    "emptied_group",
    "family",
    "files_removed",
    "inherited_invoice",
    "late_invoice",
    "long_note",
    "merged_after",
    "merged_into_stranger",
    "missing_parent",
    "never_created_chain",
    "options",
    "spreadsheets",
    "twice",
    "vanished",
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """An account of its own: what is recorded for other tests is played here, too."""
    with recorded(tmp_path_factory) as running:
        yield running


@pytest.fixture
def planned(loader, settings):
    """Plan a load; return what was planned."""

    def plan(messages, **others):
        run = loader.attempt(messages, mode="plan", **others)
        if run.error is not None:
            raise run.error
        assert run.writes == []
        assert run.states == []
        return document.read(Path(settings["output_dir"], document.NAME))

    return plan


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_each_behaviour_is_foreseen(loader, planned, tmp_path, name):
    for file in ("scan.pdf", "letter.txt"):
        (tmp_path / file).write_bytes(b"x")
    for messages in script(name):
        holds(planned(messages), loader.load(messages))


def holds(plan, run):
    """See that a plan is what the load then did."""
    actions = {
        f"{obj} {action}": number
        for obj, counts in plan["objects"].items()
        for action, number in counts.items()
        if action != "rejected"
    }
    assert actions == run.summary["done"]
    price = plan["price"]
    assert price["tokens_at_least"] <= run.tokens <= price["tokens_at_most"]
    found = {
        (entry["stream"], one["id"], entry["code"])
        for entry in plan["rejects"]
        for one in entry["some"]
    }
    assert found == {(row["stream"], row["id"], row["code"]) for row in run.rejects}


def direct(name, *rows):
    """Messages of a stream that bears the name of an object."""
    schema = {"type": "object", "properties": {key: {} for row in rows for key in row}}
    yield {"type": "SCHEMA", "stream": name, "key_properties": ["id"], "schema": schema}
    yield from (record(name, **row) for row in rows)


def test_streams_without_a_mapping_are_foreseen(loader, planned):
    firms = [{"id": "p1", "name": "Acme", "labels": "Supplier"}]
    people = [{"id": "p1", "name": "Ada", "org_id": "p1", "labels": "New, Dear", "shoe": "7"}]
    deals = [{"id": "p1", "title": "Hip", "person_id": "p1", "pipeline": "Clinic"}]
    products = [{"id": "p1", "name": "Massage", "prices": "95"}]
    lines = [
        {"id": f"p{n}", "deal_id": "p1", "product_id": "p1", "item_price": "9", "quantity": "1"}
        for n in range(8)
    ]

    def messages():
        yield from direct("organizations", *firms)
        yield from direct("persons", *people)
        yield from direct("product", *products)
        yield from direct("deals", *deals)
        yield from direct("deal_products", *lines)
        yield from direct("person", {"id": "q1", "name": "Bo", "labels": "Dear", "hat": "yes"})
        yield {"type": "STATE", "value": {"n": 1}}

    settings = {"mapping": "", "create_custom_fields": True}
    for _ in range(2):
        plan = planned([*messages()], **settings)
        holds(plan, loader.load([*messages()], **settings))
        people[0]["shoe"], deals[0]["title"] = "8", "Knee"
        lines.append(lines[0] | {"id": "p9"})
        firms[0]["labels"] = "Rival"


class Clinic:
    """A patient with one appointment, and no other."""

    def __init__(self, number):
        self.messages = [
            record("appointment_types", id=f"{number}1", name=f"Planned {number}"),
            record(
                "patients",
                id=f"{number}2",
                first_name="Greta",
                last_name=f"Byron{number}",
                sex="Female",
                occupation="Lamplighter",
            ),
            record(
                "individual_appointments",
                id=f"{number}3",
                patient_id=f"{number}2",
                appointment_type_id=f"{number}1",
                starts_at="2020-01-01T00:00:00Z",
                ends_at="2020-01-01T01:00:00Z",
            ),
            {"type": "STATE", "value": {"n": number}},
        ]


def record(stream, **values):
    return {"type": "RECORD", "stream": stream, "record": values}


@pytest.fixture
def clinic(request):
    return Clinic(4_400_000 + abs(hash(request.node.name)) % 10_000 * 10)


def test_a_load_that_wants_a_plan_takes_one_that_holds(loader, planned, clinic):
    with pytest.raises(SettingsError, match=r"There is no plan at .*plan\.json"):
        loader.load(clinic.messages, require_plan=True)
    plan = planned(clinic.messages, require_plan=True)
    run = loader.load(clinic.messages, require_plan=True)
    assert plan["price"]["tokens_at_least"] <= run.tokens <= plan["price"]["tokens_at_most"]
    # What the loader has made since is no move, foreseen or not.
    clinic.messages[1]["record"]["sex"] = "Not said"
    clinic.messages[0]["record"]["name"] += " anew"
    loader.load(clinic.messages, require_plan=True)
    loader.load(clinic.messages, require_plan=True)


def test_a_plan_that_was_touched_is_refused(loader, planned, clinic, settings):
    planned(clinic.messages)
    path = Path(settings["output_dir"], document.NAME)
    path.write_text(path.read_text().replace('"seats": 1', '"seats": 2'))
    with pytest.raises(SettingsError, match="not as it was written"):
        loader.load(clinic.messages, require_plan=True)


def test_what_moved_is_told(loader, planned, clinic, account, tmp_path):
    planned(clinic.messages)
    mapping = tmp_path / "transforms"
    mapping.mkdir()
    for path in (ROOT / "transforms").glob("*.yml"):
        (mapping / path.name).write_text(path.read_text())
    with (mapping / "patients.yml").open("a") as file:
        file.write("\n# a remark\n")
    with pytest.raises(SettingsError) as told:
        loader.load(
            clinic.messages, require_plan=True, mapping=str(mapping), seats=3, subscription="lite"
        )
    assert [re.sub(r".*was made: ", "", fault) for fault in told.value.faults] == [
        "the mapping was changed, or a setting that it needs.",
        "`subscription` was ultimate and is lite.",
        "`seats` was 1 and is 3.",
        "Make a new plan and look at it: the tap | target-pipedrive, with `mode: plan`",
    ]


def test_what_people_did_to_the_schema_is_told(loader, planned, clinic, by_hand):
    loader.load(clinic.messages)
    planned(clinic.messages)
    made = by_hand("POST", "v2/personFields", {"field_name": "Shoe size", "field_type": "double"})
    kind = by_hand("POST", "v1/activityTypes", {"name": "Picnic", "icon_key": "lunch"})
    with pytest.raises(SettingsError) as told:
        loader.load(clinic.messages, require_plan=True)
    assert 'the custom field "Shoe size" of person was made' in str(told.value)
    assert 'the activity type "Picnic" was made' in str(told.value)
    by_hand("DELETE", f"v2/personFields/{made['field_code']}", None)
    by_hand("DELETE", f"v1/activityTypes/{kind['id']}", None)
    loader.load(clinic.messages, require_plan=True)


@pytest.fixture
def by_hand(account):
    """Do something in Pipedrive as somebody would."""

    def do(method, path, body):
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{account._sandbox.pipedrive}/api/{path}",
            None if body is None else json.dumps(body).encode(),
            {"x-api-token": "sandbox-token", "content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)["data"]

    return do


def test_a_schema_is_made_from_a_plan_and_taken_by_the_load(
    loader, planned, clinic, settings, account
):
    plan = planned(clinic.messages)
    config = Path(settings["output_dir"], "config.json")
    config.write_text(json.dumps(settings))

    def run(*options):
        done = CliRunner().invoke(schema, ["--config", str(config), *options])
        if done.exception:
            raise done.exception
        return done.output

    assert "Would make" in run("--dry-run")
    names = {row["name"] for row in account.rows("activityTypes")}
    assert clinic.messages[0]["record"]["name"] not in names
    assert "1 activity types" in run()
    assert run() == "Nothing is missing: all of it stands already.\n"
    assert run("--dry-run") == "Nothing is missing: all of it stands already.\n"
    done = loader.load(clinic.messages, require_plan=True).summary["done"]
    assert done["activity_type unchanged"] == 1
    assert plan["objects"]["activity_type"] == {"created": 1}
    config.write_text(json.dumps(settings | {"seats": 9}))
    with pytest.raises(SettingsError, match="`seats` was 1 and is 9"):
        run()


def test_what_would_stop_the_load_is_told_and_does_not_stop_the_plan(loader, planned):
    (messages, *_) = script("unmatched_practitioner")
    plan = planned(messages, unmatched_practitioners="stop", max_custom_fields=1, max_rejects=0)
    assert plan["make"]["custom_fields_cap"]["most"] == 1
    assert plan["people"]["unmatched"]
    loader.attempt(messages, mode="plan", unmatched_practitioners="stop", max_custom_fields=1)
    assert "The load would stop: " in loader._log.text


def test_no_file_tells_a_value_of_a_patient(loader, planned, clinic, settings):
    loader.load(clinic.messages)
    clinic.messages[1]["record"]["occupation"] = "Zeppelin pilot"
    planned(clinic.messages)
    folder = Path(settings["output_dir"])
    told = (folder / "plan.json").read_text() + (folder / "plan.html").read_text()
    assert "Zeppelin" not in told + loader._log.text
    assert "Greta" not in told
    assert "Occupation" in told
    assert {(folder / name).stat().st_mode & 0o777 for name in ("plan.json", "plan.html")} == {
        0o600
    }
    assert not [*folder.glob(".copy-*")]


def test_a_ledger_in_postgresql_stays_as_it_is(loader, planned, clinic, postgres):
    loader.load(clinic.messages, ledger=postgres.url)
    before = _rows(postgres)
    clinic.messages[1]["record"]["occupation"] = "Zeppelin pilot"
    plan = planned(clinic.messages, ledger=postgres.url)
    assert plan["objects"]["person"] == {"updated": 1}
    assert plan["objects"]["activity"] == {"unchanged": 1}
    assert _rows(postgres) == before


def _rows(postgres):
    tables = postgres.query("select relname from pg_stat_user_tables order by relname")
    every = "select * from {} t order by t::text"
    return {name: postgres.query(every.format(name)) for name in tables}


@pytest.mark.parametrize(
    ("show", "told"), [(False, "•••• text, 9-16 characters"), (True, "Zeppelin pilot")]
)
def test_values_are_masked_unless_they_are_to_be_shown(tmp_path, show, told):
    mark = Mark(Found.FIELD, "Cliniko patient ID", "1")
    custom = {"Occupation": Custom("varchar", "Zeppelin pilot")}
    desired = Desired("person", "patients", "1", "", {"name": None}, custom, mark)
    with closing(Notes(tmp_path / "acts")) as notes:
        notes.show_values = show
        notes.add(desired, "updated", "7", Changes((CUSTOM + "Occupation",), ("name",)))
        (act,) = notes.acts()
    assert act == Act(
        "person", "updated", "patients", "1", "", "7", [], {"Occupation": told, "name": ""}
    )


def test_the_default_owner_is_nobody_unmatched(planned, clinic):
    assert planned(clinic.messages, default_owner=OWNER)["people"]["unmatched"] == []


def test_a_hash_is_of_the_content_alone(tmp_path):
    path = tmp_path / "plan.json"
    found = document.save({"form": document.FORM, "b": 1, "a": [1.5, "ü", None]}, path)
    assert document.read(path)["sha256"] == found
    assert document.digest({"a": [1.5, "ü", None], "form": document.FORM, "b": 1}) == found
    path.write_text(json.dumps(json.loads(path.read_text()), indent=None))  # written otherwise
    assert document.read(path)["sha256"] == found
    for broken in ("", "[]", "{}", '{"form": 1}'):
        path.write_text(broken)
        with pytest.raises(SettingsError, match="meltano run tap-cliniko plan-pipedrive"):
            document.read(path)
