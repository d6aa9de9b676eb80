"""The way back: what goes, what stays and why, and that it ends the same however often it stops."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from target_pipedrive.cli import command_line
from target_pipedrive.errors import Refused
from target_pipedrive.ledger import Ledger
from target_pipedrive.pipedrive import Pipedrive
from target_pipedrive.rollback import doing

from .conftest import TOKEN, Account, Loader, testing

KINDS = ("persons", "organizations", "deals", "activities", "products", "notes", "files", "leads")
PATIENT = {"first_name": "Ada", "created_at": "2024-03-01T00:00:00Z"}
SECOND = 1.1
"""Pipedrive's stamps tell whole seconds apart."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """Have an account for these tests alone: a rollback looks at all that stands in it."""
    recording = tmp_path_factory.mktemp("rollback") / "exchanges.jsonl"
    with testing.running(patients=1, burst=5_000, record=recording) as running:
        running.recording = recording
        yield running
        running.clear_faults()


class People(Account):
    """What people do in the account by hand."""

    def standing(self):
        """Return all that stands, without stamps; custom fields where they hold something."""
        dump = self._sandbox.dump()["pipedrive"]
        return {
            kind: [
                {
                    key: value
                    for key, value in row.items()
                    if key not in {"update_time", "custom_fields"}
                }
                | {"custom": {k: v for k, v in (row.get("custom_fields") or {}).items() if v}}
                for row in dump[kind]
                if not row.get("is_deleted") and row.get("active_flag", True)
            ]
            for kind in KINDS
        }

    def clear(self, before):
        """Delete what a test left, so that the next one finds what it found."""
        versions = {"notes": "v1", "files": "v1", "leads": "v1"}
        for kind, rows in self.standing().items():
            for row in rows:
                if row["id"] not in {one["id"] for one in before[kind]}:
                    self.send("DELETE", f"{versions.get(kind, 'v2')}/{kind}/{row['id']}")

    def send(self, method, path, body=None):
        """Send a request with the administrator's token."""
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self._sandbox.pipedrive}/api/{path}",
            None if body is None else json.dumps(body).encode(),
            {"x-api-token": TOKEN, "content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)["data"]


class Way:
    """Loads, and the way back from them."""

    def __init__(self, loader: Loader, monkeypatch):
        self.loader = loader
        for name, value in loader.settings.items():
            monkeypatch.setenv(f"TARGET_PIPEDRIVE_{name.upper()}", str(value))

    def load(self, *records, **settings):
        """Load records: (stream, record) each."""
        messages = [
            {"type": "RECORD", "stream": stream, "record": {**record, "id": key}}
            for stream, key, record in records
        ]
        return self.loader.load([*messages, {"type": "STATE", "value": {"run": 1}}], **settings)

    def back(self, *words, code=0):
        """Type the command; return what it told."""
        result = CliRunner().invoke(command_line(), ["rollback", *words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            if code == 0:
                raise result.exception
            assert result.exception.exit_code == code, result.output
        else:
            assert result.exit_code == code, result.output
        folder = Path(self.loader.settings["output_dir"])
        self.printed = result.stdout
        return json.loads((folder / "rollback.json").read_text())

    def ledger(self):
        return Ledger(self.loader.settings["ledger"], "", alone=False)

    def links(self):
        ledger = self.ledger()
        found = [(row["object"], row["stream"], row["id"]) for row in ledger.survey.links()]
        ledger.close()
        return found


@pytest.fixture
def account(sandbox):
    return People(sandbox)


@pytest.fixture
def way(loader, account, sandbox, monkeypatch):
    way = Way(loader, monkeypatch)
    before = account.standing()
    yield way
    sandbox.clear_faults()
    account.clear(before)


def patient(key, **values):
    return ("patients", key, {**PATIENT, "last_name": f"Nr{key}", **values})


def appointment(key, of):
    times = {"starts_at": "2024-05-06T01:00:00Z", "ends_at": "2024-05-06T01:45:00Z"}
    return ("individual_appointments", key, {"patient_id": of, **times})


def note(key, of):
    answer = {"name": "Pain", "type": "paragraph", "answer": f"<p>Slept well {key}.</p>"}
    content = {"sections": [{"name": "Findings", "questions": [answer]}]}
    record = {"patient_id": of, "title": "Review", "created_at": PATIENT["created_at"]}
    return ("treatment_notes", key, {**record, "content": content})


def reasons(told):
    return Counter((kept["object"], kept["reason"]) for kept in told["kept"])


def kept(told, obj):
    """Return what stays of a kind: Pipedrive id → reason."""
    return {one["pipedrive_id"]: one["reason"] for one in told["kept"] if one["object"] == obj}


def counted(told, action):
    return {obj: n[action] for obj, n in told["objects"].items() if n.get(action)}


RECORDS = (patient("9000"), patient("9001"), appointment("9002", "9000"), note("9003", "9001"))


def test_without_yes_nothing_is_changed_and_the_price_is_told(way, account):
    way.load(*RECORDS)
    before = account.standing()
    told = way.back()
    assert account.standing() == before
    assert counted(told, "deleted") == {"note": 1, "activity": 1, "person": 2}
    assert told["price"]["tokens"] == 6 + 3 + 2 * 3
    assert (told["done"], told["price"]["requests"]) == (False, 4)
    assert "Nothing was changed" in way.printed
    assert "rollback --yes" in way.printed
    assert len(way.links()) == 4
    assert way.load(*RECORDS).writes == []
    way.back("--yes")


def test_what_was_loaded_goes_and_loads_anew_exactly_once(way, account):
    before = account.standing()
    way.load(*RECORDS)
    told = way.back("--yes")
    assert account.standing() == before
    assert counted(told, "deleted") == {"note": 1, "activity": 1, "person": 2}
    assert [row for row in way.links() if row[0] != "activity_type"] == []
    assert "--full-refresh" in way.printed or "its state left out" in way.printed

    assert way.back("--yes")["objects"].get("person", {}).get("deleted") is None
    again = way.load(*RECORDS)
    assert again.kinds() == {"POST persons": 2, "POST activities": 1, "POST notes": 1}
    assert way.load(*RECORDS).writes == []
    way.back("--yes")
    assert account.standing() == before


def test_what_a_person_edited_since_stays_unless_forced(way, account):
    way.load(*RECORDS)
    time.sleep(SECOND)
    person, (activity,) = account.person("9000"), account.activities("9002")
    account.send("PATCH", f"v2/persons/{person['id']}", {"name": "Ada Wed"})
    account.send("PATCH", f"v2/activities/{activity['id']}", {"subject": "Moved"})
    told = way.back("--yes")
    assert kept(told, "person") == {str(person["id"]): "edited"}
    assert kept(told, "activity") == {str(activity["id"]): "edited"}
    assert account.person("9000")["name"] == "Ada Wed"
    assert account.people("9001") == []

    again = way.load(*RECORDS)  # what stays is known, so that nothing is made twice
    assert again.kinds() == {"POST persons": 1, "POST notes": 1}
    told = way.back("--yes", "--force")
    assert told["kept"] == [one for one in told["kept"] if one["reason"] == "schema"]
    assert account.people("9000") == []


def test_a_change_of_the_stamp_alone_is_no_edit(way, account):
    way.load(patient("9010"))
    person = account.person("9010")
    time.sleep(SECOND)
    account.send("PATCH", f"v2/persons/{person['id']}", {"name": person["name"]})
    assert account.person("9010")["update_time"] > person["update_time"]
    assert kept(way.back("--yes"), "person") == {}
    assert account.people("9010") == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("v2/activities", {"subject": "Call back", "participants": "primary"}),
        ("v2/activities", {"subject": "Ask", "participants": "beside"}),
        ("v1/notes", {"content": "By hand", "person_id": "id"}),
        ("v2/deals", {"title": "Corset", "person_id": "id"}),
        ("v1/leads", {"title": "Maybe", "person_id": "id"}),
    ],
)
def test_a_person_with_things_of_others_stays(way, account, path, body):
    way.load(patient("9020"), note("9021", "9020"))
    person = account.person("9020")
    stranger = account.make_person(name="Stranger")
    present = {"person_id": person["id"], "primary": True}
    if body.get("participants") == "beside":
        present = {**present, "primary": False}
        participants = [{"person_id": stranger, "primary": True}, present]
    else:
        participants = [present]
    swap = {"participants": participants, "person_id": person["id"]}
    made = account.send("POST", path, {key: swap.get(key, value) for key, value in body.items()})
    told = way.back("--yes")
    assert kept(told, "person") == {str(person["id"]): "foreign_children"}
    assert account.notes(person) == [
        one for one in account.notes(person) if one["id"] == made["id"]
    ]

    account.send("DELETE", f"{path}/{made['id']}")
    assert kept(way.back("--yes"), "person") == {}
    assert account.people("9020") == []
    account.delete_person(stranger)


def test_what_a_kept_child_hangs_on_stays(way, account):
    way.load(patient("9030"), note("9031", "9030"))
    time.sleep(SECOND)
    person = account.person("9030")
    (row,) = account.notes(person)
    account.send("PUT", f"v1/notes/{row['id']}", {"content": "Corrected by hand"})
    told = way.back("--yes")
    assert kept(told, "note") == {str(row["id"]): "edited"}
    assert kept(told, "person") == {str(person["id"]): "kept_children"}
    way.back("--yes", "--force")
    assert account.people("9030") == []


# persons of others


@pytest.fixture
def adopted(way, account):
    """A person made by hand, as a patient will match it."""
    body = {"emails": [{"value": "ada@own.example", "label": "work", "primary": True}]}
    return account.make_person(name="Ada Nr9040", **body)


def test_a_person_of_others_is_put_back_key_by_key(way, account, adopted):
    before = account.standing()
    mail, phone = "ada@own.example", {"number": "(02) 9374 4000", "phone_type": "Home"}
    whole = patient("9040", email=mail, occupation="Baker", patient_phone_numbers=[phone])
    run = way.load(whole)
    assert run.summary["done"]["person adopted"] == 1
    way.load(patient("9040", email=mail, occupation="Smith", patient_phone_numbers=[phone]))
    assert account.standing() != before
    foreseen = way.back()
    told = way.back("--yes")
    assert counted(told, "restored") == counted(foreseen, "restored") == {"person": 1}
    assert account.standing() == before
    assert way.links() == []

    again = way.load(whole)
    assert again.summary["done"]["person adopted"] == 1
    way.back("--yes")
    assert account.standing() == before


def test_a_key_that_a_person_edited_since_stays_as_it_is(way, account, adopted):
    phone = {"number": "(02) 9374 4000", "phone_type": "Home"}
    way.load(patient("9040", email="ada@own.example", patient_phone_numbers=[phone]))
    time.sleep(SECOND)
    by_hand = {"value": "+61298765432", "label": "work", "primary": True}
    edit = {"phones": [by_hand], "name": "Ada Wed"}
    account.send("PATCH", f"v2/persons/{adopted}", edit)
    told = way.back("--yes")
    (stays,) = [one for one in told["kept"] if one["object"] == "person"]
    assert (stays["reason"], stays["detail"]) == ("edited", "phones")  # the name was never changed
    (person,) = [row for row in account.rows("persons") if row["id"] == adopted]
    assert (person["name"], person["phones"]) == ("Ada Wed", [by_hand])
    assert not any((person["custom_fields"] or {}).values())
    assert [(one["value"], one["label"]) for one in person["emails"]] == [
        ("ada@own.example", "work")
    ]


def test_merged_persons_of_others_stay(way, account, adopted):
    merged = patient("9040", merged_with_patient_id="9041", archived_at="2024-04-01T00:00:00Z")
    way.load(patient("9040", email="ada@own.example"), patient("9041"))
    way.load(merged)
    survivor = account.person("9041")
    told = way.back("--yes")
    assert kept(told, "person") == {str(survivor["id"]): "merged"}


def test_a_person_of_others_is_put_back_after_a_merge(way, account, adopted):
    before = account.standing()
    merged = patient("9050", merged_with_patient_id="9040", archived_at="2024-04-01T00:00:00Z")
    phones = [{"number": "(02) 9374 4001", "phone_type": "Home"}]
    loser = patient("9050", occupation="Cook", patient_phone_numbers=phones)
    way.load(patient("9040", email="ada@own.example"), loser, note("9051", "9050"))
    time.sleep(SECOND)
    way.load(merged)
    (moved,) = account.notes({"id": adopted})
    account.send("PUT", f"v1/notes/{moved['id']}", {"content": moved["content"]})
    told = way.back("--yes")
    assert kept(told, "note") == {}
    assert kept(told, "person") == {}
    assert account.standing() == before


# runs


def test_only_what_a_run_made_goes(way, account):
    first = way.load(patient("9060"), patient("9061")).summary["run"]
    second = way.load(note("9062", "9060"), patient("9061", last_name="Later")).summary["run"]
    told = way.back("--yes", "--run", second)
    assert counted(told, "deleted") == {"note": 1}
    assert kept(told, "person") == {str(account.person("9061")["id"]): "other_run"}
    assert way.back("--run", "last")["runs"] == [second]
    told = way.back("--yes", "--run", first)
    assert counted(told, "deleted") == {"person": 2}


def test_a_run_that_others_build_upon_keeps_what_they_need(way, account):
    first = way.load(patient("9070"), patient("9071")).summary["run"]
    way.load(note("9072", "9070"))
    told = way.back("--yes", "--run", first)
    assert counted(told, "deleted") == {"person": 1}
    assert kept(told, "person") == {str(account.person("9070")["id"]): "kept_children"}
    way.back("--yes")
    assert account.people("9070") == []


def test_a_run_that_is_unknown_is_refused(way):
    way.load(patient("9080"))
    way.back()
    way.back("--run", "yesterday", code=2)
    way.back("--yes")


# faults and stops

MANY = (
    *(patient(str(key)) for key in range(9100, 9108)),
    *(note(str(key), "9100") for key in range(9120, 9124)),
)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after", "every": 3},
        {"kind": "error_500", "every": 4},
        {"kind": "bare_429", "after": 2, "times": 1},
    ],
    ids=lambda fault: fault["kind"],
)
def test_faults_change_nothing_of_the_end(way, account, sandbox, fault):
    before = account.standing()
    way.load(*MANY)
    sandbox.fault(api="pipedrive", method="DELETE", **fault)
    told = way.back("--yes")
    sandbox.clear_faults()
    assert account.standing() == before
    assert counted(told, "deleted") == {"note": 4, "person": 8}


def test_a_delete_that_is_refused_is_told_and_done_the_next_time(way, account, monkeypatch):
    way.load(patient("9160"), note("9161", "9160"))
    delete = Pipedrive.delete

    async def refuse_notes(self, kind, row_id):
        if kind == "note":
            raise Refused(400, "not now")
        return await delete(self, kind, row_id)

    monkeypatch.setattr(Pipedrive, "delete", refuse_notes)
    told = way.back("--yes")
    (stays,) = [one for one in told["kept"] if one["object"] == "note"]
    assert (stays["reason"], stays["detail"]) == ("refused", "HTTP 400: not now")
    assert kept(told, "person") == {str(account.person("9160")["id"]): "kept_children"}
    monkeypatch.setattr(Pipedrive, "delete", delete)
    told = way.back("--yes")
    assert counted(told, "deleted") == {"note": 1, "person": 1}


def test_a_spent_budget_ends_it_with_4_and_it_goes_on(way, account, monkeypatch):
    before = account.standing()
    way.load(*MANY)
    monkeypatch.setattr(doing, "BATCH", 3)
    ledger = way.ledger()
    spent = ledger.book.tokens_today()
    ledger.close()
    monkeypatch.setenv("TARGET_PIPEDRIVE_DAILY_TOKENS", str(spent + 115))
    told = way.back("--yes", code=4)
    assert told["outcome"] == "BudgetSpent"
    assert told["objects"].get("person", {}).get("deleted", 0) < 8
    assert "Not finished" in way.printed
    assert "rollback --yes" in way.printed
    monkeypatch.setenv("TARGET_PIPEDRIVE_DAILY_TOKENS", "100000")
    way.back("--yes")
    assert account.standing() == before


def test_it_may_spend_what_is_reserved(way, account, monkeypatch):
    way.load(patient("9130"))
    monkeypatch.setenv("TARGET_PIPEDRIVE_RESERVE_TOKENS", "1000000")
    told = way.back("--yes")
    assert counted(told, "deleted") == {"person": 1}


def test_what_is_gone_already_is_let_go_of(way, account):
    way.load(patient("9140"), note("9141", "9140"))
    account.delete_person(account.person("9140")["id"])
    told = way.back("--yes")
    assert counted(told, "gone") == {"person": 1}
    assert counted(told, "deleted") == {"note": 1}
    assert way.links() == []


def test_only_an_administrator_sees_enough(way, monkeypatch):
    way.load(patient("9150"))
    way.back()
    monkeypatch.setenv("TARGET_PIPEDRIVE_API_TOKEN", "sandbox-regular-token")
    way.back("--yes", code=3)
    monkeypatch.setenv("TARGET_PIPEDRIVE_API_TOKEN", TOKEN)
    way.back("--yes")


def test_a_ledger_in_postgresql_serves_as_well(way, account, adopted, postgres, monkeypatch):
    way.loader.settings["ledger"] = postgres.url
    monkeypatch.setenv("TARGET_PIPEDRIVE_LEDGER", postgres.url)
    before = account.standing()
    run = way.load(*RECORDS, patient("9040", email="ada@own.example", occupation="Baker"))
    told = way.back("--yes", "--run", run.summary["run"])
    assert counted(told, "deleted") == {"note": 1, "activity": 1, "person": 2}
    assert counted(told, "restored") == {"person": 1}
    assert account.standing() == before


def test_a_load_after_half_a_rollback_makes_everything_whole(way, account, monkeypatch):
    way.load(*MANY)
    monkeypatch.setattr(doing, "BATCH", 3)
    ledger = way.ledger()
    spent = ledger.book.tokens_today()
    ledger.close()
    monkeypatch.setenv("TARGET_PIPEDRIVE_DAILY_TOKENS", str(spent + 115))
    way.back("--yes", code=4)
    monkeypatch.delenv("TARGET_PIPEDRIVE_DAILY_TOKENS")
    way.load(*MANY)
    assert [len(account.people(str(key))) for key in range(9100, 9108)] == [1] * 8
    assert len(account.notes(account.person("9100"))) == 4
    assert way.load(*MANY).writes == []
    assert kept(way.back("--yes"), "person") == {}
