"""Everything that can happen between a clinic, a ledger and an account, in any order."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from .account import KINDS, Account, Plan, Weather
from .clinic import Clinic
from .judge import HAND, judge
from .loader import Loader
from .picture import picture

numbers = st.integers(0, 9) | st.integers(0, 60)
"""Which request of a run: most have few, the first one has many."""

faults = st.dictionaries(numbers, st.sampled_from(KINDS), min_size=1, max_size=4)
chances = st.tuples(st.integers(0, 2**16), st.sampled_from([3, 10, 30]), st.booleans())
"""What decides the faults, how many of a hundred requests meet one, whether some kill."""

hours = st.sampled_from([0, 0, 1, 30])
ledger_events = st.sampled_from(["", "", "", "copied", "copied", "put back", "lost"])

edits = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(0, 3)), max_size=4)
"""What happens at the source before a run."""

GONE = "2024-09-01T00:00:00Z"

MEMORY = next((place for place in ("/dev/shm",) if Path(place).is_dir()), None)  # noqa: S108 - ours
"""A folder whose syncs cost nothing, where there is one."""

REMOVABLE = (
    "individual_appointments",
    "treatment_notes",
    "patient_attachments",
    "communications",
)


class Schedules(RuleBasedStateMachine):
    """A clinic, an account that meets faults, and its twin that meets none."""

    mapping = None
    """The mapping files; set by the test."""

    seen: ClassVar[Counter] = Counter()
    """Faults that runs met, over all schedules."""

    runs = 0

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="exactly-once-", dir=MEMORY))
        self.spool = self.folder / "spool"
        for folder in (self.folder / "twin", self.spool):
            folder.mkdir()
        self.clinic = Clinic(self.spool)
        self.renamed, self.deleted, self.made = set(), set(), Counter()
        self.forgetful = False
        self.count = 0

    @initialize(ahead=st.sampled_from([-7200, 0, 3600]))
    def begin(self, ahead):
        self.account = Account(timedelta(seconds=ahead))
        self.twin = Account(timedelta(seconds=ahead))
        self.loader = Loader(self.folder, self.account, self.mapping, self.spool)
        self.flawless = Loader(self.folder / "twin", self.twin, self.mapping, self.spool)
        self.clinic.put("appointment_types", name="Massage")
        self.clinic.put("products", name="Tape", item_code="T1", price_ex_tax="3.50")
        self.new_patient(family=False)
        self.new_child(0)
        self.new_child(3)

    def next(self):
        self.count += 1
        return self.count

    def pick(self, stream, number):
        ids = self.clinic.ids(stream)
        return ids[number % len(ids)]

    # the clinic

    def edit(self, edits):
        for what, one, other in edits:
            match what:
                case 0:
                    self.new_patient(family=bool(one % 2))
                case 1 | 2 | 3 | 4:
                    self.new_child(one, other)
                case 5 | 6 | 7 | 8 | 9:
                    self.change((one + what) % 8, other)
                case 10 | 11:
                    self.remove_or_bring_back(REMOVABLE[one % len(REMOVABLE)], other)
                case 12:
                    self.merge(one, other)

    def new_patient(self, family):
        number = self.next()
        self.clinic.put(
            "patients",
            first_name="Ann" if number % 2 else "Bo",
            last_name="Bee",
            email="bee@example.com" if family else f"p{number}@example.com",
            sex=["Female", "Male", "Other"][number % 3],
        )

    def new_child(self, what, patient=0):
        number, patient_id = self.next(), self.pick("patients", patient)
        match what:
            case 0:
                self.clinic.put(
                    "individual_appointments",
                    patient_id=patient_id,
                    appointment_type_id=self.pick("appointment_types", number),
                    starts_at="2024-05-06T01:00:00Z",
                    ends_at="2024-05-06T01:45:00Z",
                )
            case 1:
                self.note(patient_id=patient_id, length=10)
            case 2:
                content = str(number % 2).encode() * 5  # the same name and size, not the same file
                self.clinic.attach(patient_id, "scan.txt", content)
            case 3:
                self.clinic.put(
                    "communications", patient_id=patient_id, type="SMS", content=f"No. {number}"
                )
            case 4:
                self.clinic.put(
                    "invoices",
                    patient_id=patient_id,
                    number=number,
                    status=10,
                    total_amount=f"{number}.50",
                    issue_date="2024-02-03",
                )
            case 5:
                self.clinic.put("appointment_types", name=f"Type {number}")

    def note(self, length, **values):
        answer = "".join(f"<p>word {number}</p>" for number in range(length))
        question = {"name": "Pain", "type": "paragraph", "answer": answer}
        content = {"sections": [{"name": "Findings", "questions": [question]}]}
        self.clinic.put("treatment_notes", title="Review", content=content, **values)

    def change(self, what, which):  # noqa: C901 - a list of things that happen
        number = self.next()
        match what:
            case 0:
                self.clinic.put(
                    "patients", id=self.pick("patients", which), occupation=f"Job {number % 2}"
                )
            case 1:
                self.clinic.put("patients", id=self.pick("patients", which), occupation=None)
            case 2 if ids := self.clinic.ids("treatment_notes"):
                length = [5, 400, 800][number % 3]
                self.note(id=ids[which % len(ids)], length=length)
            case 3 if ids := self.clinic.ids("individual_appointments"):
                cancelled = None if number % 2 else GONE
                self.clinic.put(
                    "individual_appointments", id=ids[which % len(ids)], cancelled_at=cancelled
                )
            case 4:
                self.clinic.put(
                    "products", id=self.pick("products", which), name=f"Tape {number % 2}"
                )
            case 5:
                type_id = self.pick("appointment_types", which)
                self.clinic.put("appointment_types", id=type_id, name=f"Type {number}")
                for row in self.clinic.all("individual_appointments"):
                    if row["appointment_type_id"] == type_id:  # its subject tells the name
                        self.clinic.put("individual_appointments", id=row["id"])
            case 6:
                self.clinic.put(
                    "patients", id=self.pick("patients", which), last_name=f"Bee {number % 2}"
                )
            case 7 if ids := self.clinic.ids("communications"):
                text = "No. 1" if number % 2 else "No. 2"  # as long as before
                self.clinic.put("communications", id=ids[which % len(ids)], content=text)

    def remove_or_bring_back(self, stream, which):
        if ids := self.clinic.ids(stream):
            record_id = ids[which % len(ids)]
            gone = self.clinic.get(stream, record_id)["archived_at"]
            self.clinic.put(stream, id=record_id, archived_at=None if gone else GONE)

    def merge(self, first, second):
        stand = [row["id"] for row in self.clinic.all("patients") if self.stands(row)]
        loser, survivor = stand[first % len(stand)], stand[second % len(stand)]
        if loser != survivor:
            self.clinic.put("patients", id=loser, merged_with_patient_id=survivor, archived_at=GONE)

    def stands(self, row):
        return row["merged_with_patient_id"] is None

    # people at work in Pipedrive

    def in_both(self, kind, which):
        """Return the ids of one object of ours in both accounts, with its name; or None."""
        found = [_rows(account.dump(), kind) for account in (self.account, self.twin)]
        names = sorted(found[0].keys() & found[1].keys())
        if not names:
            return None
        name = names[which % len(names)]
        return name, found[0][name], found[1][name]

    def by_hand(self, method, path, ids, body=None):
        for account, row_id in zip((self.account, self.twin), ids, strict=True):
            account.by_hand(method, path.format(row_id), body)

    @rule(what=st.integers(0, 3), which=st.integers(0, 3))
    def work_by_hand(self, what, which):
        if what == 0:
            self.made["Ann Bee"] += 1
            self.by_hand("POST", "v2/persons", ["", ""], {"name": "Ann Bee"})
        elif found := self.in_both("note" if what == 1 else "person", which):
            name, *ids = found
            if what == 1:
                self.deleted.add(name)
                self.by_hand("DELETE", "v1/notes/{}", ids)
            elif what == 2:
                self.renamed.add(name)
                self.by_hand("PATCH", "v2/persons/{}", ids, {"name": "Renamed By Hand"})
            else:
                self.fill(ids)

    def fill(self, ids):
        for account, row_id in zip((self.account, self.twin), ids, strict=True):
            fields = account.dump()["personFields"]
            code = next(row["field_code"] for row in fields if row["field_name"] == HAND)
            body = {"custom_fields": {code: "A friend"}}
            account.by_hand("PATCH", f"v2/persons/{row_id}", body)

    # runs, and what happens between them

    @rule(edits=edits, ledger=ledger_events, hours=hours, faults=faults)
    def run_with_faults(self, edits, ledger, hours, faults):
        self.before_a_run(edits, ledger, hours)
        self.run(Plan(faults))

    @rule(edits=edits, ledger=ledger_events, hours=hours, kill=numbers, killed_after=st.booleans())
    def run_and_be_killed(self, edits, ledger, hours, kill, killed_after):
        self.before_a_run(edits, ledger, hours)
        self.run(Plan({}, kill, killed_after=killed_after))

    @rule(edits=edits, ledger=ledger_events, hours=hours, chance=chances)
    def run_in_bad_weather(self, edits, ledger, hours, chance):
        self.before_a_run(edits, ledger, hours)
        self.run(Weather(*chance))

    def before_a_run(self, edits, ledger, hours):
        self.edit(edits)
        for account in (self.account, self.twin):
            account.ahead += timedelta(hours=hours)
        match ledger:
            case "copied":
                self.loader.keep_copy("ledger")
            case "put back" if self.loader.restore("ledger"):
                self.loader.state = None  # as the documentation says: --full-refresh
                self.forgetful = True
            case "lost":
                self.loader.lose()
                self.loader.state = None
                self.forgetful = True

    def run(self, plan):
        self.loader.run(self.clinic.messages(self.loader.state), plan)
        Schedules.runs += 1
        Schedules.seen.update(met.partition(":")[0] for met in plan.met)
        self.run_flawless()

    def run_flawless(self):
        outcome = self.flawless.run(self.clinic.messages(self.flawless.state))
        assert outcome == "done", outcome

    def teardown(self):
        try:
            if hasattr(self, "account"):
                self.end()
        finally:
            shutil.rmtree(self.folder)

    def end(self):
        """Run once more without faults: everything stands as it shall; and again: nothing to do."""
        for account in (self.account, self.twin):
            account.ahead += timedelta(hours=1)
        outcome = self.loader.run(self.clinic.messages(self.loader.state))
        assert outcome == "done", outcome
        self.run_flawless()
        judge(
            self.clinic,
            self.account,
            self.twin,
            renamed=self.renamed,
            deleted=self.deleted,
            made=self.made,
            forgetful=self.forgetful,
        )
        before = +self.account.requests
        assert self.loader.run(self.clinic.messages()) == "done"
        more = self.account.requests - before
        writes = [request for request in more if not request.startswith("GET ")]
        assert not writes, writes


def _rows(dump, kind):
    """Return {name: id} of what bears our mark."""
    plural = {"person": "persons", "note": "notes"}[kind]
    found = {}
    for row in dump[plural]:
        one = {key: [] for key in ("persons", "products", "activities", "notes", "files")}
        fields = {key: dump[key] for key in ("personFields", "productFields")}
        shown = picture(one | fields | {"activityTypes": [], plural: [row]})
        for shown_kind, name in shown:
            if shown_kind == kind and name.isdigit():
                found[name] = row["id"]
    return found
