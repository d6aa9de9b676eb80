# ruff: noqa: A002 - the product's own names of arguments

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from target_pipedrive.desired import Custom, FieldSpec
from target_pipedrive.errors import SettingsError, Unreachable
from target_pipedrive.pipedrive import ActivityTypes, Fields

from .faulty import DROP_AFTER, DROP_BEFORE, Reply, error, ok

pytestmark = pytest.mark.anyio

ID = FieldSpec("person", "Cliniko patient ID", "varchar")
STATUS = FieldSpec("person", "Status", "enum", ("Active", "Archived"))
SEX = FieldSpec("person", "Sex", "enum", from_source=True)


class Bindings(dict):
    def load(self, object):
        return {label: binding for (kind, label), binding in self.items() if kind == object}

    def save(self, object, label, code, type):
        self[object, label] = (code, type)


class Account:
    """Keeps custom fields and activity types as Pipedrive does; `lose` lists answers to drop."""

    def __init__(self, server):
        self.rows = [{"field_code": "name", "field_name": "Name", "field_type": "varchar"}]
        self.types = [
            {"id": 1, "name": "Old", "key_string": "old", "active_flag": False},
            {"id": 2, "name": "Initial  consult", "key_string": "initial", "active_flag": True},
        ]
        self.writes = []
        self.lose = []
        self._next = 100
        server.app = self._answer

    def field(self, name, type, *labels, code=None):
        self._next += 1
        row = {
            "field_code": code or f"{self._next:040x}",
            "field_name": name,
            "field_type": type,
            "is_custom_field": True,
            "options": self._options(labels) or None,
        }
        self.rows.append(row)
        return row

    def _options(self, labels):
        self._next += len(labels)
        return [{"id": self._next + number, "label": label} for number, label in enumerate(labels)]

    def _answer(self, request):
        if request.method == "GET":
            return ok(self.types if "activityTypes" in request.path else self.rows)
        fault = self.lose.pop(0) if self.lose else ""
        if fault == DROP_BEFORE:
            return Reply(fault=DROP_AFTER)  # nothing was written
        body = request.json
        if request.path.endswith("/activityTypes"):
            self._next += 1
            done = {**body, "id": self._next, "key_string": "made", "active_flag": True}
            self.types.append(done)
        elif request.path.endswith("/options"):
            done = self._options([option["label"] for option in body])
            code = request.path.split("/")[-2]
            row = next(row for row in self.rows if row["field_code"] == code)
            row["options"] = (row["options"] or []) + done
        else:
            labels = [option["label"] for option in body.get("options", ())]
            done = self.field(body["field_name"], body["field_type"], *labels)
        self.writes.append((request.path.rsplit("/", 1)[-1], body))
        return Reply(fault=DROP_AFTER) if fault else ok(done)

    def option(self, label):
        return next(
            option["id"]
            for row in self.rows
            for option in row.get("options") or ()
            if option["label"] == label
        )


@pytest.fixture
def account(server):
    return Account(server)


@pytest.fixture
def bindings():
    return Bindings()


@pytest.fixture
def fields(pipedrive, bindings):
    return Fields(pipedrive, bindings, pause=0.0)


async def test_missing_fields_are_made_once_and_bound(account, fields, bindings, server):
    await fields.prepare("person", [ID, STATUS, SEX])

    assert account.writes == [
        ("personFields", {"field_name": "Cliniko patient ID", "field_type": "varchar"}),
        (
            "personFields",
            {
                "field_name": "Status",
                "field_type": "enum",
                "options": [{"label": "Active"}, {"label": "Archived"}],
            },
        ),
    ]
    assert fields.code("person", "Cliniko patient ID") == account.rows[1]["field_code"]
    assert fields.code("person", "Sex") is None
    assert bindings["person", "Status"] == (account.rows[2]["field_code"], "enum")
    assert sum(request.method == "GET" for request in server.requests) == 1


async def test_existing_fields_are_found_and_get_the_options_they_lack(account, fields):
    there = account.field("Status", "enum", "ACTIVE ", "Deceased")
    await fields.prepare("person", [STATUS])
    assert account.writes == [("options", [{"label": "Archived"}])]
    assert fields.code("person", "Status") == there["field_code"]


async def test_a_renamed_field_is_still_known(account, fields, bindings):
    there = account.field("Patient no.", "varchar")
    account.field("Cliniko patient ID", "varchar")
    bindings["person", "Cliniko patient ID"] = (there["field_code"], "varchar")
    await fields.prepare("person", [ID])
    assert fields.code("person", "Cliniko patient ID") == there["field_code"]
    assert account.writes == []


async def test_a_field_deleted_in_pipedrive_is_made_again(account, fields, bindings):
    bindings["person", "Cliniko patient ID"] = ("f" * 40, "varchar")
    await fields.prepare("person", [ID])
    assert [path for path, _ in account.writes] == ["personFields"]


async def test_doubtful_fields_are_told_all_at_once_and_nothing_is_made(account, fields):
    one, two = (account.field("Cliniko patient ID", "varchar") for _ in range(2))
    account.field("Status", "text")
    with pytest.raises(SettingsError) as caught:
        await fields.prepare("person", [ID, STATUS, FieldSpec("person", "Other", "date")])
    first, second = caught.value.faults
    assert one["field_code"] in first
    assert two["field_code"] in first
    assert "rename" in first
    assert "type text in Pipedrive" in second
    assert account.writes == []


async def test_a_built_in_field_of_that_name_is_another_one(account, fields):
    await fields.prepare("person", [FieldSpec("person", "Name", "varchar")])
    assert len(account.writes) == 1


async def test_values_become_hash_keys_and_option_ids(account, fields):
    await fields.prepare("person", [ID, STATUS, SEX])
    custom = {
        "Cliniko patient ID": Custom("varchar", "7"),
        "Status": Custom("enum", "archived"),
        "Sex": Custom("enum", None),
        "Balance": Custom("monetary", {"value": Decimal("1.50"), "currency": "AUD"}),
    }
    encoded = await fields.encode("person", custom)
    assert encoded == {
        fields.code("person", "Cliniko patient ID"): "7",
        fields.code("person", "Status"): account.option("Archived"),
        fields.code("person", "Balance"): {"value": Decimal("1.50"), "currency": "AUD"},
    }
    row = {"custom_fields": encoded}
    assert fields.text(row, "person", "Cliniko patient ID") == "7"
    assert fields.text(row, "person", "Status") == "Archived"
    assert fields.text(row, "person", "Sex") is None
    assert fields.text({}, "person", "Status") is None


async def test_a_value_that_is_gone_empties_its_field(account, fields):
    account.field("Sex", "enum", "Female")
    await fields.prepare("person", [SEX])
    encoded = await fields.encode("person", {"Sex": Custom("enum", None)})
    assert encoded == {fields.code("person", "Sex"): None}
    assert account.writes == []


async def test_fields_and_options_of_the_data_are_made_once_however_many_ask(account, fields):
    await fields.prepare("person", [SEX])
    asked = ["Female", "female ", "Male", "Female", "MALE", "Other"]
    encoded = await asyncio.gather(
        *(fields.encode("person", {"Sex": Custom("enum", label)}) for label in asked)
    )
    code = fields.code("person", "Sex")
    ids = [values[code] for values in encoded]
    assert ids == [account.option(label) for label in ("Female", "Female", "Male")] + [
        account.option("Female"),
        account.option("Male"),
        account.option("Other"),
    ]
    assert [path for path, _ in account.writes] == ["personFields", "options", "options"]


async def test_a_set_brings_all_its_new_options_in_one_call(account, fields):
    account.field("Consent", "set", "SMS")
    await fields.prepare("person", [FieldSpec("person", "Consent", "set", from_source=True)])
    await fields.encode("person", {"Consent": Custom("set", ("Post", "SMS", "Email", "post"))})
    assert account.writes == [("options", [{"label": "Post"}, {"label": "Email"}])]


async def test_a_label_too_long_for_an_option_is_cut(account, fields):
    await fields.prepare("person", [SEX])
    encoded = await fields.encode("person", {"Sex": Custom("enum", "x" * 300)})
    assert encoded[fields.code("person", "Sex")] == account.option("x" * 254 + "…")


@pytest.mark.parametrize("fault", [DROP_AFTER, DROP_BEFORE])
async def test_a_lost_answer_makes_neither_a_second_field_nor_a_second_option(
    account, fields, fault
):
    account.lose = [fault]
    await fields.prepare("person", [STATUS])
    account.lose = [fault]
    encoded = await fields.encode("person", {"Status": Custom("enum", "Deceased")})
    assert encoded == {fields.code("person", "Status"): account.option("Deceased")}
    assert [path for path, _ in account.writes] == ["personFields", "options"]


async def test_a_field_whose_outcome_never_becomes_known_ends_the_run(account, fields):
    account.lose = [DROP_BEFORE] * 3
    with pytest.raises(Unreachable, match="3 times in a row"):
        await fields.prepare("person", [ID])


async def test_no_room_for_another_field_says_so(server, fields):
    server.script.extend([ok([]), error(403, "x", code="feature_capping_custom_fields_limit")])
    with pytest.raises(SettingsError, match="all the custom fields"):
        await fields.prepare("person", [ID])


async def test_activity_types_are_reused_by_folded_name(account, pipedrive):
    types = ActivityTypes(pipedrive, pause=0.0)
    found = await types.ensure("initial CONSULT", "meeting")
    assert found == (2, "initial", False)
    assert account.writes == []


@pytest.mark.parametrize("fault", ["", DROP_AFTER, DROP_BEFORE])
async def test_a_missing_or_deleted_type_is_made_once(account, pipedrive, fault):
    account.lose = [fault]
    types = ActivityTypes(pipedrive, pause=0.0)
    made = await asyncio.gather(*(types.ensure("Old", "meeting") for _ in range(3)))
    assert [kind.created for kind in made] == [True, False, False]
    assert {kind.key_string for kind in made} == {"made"}
    assert account.writes == [("activityTypes", {"name": "Old", "icon_key": "meeting"})]
