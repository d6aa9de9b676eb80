"""Each kind of fault on each kind of write: what stands afterwards, and what it cost.

With `-s` the table is printed: how often the request was sent, and tokens beyond the usual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from .account import KINDS, Account, Plan
from .clinic import Clinic
from .judge import judge
from .loader import Loader

WRITES = {
    "person": ("POST", r"/persons$"),
    "activity": ("POST", r"/activities$"),
    "note": ("POST", r"/notes$"),
    "product": ("POST", r"/products$"),
    "file": ("POST", r"/files$"),
    "activity type": ("POST", r"/activityTypes$"),
    "custom field": ("POST", r"/personFields$"),
    "option": ("POST", r"/personFields/\w+/options$"),
    "update": ("PATCH", r"/persons/\d+$"),
    "delete": ("DELETE", r"/notes/\d+$"),
    "merge": ("PUT", r"/persons/\d+/merge$"),
}
"""What the fault hits: method and path of a request."""

ONLY_FIRST = {"custom field"}
"""What only a first run sends."""

LEDGER = ("killed before", "killed after", "ledger put back", "ledger lost")
"""What happens to the target and its ledger instead of a fault on the wire."""


@dataclass(frozen=True)
class Outcome:
    """What a fault cost, beside the same runs without it.

    Args:
        sent: How often the request was sent in all, the run after a kill included.
        tokens: More tokens than without the fault.
    """

    sent: int
    tokens: int

    def __str__(self):
        return f"{self.sent}x {self.tokens:+d}"


class Case:
    """A clinic in two runs; the second one meets every kind of write."""

    def __init__(self, folder, mapping):
        folder.mkdir()
        spool = folder / "spool"
        spool.mkdir()
        self.clinic = Clinic(spool)
        self.account = Account()
        self.loader = Loader(folder, self.account, mapping, spool)
        self.first()
        self.begin()

    def begin(self):
        assert self.run() == "done"
        self.loader.keep_copy("ledger")
        self.account.ahead += Account.HOUR
        self.second()

    def first(self):
        put = self.clinic.put
        for number in ("1", "2", "3"):
            put("patients", id=number, first_name="Ann", last_name=f"Bee {number}", sex="Female")
        question = {"name": "Pain", "type": "paragraph", "answer": "<p>none</p>"}
        content = {"sections": [{"name": "Findings", "questions": [question]}]}
        put("treatment_notes", id="10", patient_id="1", title="Review", content=content)

    def second(self):
        put = self.clinic.put
        put("appointment_types", id="20", name="Massage")
        put("products", id="30", name="Tape", price_ex_tax="3.50")
        put("patients", id="1", occupation="Baker")
        put("patients", id="3", merged_with_patient_id="2", archived_at="2024-09-01T00:00:00Z")
        put("patients", id="4", first_name="New", last_name="One", sex="Other")
        put(
            "individual_appointments",
            id="40",
            patient_id="1",
            appointment_type_id="20",
            starts_at="2024-05-06T01:00:00Z",
            ends_at="2024-05-06T01:45:00Z",
        )
        row = self.clinic.get("treatment_notes", "10")
        put("treatment_notes", id="10", archived_at="2024-09-01T00:00:00Z")
        put("treatment_notes", id="11", patient_id="1", title="Next", content=row["content"])
        self.clinic.attach("1", "scan.txt", b"a knee")

    def run(self, plan=None):
        return self.loader.run(self.clinic.messages(self.loader.state), plan)


class Early(Case):
    """The same clinic before its first run."""

    def begin(self):
        pass


def play(folder, mapping, write, fault):
    """Let one request meet a fault; return the case, what it cost, and how it ended."""
    method, path = WRITES[write]

    requests = []

    def counted(asked, where):
        hit = asked == method and re.search(path, where) is not None
        requests.extend([where] * hit)
        return hit

    case = (Early if write in ONLY_FIRST else Case)(folder, mapping)
    before = case.account.tokens
    plan = Plan(
        {0: fault} if fault in KINDS else {},
        0 if fault.startswith("killed") else None,
        killed_after=fault == "killed after",
        only=counted,
    )
    ended = case.run(plan)
    if fault == "ledger put back":
        case.loader.restore("ledger")
        case.loader.state = None
    elif fault == "ledger lost":
        case.loader.lose()
        case.loader.state = None
    if ended != "done" or fault in LEDGER:
        ended = case.run(Plan(only=counted))
    return case, len(requests), case.account.tokens - before, ended


@pytest.fixture(scope="module")
def flawless(tmp_path_factory, transforms):
    """Return what each write costs without a fault, and the account it leaves."""
    found = {}
    for write in WRITES:
        folder = tmp_path_factory.mktemp("flawless") / write.replace(" ", "-")
        case, sent, tokens, ended = play(folder, transforms, write, "")
        assert ended == "done"
        assert sent >= 1, f"no {write} was sent"
        found[write] = (case, sent, tokens)
    return found


@pytest.fixture(scope="module")
def table():
    """Collect the outcomes and print them at the end."""
    rows = {}
    yield rows
    print("\n\n| Fault | " + " | ".join(WRITES) + " |\n" + "|---" * (len(WRITES) + 1) + "|")
    for fault, cells in rows.items():
        print(f"| {fault} | " + " | ".join(str(cells.get(write, "")) for write in WRITES) + " |")


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*KINDS, *LEDGER])
def test_everything_stands_once(tmp_path, transforms, flawless, table, fault):
    for write in WRITES:
        folder = tmp_path / write.replace(" ", "-")
        case, sent, tokens, ended = play(folder, transforms, write, fault)
        assert ended == "done", f"{write}: {ended}"
        twin, usual, price = flawless[write]
        forgetful = fault.startswith("ledger")
        judge(case.clinic, case.account, twin.account, forgetful=forgetful)
        table.setdefault(fault, {})[write] = Outcome(sent - usual + 1, tokens - price)
