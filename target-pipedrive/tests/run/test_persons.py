"""Patients become persons; what changes later is sent, and nothing else."""

from __future__ import annotations

from .conftest import OWNER, script


def test_a_patient_becomes_a_person_with_all_its_fields(loader, account, sandbox):
    (messages,) = script("patient")
    run = loader.load(messages)
    person = account.person("1000")
    custom = {label: value for label, value in person.pop("custom").items() if value is not None}
    assert {key: person[key] for key in ("name", "emails", "add_time")} == {
        "name": "Zoë Ångström",
        "emails": [{"value": "zoe@family.example", "primary": True, "label": "home"}],
        "add_time": "2024-03-01T00:00:00Z",
    }
    assert [(row["value"], row["label"], row["primary"]) for row in person["phones"]] == [
        ("+61293744000", "home", False),
        ("+61412345678", "mobile", True),
    ]
    assert custom.pop("Address")["value"] == "1 High St, Sydney, NSW, 2000, Australia"
    assert custom == {
        "Cliniko patient ID": "1000",
        "Cliniko status": "Active",
        "Date of birth": "1980-02-29",
        "Sex": "Female",
        "Preferred name": "Zo",
        "Occupation": "Baker",
        "Emergency contact": "Mum 123",
        "Patient notes": "Likes windows",
        "Medical alerts": "Nuts\nLatex",
        "Concession type": "Pensioner",
        "Referral source": "Doctor – Mo Khan – By letter",
        "Reminder preference": "SMS & Email",
        "Marketing consent": ["Email", "SMS"],
        "Medicare number": "2123456701 2",
        "Insurance provider": "NIB",
        "Insurance policy number": "P-1",
        "Insurance group": "Gold",
        "Insurance coverage details": "All",
        "Insurance type": "Extras",
        "Outstanding balance": {"value": 19.95, "currency": "AUD"},
        "Last payment date": "2024-02-02",
        "Total invoiced": {"value": 100.05, "currency": "AUD"},
        "Invoice count": 2,
        "Last invoice date": "2024-03-02",
        "Last invoice status": "Open",
    }
    (table,) = account.files(person)
    assert table["name"] == "Cliniko communications.csv"
    assert run.kinds()["POST persons"] == 1
    assert run.kinds()["PATCH persons"] == 0

    again = loader.load(messages)
    assert again.writes == []
    assert again.summary["done"] == {"person unchanged": 1, "file unchanged": 1}
    # Who the token's user is and the users; the custom fields of persons and products, and of two
    # more objects to see whether there is room for those of the products, if no run made them yet.
    made = {row["field_name"] for row in sandbox.dump()["pipedrive"]["productFields"]}
    assert again.tokens == 22 + 20 + (0 if "Cliniko ID" in made else 20)
    assert again.summary["tokens_today"] == run.tokens + again.tokens


def test_only_what_changed_is_sent_and_what_vanished_is_cleared(loader, account):
    _, renamed, cleared = loader.play("changed_patient")
    person = account.person("1100")
    path = f"/api/v2/persons/{person['id']}"
    assert renamed.writes == [("PATCH", path, {"name": "Ida Berg"})]
    (patch,) = cleared.writes
    assert (patch.method, patch.path) == ("PATCH", path)
    assert patch.body.pop("emails") == []
    assert list(patch.body) == ["custom_fields"]
    assert list(patch.body["custom_fields"].values()) == [None]
    assert (person["emails"], person["custom"]["Occupation"]) == ([], None)
    assert person["custom"]["Sex"] == "Female"


def test_an_invoice_of_a_later_run_changes_only_the_figures(loader, account):
    _, billed, paid = loader.play("late_invoice")
    person = account.person("1200")
    for run, figures in ((billed, 5), (paid, 3)):
        (patch,) = run.writes
        assert (patch.method, patch.path) == ("PATCH", f"/api/v2/persons/{person['id']}")
        assert list(patch.body) == ["custom_fields"]
        assert len(patch.body["custom_fields"]) == figures
    assert person["custom"]["Outstanding balance"] == {"value": 0, "currency": "AUD"}
    assert person["custom"]["Last invoice status"] == "Paid"


def test_an_option_is_made_once_for_many_records(loader, account, sandbox):
    (run,) = loader.play("options")
    assert run.kinds()["POST persons"] == 12
    made = [write.body for write in run.writes if write.path.endswith("/options")]
    assert len(made) <= 1  # all new ones at once
    fields = sandbox.dump()["pipedrive"]["personFields"]
    sex = next(row for row in fields if row["field_name"] == "Sex")
    labels = [option["label"] for option in sex["options"]]
    assert (labels.count("Intersex"), labels.count("Another")) == (1, 1)
    assert account.person("3401")["custom"]["Sex"] == "Intersex"


def test_a_text_too_long_for_its_field_is_cut_and_counted(loader, account):
    (run,) = loader.play("long_text")
    occupation = account.person("3500")["custom"]["Occupation"]
    assert occupation == "x" * 254 + "…"
    assert run.summary["truncated"] == {"Occupation": 1}
    assert "Occupation: 1 cut to fit" in run.log


def test_the_default_owner_owns_persons(loader, account):
    loader.play("default_owner", default_owner=OWNER.upper())
    assert account.person("2600")["owner_id"] == account.user(OWNER)


def test_a_patient_referred_by_one_who_comes_later_is_written_once(loader, account):
    first, renamed = loader.play("referring_patient")
    person = account.person("3901")
    assert first.kinds()["POST persons"] == 2
    assert first.kinds()["PATCH persons"] == 0
    assert person["custom"]["Referral source"] == "Friend – Tessa Road"
    assert renamed.kinds() == {"PATCH persons": 2}
    patches = {write.path: write.body for write in renamed.writes}
    referred = patches[f"/api/v2/persons/{person['id']}"]
    assert list(referred) == ["custom_fields"]
    assert list(referred["custom_fields"].values()) == ["Friend – Tessa Road"]


def test_an_invoice_that_moves_to_another_patient_changes_both(loader, account):
    _, moved = loader.play("moved_invoice")
    assert moved.kinds() == {"PATCH persons": 2}
    assert account.person("5100")["custom"]["Total invoiced"] is None
    assert account.person("5101")["custom"]["Total invoiced"] == {"value": 10, "currency": "AUD"}


def test_a_record_without_its_key_is_rejected_alone(loader, account):
    (run,) = loader.play("no_key")
    assert run.codes() == {"patients/": "no_key"}
    assert account.person("3600")["name"] == "Oda Cliff"
