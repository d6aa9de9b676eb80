"""Which person a patient is: merged patients, persons made by hand, persons that are gone."""

from __future__ import annotations

from .conftest import script


def present(account, appointment):
    """Return the persons of the one activity of an appointment."""
    (activity,) = account.activities(appointment)
    return [row["person_id"] for row in activity["participants"]]


# merged patients


def test_a_patient_merged_away_is_never_created(loader, account):
    (run,) = loader.play("merged_before")
    assert account.people("1700") == []
    assert run.kinds()["POST persons"] == 1
    assert present(account, "1702") == [account.person("1701")["id"]]
    assert run.summary["left_out"] == {"patients merged": 1}


def test_a_chain_of_merges_is_followed_before_anything_is_created(loader, account):
    (run,) = loader.play("never_created_chain")
    assert run.kinds()["POST persons"] == 1
    assert present(account, "4603") == [account.person("4602")["id"]]


def test_persons_of_merged_patients_are_merged(loader, account):
    _, merged = loader.play("merged_after")
    survivor = account.person("1801")
    assert account.people("1800") == []
    assert merged.kinds() == {"PUT persons": 1, "PATCH persons": 1, "POST activities": 1}
    assert [write.body for write in merged.writes if write.method == "PUT"] == [
        {"merge_with_id": survivor["id"]}
    ]
    assert survivor["name"] == "Maxim Hill"
    assert survivor["custom"]["Occupation"] is None  # the loser's would have filled it
    assert present(account, "1802") == [survivor["id"]]


def test_merges_are_followed_through_a_chain(loader, account):
    _, merged, later = loader.play("merged_chain")
    survivor = account.person("1902")
    assert account.people("1900") + account.people("1901") == []
    assert merged.kinds()["PUT persons"] == 2
    assert merged.kinds()["POST activities"] == 0
    assert later.kinds() == {"POST activities": 1}
    for appointment in ("1903", "1904"):
        assert present(account, appointment) == [survivor["id"]]


def test_a_merge_waits_for_a_survivor_that_comes_later(loader, account):
    _, alone, arrived = loader.play("merged_into_stranger")
    assert alone.writes == []
    assert set(alone.codes().values()) == {"parent_missing"}
    assert arrived.codes() == {}
    assert arrived.kinds() == {
        "POST persons": 1,
        "PUT persons": 1,
        "PATCH persons": 1,
        "POST activities": 1,
    }
    assert account.people("4500") == []
    assert present(account, "4502") == [account.person("4501")["id"]]


def test_the_figures_of_a_merged_patient_become_those_of_the_survivor(loader, account):
    _, merged = loader.play("inherited_invoice")
    assert merged.kinds() == {"PATCH persons": 1}
    total = account.person("5201")["custom"]["Total invoiced"]
    assert total == {"value": 10, "currency": "AUD"}


def test_merged_attendees_take_one_place(loader, account):
    loader.play("merged_attendee")
    assert present(account, "5002") == [account.person("5001")["id"]]


# persons that stand there, or stand no more


def test_a_person_made_by_hand_is_adopted_by_email_and_name(loader, account):
    by_hand = account.make_person(
        name="SOREN  angel", emails=[{"value": "soren@Example.com", "label": "work"}]
    )
    (run,) = loader.play("adopted")
    person = account.person("2000")
    assert person["id"] == by_hand
    assert person["name"] == "Sören Ángel"
    assert run.kinds()["POST persons"] == 0
    assert run.summary["done"] == {"person adopted": 1}


def test_a_family_that_shares_an_email_is_told_apart(loader, account):
    by_hand = account.make_person(
        name="Tim Castle", emails=[{"value": "castle@example.com", "label": "home"}]
    )
    (run,) = loader.play("family")
    assert account.person("2100")["id"] != by_hand
    assert run.summary["done"] == {"person created": 1}


def test_two_candidates_are_left_to_a_person(loader, account):
    for _ in range(2):
        account.make_person(name="Jo Twin", emails=[{"value": "jo@example.com", "label": "home"}])
    (run,) = loader.play("ambiguous")
    assert run.codes() == {
        "patients/2200": "ambiguous_match",
        "individual_appointments/2201": "parent_missing",
    }
    assert account.people("2200") == []
    assert {kind for kind in run.kinds() if "persons" in kind or "activities" in kind} == set()


def test_a_person_deleted_by_hand_is_created_once_more(loader, account):
    first, renamed, booked = script("deleted_by_hand")
    loader.load(first)
    gone = account.person("4800")["id"]
    account.delete_person(gone)
    run = loader.load(renamed)
    assert f"person {gone} is gone from Pipedrive" in run.log
    person = account.person("4800")
    assert person["name"] == "Elias Gone"
    loader.load(booked)
    assert present(account, "4802") == [person["id"]]


def test_a_record_that_comes_twice_stands_once(loader, account):
    (run,) = loader.play("twice")
    assert run.kinds() == {"POST persons": 1, "PATCH persons": 1, "POST activities": 1}
    assert account.person("4900")["name"] == "Flora Once"
    assert len(account.activities("4901")) == 1
