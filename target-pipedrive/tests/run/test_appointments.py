"""Appointments, groups and activity types; whom they belong to."""

from __future__ import annotations

from target_pipedrive.errors import SettingsError

from .conftest import OWNER, script


def people(activity):
    return [row["person_id"] for row in activity["participants"]]


# parents


def test_a_record_whose_parent_is_missing_waits_for_it(loader, account):
    alone, arrived = loader.play("missing_parent")
    assert alone.codes() == {"individual_appointments/1301": "parent_missing"}
    assert alone.rejects[0]["detail"] == "patients/1300"
    assert "POST activities" not in alone.kinds()
    assert arrived.codes() == {}
    (activity,) = account.activities("1301")
    assert people(activity) == [account.person("1300")["id"]]


def test_records_before_their_parent_are_written_at_the_end(loader, account):
    """There are more of them than are written at a time, so that they cannot wait for it."""
    (run,) = loader.play("child_first")
    assert "rejected as parent_missing" in run.log
    assert run.codes() == {}
    assert run.kinds()["POST activities"] == 40
    person = account.person("1400")
    for appointment in ("1401", "1440"):
        (activity,) = account.activities(appointment)
        assert people(activity) == [person["id"]]


# what is removed at the source


def test_an_archived_appointment_is_not_created_or_removed_later(loader, account):
    first, archived = loader.play("archived_appointment")
    assert first.kinds()["POST activities"] == 1
    assert first.summary["left_out"] == {"individual_appointments removed": 1}
    assert archived.kinds() == {"DELETE activities": 1}
    assert account.activities("1501") + account.activities("1502") == []
    assert loader.load(script("archived_appointment")[1]).writes == []


def test_what_is_removed_stays_when_told_so(loader, account):
    _, removed = loader.play("kept_appointment", when_removed="keep")
    assert removed.writes == []
    assert removed.summary["done"] == {"activity kept": 1}
    assert len(account.activities("1601")) == 1


# groups


def test_a_group_without_anybody_is_rejected_until_somebody_comes(loader, account):
    empty, joined = loader.play("empty_group")
    assert empty.codes() == {"group_appointments/2701": "no_participants"}
    assert "POST activities" not in empty.kinds()
    assert joined.codes() == {}
    (activity,) = account.activities("2701")
    assert people(activity) == [account.person("2700")["id"]]


def test_a_group_that_everybody_left_is_removed(loader, account):
    full, emptied = loader.play("emptied_group")
    assert full.kinds()["POST activities"] == 1
    assert emptied.kinds() == {"DELETE activities": 1}
    assert emptied.codes() == {"group_appointments/2802": "no_participants"}
    assert account.activities("2802") == []


# activity types


def test_an_activity_type_of_the_same_name_is_used(loader, account):
    (run,) = loader.play("activity_type")
    made = [write.body["name"] for write in run.writes if write.path.endswith("/activityTypes")]
    assert made == ["Dry needling"]
    types = {row["name"]: row["key_string"] for row in account.rows("activityTypes")}
    (used,), (new,) = account.activities("3303"), account.activities("3304")
    assert (used["type"], new["type"]) == (types["Meeting"], types["Dry needling"])


# whose they are


def test_an_appointment_belongs_to_its_practitioner(loader, account):
    (run,) = loader.play("matched_practitioner")
    (activity,) = account.activities("2509")
    assert activity["owner_id"] == account.user(OWNER)
    person = account.person("2500")
    (note,) = account.notes(person)
    assert note["user_id"] == account.user(OWNER)
    assert person["owner_id"] != account.user(OWNER)
    assert "No active Pipedrive user" not in run.log


def test_a_practitioner_without_a_user_falls_to_the_default_owner(loader, account):
    (run,) = loader.play("unmatched_practitioner", default_owner=OWNER)
    (activity,) = account.activities("2309")
    assert activity["owner_id"] == account.user(OWNER)
    assert "practitioners 2302" in run.log
    assert "goes to the default owner" in run.log
    assert "nobody@clinic.example" not in run.log


def test_a_practitioner_without_a_user_stops_every_run_when_told_so(loader, account):
    (messages,) = script("stopped_by_practitioner")
    for _ in range(2):
        run = loader.attempt(messages, unmatched_practitioners="stop")
        assert isinstance(run.error, SettingsError)
        assert run.error.exit_code == 2
        assert "practitioners 2402" in str(run.error)
        assert "`overrides`" in str(run.error)
        assert run.writes == []
        assert run.states == []
    assert account.people("2400") == []
