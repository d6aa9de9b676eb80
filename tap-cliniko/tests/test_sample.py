"""Samples of the project's simulated clinic: what is in them, and what they cost."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tap_cliniko.links import linked_id
from tap_cliniko.sample.part import OF_PATIENTS
from tap_cliniko.streams import STREAMS

testing = pytest.importorskip("sandbox.testing")

MOST_REQUESTS = 150
"""What a sample of 25 out of 2,000 patients may cost, downloads included."""

BOOKINGS = ("individual_appointments", "group_appointments")
TARGETS = {
    # Fields whose name is not the singular of the list they lead into.
    "appointment_id": ("individual_appointments",),
    "booking_id": BOOKINGS,
    "business_id": ("businesses",),
    "default_appointment_type_id": ("appointment_types",),
    "latest_booking_id": BOOKINGS,
    "merged_with_patient_id": ("patients",),
    "original_invoice_id": ("invoices",),
    "referrer_id": ("patients", "contacts"),
    "referring_doctor_id": ("contacts",),
    "related_patient_id": ("patients",),
    "tax_id": ("taxes",),
}
NOWHERE = {
    # What these lead to cannot be read, or is an id of another kind.
    "old_reference_id",
    "letter_id",
    "payment_id",
    "signature_id",
    "signatures_id",
    "appointment_confirmation_template_ids",
    "appointment_follow_up_template_ids",
    "appointment_reminder_template_ids",
}


@dataclass
class Run:
    """What one run of the tap put out."""

    code: int
    messages: list[dict]
    log: str
    requests: list[dict]

    def rows(self, stream):
        return {
            m["record"].get("id") or json.dumps(m["record"]): m["record"]
            for m in self.records()
            if m["stream"] == stream
        }

    def records(self):
        return [message for message in self.messages if message["type"] == "RECORD"]


@dataclass
class Clinic:
    """A simulated clinic, never changed, and the tap that reads it."""

    sandbox: object
    folder: object
    rows: dict[str, dict[str, dict]]

    def run(self, *, state=None, select=None, **settings):
        config = {
            "api_key": "sandbox-key-au1",
            "api_url": self.sandbox.cliniko,
            "contact_email": "tests@example.com",
            "attachments_dir": str(self.folder / "spool"),
            "requests_per_minute": 100_000,
            **settings,
        }
        arguments = ["--config", self._file("config.json", config)]
        if state is not None:
            arguments += ["--state", self._file("state.json", state)]
        if select is not None:
            found = json.loads(self._tap(*arguments, "--discover").stdout)
            for entry in found["streams"]:
                for data in entry["metadata"]:
                    if data["breadcrumb"] == []:
                        data["metadata"]["selected"] = entry["stream"] in select
            arguments += ["--catalog", self._file("catalog.json", found)]
        self.sandbox.clear_log()
        done = self._tap(*arguments)
        return Run(
            done.returncode,
            [json.loads(line) for line in done.stdout.splitlines()],
            done.stderr,
            [row for row in self.sandbox.log() if row["api"] == "cliniko"],
        )

    def of_patient(self, stream):
        rows = self.rows[stream].items()
        return {number: linked_id(row["patient"]) for number, row in rows if "patient" in row}

    @staticmethod
    def _tap(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "tap_cliniko", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _file(self, name, content):
        (self.folder / name).write_text(json.dumps(content))
        return str(self.folder / name)


def clinic(folder, patients):
    with testing.running(patients=patients, cliniko_per_minute=100_000) as sandbox:
        streams = sandbox.dump()["cliniko"]["streams"]
        rows = {
            name: {row["id"]: row for row in found if "id" in row}
            for name, found in streams.items()
        }
        yield Clinic(sandbox, folder, rows)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    yield from clinic(tmp_path_factory.mktemp("large"), 2000)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    yield from clinic(tmp_path_factory.mktemp("small"), 40)


@pytest.fixture(scope="module")
def sample(large):
    run = large.run(sample_patients=25)
    assert run.code == 0, run.log
    return run


def targets(stream, field):
    if field == "repeated_from_id":
        return (stream,)
    if field in TARGETS:
        return TARGETS[field]
    return (f"{field.removesuffix('_ids').removesuffix('_id')}s",)


def dangling(run, rows, selected=None):
    """The references that lead out of a run's records to a row that there is."""
    names = {stream.name for stream in STREAMS} if selected is None else selected
    held = {(m["stream"], m["record"].get("id")) for m in run.records()}
    found = []
    for message in run.records():
        for field, value in message["record"].items():
            if not field.endswith(("_id", "_ids")) or field in NOWHERE:
                continue
            for number in value if isinstance(value, list) else [value]:
                lists = [name for name in targets(message["stream"], field) if name in names]
                there = any(number in rows.get(name, {}) for name in lists)
                if there and not any((name, number) in held for name in lists):
                    found.append((message["stream"], field, number))
    return found


def test_every_field_of_an_id_leads_somewhere():
    known = {stream.name for stream in STREAMS}
    for stream in STREAMS:
        for field in stream.schema["properties"]:
            if field.endswith(("_id", "_ids")) and field not in NOWHERE:
                assert known.issuperset(targets(stream.name, field)), (stream.name, field)


def test_no_reference_leads_out_of_a_sample(large, sample):
    assert dangling(sample, large.rows) == []


def test_what_it_costs(sample):
    assert len(sample.requests) < MOST_REQUESTS
    assert all(row["status"] in {200, 303} for row in sample.requests)


def test_so_many_patients_come_with_all_that_hangs_on_them(large, sample):
    lists = [s.name for s in STREAMS if s.in_sample == OF_PATIENTS or s.name == "attendees"]
    whole = set(sample.rows("patients"))
    for name in lists:
        held = sample.rows(name)
        whole -= {who for number, who in large.of_patient(name).items() if number not in held}
    assert len(whole) >= 25
    for name in ("communications", "medical_alerts"):  # to these nothing leads but their patient
        assert {row["patient_id"] for row in sample.rows(name).values()} <= whole
    assert f"sample: 25 of {len(large.rows['patients'])} patients" in sample.log


def values(rows, *names):
    for row in rows:
        for name in names:
            if (link := row.get(name)) is not None:
                yield linked_id(link)


def test_it_covers_what_the_clinic_has(large, sample):
    appointments = [*large.rows["individual_appointments"].values()]
    appointments += large.rows["group_appointments"].values()
    held = [*sample.rows("individual_appointments").values()]
    held += sample.rows("group_appointments").values()
    for name in ("appointment_type", "practitioner", "business"):
        assert {row[f"{name}_id"] for row in held} == set(values(appointments, name)), name
    patients = sample.rows("patients").values()
    assert any(row["merged_with_patient_id"] for row in patients)
    assert any(row["archived_at"] and not row["merged_with_patient_id"] for row in patients)
    assert any(not row["email"] for row in patients)
    statuses = {row["status"] for row in large.rows["invoices"].values()}
    assert {row["status"] for row in sample.rows("invoices").values()} == statuses
    for name in ("archived_at", "cancelled_at"):
        assert any(row[name] for row in sample.rows("individual_appointments").values())
    filled = {
        (field["token"], field["type"])
        for row in patients
        for section in (row["custom_fields"] or {"sections": []})["sections"]
        for field in section["fields"]
        if field.get("value") or any(o.get("selected") for o in field.get("options", ()))
    }
    assert len({kind for _, kind in filled}) == 5
    kept = [row for row in large.rows["patient_attachments"].values() if not row["archived_at"]]
    assert any(row["size"] > 50_000_000 for row in kept)
    files = sample.rows("patient_attachments").values()
    assert any(row["content_size"] and row["size"] > 50_000_000 for row in files)
    assert set(sample.rows("group_appointments")) != set()


def test_groups_come_with_all_who_attend_them(large, sample):
    groups, held = sample.rows("group_appointments"), sample.rows("attendees")
    for number, row in large.rows["attendees"].items():
        if linked_id(row["booking"]) in groups:
            assert number in held


def test_a_sample_has_no_state_and_no_versions(large, sample):
    assert {message["type"] for message in sample.messages} == {"SCHEMA", "RECORD"}
    assert not any("version" in message for message in sample.messages)
    late = {"replication_key": "updated_at", "replication_key_value": "2999-01-01T00:00:00Z"}
    state = {"bookmarks": {stream.name: late for stream in STREAMS}}
    again = large.run(sample_patients=25, state=state)
    assert again.code == 0, again.log
    assert facts(again) == facts(sample)


def facts(run):
    return [(message["stream"], message["record"]) for message in run.records()]


def test_the_seed_decides_who_fills_up(large, sample):
    other = large.run(sample_patients=25, sample_seed=2)
    assert other.code == 0, other.log
    assert other.rows("patients").keys() != sample.rows("patients").keys()
    assert dangling(other, large.rows) == []


def test_a_sample_of_everybody_is_everybody(small):
    everything, sample = small.run(), small.run(sample_patients=1_000)
    assert (everything.code, sample.code) == (0, 0), sample.log
    left_out = {stream.name for stream in STREAMS if stream.in_sample.left_out}
    for stream in STREAMS:
        name, held = stream.name, sample.rows(stream.name)
        if name in left_out:
            assert held == {}
            continue
        expected = everything.rows(name)
        if name == "communications":
            expected = {n: row for n, row in expected.items() if row["patient_id"] is not None}
        elif name == "contacts":
            assert held.keys() <= expected.keys()
            expected = {number: expected[number] for number in held}
        assert held == expected, name
    assert dangling(sample, small.rows) == []


def test_with_too_few_places_the_most_telling_come(small):
    run = small.run(sample_patients=3)
    assert run.code == 0, run.log
    assert "sample: 3 of " in run.log
    assert "of appointment types are not in it" in run.log
    assert dangling(run, small.rows) == []


def test_only_what_is_selected_is_read(small):
    selected = {"patients", "group_appointments", "invoice_items"}
    run = small.run(sample_patients=5, select=selected)
    assert run.code == 0, run.log
    assert {message["stream"] for message in run.messages} == selected
    asked = {row["path"].split("/")[2] for row in run.requests}
    assert asked == selected | {"user", "attendees", "invoices"}
    assert run.rows("invoice_items")
    assert dangling(run, small.rows, selected) == []


def test_what_a_key_does_not_see_is_left_out_as_ever(small):
    run = small.run(sample_patients=5, api_key="sandbox-receptionist-au1")
    assert run.code == 0, run.log
    assert not run.rows("treatment_notes")
    assert "treatment_notes" in run.log
    visible = {stream.name for stream in STREAMS if run.rows(stream.name)}
    assert dangling(run, small.rows, visible) == []


def test_without_patients_there_is_no_sample(small):
    small.sandbox.fault(api="cliniko", kind="expired_link", path="/v1/patients$")
    try:
        run = small.run(sample_patients=5)
    finally:
        small.sandbox.clear_faults()
    assert run.code == 3
    assert "a sample begins with patients" in run.log


def test_no_value_of_a_patient_is_in_the_log(large, sample):
    for number in sample.rows("patients"):
        row = large.rows["patients"][number]
        for value in (row["email"], row["label"], row["date_of_birth"], row["notes"]):
            assert not value or value not in sample.log
