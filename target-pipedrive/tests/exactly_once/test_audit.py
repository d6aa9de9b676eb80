"""Nothing is written to Pipedrive without its line in the audit log, whatever happens."""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import closing
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from target_pipedrive.ledger import Ledger

from .account import Account, Plan, Weather
from .loader import Loader
from .machine import Schedules

KINDS = {
    "persons": "person",
    "activities": "activity",
    "notes": "note",
    "products": "product",
    "files": "file",
    "activityTypes": "activity_type",
}
VERBS = {"PATCH": "updated", "DELETE": "removed"}
EDITED_BY_PUT = ("notes", "files", "activityTypes")

EXACTLY = {"created": "created", "updated": "updated", "merged": "merged"} | dict.fromkeys(
    ("removed", "replaced"), "removed"
)
"""Action → what was sent for it."""

ANSWERED_BY = {
    "created": {"created", "adopted"},
    "updated": {"updated"},
    "removed": {"removed", "replaced", "gone"},
    "merged": {"merged"},
}
"""What was sent → actions of a line that tells of it, whether or not the run lived to write it."""

AT_LAST = {"removed", "replaced", "merged", "gone", "kept"}
"""Lines that tell what became of an object in the end, for an update whose run was killed."""


class Recorder(Account):
    """An account that remembers what the target wrote, read off paths and answers alone."""

    def __init__(self):
        super().__init__()
        self.written: list[tuple[str, str, str]] = []
        self._by_hand = False

    async def answer(self, method, url, body, headers):
        reply = await super().answer(method, url, body, headers)
        if method != "GET" and reply.status < 300 and not self._by_hand:
            kind, *rest = urlsplit(url).path.split("/")[3:]
            self.written += self._told(method, kind, rest, json.loads(reply.content)["data"])
        return reply

    def by_hand(self, method, path, body=None):
        self._by_hand = True
        try:
            return super().by_hand(method, path, body)
        finally:
            self._by_hand = False

    def _told(self, method, kind, rest, data):
        if kind.endswith("Fields"):
            rows = data if rest else [{"id": data["field_code"]}, *(data["options"] or ())]
            return [(kind, str(row["id"]), "created") for row in rows]
        if rest[1:] == ["merge"]:
            return [(KINDS[kind], rest[0], "merged")]
        if method == "POST":
            return [(KINDS[kind], str(data["id"]), "created")]
        if method == "PUT":
            assert kind in EDITED_BY_PUT
            return [(KINDS[kind], rest[0], "updated")]
        return [(KINDS[kind], rest[0], VERBS[method])]


class Chaos:
    """A clinic that changes, and runs on it."""

    def __init__(self, transforms, seed):
        Schedules.mapping = transforms
        self.machine = Schedules()
        self.machine.begin(ahead=0)
        self.account = self.machine.account = Recorder()
        self.loader = self.machine.loader = Loader(
            self.machine.folder, self.account, transforms, self.machine.spool
        )
        self.chance = random.Random(seed)

    def edit(self):
        draw = self.chance.randrange
        self.machine.edit([(draw(13), draw(6), draw(4)) for _ in range(8)])
        self.account.ahead += timedelta(hours=draw(3))

    def run(self, plan=None):
        clinic, state = self.machine.clinic, self.loader.state
        return self.loader.run(clinic.messages(state), plan)

    def lines(self):
        with closing(Ledger(f"sqlite:///{self.loader.ledger}", "", alone=False)) as ledger:
            checked = ledger.audit.check({})
            assert not checked.fault, checked
            return list(ledger.audit.rows())


@pytest.fixture
def chaos(transforms, request):
    chaos = Chaos(transforms, request.param)
    yield chaos
    chaos.machine.loader.lose()


@pytest.mark.parametrize("chaos", range(3), indirect=True)
def test_each_write_has_its_line_and_each_line_its_write(chaos):
    for _ in range(5):
        chaos.edit()
        assert chaos.run() == "done"
    told = Counter(
        (line.object, line.pipedrive_id, EXACTLY[line.action])
        for line in chaos.lines()
        if line.action in EXACTLY
    )
    assert told == Counter(chaos.account.written)
    assert all(line.code != "by_itself" for line in chaos.lines())
    assert {verb for _, _, verb in told} >= {"created", "updated"}


@pytest.mark.parametrize(
    "chaos",
    [
        *range(5),
        46,
        84,
        *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 25)),
    ],
    indirect=True,
)
def test_what_was_written_in_bad_weather_has_its_line_when_the_weather_clears(chaos):
    for _ in range(4):
        for _ in range(2):
            chaos.edit()
            chaos.run(Weather(chaos.chance.randrange(2**16), 10, kills=True))
            if chaos.loader.ledger.exists():
                chaos.lines()  # the chain is whole at any time
        assert chaos.run() == "done"
    told = {}
    for line in chaos.lines():
        told.setdefault((line.object, line.pipedrive_id), set()).add((line.action, line.code))
    for kind, row, verb in chaos.account.written:
        lines = told.get((kind, row), set())
        actions = {action for action, _ in lines}
        expected = ANSWERED_BY[verb] | (AT_LAST if verb == "updated" else set())
        assert actions & expected or ("removed", "twin") in lines, (kind, row, verb, lines)


def test_a_copy_that_was_put_back_has_a_whole_chain_of_its_own(transforms):
    chaos = Chaos(transforms, 1)
    chaos.edit()
    assert chaos.run() == "done"
    chaos.loader.keep_copy("early")
    first = chaos.lines()[-1].hash
    chaos.edit()
    assert chaos.run() == "done"
    lost = chaos.lines()[-1].hash
    assert lost != first
    chaos.loader.restore("early")
    chaos.loader.state = None
    assert chaos.run(Plan()) == "done"
    chaos.lines()
    with closing(Ledger(f"sqlite:///{chaos.loader.ledger}", "", alone=False)) as ledger:
        assert not ledger.audit.check({first: "a note"}).fault
        assert (
            ledger.audit.check({lost: "a note"}).fault == f"the head {lost} (a note) is not in it"
        )
    chaos.loader.lose()


def test_a_type_that_a_killed_run_made_is_taken_though_its_name_changed(transforms):
    chaos = Chaos(transforms, 1)
    clinic = chaos.machine.clinic
    before = {row["id"] for row in chaos.account.dump()["activityTypes"]}

    def making_a_type(method, path):
        return method == "POST" and path.endswith("/activityTypes")

    assert chaos.run(Plan(kill=0, killed_after=True, only=making_a_type)) == "killed"
    (type_id,) = clinic.ids("appointment_types")
    clinic.put("appointment_types", id=type_id, name="Shiatsu")
    assert chaos.run() == "done"
    made = [row for row in chaos.account.dump()["activityTypes"] if row["id"] not in before]
    assert [row["name"] for row in made] == ["Shiatsu"]
    told = [line.action for line in chaos.lines() if line.pipedrive_id == str(made[0]["id"])]
    assert told == ["created", "updated"]
    chaos.loader.lose()
