"""Custom fields of every type, and what people do to them in Pipedrive between two runs."""

from __future__ import annotations

import pytest

from target_pipedrive.errors import SettingsError

from .conftest import OWNER

FIELDS = """\
  Short{n}: {type: varchar, value: short}
  Auto{n}: {type: varchar_auto, value: short}
  Long{n}: {type: text, value: long}
  Number{n}: {type: double, value: number}
  Money{n}: {type: monetary, value: number}
  Day{n}: {type: date, value: day}
  Days{n}: {type: daterange, value: "[day, until]"}
  Hour{n}: {type: time, value: hour}
  Hours{n}: {type: timerange, value: "[hour, '23:00'] if hour else None"}
  Choice{n}: {type: enum, value: choice, options: from_source}
  Choices{n}: {type: set, value: choices, options: [Red, Blue]}
  Who{n}: {type: user, value: who}
  Firm{n}: {type: org, value: "ref('organization', 'firms', firm) if firm else None"}
  Boss{n}: {type: people, value: "ref('person', 'things', boss) if boss else None"}
  Phone{n}: {type: phone, value: phone}
  Place{n}: {type: address, value: place}
"""
LABELS = [line.split("{n}")[0].strip() for line in FIELDS.splitlines()]
NAMES = [
    *("id", "name", "short", "long", "number", "day", "until", "hour", "choice", "choices"),
    *("who", "firm", "boss", "phone", "place", "person"),
]
FULL = {
    "short": "abc",
    "long": "a\nb",
    "number": "12.50",
    "day": "2026-01-02",
    "until": "2026-02-03",
    "hour": "9:05",
    "choice": "One",
    "choices": ["red", "Blue"],
    "who": OWNER,
    "firm": "1",
    "boss": "1",
    "phone": "+61400000000",
    "place": "1 High St",
}


def mapping_of(folder, n, *, key="Thing ID", only=None):
    """Write mapping files that fill one custom field of each type; labels end with `n`."""
    fields = "".join(
        line
        for line in FIELDS.splitlines(keepends=True)
        if only is None or line.split("{n}")[0].strip() in only
    ).replace("{n}", n)
    custom = f"custom_fields:\n{fields}" if fields else ""
    (folder / "firms.yml").write_text(
        f"stream: firms\nobject: organization\nkey_field: {key}{n}\nfields: {{name: name}}\n"
    )
    (folder / "things.yml").write_text(
        f"stream: things\nobject: person\nkey_field: {key}{n}\nfields: {{name: name}}\n{custom}"
    )
    (folder / "hopes.yml").write_text(
        "stream: hopes\nobject: lead\n"
        f"fields: {{title: name, person_id: \"ref('person', 'things', person)\"}}\n{custom}"
    )
    return str(folder)


def messages(*records):
    """Write Singer messages of (stream, record); what a record does not tell is null."""
    streams = dict.fromkeys(stream for stream, _ in records)
    schema = {"type": "object", "properties": {name: {} for name in NAMES}}
    told = [
        {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["id"]}
        for stream in streams
    ]
    rows = [
        {"type": "RECORD", "stream": stream, "record": dict.fromkeys(NAMES) | record}
        for stream, record in records
    ]
    return [*told, *rows, {"type": "STATE", "value": {"done": True}}]


@pytest.fixture
def things(account):
    def find(n, key):
        (found,) = account.labelled("persons", "personFields", f"Thing ID{n}", key)
        return found

    return find


def test_every_type_is_written_read_again_and_emptied(loader, account, custom, things, tmp_path):
    n = " cf1"
    settings = {"mapping": mapping_of(tmp_path, n), "currency": "AUD"}
    firm, boss = ("firms", {"id": "1", "name": "Firm"}), ("things", {"id": "1", "name": "Boss"})
    full = [
        ("things", {"id": "2", "name": "Full", **FULL}),
        ("hopes", {"id": "3", "name": "Hope", "person": "2", **FULL}),
    ]
    run = loader.load(messages(firm, boss, *full), **settings)
    assert run.rejects == []
    first, person = things(n, "1"), things(n, "2")
    (firm_row,) = account.labelled("organizations", "organizationFields", f"Thing ID{n}", "1")
    place = person["custom"].pop(f"Place{n}")
    assert place["value"] == "1 High St"
    times = {label: person["custom"].pop(f"{label}{n}") for label in ("Hour", "Hours")}
    assert times["Hour"]["value"] == "09:05:00"
    assert (times["Hours"]["value"], times["Hours"]["until"]) == ("09:05:00", "23:00:00")
    mine = {
        label.removesuffix(n): value
        for label, value in person["custom"].items()
        if label.endswith(n)
    }
    assert mine == {
        "Thing ID": "2",
        "Short": "abc",
        "Auto": "abc",
        "Long": "a\nb",
        "Number": 12.5,
        "Money": {"value": 12.5, "currency": "AUD"},
        "Day": "2026-01-02",
        "Days": {"value": "2026-01-02", "until": "2026-02-03"},
        "Choice": "One",
        "Choices": ["Red", "Blue"],
        "Who": account.user(OWNER),
        "Firm": firm_row["id"],
        "Boss": first["id"],
        "Phone": "+61400000000",
    }
    (lead,) = [row for row in account.rows("leads") if row["title"] == "Hope"]
    deal = {label: custom.code(f"{label}{n}", "dealFields") for label in LABELS}
    flat = lead.get("custom_fields", lead)
    options = {
        option["label"]: option["id"]
        for label in ("Choice", "Choices")
        for option in custom.named(f"{label}{n}", "dealFields")[0]["options"]
    }
    assert flat[deal["Choices"]] == f"{options['Red']},{options['Blue']}"
    assert flat[deal["Choice"]] == str(options["One"])
    assert (flat[deal["Money"]], flat[f"{deal['Money']}_currency"]) == (12.5, "AUD")
    assert (flat[deal["Days"]], flat[f"{deal['Days']}_until"]) == ("2026-01-02", "2026-02-03")
    assert flat[deal["Boss"]] == first["id"]

    again = loader.load(messages(firm, boss, *full), **settings)
    assert again.writes == []
    empty = [
        ("things", {"id": "2", "name": "Full"}),
        ("hopes", {"id": "3", "name": "Hope", "person": "2"}),
    ]
    loader.load(messages(firm, boss, *empty), **settings)
    left = {label: value for label, value in things(n, "2")["custom"].items() if label.endswith(n)}
    assert {label for label, value in left.items() if value is not None} == {f"Thing ID{n}"}
    (lead,) = [row for row in account.rows("leads") if row["title"] == "Hope"]
    flat = lead.get("custom_fields", lead)
    assert not [code for code in deal.values() if flat.get(code) is not None]


def test_a_user_who_is_not_there_leaves_the_field_empty(loader, custom, things, tmp_path):
    n = " cf2"
    settings = {"mapping": mapping_of(tmp_path, n, only={"Who"})}
    record = {"id": "1", "name": "A", "who": "nobody@nowhere.example"}
    run = loader.load(messages(("things", record)), **settings)
    assert things(n, "1")["custom"].get(f"Who{n}") is None
    assert 'things/1: no active Pipedrive user has the e-mail for "Who cf2"' in run.log
    assert "nowhere" not in run.log.replace('"who"', "")


def test_renamed_fields_and_options_are_still_known(loader, custom, things, tmp_path):
    n = " cf3"
    settings = {"mapping": mapping_of(tmp_path, n, only={"Short", "Choice"})}
    record = {"id": "1", "name": "A", "short": "a", "choice": "One"}
    loader.load(messages(("things", record)), **settings)
    short, choice = custom.code(f"Short{n}"), custom.named(f"Choice{n}")[0]
    custom.rename(short, "Called otherwise cf3")
    custom.rename_option(choice["field_code"], choice["options"][0]["id"], "The first")
    two = {"id": "2", "name": "B", "short": "b", "choice": "One"}
    run = loader.load(messages(("things", record | {"short": "c"}), ("things", two)), **settings)
    assert not [write for write in run.writes if "Fields" in write.path]
    for key, value in (("1", "c"), ("2", "b")):
        person = things(n, key)
        assert person["custom"]["Called otherwise cf3"] == value
        assert person["custom"][f"Choice{n}"] == "The first"


def test_a_deleted_field_is_made_again_with_all_its_values(loader, custom, things, tmp_path):
    n = " cf4"
    settings = {"mapping": mapping_of(tmp_path, n, only={"Short"})}
    records = [("things", {"id": key, "name": key, "short": f"s{key}"}) for key in "123"]
    loader.load(messages(*records), **settings)
    custom.delete(custom.code(f"Short{n}"))
    run = loader.load(messages(*records), **settings)
    assert "was deleted in Pipedrive; it is made again" in run.log
    assert "--full-refresh" in run.log
    assert run.kinds() == {"POST personFields": 1, "PATCH persons": 3}
    assert [set(w.body) for w in run.writes if "persons" in w.path] == [{"custom_fields"}] * 3
    assert [things(n, key)["custom"][f"Short{n}"] for key in "123"] == ["s1", "s2", "s3"]
    assert loader.load(messages(*records), **settings).writes == []


def test_a_deleted_field_ends_the_run_before_the_first_record(loader, custom, tmp_path):
    n = " cf5"
    settings = {"mapping": mapping_of(tmp_path, n, only={"Short"}), "when_field_deleted": "stop"}
    record = {"id": "1", "name": "A", "short": "a"}
    loader.load(messages(("things", record)), **settings)
    custom.delete(custom.code(f"Short{n}"))
    run = loader.attempt(messages(("things", record | {"name": "B"})), **settings)
    assert isinstance(run.error, SettingsError)
    assert 'The custom field "Short cf5" of person, which earlier runs filled' in str(run.error)
    assert (run.writes, run.states) == ([], [])


@pytest.mark.parametrize("label", ["Choice", "Choices"])
def test_a_deleted_option_is_made_again_with_its_values(loader, custom, things, tmp_path, label):
    n = f" cf11{label}"
    settings = {"mapping": mapping_of(tmp_path, n, only={label})}
    records = [
        ("things", {"id": key, "name": key, "choice": word, "choices": [word, "Blue"]})
        for key, word in (("1", "Red"), ("2", "Blue"), ("3", "Red"))
    ]
    loader.load(messages(*records), **settings)
    field = custom.named(f"{label}{n}")[0]
    red = next(option["id"] for option in field["options"] if option["label"] == "Red")
    custom.delete_option(field["field_code"], red)
    before = things(n, "1")["custom"][f"{label}{n}"]
    assert before in (None, ["Blue"])

    stopped = loader.attempt(messages(*records), **settings, when_field_deleted="stop")
    assert isinstance(stopped.error, SettingsError)
    assert f'"{label}{n}" of person' in str(stopped.error)
    assert (stopped.writes, stopped.states) == ([], [])

    run = loader.load(messages(*records), **settings)
    assert "1 options of the custom field" in run.log
    # Of a choice, only the values that were emptied; of several, nobody can tell which.
    rewritten = 2 if label == "Choice" else 3
    assert run.kinds() == {"POST personFields": 1, "PATCH persons": rewritten}
    words = [things(n, key)["custom"][f"{label}{n}"] for key in "123"]
    assert words == (
        ["Red", "Blue", "Red"]
        if label == "Choice"
        else [["Red", "Blue"], ["Blue"], ["Red", "Blue"]]
    )
    assert loader.load(messages(*records), **settings).writes == []


def bosses(pairs):
    return [("things", {"id": key, "name": key, "boss": boss}) for key, boss in pairs]


def test_records_that_refer_to_each_other_are_written_one_after_the_other(
    loader, custom, things, tmp_path
):
    n = " cf12"
    settings = {"mapping": mapping_of(tmp_path, n, only={"Boss", "Short"})}
    pairs = [("1", "2"), ("2", "1"), ("3", "4"), ("4", "5"), ("5", "3"), ("6", "6"), ("7", "1")]
    lone = [(str(key), "nobody") for key in range(100, 140)]  # more than are tried at once
    between = bosses([pairs[0], *lone, *pairs[1:]])
    run = loader.load(messages(*between), **settings)
    assert run.codes() == {f"things/{key}": "parent_missing" for key, _ in lone}
    boss = {key: things(n, key)["custom"][f"Boss{n}"] for key, _ in pairs}
    assert boss == {key: things(n, of)["id"] for key, of in pairs}
    assert run.kinds()["POST persons"] == 7
    assert run.kinds()["PATCH persons"] == 3  # one of each circle
    assert loader.load(messages(*between), **settings).writes == []


def test_a_circle_whose_other_half_is_refused_waits_for_it(loader, custom, things, tmp_path):
    n = " cf13"
    settings = {"mapping": mapping_of(tmp_path, n, only={"Boss", "Number"})}
    one, other = bosses([("1", "2"), ("2", "1")])
    bad = (other[0], other[1] | {"number": "9" * 20})
    run = loader.load(messages(one, bad), **settings)
    assert run.codes() == {"things/1": "parent_missing", "things/2": "mapping_failed"}
    assert run.kinds()["POST persons"] == 0
    run = loader.load(messages(other), **settings)
    assert run.codes() == {}
    assert things(n, "1")["custom"][f"Boss{n}"] == things(n, "2")["id"]
    assert things(n, "2")["custom"][f"Boss{n}"] == things(n, "1")["id"]


def test_what_an_object_needs_is_not_left_out_of_it(loader, custom, things, account, tmp_path):
    """A lead that waits for its person cannot go first; the person of the same record can."""
    n = " cf14"
    folder = mapping_of(tmp_path, n, only={"Boss"})
    (tmp_path / "hopes.yml").write_text(
        "stream: hopes\nobject: lead\n"
        "fields: {title: name, person_id: \"ref('person', 'things', person)\"}\n---\n"
        f"stream: hopes\nobject: person\nkey_field: Thing ID{n}\nfields: {{name: name}}\n"
        "key_text: \"'hope ' + id\"\n"
        f"custom_fields:\n  Boss{n}: {{type: people, value: \"ref('person', 'things', person)\"}}\n"
    )
    things_yml = tmp_path / "things.yml"
    things_yml.write_text(things_yml.read_text().replace("'things', boss", "'hopes', boss"))
    hope = ("hopes", {"id": "1", "name": "Knot", "person": "2"})
    thing = ("things", {"id": "2", "name": "Tie", "boss": "1"})
    run = loader.load(messages(hope, thing), mapping=folder)
    assert run.codes() == {}
    assert run.kinds()["POST persons"] == 2
    person = things(n, "2")
    assert things(n, "hope 1")["custom"][f"Boss{n}"] == person["id"]
    assert person["custom"][f"Boss{n}"] == things(n, "hope 1")["id"]
    (lead,) = [row for row in account.rows("leads") if row["title"] == "Knot"]
    assert lead["person_id"] == person["id"]


def test_one_of_several_fields_is_chosen_by_its_key(loader, custom, things, tmp_path):
    n = " cf6"
    settings = {"mapping": mapping_of(tmp_path, n, only={"Short"})}
    codes = [custom.make(f"Short{n}", "varchar") for _ in range(2)]
    record = {"id": "1", "name": "A", "short": "a"}
    run = loader.attempt(messages(("things", record)), **settings)
    assert isinstance(run.error, SettingsError)
    assert all(code in str(run.error) for code in codes)
    chosen = {f"person/Short{n}": codes[1]}
    assert str(chosen).replace("'", '"').replace(codes[1], codes[0]) in str(run.error)
    loader.load(messages(("things", record)), **settings, custom_field_codes=chosen)
    (person,) = [
        p
        for p in loader._sandbox.dump()["pipedrive"]["persons"]
        if p["custom_fields"].get(codes[1])
    ]
    assert person["custom_fields"][codes[1]] == "a"
    assert person["custom_fields"].get(codes[0]) is None


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ({"persons/Short": "a" * 40}, 'names "persons/Short"'),
        ({"person": "a" * 40}, "a slash and the"),
        ({"person/Short": "abc"}, "no hash key"),
    ],
)
def test_a_choice_of_a_field_that_says_nothing_is_refused(loader, codes, words):
    run = loader.attempt(messages(), custom_field_codes=codes)
    assert isinstance(run.error, SettingsError)
    assert words in str(run.error)


def test_a_field_of_another_type_is_told_with_the_choice(loader, custom, tmp_path):
    n = " cf7"
    custom.make(f"Short{n}", "text")
    run = loader.attempt(
        messages(("things", {"id": "1"})), mapping=mapping_of(tmp_path, n, only={"Short"})
    )
    assert "is of type text in Pipedrive, the mapping wants varchar" in str(run.error)
    assert "write `type: text` in the mapping" in str(run.error)
    assert run.writes == []


def test_no_room_is_told_before_anything_is_made(loader, custom, tmp_path):
    n = " cf8"
    used = custom.count()
    run = loader.attempt(
        messages(("things", {"id": "1", "name": "A"})),
        mapping=mapping_of(tmp_path, n, only={"Short", "Long"}),
        max_custom_fields=used + 3,
    )
    assert isinstance(run.error, SettingsError)
    # Two keys; two fields each of persons and deals, which leads share.
    assert "6 more are needed (organization 1, deal 2, person 3), 3 can be made" in str(run.error)
    assert f"allows {used + 3} for all objects together, {used} are in use" in str(run.error)
    assert run.writes == []


def test_a_lost_answer_makes_no_second_field_nor_option(loader, custom, sandbox, things, tmp_path):
    n = " cf9"
    settings = {"mapping": mapping_of(tmp_path, n, only={"Choice"})}
    sandbox.fault(api="pipedrive", method="POST", path="/personFields", kind="drop_after", times=2)
    try:
        loader.load(messages(("things", {"id": "1", "name": "A", "choice": "One"})), **settings)
        sandbox.fault(
            api="pipedrive",
            method="POST",
            path="/personFields/",
            kind="drop_after",
            times=1,
        )
        loader.load(messages(("things", {"id": "2", "name": "B", "choice": "Two"})), **settings)
        lost = [row for row in sandbox.log() if row["fault"] == "drop_after"]
    finally:
        sandbox.clear_faults()
    assert len(lost) == 1  # of the second run; the first one's log is gone
    assert len(custom.named(f"Thing ID{n}")) == 1
    (choice,) = custom.named(f"Choice{n}")
    assert [option["label"] for option in choice["options"]] == ["One", "Two"]
    assert things(n, "2")["custom"][f"Choice{n}"] == "Two"


def test_new_options_of_many_records_travel_together(loader, custom, tmp_path):
    n = " cf10"
    settings = {"mapping": mapping_of(tmp_path, n, only={"Choice"})}
    records = [
        ("things", {"id": str(key), "name": str(key), "choice": f"Option {key % 30}"})
        for key in range(60)
    ]
    run = loader.load(messages(*records), **settings)
    (choice,) = custom.named(f"Choice{n}")
    assert len(choice["options"]) == 30
    made = [write for write in run.writes if "Fields" in write.path]
    assert (
        len(made) <= 3
    )  # the key's field, the choice's field with nearly all its options, the rest


def test_a_custom_field_may_bear_the_name_of_a_built_in(loader, custom, things, tmp_path):
    n = " cf11"
    folder = mapping_of(tmp_path, n, only=set())
    with (tmp_path / "things.yml").open("a") as file:
        file.write("custom_fields: {Phone: {type: varchar, value: short}}\n")
    try:
        loader.load(messages(("things", {"id": "1", "name": "A", "short": "a"})), mapping=folder)
        assert things(n, "1")["custom"]["Phone"] == "a"
    finally:
        for field in custom.named("Phone"):
            custom.delete(field["field_code"])
