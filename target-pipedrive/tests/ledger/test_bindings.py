from __future__ import annotations

import time

import pytest

from target_pipedrive.ledger import Ledger, Link, LinkKey
from target_pipedrive.ledger.bindings import Binding
from target_pipedrive.ledger.seen import Sight

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def link(ledger, obj, stream, key, **sent):
    number = f"{len(stream)}{key}"
    ledger.links.put(
        Link(LinkKey(obj, stream, key), number, number, created=True, sent=sent or None)
    )
    ledger.seen.put(stream, key, Sight(b"x", "", None, obj))


def test_what_is_bound_is_kept_by_object_and_label(url):
    ledger = Ledger(url, "run 1")
    ledger.bindings.bind("person", "Sex", Binding("a" * 40, "enum"))
    ledger.bindings.bind("person", "Sex", Binding("b" * 40, "enum"))
    ledger.bindings.bind("deal", "Sex", Binding("c" * 40, "set"))
    ledger.bindings.bind_option("person", "Sex", "Female", 7)
    ledger.bindings.bind_option("person", "Sex", "Male", "x-9")
    ledger.close()
    again = Ledger(url, "run 2")
    assert again.bindings.fields("person") == {"Sex": Binding("b" * 40, "enum")}
    assert again.bindings.options("person", "Sex") == {"Female": "7", "Male": "x-9"}
    assert again.bindings.options("deal", "Sex") == {}
    again.bindings.unbind_option("person", "Sex", "Male")
    assert again.bindings.options("person", "Sex") == {"Female": "7"}
    again.bindings.unbind("person", "Sex")
    assert again.bindings.fields("person") == again.bindings.options("person", "Sex") == {}
    assert again.bindings.fields("deal") == {"Sex": Binding("c" * 40, "set")}
    again.close()


async def test_what_was_announced_outlives_a_run_that_was_killed(ledger):
    assert ledger.bindings.announced() is None
    await ledger.bindings.announce()
    assert time.time() - ledger.bindings.announced() < 10
    ledger.bindings.settled()
    assert ledger.bindings.announced() is None


def test_values_of_a_field_are_forgotten_page_by_page(ledger, monkeypatch):
    monkeypatch.setattr("target_pipedrive.ledger.bindings._PAGE", 3)
    label = 'Of "10" % '
    prints = {f"custom:{label}": "1", "custom:Of": "2", "name": "3"}
    for number in range(8):
        link(ledger, "person", "patients", str(number), **prints)
    link(ledger, "person", "patients", "unsent")
    link(ledger, "person", "others", "1", name="3")
    link(ledger, "note", "notes", "1", **prints)

    streams = ledger.bindings.renew(["person"], label, {"patients", "notes"})

    assert streams == {"patients", "others"}
    left = {"custom:Of": "2", "name": "3"}
    for number in range(8):
        assert ledger.links.get(LinkKey("person", "patients", str(number))).sent == left
    assert ledger.links.get(LinkKey("person", "patients", "unsent")).sent is None
    assert ledger.links.get(LinkKey("note", "notes", "1")).sent == prints
    assert ledger.seen.get("patients", "1") is None
    assert ledger.seen.get("others", "1") is None
    assert ledger.seen.get("notes", "1") is not None
    assert sorted(ledger.kept.dirty("patients")) == [*map(str, range(8)), "unsent"]
    assert ledger.kept.dirty("others") == ledger.kept.dirty("notes") == []
    assert ledger.bindings.renew(["person"], label, {"patients"}) == streams


def test_nothing_is_forgotten_where_there_is_nothing(ledger):
    assert ledger.bindings.renew(["deal", "lead"], "Sex", set()) == set()


def test_values_of_an_option_alone_are_forgotten(ledger):
    for key, sex in (("1", "f"), ("2", "m"), ("3", "f")):
        link(ledger, "person", "patients", key, **{"custom:Sex": sex, "name": "n"})
    assert ledger.bindings.renew(["person"], "Sex", {"patients"}, {"f"}) == {"patients"}
    sent = [ledger.links.get(LinkKey("person", "patients", key)).sent for key in "123"]
    assert sent == [{"name": "n"}, {"custom:Sex": "m", "name": "n"}, {"name": "n"}]
    assert ledger.kept.dirty("patients") != []


def test_nothing_is_evaluated_again_for_an_option_that_no_value_names(ledger):
    link(ledger, "person", "patients", "1", **{"custom:Sex": "f"})
    assert ledger.bindings.renew(["person"], "Sex", {"patients"}, {"x"}) == set()
    assert ledger.seen.get("patients", "1") is not None
    assert ledger.kept.dirty("patients") == []
