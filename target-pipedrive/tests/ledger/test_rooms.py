"""Each room of the ledger gives back what was put into it."""

from __future__ import annotations

from datetime import UTC, datetime

from target_pipedrive.ledger import Ledger, Link, LinkKey, schema

KEY = LinkKey("person", "patients", "1")


def test_a_link_is_read_back_and_ends_its_intent(url):
    first = Ledger(url, "run 1")
    first.links.announce(KEY, "sign", datetime.now(UTC))
    assert first.links.announced(KEY)
    assert first.links.newest_intent() is None, "its own creates are under way"
    first.close()
    ledger = Ledger(url, "run 2")
    assert ledger.links.newest_intent() is not None
    link = Link(KEY, "5", "5", created=True, sent={"name": "ab"})
    ledger.links.put(link)
    assert ledger.links.get(KEY) == link
    assert ledger.links.newest_intent() is None
    assert not ledger.links.announced(KEY)
    assert ledger.links.owned("person", ["4", "5", "6"]) == {"5"}
    ledger.links.forget(KEY)
    assert ledger.links.get(KEY) is None
    ledger.close()


def test_what_was_sent_may_be_unknown(ledger):
    link = Link(KEY, "5", "5", created=True, sent=None)
    ledger.links.put(link)
    assert ledger.links.get(KEY) == link


def test_links_of_a_record_come_in_order_of_their_parts(ledger):
    for part in ("2", "1"):
        key = LinkKey("note", "treatment_notes", "9", part)
        ledger.links.put(Link(key, part, part, created=True, sent={}))
    assert [link.key.part for link in ledger.links.of("treatment_notes", "9")] == ["1", "2"]


def test_what_stood_there_first_is_what_is_kept(ledger):
    ledger.before.save("person", "5", {"name": "Ann"})
    ledger.before.save("person", "5", {"name": "changed by us"})
    rows = ledger._database.run(schema.before.select()).all()
    assert [(row.key, row.value) for row in rows] == [("name", '"Ann"')]


def test_only_news_is_kept(ledger):
    assert ledger.kept.put("invoices", "7", "1", {"total": "5.00", "status": 10}) == (None,)
    assert ledger.kept.put("invoices", "7", "1", {"status": 10, "total": "5.00"}) is None
    assert ledger.kept.put("invoices", "7", "2", {"total": "6.00"}) == ("1",)
    assert ledger.kept.put("bookings", "7", "2", {"notes": "late"}) == (None,)
    assert ledger.kept.children(["invoices"], ["1"]) == {"invoices": []}
    assert ledger.kept.children(["bookings", "invoices"], ["1", "2"]) == {
        "bookings": [{"notes": "late"}],
        "invoices": [{"total": "6.00"}],
    }
    assert ledger.kept.put("invoices", "7", None, {"total": "6.00"}) == ("2",)
    assert ledger.kept.children(["invoices"], ["1", "2"]) == {"invoices": []}
    assert ledger.kept.drop("invoices", "7") == (None,)
    assert ledger.kept.drop("invoices", "7") is None


def test_merges_are_followed_through_chains(ledger):
    assert ledger.kept.set_merged("patients", "a", "b")
    assert ledger.kept.set_merged("patients", "b", "c")
    assert not ledger.kept.set_merged("patients", "b", "c")
    assert ledger.kept.survivor("patients", "a") == "c"
    assert ledger.kept.survivor("patients", "x") == "x"
    assert sorted(ledger.kept.merged_away("patients", "c")) == ["a", "b"]


def test_a_circle_of_merges_comes_to_an_end(ledger):
    ledger.kept.set_merged("patients", "a", "b")
    ledger.kept.set_merged("patients", "b", "a")
    assert ledger.kept.survivor("patients", "a") in {"a", "b"}
    assert ledger.kept.merged_away("patients", "a") == ["b"]


def test_rejects_are_whole_and_go_when_written(ledger):
    record = {"id": "3", "notes": "å"}
    ledger.rejects.put("note", "treatment_notes", "3", code="refused", detail="", record=record)
    ledger.rejects.put("note", "treatment_notes", "3", code="refused", detail="x", record=record)
    assert ledger.rejects.count() == {"refused": 1}
    assert ledger.rejects.record("note", "treatment_notes", "3") == record
    assert ledger.rejects.all()[0].detail == "x"
    ledger.rejects.forget("note", "treatment_notes", "3")
    assert ledger.rejects.all() == []


def test_tokens_of_a_day_add_up_over_runs(url):
    for _ in range(2):
        ledger = Ledger(url, "run")
        ledger.book.add_tokens({"person.create": (2, 10), "person.list": (1, 10)})
        ledger.close()
    ledger = Ledger(url, "run 3")
    assert ledger.book.tokens_today() == 40
    ledger.close()


def test_signs_are_replaced_row_by_row(ledger):
    ledger.signs.replace("person", {"2": ["a", "a", "b"], "10": ["b"]})
    assert ledger.signs.rows("person", "b") == ["2", "10"]
    ledger.signs.replace("person", {"2": []})
    assert ledger.signs.rows("person", "b") == ["10"]
    ledger.signs.forget("person", "10")
    assert ledger.signs.rows("person", "b") == []


def test_ids_are_numbers_or_anything_else(ledger):
    uuid = "adf21080-0e10-11eb-879b-05d71fb426ec"
    link = Link(LinkKey("lead", "enquiries", "1"), uuid, uuid, created=True, sent={})
    ledger.links.put(link)
    assert ledger.links.get(link.key) == link
    assert ledger.links.owned("lead", [uuid, "1"]) == {uuid}


def test_what_was_written_last_is_kept_beside_what_stood_there(ledger):
    ledger.before.save("person", "5", {"name": "Ann", "phones": []})
    ledger.before.wrote("person", "5", {"name": "Anna", "emails": ["never saved"]})
    name, phones = ledger.before.of("person", "5")
    assert (name.value, name.written.value, name.written_by) == ("Ann", "Anna", ledger.run)
    assert (phones.value, phones.written, phones.written_by) == ([], None, None)
    ledger.before.forget_key("person", "5", "name")
    assert [image.key for image in ledger.before.of("person", "5")] == ["phones"]
    ledger.before.forget("person", "5")
    assert list(ledger.before.objects("person")) == []
