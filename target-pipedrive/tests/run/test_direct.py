"""Streams that bear the name of an object load without a mapping file."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from target_pipedrive.cli import command_line
from target_pipedrive.errors import MappingError, SettingsError
from target_pipedrive.ledger import Ledger, Link, LinkKey

from .conftest import OWNER


def stream(name, rows, schema=None, keys=("id",)):
    names = {key for row in rows for key in row}
    properties = {key: {"type": ["string", "null"]} for key in sorted(names)} | (schema or {})
    yield {
        "type": "SCHEMA",
        "stream": name,
        "key_properties": list(keys),
        "schema": {"type": "object", "properties": properties},
    }
    yield from ({"type": "RECORD", "stream": name, "record": row} for row in rows)


@pytest.fixture
def run(loader):
    def run(*streams, **settings):
        messages = [message for one in streams for message in one]
        messages.append({"type": "STATE", "value": {"n": 1}})
        return loader.load(messages, **{"mapping": "", **settings})

    return run


def test_text_from_a_spreadsheet_becomes_what_each_key_wants(run, account):
    made = run(
        stream("organizations", [{"id": "d1", "name": "Acme", "address": "1 High St"}]),
        stream(
            "persons",
            [
                {
                    "id": "d1",
                    "first_name": "Ada",
                    "last_name": "Osei",
                    "email": "ada@shop.example; a.osei@shop.example",
                    "phone": "+61 412 345 678",
                    "org_id": "d1",
                    "add_time": "2019-05-01",
                    "owner_email": OWNER.upper(),
                    "labels": "Customer, Regular",
                }
            ],
        ),
        stream(
            "deals",
            [
                {
                    "id": "d1",
                    "title": "Treatment",
                    "person_id": "d1",
                    "org_id": "d1",
                    "value": "120.50",
                    "pipeline": "Clinic",
                    "stage": "booked",
                    "expected_close_date": "2026-01-31",
                    "is_archived": "no",
                }
            ],
        ),
        stream("product", [{"id": "d1", "name": "Massage", "prices": "95", "is_linkable": "yes"}]),
        stream(
            "deal_products",
            [
                {
                    "id": "d1",
                    "deal_id": "d1",
                    "product_id": "d1",
                    "item_price": "95",
                    "quantity": "2",
                }
            ],
        ),
    )
    assert made.codes() == {}
    (firm,) = account.labelled("organizations", "organizationFields", "Source ID", "d1")
    (person,) = account.labelled("persons", "personFields", "Source ID", "d1")
    assert (person["name"], person["org_id"]) == ("Ada Osei", firm["id"])
    assert [row["value"] for row in person["emails"]] == [
        "ada@shop.example",
        "a.osei@shop.example",
    ]
    assert person["add_time"] == "2019-05-01T00:00:00Z"
    assert person["owner_id"] == account.user(OWNER)
    assert len(person["label_ids"]) == 2
    (deal,) = account.labelled("deals", "dealFields", "Source ID", "d1")
    assert (deal["person_id"], deal["org_id"]) == (person["id"], firm["id"])
    (product,) = account.labelled("products", "productFields", "Source ID", "d1")
    assert product["prices"][0]["price"] == 95
    assert deal["value"] == 190  # what its products come to
    (line,) = (row for row in account.rows("dealProducts") if row["deal_id"] == deal["id"])
    assert (line["product_id"], line["comments"]) == (product["id"], "Source ID: d1")


def test_what_hangs_on_others_bears_a_line_with_its_key(run, account, tmp_path):
    content = tmp_path / "scan.txt"
    content.write_text("found")
    streams = lambda: (  # noqa: E731 - generators are used up
        stream("persons", [{"id": "d10", "name": "Bo"}]),
        stream("leads", [{"id": "d10", "title": "Backache", "person_id": "d10", "value": "50"}]),
        stream(
            "activities",
            [
                {
                    "id": "d10",
                    "subject": "Call",
                    "person_id": "d10",
                    "lead_id": "d10",
                    "due_date": "2026-01-31",
                    "done": "true",
                    "note": "a < b\nand more",
                }
            ],
        ),
        stream("notes", [{"id": "d10", "content": "<b>Likes</b> tea", "person_id": "d10"}]),
        stream(
            "files",
            [{"id": "d10", "name": "scan.txt", "uri": content.as_uri(), "person_id": "d10"}],
        ),
    )
    made = run(*streams())
    assert made.codes() == {}
    (person,) = account.labelled("persons", "personFields", "Source ID", "d10")
    (lead,) = (row for row in account.rows("leads") if row["origin_id"] == "leads/d10")
    assert (lead["person_id"], lead["value"]) == (person["id"], {"amount": 50, "currency": "AUD"})
    (activity,) = (row for row in account.rows("activities") if row["lead_id"] == lead["id"])
    assert activity["person_id"] == person["id"]
    assert activity["done"] is True
    assert activity["note"] == "<p>a &lt; b<br />and more</p><p>Source ID: d10</p>"
    (note,) = account.notes(person)
    assert note["content"] == "<strong>Likes</strong> tea<p>Source ID: d10</p>"
    (file,) = account.files(person)
    assert (file["name"], file["file_size"]) == ("scan.txt", 5)

    assert run(*streams()).writes == []
    found = run(*streams(), ledger=f"sqlite:///{tmp_path}/another.db")
    assert [write for write in found.writes if write.method == "POST"] == []


def test_other_columns_fill_custom_fields_of_their_name(run, account, sandbox):
    schema = {
        "Visits": {"type": ["integer", "null"]},
        "Member": {"type": ["boolean", "null"]},
        "Joined on": {"type": ["string", "null"], "format": "date"},
        "Level": {"type": "string", "enum": ["Gold", "Silver"]},
        "Story": {"type": "string", "maxLength": 2000},
        "Interests": {"type": "array", "items": {"type": "string"}},
    }
    row = {
        "id": "d20",
        "name": "Cy",
        "Visits": 3,
        "Member": True,
        "Joined on": "2020-02-29",
        "Level": "Gold",
        "Story": "x" * 300,
        "Interests": ["Yoga", "Tea"],
        "how_did_they_find_us": "A friend",
    }
    made = run(stream("person", [row], schema))
    (person,) = account.labelled("persons", "personFields", "Source ID", "d20")
    assert person["custom"]["How did they find us"] == "A friend"  # made by hand, earlier
    assert "Visits" not in person["custom"]
    assert "no custom field of person for Interests, Joined on, Level, Member" in made.log

    run(stream("person", [row], schema), create_custom_fields=True)
    (person,) = account.labelled("persons", "personFields", "Source ID", "d20")
    assert {label: person["custom"][label] for label in schema} == {
        **{label: row[label] for label in schema},
        "Member": "Yes",
    }
    fields = {row["field_name"]: row for row in sandbox.dump()["pipedrive"]["personFields"]}
    types = {label: fields[label]["field_type"] for label in schema}
    assert types == {
        "Visits": "double",
        "Member": "enum",
        "Joined on": "date",
        "Level": "enum",
        "Story": "text",
        "Interests": "set",
    }
    assert run(stream("person", [row], schema), create_custom_fields=True).writes == []


def test_an_id_of_pipedrives_own_is_named_so(run, account):
    own = account.make_person(name="By hand")
    run(stream("notes", [{"id": "d30", "content": "x", "pipedrive_person_id": str(own)}]))
    assert len(account.notes({"id": own})) == 1


def test_a_row_that_is_told_to_be_gone_goes(run, account):
    run(stream("persons", [{"id": "d40", "name": "Di"}]))
    gone = run(
        stream("persons", [{"id": "d40", "name": "Di", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}])
    )
    assert gone.kinds() == {"DELETE persons": 1}


def test_a_parent_that_is_not_there_keeps_its_child_waiting(run):
    made = run(stream("deals", [{"id": "d50", "title": "x", "person_id": "nobody"}]))
    assert made.codes() == {"deals/d50": "parent_missing"}


def test_a_value_that_cannot_be_read_is_told_by_its_property(run):
    made = run(stream("deals", [{"id": "d51", "title": "x", "value": "a lot"}]))
    assert made.codes() == {"deals/d51": "mapping_failed"}
    assert made.rejects[0]["detail"] == "property value of deals: a number is needed here"


@pytest.mark.parametrize(
    ("name", "row", "keys", "words"),
    [
        ("persons", {"id": "1", "email": "a@b.example"}, ["id"], "lacks `name`"),
        ("persons", {"id": "1", "name": "A"}, [], "no key properties"),
        ("persons", {"id": "1", "name": "A", "of": "2"}, ["id", "of"], "2 key properties"),
        ("notes", {"id": "1", "content": "A"}, ["id"], "tells no parent"),
        ("files", {"id": "1", "name": "A", "person_id": "1"}, ["id"], "`name` and `uri`"),
    ],
)
def test_a_stream_that_cannot_become_its_object_is_refused(loader, name, row, keys, words):
    messages = [*stream(name, [row], keys=keys), {"type": "STATE", "value": {}}]
    run = loader.attempt(messages, mapping="")
    assert isinstance(run.error, MappingError)
    assert words in str(run.error)
    assert run.writes == []


def test_a_file_of_the_mapping_goes_before_the_name(loader, tmp_path, account):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "persons.yml").write_text(
        "{stream: persons, object: organization, key_field: Firm ID, fields: {name: name}}"
    )
    messages = [*stream("persons", [{"id": "d60", "name": "Firm"}]), {"type": "STATE", "value": {}}]
    loader.load(messages, mapping=str(tmp_path / "m"))
    assert len(account.labelled("organizations", "organizationFields", "Firm ID", "d60")) == 1


# custom fields: judged before the first record of a stream


def with_level(name, key, *, level="Gold", label):
    return stream(name, [{"id": key, "name": key, label: level}])


def test_a_renamed_field_is_still_known(run, account, custom):
    run(with_level("persons", "d70", label="Level cf70"), create_custom_fields=True)
    custom.rename(custom.code("Level cf70"), "Rank cf70")
    again = run(with_level("persons", "d70", level="Silver", label="level_cf70"))
    assert "so they are left out" not in again.log
    (person,) = account.labelled("persons", "personFields", "Source ID", "d70")
    assert person["custom"]["Rank cf70"] == "Silver"


def test_a_deleted_field_is_made_again_or_ends_the_run(run, loader, account, custom):
    run(with_level("persons", "d71", label="Level cf71"), create_custom_fields=True)
    custom.delete(custom.code("Level cf71"))
    messages = [
        *stream("organizations", [{"id": "d71", "name": "Firm"}]),
        *with_level("persons", "d71", level="Silver", label="Level cf71"),
        {"type": "STATE", "value": {}},
    ]
    stopped = loader.attempt(messages, mapping="", when_field_deleted="stop")
    assert isinstance(stopped.error, SettingsError)
    assert '"Level cf71" of person, which earlier runs filled, was deleted' in str(stopped.error)
    assert [write for write in stopped.writes if "person" in write.path] == []

    again = run(with_level("persons", "d71", label="Level cf71"))
    assert again.kinds() == {"POST personFields": 1, "PATCH persons": 1}
    (person,) = account.labelled("persons", "personFields", "Source ID", "d71")
    assert person["custom"]["Level cf71"] == "Gold"


def test_a_doubled_field_is_told_before_the_first_record(run, loader, custom):
    codes = [custom.make("Level cf72", "varchar") for _ in range(2)]
    messages = [
        *with_level("persons", "d72", label="Level cf72"),
        {"type": "STATE", "value": {}},
    ]
    refused = loader.attempt(messages, mapping="")
    assert isinstance(refused.error, SettingsError)
    assert all(code in str(refused.error) for code in codes)
    assert (refused.writes, refused.states) == ([], [])
    chosen = {"person/Level cf72": codes[1]}
    run(with_level("persons", "d72", label="Level cf72"), custom_field_codes=chosen)


def test_room_is_counted_with_what_earlier_streams_still_need(run, loader, custom):
    run(stream("persons", [{"id": "d73", "name": "A"}]))  # now the key has its field
    run(stream("organizations", [{"id": "d73", "name": "A"}]))
    choices = {"Level cf73": {"type": "string"}}
    messages = [
        *stream("persons", [], {"id": {}, "name": {}} | choices),
        *stream("organizations", [{"id": "d73", "name": "B"}], choices),
        {"type": "STATE", "value": {}},
    ]
    settings = {"mapping": "", "create_custom_fields": True}
    refused = loader.attempt(messages, **settings, max_custom_fields=custom.count() + 1)
    assert isinstance(refused.error, SettingsError)
    assert "2 more are needed (person 1, organization 1), 1 can be made" in str(refused.error)
    assert refused.writes == []
    assert loader.attempt(messages, **settings, max_custom_fields=custom.count() + 2).error is None


def test_fields_made_in_a_run_are_not_taken_for_deleted_by_its_next_schema(run, custom):
    schema = {"Level cf74": {"type": "string", "enum": ["Gold", "Silver"]}}
    made = run(
        stream("persons", [{"id": "d74", "name": "A", "Level cf74": "Gold"}], schema),
        stream("organizations", [{"id": "d74", "name": "B"}]),
        stream("persons", [{"id": "d75", "name": "C", "Level cf74": "Silver"}], schema),
        create_custom_fields=True,
    )
    assert "were deleted in Pipedrive" not in made.log
    assert len(custom.named("Level cf74")) == 1


def test_one_label_is_one_field_however_streams_write_it(run, custom):
    run(
        stream("deals", [{"id": "d76", "title": "A", "Level cf76": "Gold"}]),
        stream("persons", [{"id": "d76", "name": "A"}]),
        stream("leads", [{"id": "d76", "title": "B", "person_id": "d76", "level_CF76": "Tin"}]),
        create_custom_fields=True,
    )
    assert len(custom.named("Level cf76", "dealFields")) == 1
    assert custom.named("level_CF76", "dealFields") == []


# rejected before


@pytest.fixture
def command(loader, tmp_path):
    """Type a command, with the settings of a run without mapping files."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(loader.settings | {"mapping": ""}))

    def command(*arguments):
        typed = [*arguments[:2], "--config", str(config), *arguments[2:]]
        result = CliRunner().invoke(command_line(), typed)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.output

    return command


def orphan(key, **more):
    row = {"id": key, "title": f"Deal {key}", "person_id": key, "value": "10"}
    return stream("deal", [row | more])


def test_what_was_rejected_is_tried_again_without_its_stream(run, account):
    assert run(orphan("d80")).codes() == {"deal/d80": "parent_missing"}
    made = run(stream("persons", [{"id": "d80", "name": "A"}]))
    assert made.codes() == {}
    assert "did not send" not in made.log
    (person,) = account.labelled("persons", "personFields", "Source ID", "d80")
    (deal,) = account.labelled("deals", "dealFields", "Source ID", "d80")
    assert (deal["person_id"], deal["value"]) == (person["id"], 10)


def test_what_was_rejected_is_tried_again_by_command(run, loader, command, account):
    run(orphan("d81"), orphan("d82"))
    person = str(account.make_person(name="By hand"))
    ledger = Ledger(loader.settings["ledger"], "by hand")
    for key in ("d81", "d82"):
        link = LinkKey("person", "persons", key)
        ledger.links.put(Link(link, person, person, created=False, sent={}))
    ledger.close()
    assert "1 tried again: 1 settled" in command("rejects", "retry", "deal/d82")
    assert account.labelled("deals", "dealFields", "Source ID", "d81") == []
    (deal,) = account.labelled("deals", "dealFields", "Source ID", "d82")
    assert deal["person_id"] == int(person)
    assert "1 tried again: 1 settled" in command("rejects", "retry")
    assert run(orphan("d81"), orphan("d82")).writes == []


def test_references_mean_what_they_meant_when_a_record_was_rejected(run, loader, command, account):
    """Its parent came under the other name of its object, which nothing but its run tells."""
    refused = stream("notes", [{"id": "d83", "content": "x", "person_id": "d84"}])
    run(stream("person", [{"id": "d83", "name": "A"}]), refused)
    person = str(account.make_person(name="By hand"))
    ledger = Ledger(loader.settings["ledger"], "by hand")
    link = LinkKey("person", "person", "d84")
    ledger.links.put(Link(link, person, person, created=False, sent={}))
    ledger.close()
    assert "1 settled" in command("rejects", "retry")
    assert len(account.notes({"id": int(person)})) == 1


def test_a_stream_that_can_be_made_no_more_is_told(run, loader, command, custom, caplog):
    run(orphan("d85", **{"Level cf85": "x"}), create_custom_fields=True)
    custom.delete(custom.code("Level cf85", "dealFields"), "dealFields")
    for _ in range(2):
        custom.make("Level cf85", "varchar", "dealFields")
    assert "1 rejected once more" in command("rejects", "retry")
    assert "Rejected records of deal are not tried" in caplog.text
    assert "Level cf85" in caplog.text
