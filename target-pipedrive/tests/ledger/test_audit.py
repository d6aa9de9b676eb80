"""The audit log: what is told, what is told once, and that nobody can touch it unseen."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys

import pytest
from sqlalchemy import create_engine, text

from target_pipedrive.ledger import Ledger, Link, LinkKey, audit
from target_pipedrive.ledger.audit import ACTIONS
from target_pipedrive.ledger.bindings import Binding
from target_pipedrive.ledger.chain import NO_HASH, Checked, Entry
from target_pipedrive.ledger.rejects import Dropped

KEY = LinkKey("person", "patients", "1")
REST = ", ".join(Entry._fields[1:])
LINK = Link(KEY, "5", "5", created=True, sent={})


def told(ledger):
    return [
        (row.action, row.object, row.stream, row.id, row.part, row.pipedrive_id, row.code)
        for row in ledger.audit.rows()
    ]


def test_a_line_goes_with_what_it_speaks_of(ledger):
    ledger.links.put(LINK, "created")
    ledger.links.put(LINK)  # what is only known otherwise is not told
    ledger.links.put(LINK, "updated")
    ledger.links.end(LINK, "merged", "into 7")
    assert ledger.links.get(KEY) is None
    assert told(ledger) == [
        ("created", "person", "patients", "1", "", "5", ""),
        ("updated", "person", "patients", "1", "", "5", ""),
        ("merged", "person", "patients", "1", "", "5", "into 7"),
    ]
    assert {row.run for row in ledger.audit.rows()} == {"run 1"}
    assert ledger.audit.added == ledger.audit.lines == 3


def test_what_lasts_is_told_when_it_begins(ledger):
    for _ in range(2):
        ledger.rejects.put("person", "patients", "1", code="refused", detail="", record={})
    ledger.rejects.put("person", "patients", "1", code="file_missing", detail="", record={})
    ledger.rejects.forget("person", "patients", "1")
    ledger.rejects.forget("person", "patients", "1")
    ledger.rejects.put("person", "patients", "1", code="file_missing", detail="", record={})
    for _ in range(2):
        ledger.audit.add("left_out", KEY, code="removed")
    ledger.links.put(LINK, "created")
    ledger.audit.add("left_out", KEY, code="removed")
    for pipedrive_id in "56":
        ledger.audit.add("kept", LinkKey("person", "patients", "1", "a"), pipedrive_id)
    assert [(row.action, row.code) for row in ledger.audit.rows()] == [
        ("rejected", "refused"),
        ("rejected", "file_missing"),
        ("settled", ""),
        ("rejected", "file_missing"),
        ("left_out", "removed"),
        ("created", ""),
        ("left_out", "removed"),
        ("kept", ""),
    ]


def test_what_lasts_is_known_to_later_runs(url):
    for run in ("run 1", "run 2"):
        ledger = Ledger(url, run)
        ledger.audit.add("left_out", KEY, code="removed")
        ledger.close()
    ledger = Ledger(url, "run 3")
    assert [row.run for row in ledger.audit.rows()] == ["run 1"]
    ledger.close()


def test_a_persons_decision_is_told(ledger):
    ledger.rejects.put("person", "patients", "1", code="refused", detail="", record={})
    ledger.rejects.drop("person", "patients", "1", code="refused", who="ann")
    ledger.rejects.take_up(Dropped("person", "patients", "1", "refused", "ann", 0.0))
    assert [row.action for row in ledger.audit.rows()] == ["rejected", "dropped", "taken_up"]


def test_fields_and_options_are_told_without_the_words_of_the_data(ledger):
    ledger.bindings.made("person", "Occupation", "a" * 40)
    ledger.bindings.bind("person", "Occupation", Binding("a" * 40, "enum"))
    ledger.bindings.made_option("person", "Occupation", 7)
    ledger.bindings.bind_option("person", "Occupation", "Spy", 7)
    ledger.bindings.bind_option("person", "Occupation", "Baker", 8)
    ledger.bindings.bind("deal", "Stage", Binding("b" * 40, "varchar"))
    fields = ("personFields", "", "Occupation")
    assert told(ledger) == [
        ("created", *fields, "", "a" * 40, ""),
        ("created", *fields, "option", "7", ""),
        ("adopted", *fields, "option", "8", ""),
        ("adopted", "dealFields", "", "Stage", "", "b" * 40, ""),
    ]
    assert not {"Spy", "Baker"} & {cell for row in ledger.audit.rows() for cell in row}


def test_options_that_a_killed_run_made_are_told_once(ledger):
    ledger.bindings.stand("person", "Sex", ["1", "2"])  # nothing was announced
    asyncio.run(ledger.bindings.announce())
    ledger.bindings.made_option("person", "Sex", "1")
    for _ in range(2):
        ledger.bindings.stand("person", "Sex", ["1", "2"])
    assert [row[5] for row in told(ledger)] == ["1", "2"]


def test_a_write_that_nobody_told_of_has_a_line_at_the_end(ledger):
    ledger.audit.wrote("person", "5", "created")
    ledger.links.put(LINK, "created")
    ledger.audit.wrote("file", "9", "created")
    ledger.audit.wrote("file", "9", "removed")
    ledger.audit.end()
    ledger.audit.end()
    assert told(ledger)[1:] == [
        ("created", "file", "", "", "", "9", "by_itself"),
        ("removed", "file", "", "", "", "9", "by_itself"),
    ]


def test_each_action_is_explained():
    assert set(ACTIONS) == set(audit.Action.__args__)


# the chain


@pytest.fixture
def written(url):
    """Return a ledger's address with seven lines of two runs, and the heads of both."""
    heads = []
    for run, numbers in (("run 1", "123"), ("run 2", "4567")):
        ledger = Ledger(url, run)
        for number in numbers:
            link = Link(
                LinkKey("person", "patients", number), number, number, created=True, sent={}
            )
            ledger.links.put(link, "created")
        ledger.audit.end()
        heads.append(ledger.audit.head)
        ledger.close()
    return url, heads


def check(url, **heads):
    ledger = Ledger(url, "", alone=False)
    found = ledger.audit.check({hash_: where for where, hash_ in heads.items()})
    ledger.close()
    return found


def move(seq, to):
    return f"UPDATE audit SET seq = {to} WHERE seq = {seq}"  # noqa: S608 - our own numbers


def rewrite(row):
    values = f"action = '{row.action}', hash = '{row.hash}'"
    return f"UPDATE audit SET {values} WHERE seq = {row.seq}"  # noqa: S608 - as above


def touch(url, *statements):
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_a_chain_goes_on_over_runs(written):
    url, (first, second) = written
    found = check(url, first=first, second=second)
    assert (found.lines, found.head, found.fault) == (7, second, "")


def test_others_can_check_it_by_its_definition(written):
    url, (_, head) = written
    ledger = Ledger(url, "", alone=False)
    before = NO_HASH
    for row in ledger.audit.rows():
        content = json.dumps([before, *row[:-1]], separators=(",", ":"))
        before = hashlib.sha256(content.encode()).hexdigest()
        assert before == row.hash
    assert before == head
    ledger.close()


@pytest.mark.parametrize(
    ("statements", "sound", "fault"),
    [
        (["UPDATE audit SET action = 'kept' WHERE seq = 3"], 2, "line 3 is not as it was written"),
        (["UPDATE audit SET at = '' WHERE seq = 7"], 6, "line 7 is not as it was written"),
        (["DELETE FROM audit WHERE seq = 1"], 0, "line 1 is missing"),
        (["DELETE FROM audit WHERE seq = 4"], 3, "line 4 is missing"),
        (["DELETE FROM audit WHERE seq > 5"], 5, "the last 2 lines are missing, from line 6 on"),
        (["DELETE FROM audit"], 0, "the last 7 lines are missing, from line 1 on"),
        (
            ["DELETE FROM audit WHERE seq = 7", move(6, 7)],
            5,
            "line 6 is missing",
        ),
        (
            [
                "DELETE FROM audit WHERE seq = 4",
                *(move(seq, seq - 1) for seq in (5, 6, 7)),
            ],
            3,
            "line 4 is not as it was written, or the one before it was taken out",
        ),
        (
            [
                *(move(seq, seq + 1) for seq in (7, 6, 5)),
                f"INSERT INTO audit SELECT 5, {REST} FROM audit WHERE seq = 4",  # noqa: S608 - as above
            ],
            4,
            "line 5 is not as it was written",
        ),
        (["UPDATE audit SET hash = 'x' WHERE seq = 7"], 6, "line 7 is not as it was written"),
    ],
)
def test_what_was_touched_shows(written, statements, sound, fault):
    url, _ = written
    touch(url, *statements)
    found = check(url)
    assert found.lines == sound
    assert found.fault.startswith(fault)
    assert "behind the loader's back" in found.todo


def test_a_chain_written_anew_is_told_by_a_head_kept_elsewhere(written):
    """Who knows how hashes are made can make a whole chain; not one with the former head."""
    url, (first, second) = written
    ledger = Ledger(url, "", alone=False)
    rows = list(ledger.audit.rows())
    ledger.close()
    before, statements = rows[4].hash, []
    for row in (rows[5]._replace(action="kept"), rows[6]):
        made = row._replace(hash=row.expected(before))
        before = made.hash
        statements.append(rewrite(made))
    noted = f"UPDATE meta SET value = '7 {before}' WHERE name = 'audit head'"  # noqa: S608 - as above
    touch(url, *statements, noted)
    assert not check(url).fault
    assert not check(url, first=first).fault
    found = check(url, second=second)
    assert found.fault == f"the head {second} (second) is not in it"
    assert "older copy" in found.todo


def test_lines_written_anew_without_their_head_are_told(written):
    url, _ = written
    ledger = Ledger(url, "", alone=False)
    last = list(ledger.audit.rows())[-2:]
    ledger.close()
    made = last[1]._replace(action="kept")
    made = made._replace(hash=made.expected(last[0].hash))
    touch(url, rewrite(made))
    found = check(url)
    assert found.fault.endswith("(noted when the last run ended) is not in it")
    assert "behind the loader's back" in found.todo


def test_a_killed_loader_leaves_a_whole_chain(url):
    code = (
        "import asyncio, sys\n"
        "from target_pipedrive.ledger import Ledger, Link, LinkKey\n"
        "ledger = Ledger(sys.argv[1], 'run 1')\n"
        "async def work():\n"
        "    for number in range(10**9):\n"
        "        key = LinkKey('person', 'patients', str(number))\n"
        "        ledger.links.put(Link(key, '1', '1', created=True, sent={}), 'created')\n"
        "        if number % 50 == 0:\n"
        "            await ledger.durable()\n"
        "            print(number, flush=True)\n"
        "asyncio.run(work())\n"
    )
    command = [sys.executable, "-c", code, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as loader:
        for _ in range(4):
            loader.stdout.readline()
        loader.kill()
    ledger = Ledger(url, "run 2")
    assert ledger.audit.lines > 150
    for row in ledger.audit.rows():
        assert ledger.links.get(LinkKey(row.object, row.stream, row.id)) is not None
    ledger.links.put(LINK, "updated")
    ledger.close()
    assert not check(url).fault


def test_an_empty_log_is_whole(url):
    Ledger(url, "run 1").close()
    assert check(url) == Checked(0, NO_HASH)


def test_lines_can_be_chosen_and_are_read_page_by_page(written, monkeypatch):
    url, _ = written
    monkeypatch.setattr(audit, "_PAGE", 2)
    ledger = Ledger(url, "", alone=False)
    assert [row.seq for row in ledger.audit.rows()] == [1, 2, 3, 4, 5, 6, 7]
    assert [row.seq for row in ledger.audit.rows(run=["run 1"], id=["2", "3", "4"])] == [2, 3]
    assert ledger.audit.number(run=["run 2"], id=[]) == 4
    assert ledger.audit.last_run() == "run 2"
    assert list(ledger.audit.count("run").items()) == [
        ("run 2", {"created": 4}),
        ("run 1", {"created": 3}),
    ]
    assert ledger.audit.after(6) == list(ledger.audit.rows())[-1]
    assert ledger.audit.after(7) is None
    assert isinstance(ledger.audit.after(0), Entry)
    ledger.close()
