# ruff: noqa: A002 - the product's own names of arguments

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

import pytest

from target_pipedrive.desired import Custom, FieldSpec
from target_pipedrive.errors import Refused, Rejected, SettingsError, Unreachable
from target_pipedrive.ledger.bindings import Binding
from target_pipedrive.pipedrive import ActivityTypes, Fields
from target_pipedrive.pipedrive.choosing import FieldChoices

from .bindings import Bindings
from .faulty import DROP_AFTER, DROP_BEFORE, Reply, error, ok

pytestmark = pytest.mark.anyio

ID = FieldSpec("person", "Cliniko patient ID", "varchar")
STATUS = FieldSpec("person", "Status", "enum", ("Active", "Archived"))
SEX = FieldSpec("person", "Sex", "enum", from_source=True)
STAGE = FieldSpec("deal", "Origin", "set", ("Web", "Phone"))


class Account:
    """Keeps custom fields and activity types as Pipedrive does; `lose` lists answers to drop."""

    def __init__(self, server):
        self.fields = {
            path: [{"field_code": "name", "field_name": "Name", "field_type": "varchar"}]
            for path in ("personFields", "organizationFields", "dealFields", "productFields")
        }
        self.rows = self.fields["personFields"]
        self.types = [
            {"id": 1, "name": "Old", "key_string": "old", "active_flag": False},
            {"id": 2, "name": "Initial  consult", "key_string": "initial", "active_flag": True},
        ]
        self.writes = []
        self.lose = []
        self.refuse = set()
        self._next = 100
        server.app = self._answer

    def field(self, name, type, *labels, code=None, of="personFields"):
        self._next += 1
        row = {
            "field_code": code or f"{self._next:040x}",
            "field_name": name,
            "field_type": type,
            "is_custom_field": True,
            "options": self._options(labels) or None,
        }
        self.fields[of].append(row)
        return row

    def _options(self, labels):
        self._next += len(labels)
        return [{"id": self._next + number, "label": label} for number, label in enumerate(labels)]

    def _answer(self, request):
        parts = request.path.split("/")
        if request.method == "GET":
            return ok(self.types if "activityTypes" in request.path else self.fields[parts[3]])
        fault = self.lose.pop(0) if self.lose else ""
        if fault == DROP_BEFORE:
            return Reply(fault=DROP_AFTER)  # nothing was written
        body = request.json
        if request.path.endswith("/activityTypes"):
            self._next += 1
            done = {**body, "id": self._next, "key_string": "made", "active_flag": True}
            self.types.append(done)
        elif request.path.endswith("/options"):
            labels = [option["label"] for option in body]
            if self.refuse.intersection(labels):
                return error(400, "Validation failed: label")
            done = self._options(labels)
            row = next(row for row in self.fields[parts[3]] if row["field_code"] == parts[-2])
            row["options"] = (row["options"] or []) + done
        else:
            labels = [option["label"] for option in body.get("options", ())]
            done = self.field(body["field_name"], body["field_type"], *labels, of=parts[3])
        self.writes.append((parts[-1], body))
        return Reply(fault=DROP_AFTER) if fault else ok(done)

    def paths(self):
        return [path for path, _ in self.writes]

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
def renewed():
    return []


@pytest.fixture
def made(pipedrive, bindings, renewed):
    """Make the fields of another run, with the user's choices."""

    def make(**choices):
        return Fields(
            pipedrive,
            bindings,
            FieldChoices(**choices),
            renew=lambda spec, options: renewed.append((spec.label, *options)),
            pause=0.0,
            gather=0.0,
        )

    return make


@pytest.fixture
def fields(made):
    return made()


def custom_of(body):
    return body["custom_fields"]


async def test_missing_fields_are_made_once_and_bound(account, fields, bindings, server):
    await fields.check([ID, STATUS, SEX])
    assert account.writes == []
    await fields.prepare("person", [ID, STATUS, SEX])
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
    code = account.rows[2]["field_code"]
    assert bindings.fields("person")["Status"] == Binding(code, "enum")
    listed = [r.path.split("/")[-1] for r in server.requests if r.method == "GET"]
    assert sorted(listed) == sorted(account.fields)  # each once: the room is counted over all
    assert (bindings.announcements, bindings.announced()) == (2, None)


async def test_nothing_is_counted_when_nothing_is_missing(account, fields, server):
    account.field("Cliniko patient ID", "varchar")
    await fields.check([ID, SEX])
    assert [request.path for request in server.requests] == ["/api/v2/personFields"]


async def test_existing_fields_are_found_and_get_the_options_they_lack(account, fields):
    there = account.field("status", "enum", "ÀCTIVE ", "Deceased")
    await fields.prepare("person", [STATUS])
    assert account.writes == [("options", [{"label": "Archived"}])]
    assert fields.code("person", "Status") == there["field_code"]


async def test_a_renamed_field_is_still_known(account, fields, bindings, renewed):
    there = account.field("Patient no.", "varchar")
    account.field("Cliniko patient ID", "varchar")
    bindings.bind("person", "Cliniko patient ID", Binding(there["field_code"], "varchar"))
    await fields.prepare("person", [ID])
    assert fields.code("person", "Cliniko patient ID") == there["field_code"]
    assert account.writes == []
    assert renewed == []


async def test_a_renamed_option_is_still_known(account, made, bindings):
    first = made()
    await first.prepare("person", [STATUS])
    await first.body("person", {"Status": Custom("enum", "Archived")})
    was = account.option("Archived")
    next(o for o in account.rows[1]["options"] if o["id"] == was)["label"] = "Gone"
    second = made()
    await second.prepare("person", [STATUS])
    body = await second.body("person", {"Status": Custom("enum", "Archived")})
    assert custom_of(body) == {second.code("person", "Status"): was}
    assert account.paths() == ["personFields"]
    assert second.value(body, "person", "Status") == "Archived"


async def test_a_deleted_option_is_made_again_and_its_values_written_once_more(
    account, made, bindings, renewed, caplog
):
    first = made()
    await first.prepare("person", [SEX])
    await first.body("person", {"Sex": Custom("enum", "Other")})
    account.rows[1]["options"] = []
    second = made()
    await second.check([SEX])
    assert '1 options of the custom field "Sex" of person were deleted' in caplog.text
    assert renewed == [("Sex", "Other")]
    await second.body("person", {"Sex": Custom("enum", "Other")})
    assert account.paths() == ["personFields", "options"]
    await made().check([SEX])
    assert renewed == [("Sex", "Other")]


async def test_a_deleted_option_ends_the_run_if_told_so(account, made, bindings, renewed):
    first = made()
    await first.prepare("person", [SEX])
    for label in ("Other", "Male"):
        await first.body("person", {"Sex": Custom("enum", label)})
    account.rows[1]["options"] = account.rows[1]["options"][1:]
    with pytest.raises(SettingsError, match=r'"Sex" of person.*deleted in Pipedrive \("Other"\)'):
        await made(recreate=False).check([SEX])
    assert renewed == []
    account.rows[1]["options"].append({"id": 999, "label": "OTHER"})  # somebody made it again
    again = made(recreate=False)
    await again.check([SEX])
    assert renewed == [("Sex", "Other")]
    body = await again.body("person", {"Sex": Custom("enum", "Other")})
    assert list(custom_of(body).values()) == [999]


@pytest.mark.parametrize("of_new_name", [False, True])
async def test_a_field_deleted_in_pipedrive_is_made_again(
    account, made, bindings, renewed, caplog, of_new_name
):
    bindings.bind("person", "Cliniko patient ID", Binding("f" * 40, "varchar"))
    if of_new_name:  # by a person, or by a run that was killed before it could say so
        account.field("Cliniko patient ID", "varchar")
    fields = made()
    await fields.check([ID])
    assert renewed == [("Cliniko patient ID",)]
    assert "values are written once more" in caplog.text
    await fields.prepare("person", [ID])
    assert account.paths() == ([] if of_new_name else ["personFields"])
    assert renewed == [("Cliniko patient ID",)]
    again = made()
    await again.check([ID])
    assert renewed == [("Cliniko patient ID",)]


async def test_a_field_deleted_in_pipedrive_ends_the_run_if_told_so(
    account, made, bindings, renewed
):
    bindings.bind("person", "Cliniko patient ID", Binding("f" * 40, "varchar"))
    with pytest.raises(SettingsError, match=r"was deleted in Pipedrive .*when_field_deleted"):
        await made(recreate=False).check([ID])
    account.field("Cliniko patient ID", "varchar")
    await made(recreate=False).check([ID])  # somebody made it again
    assert renewed == [("Cliniko patient ID",)]
    assert account.writes == []


async def test_a_field_that_the_mapping_gave_another_type_is_another_one(account, fields, bindings):
    there = account.field("Old name", "varchar")
    bindings.bind("person", "Sex", Binding(there["field_code"], "varchar"))
    await fields.body("person", {"Sex": Custom("enum", "Other")})
    assert fields.code("person", "Sex") != there["field_code"]


async def test_doubtful_fields_are_told_all_at_once_and_nothing_is_made(account, fields, bindings):
    one, two = (account.field("Cliniko patient ID", "varchar") for _ in range(2))
    account.field("Status", "text")
    with pytest.raises(SettingsError) as caught:
        await fields.prepare("person", [ID, STATUS, FieldSpec("person", "Other", "date")])
    first, second = caught.value.faults
    assert one["field_code"] in first
    assert two["field_code"] in first
    assert f'custom_field_codes: {{"person/Cliniko patient ID": "{one["field_code"]}"}}' in first
    assert "of type text in Pipedrive" in second
    assert "write `type: text`" in second
    assert account.writes == []
    assert bindings.bound == {}


async def test_one_of_several_fields_can_be_chosen(account, made):
    _, two = (account.field("Cliniko patient ID", "varchar") for _ in range(2))
    fields = made(codes={("person", "Cliniko patient ID"): two["field_code"]})
    await fields.check([ID])
    assert fields.code("person", "Cliniko patient ID") == two["field_code"]


async def test_a_choice_outdoes_what_was_bound_and_the_values_move(
    account, made, bindings, renewed
):
    one, two = (account.field("Cliniko patient ID", "varchar") for _ in range(2))
    bindings.bind("person", "Cliniko patient ID", Binding(one["field_code"], "varchar"))
    fields = made(codes={("person", "Cliniko patient ID"): two["field_code"]})
    await fields.check([ID])
    assert fields.code("person", "Cliniko patient ID") == two["field_code"]
    assert renewed == [("Cliniko patient ID",)]


async def test_a_choice_that_does_not_fit_is_told(account, made):
    text = account.field("Cliniko patient ID", "text")["field_code"]
    for code, words in ((text, "it is of type text"), ("e" * 40, "no custom field of this key")):
        with pytest.raises(SettingsError, match=words):
            await made(codes={("person", "Cliniko patient ID"): code}).check([ID])


async def test_the_exact_name_outdoes_one_that_only_folds_alike(account, fields):
    account.field("cliniko PATIENT id", "varchar")
    exact = account.field("Cliniko patient ID", "varchar")
    await fields.check([ID])
    assert fields.code("person", "Cliniko patient ID") == exact["field_code"]


async def test_a_field_that_nobody_may_write_is_told(account, fields):
    account.field("Cliniko patient ID", "varchar")["is_writable"] = False
    with pytest.raises(SettingsError, match="lets nobody write"):
        await fields.check([ID])


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
    row = await fields.body("person", custom)
    assert custom_of(row) == {
        fields.code("person", "Cliniko patient ID"): "7",
        fields.code("person", "Status"): account.option("Archived"),
        fields.code("person", "Balance"): {"value": Decimal("1.50"), "currency": "AUD"},
    }
    assert fields.text(row, "person", "Cliniko patient ID") == "7"
    assert fields.text(row, "person", "Status") == "Archived"
    assert fields.text(row, "person", "Sex") is None
    assert fields.text({}, "person", "Status") is None


async def test_a_field_of_the_data_that_stands_already_is_not_made_again(account, made):
    for fields in (made(), made()):
        await fields.check([])
        await fields.body("person", {"Insurance: Fund": Custom("varchar", "HCF")})
    assert account.paths() == ["personFields"]


async def test_two_labels_never_share_a_field(account, made):
    for fields in (made(), made()):
        labels = ("Form: Notes", "form: notes")
        body = await fields.body("person", {label: Custom("text", label) for label in labels})
        assert sorted(custom_of(body).values()) == sorted(labels)
    assert account.paths() == ["personFields", "personFields"]


async def test_a_value_that_is_gone_empties_its_field(account, fields):
    account.field("Sex", "enum", "Female")
    await fields.prepare("person", [SEX])
    encoded = await fields.body("person", {"Sex": Custom("enum", None)})
    assert custom_of(encoded) == {fields.code("person", "Sex"): None}
    assert await fields.body("person", {"Other": Custom("enum", None)}) == {}
    assert account.writes == []


async def test_fields_and_options_of_the_data_are_made_at_once_however_many_ask(account, fields):
    await fields.prepare("person", [SEX])
    asked = ["Female", "female ", "Male", "Femåle", "MALE", "Other"]
    encoded = await asyncio.gather(
        *(fields.body("person", {"Sex": Custom("enum", label)}) for label in asked)
    )
    code = fields.code("person", "Sex")
    ids = [custom_of(values)[code] for values in encoded]
    assert ids == [account.option(label) for label in ("Female", "Female", "Male")] + [
        account.option("Female"),
        account.option("Male"),
        account.option("Other"),
    ]
    assert account.writes == [
        (
            "personFields",
            {
                "field_name": "Sex",
                "field_type": "enum",
                "options": [{"label": label} for label in ("Female", "Male", "Other")],
            },
        )
    ]
    await asyncio.gather(
        *(fields.body("person", {"Sex": Custom("enum", f"New {n % 5}")}) for n in range(50))
    )
    assert account.paths() == ["personFields", "options"]
    assert [option["label"] for option in account.writes[1][1]] == [f"New {n}" for n in range(5)]


async def test_an_option_that_is_refused_does_not_take_others_with_it(account, fields):
    account.field("Sex", "enum", "Female")
    await fields.prepare("person", [SEX])
    account.refuse = {"Bad"}
    asked = ["Good", "Bad", "Fine"]
    done = await asyncio.gather(
        *(fields.body("person", {"Sex": Custom("enum", label)}) for label in asked),
        return_exceptions=True,
    )
    assert [isinstance(one, Refused) for one in done] == [False, True, False]


async def test_a_set_brings_all_its_new_options_in_one_call(account, fields):
    account.field("Consent", "set", "SMS")
    await fields.prepare("person", [FieldSpec("person", "Consent", "set", from_source=True)])
    await fields.body("person", {"Consent": Custom("set", ("Post", "SMS", "Email", "post"))})
    assert account.writes == [("options", [{"label": "Post"}, {"label": "Email"}])]


async def test_a_label_too_long_for_an_option_is_cut(account, fields):
    await fields.prepare("person", [SEX])
    encoded = await fields.body("person", {"Sex": Custom("enum", "x" * 300)})
    assert custom_of(encoded)[fields.code("person", "Sex")] == account.option("x" * 254 + "…")


async def test_a_field_with_all_the_options_it_can_have_takes_no_more(account, fields):
    account.field("Sex", "enum", *map(str, range(10_000)))
    await fields.prepare("person", [SEX])
    with pytest.raises(Rejected, match=r"more than 10,000 options; give it `type: varchar`"):
        await fields.body("person", {"Sex": Custom("enum", "one more")})
    assert account.writes == []


@pytest.mark.parametrize("fault", [DROP_AFTER, DROP_BEFORE])
async def test_a_lost_answer_makes_neither_a_second_field_nor_a_second_option(
    account, fields, fault
):
    account.lose = [fault]
    await fields.prepare("person", [STATUS])
    account.lose = [fault]
    encoded = await fields.body("person", {"Status": Custom("enum", "Deceased")})
    assert custom_of(encoded) == {fields.code("person", "Status"): account.option("Deceased")}
    assert account.paths() == ["personFields", "options"]


async def test_a_field_whose_outcome_never_becomes_known_ends_the_run(account, fields, bindings):
    account.lose = [DROP_BEFORE] * 3
    with pytest.raises(Unreachable, match="3 times in a row"):
        await fields.prepare("person", [ID])
    assert bindings.announced() is not None


async def test_the_next_run_waits_until_what_was_under_way_has_landed(account, made, bindings):
    loop = asyncio.get_running_loop()
    bindings.at = time.time() - 4.9
    loop.call_later(0.05, account.field, "Cliniko patient ID", "varchar")
    await made().prepare("person", [ID])
    assert account.writes == []


async def test_no_room_for_the_fields_is_told_before_anything_is_made(account, made):
    for number in range(2):
        account.field(f"Own {number}", "date", of="dealFields")
    with pytest.raises(SettingsError) as caught:
        await made(most=3).check([ID, STATUS, SEX])
    assert "2 more are needed (person 2), 1 can be made" in str(caught.value)
    assert "allows 3 for all objects together, 2 are in use (deal 2)" in str(caught.value)
    assert account.writes == []


async def test_fields_of_the_data_that_may_not_fit_are_told_and_end_the_run_in_time(
    account, made, caplog
):
    fields = made(most=2)
    await fields.check([ID, STATUS, SEX])
    assert 'options come with the data ("Sex")' in caplog.text
    await fields.prepare("person", [ID, STATUS, SEX])
    with pytest.raises(SettingsError, match=r"1 more are needed \(person 1\), 0 can be made"):
        await fields.body("person", {"Sex": Custom("enum", "Female")})
    assert account.paths() == ["personFields", "personFields"]


async def test_no_room_for_another_field_says_so(account, fields, server):
    await fields.check([ID])
    server.script.append(error(403, "x", code="feature_capping_custom_fields_limit"))
    with pytest.raises(SettingsError, match="all the custom fields"):
        await fields.prepare("person", [ID])


async def test_leads_carry_the_deals_fields_flat(account, fields):
    await fields.check([STAGE, FieldSpec("lead", "Origin", "set", ("Web", "Phone"))])
    await fields.prepare("lead", [STAGE])
    await fields.prepare("deal", [STAGE])
    custom = {
        "Origin": Custom("set", ("Web", "Phone")),
        "Budget": Custom("monetary", {"value": 5, "currency": "AUD"}),
    }
    row = await fields.body("lead", custom)
    origin, budget = (fields.code("lead", label) for label in custom)
    first, second = (option["id"] for option in account.fields["dealFields"][1]["options"])
    assert row == {origin: f"{first},{second}", budget: 5, f"{budget}_currency": "AUD"}
    assert fields.value(row, "lead", "Origin") == ("Web", "Phone")
    assert fields.value(row, "lead", "Budget") == {"value": Decimal(5), "currency": "AUD"}
    assert custom_of(await fields.body("deal", custom))[origin] == [first, second]
    assert account.paths() == ["dealFields", "dealFields"]


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
