"""Ambiguous matches: asked in a file, answered by a person, obeyed by the next run."""

from __future__ import annotations

import itertools
import json
import shutil
import stat
from pathlib import Path

import pytest
import yaml

from target_pipedrive.errors import MappingError
from target_pipedrive.mapping.yamlfile import MAPPING
from target_pipedrive.review import review
from target_pipedrive.review.entries import Candidate, Entry, read, write

from .conftest import ROOT

_numbers = itertools.count(1)


class Case:
    """A patient whom two persons in Pipedrive match, made anew for each test."""

    def __init__(self, loader, account):
        number = next(_numbers)
        self.loader, self.account = loader, account
        self.patient, self.booking = f"95{number:03}", f"96{number:03}"
        self.name, self.email = f"Jo Twin{number}", f"twin{number}@example.com"
        self.persons = [self.person(), self.person()]
        self.file = Path(loader.settings["output_dir"]) / "review.yml"

    def person(self):
        emails = [{"value": self.email, "label": "home"}]
        return self.account.make_person(name=self.name, emails=emails)

    def records(self):
        first, last = self.name.split()
        patient = {"id": self.patient, "first_name": first, "last_name": last, "email": self.email}
        booking = {"id": self.booking, "patient_id": self.patient}
        stamps = {"starts_at": "2024-05-06T01:00:00Z", "ends_at": "2024-05-06T01:45:00Z"}
        patient["created_at"] = "2024-03-01T00:00:00Z"
        return [
            {"type": "RECORD", "stream": "patients", "record": patient},
            {"type": "RECORD", "stream": "individual_appointments", "record": booking | stamps},
        ]

    def load(self, *, read=True, **settings):
        state = {"type": "STATE", "value": {"run": 1}}
        return self.loader.load([*(self.records() if read else []), state], **settings)

    def attempt(self, **settings):
        return self.loader.attempt([{"type": "STATE", "value": {"run": 1}}], **settings)

    def content(self):
        return yaml.safe_load(self.file.read_text())

    def answer(self, answer):
        text = self.file.read_text()
        assert text.count("answer:\n") == 1, "one record is open"
        self.file.write_text(text.replace("answer:\n", f"answer: {answer}\n"))


@pytest.fixture
def case(loader, account):
    return Case(loader, account)


def test_what_is_ambiguous_is_asked_with_all_that_helps_to_choose(case, sandbox):
    run = case.load()
    assert run.codes()[f"patients/{case.patient}"] == "ambiguous_match"
    assert f"1 ambiguous matches wait for an answer in {case.file}" in run.log
    (entry,) = case.content()["open"]
    assert entry["record"] == f"patients/{case.patient}"
    assert entry["object"] == "person"
    assert entry["answer"] is None
    assert [row["id"] for row in entry["candidates"]] == case.persons
    for row in entry["candidates"]:
        assert row["name"] == case.name
        assert row["link"] == f"{sandbox.pipedrive}/person/{row['id']}"
        assert row["added"]
    assert stat.S_IMODE(case.file.stat().st_mode) == 0o600
    assert case.name not in run.log


def test_a_chosen_person_is_taken_over_by_the_next_run_without_being_read_again(case):
    case.load()
    case.answer(case.persons[1])
    run = case.load(read=False)
    assert run.codes() == {}
    person = case.account.person(case.patient)
    assert person["id"] == case.persons[1]
    assert run.summary["done"] == {"person adopted": 1, "activity created": 1}
    content = case.content()
    assert content["open"] == []
    assert content["answered"] == [
        {
            "record": f"patients/{case.patient}",
            "object": "person",
            "candidates": case.persons,
            "answer": case.persons[1],
        }
    ]
    assert case.name not in case.file.read_text(), "what is answered can be committed"


def test_new_makes_another_person(case):
    case.load()
    case.answer("new")
    case.load(read=False)
    assert case.account.person(case.patient)["id"] not in case.persons


def test_skip_leaves_the_record_out_until_the_answer_is_taken_back(case):
    case.load()
    case.answer("skip")
    run = case.load(read=False)
    assert f"patients/{case.patient}" not in run.codes()
    again = case.load()
    assert case.account.people(case.patient) == []
    assert "patients: 1 left out, a person decided so" in again.log
    case.file.write_text(case.file.read_text().replace("answer: skip", "answer: new"))
    case.load()
    assert case.account.person(case.patient)["name"] == case.name


def test_answers_outlive_the_ledger(case, tmp_path):
    case.load()
    case.answer(case.persons[0])
    fresh = f"sqlite:///{tmp_path}/another.db"
    case.load(ledger=fresh)
    assert case.account.person(case.patient)["id"] == case.persons[0]
    assert len(case.content()["answered"]) == 1


def test_a_chosen_person_that_is_deleted_later_is_made_anew_and_no_other_taken(case):
    case.load()
    case.answer(case.persons[0])
    case.load(read=False)
    case.account.delete_person(case.persons[0])
    records = case.records()
    records[0]["record"]["occupation"] = "Cooper"
    case.loader.load([*records, {"type": "STATE", "value": {"run": 2}}])
    assert case.account.person(case.patient)["id"] not in case.persons


def test_merged_in_pipedrive_needs_no_answer(case):
    case.load()
    case.account.delete_person(case.persons[0])
    run = case.load(read=False)
    assert run.codes() == {}
    assert case.account.person(case.patient)["id"] == case.persons[1]
    assert not case.file.exists()


def test_a_person_chosen_for_one_is_not_offered_to_another(case):
    case.load()
    case.answer(case.persons[0])
    other = case.records()[:1]
    other[0]["record"]["id"] = f"{case.patient}9"
    run = case.loader.load([*other, {"type": "STATE", "value": {"run": 2}}])
    assert run.codes() == {}
    assert case.account.person(case.patient)["id"] == case.persons[0]
    assert case.account.person(f"{case.patient}9")["id"] == case.persons[1]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("77", "answer: '77' is none of its candidates; write one of: {0}, {1}, new, skip"),
        ("yes please", "is none of its candidates"),
        ("true", "answer: 'True' is none of its candidates"),
    ],
)
def test_a_wrong_answer_is_refused_at_its_place_before_anything_is_written(case, wrong, told):
    case.load()
    case.answer(wrong)
    line = next(
        n
        for n, line in enumerate(case.file.read_text().splitlines(), 1)
        if "answer:" in line and wrong in line
    )
    run = case.attempt()
    assert isinstance(run.error, MappingError)
    assert run.error.exit_code == 2
    assert str(run.error).startswith(f"{case.file}:{line}:")
    assert told.format(*case.persons) in str(run.error)
    assert run.writes == []


def test_an_answer_that_is_gone_is_refused_at_its_place_before_anything_is_written(case):
    case.load()
    case.answer(case.persons[0])
    case.account.delete_person(case.persons[0])
    run = case.attempt()
    assert f"Pipedrive has no person {case.persons[0]} any more" in str(run.error)
    assert str(run.error).startswith(f"{case.file}:")
    assert run.writes == []


def test_one_person_cannot_be_two_patients(case):
    case.load()
    case.answer(case.persons[0])
    content = case.content()
    content["open"].append(content["open"][0] | {"record": "patients/1"})
    case.file.write_text(yaml.safe_dump(content))
    run = case.attempt()
    assert "two records cannot become one" in str(run.error)
    content["open"][1]["answer"] = case.persons[1]
    other = case.account.make_person(name="Somebody Else")
    assert other
    case.file.write_text(yaml.safe_dump(content))
    case.load(read=False)
    content["open"][1]["answer"] = case.persons[0]
    content["open"] = content["open"][1:]
    case.file.write_text(yaml.safe_dump(content))
    run = case.attempt()
    assert f"person {case.persons[0]} stands for another record already" in str(run.error)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("opened: []", ":1:1: unknown part; did you mean 'open'?"),
        ("open: yes", ":1:7: a list of"),
        ("open:\n- patients/7", ":2:3: lines of `key: value`"),
        ("open:\n- record: 7\n  object: person", ":2:11: `record` is STREAM/ID"),
        ("open:\n- record: patients/7\n  object: persn", ":3:11: unknown object; did you mean"),
        ("open:\n- record: a/7\n  object: person\n  anser: 5", ":4:3: unknown key; did you mean"),
        ("open:\n- {record: a/7, object: person}\n- {record: a/7, object: person}", "twice"),
        ("open: [", "not YAML"),
    ],
)
def test_a_broken_file_is_refused_at_its_place(case, text, told):
    case.file.parent.mkdir(exist_ok=True)
    case.file.write_text(text)
    run = case.attempt()
    assert isinstance(run.error, MappingError)
    assert told in str(run.error)
    assert run.writes == []


def test_the_file_may_lie_beside_the_mapping(case, tmp_path):
    folder = tmp_path / "transforms"
    shutil.copytree(ROOT / "transforms", folder)
    case.file = folder / "review.yml"
    places = {"mapping": str(folder), "review_file": str(case.file)}
    case.load(**places)
    case.answer(case.persons[0])
    case.load(read=False, **places)
    assert case.account.person(case.patient)["id"] == case.persons[0]
    assert not (Path(case.loader.settings["output_dir"]) / "review.yml").exists()


def test_a_persons_words_stay(case):
    case.load()
    case.answer("new\n  why: they are cousins")
    case.load(read=False)
    assert case.content()["answered"][0]["why"] == "they are cousins"
    assert json.dumps(case.content())


def test_a_file_holds_no_more_than_the_next_run_can_read(tmp_path):
    """What it does not ask yet is asked when the rest is answered."""
    told = {
        "name": "Jo Twin",
        "added": "2026-01-01T00:00:00Z",
        "link": "https://a.example/person/1",
    }
    twins = tuple(Candidate(row, told) for row in ("1001", "1002"))
    path = tmp_path / "review.yml"
    write(path, [Entry("person", "patients", str(at), twins) for at in range(800)], [])
    assert len(path.read_text()) > MAPPING.characters
    assert len(read(path)) == 800


def test_what_is_too_much_for_one_file_is_asked_later(case, monkeypatch):
    monkeypatch.setattr(review, "MOST_ASKED", 1)
    other = Case(case.loader, case.account)
    state = {"type": "STATE", "value": {"run": 1}}
    run = case.loader.load([*case.records(), *other.records(), state])
    assert "2 ambiguous matches wait for an answer" in run.log
    assert [entry["record"] for entry in case.content()["open"]] == [f"patients/{case.patient}"]
    case.answer(case.persons[0])
    case.load(read=False)
    assert [entry["record"] for entry in case.content()["open"]] == [f"patients/{other.patient}"]
