"""The check over the whole synthetic clinic, whose Pipedrive half is written by hand-made rules.

It shows that the check copes with every case the clinic holds, also with HTML as the simulated
server rewrites it, and that it is quick.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import re
from datetime import UTC, datetime

import pytest

from sandbox.check import communications, compare, html_text
from sandbox.check.account import Account, Money
from sandbox.check.appointments import _expected as expected_appointments
from sandbox.check.clinic import Clinic, link, removed
from sandbox.check.files import _expected as expected_files
from sandbox.check.files import safe_names
from sandbox.check.patient_fields import FIXED_OPTIONS, TYPES, Address, PatientFields
from sandbox.check.people import People
from sandbox.check.phones import expected as expected_phones
from sandbox.check.practitioners import Practitioners
from sandbox.check.products import _expected as expected_products
from sandbox.check.settings import Settings
from sandbox.check.values import OneOf, cut, folded, full_name, instant, squeezed, text
from sandbox.clinic import build, pipedrive_users
from sandbox.pipedrive.html import rewrite
from sandbox.pipedrive.state import PipedriveState

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SUFFIXES = {"cancelled_at": " (cancelled)", "did_not_arrive": " (did not arrive)"}


class Writer:
    """Writes what must stand in Pipedrive, row by row."""

    def __init__(self, size):
        state = build(size, now=NOW)
        self.half = state.dump()
        self.clinic = Clinic(self.half)
        self.baseline = PipedriveState(users=pipedrive_users(state)).dump()
        self.account = Account(self.baseline, None)
        self.owner = self.account.token_user
        self.settings = Settings(NOW, currency="AUD")
        self.users = Practitioners(self.clinic, self.account, self.owner)
        self.people = People({str(row["id"]): f"{row['id']}" for row in self.clinic.patients})

    def dump(self):
        made = {
            "persons": self.persons(),
            "activityTypes": self.types(),
            "activities": list(self.activities()),
            "notes": list(self.notes()),
            "products": list(self.products()),
            "files": [*self.files(), *self.csvs()],
            "personFields": self.fields,
            "productFields": [field("Cliniko ID", "varchar")],
        }
        half = {kind: [*self.baseline.get(kind, []), *rows] for kind, rows in made.items()}
        return {"cliniko": self.half, "pipedrive": {**self.baseline, **half}}

    def persons(self):
        worked_out = PatientFields(self.clinic, "AUD")
        self.fields = [field(name, kind) for name, kind in TYPES.items()]
        options = {name: dict.fromkeys(labels) for name, labels in FIXED_OPTIONS.items()}
        rows = []
        for patient in self.clinic.patients:
            values = {}
            for name, value in worked_out.expected(patient).items():
                if TYPES[name] in ("enum", "set") and value:
                    labels = value if isinstance(value, tuple) else (value,)
                    options.setdefault(name, {}).update(dict.fromkeys(labels))
                values[name] = stored(value)
            phones = expected_phones(self.clinic, patient).values[0]
            emails = [(text(patient.get("email")), "home", True)] if patient.get("email") else []
            rows.append(
                {
                    "id": str(patient["id"]),
                    "name": full_name(patient) or f"Cliniko patient ID {patient['id']}",
                    "owner_id": self.owner,
                    "add_time": patient["created_at"],
                    "emails": contacts(emails),
                    "phones": contacts(phones),
                    "custom_fields": values,
                }
            )
        for each in self.fields:
            labels = options.get(each["field_name"], {})
            each["options"] = [{"id": label, "label": label} for label in labels] or None
        return rows

    def types(self):
        known = {folded(row["name"]) for row in self.baseline["activityTypes"]}
        names = {}
        for row in self.clinic.rows("appointment_types"):
            names.setdefault(folded(row["name"]), text(row["name"]))
        self.keys = {
            folded(row["name"]): row["key_string"] for row in self.baseline["activityTypes"]
        }
        return [
            {"id": f"t{name}", "name": name, "key_string": key, "icon_key": "meeting"}
            for key, name in names.items()
            if key not in known
        ]

    def activities(self):
        for appointment in expected_appointments(self.clinic, self.people):
            row = appointment.row
            kind = text(self.clinic.linked(row, "appointment_type", "appointment_types")["name"])
            starts, ends = instant(row["starts_at"]), instant(row["ends_at"])
            over = next((key for key in SUFFIXES if row.get(key)), "")
            length = int((ends - starts).total_seconds() // 60)
            past = ends < NOW
            yield {
                "id": row["id"],
                "subject": kind + SUFFIXES.get(over, ""),
                "type": self.keys.get(folded(kind), folded(kind)),
                "owner_id": self.users.user(row),
                "due_date": f"{starts:%Y-%m-%d}",
                "due_time": f"{starts:%H:%M:%S}",
                "duration": f"{length // 60:02}:{length % 60:02}:00",
                "done": past or bool(over),
                "busy": not past and over != "cancelled_at",
                "participants": [
                    {"person_id": key, "primary": at == 0}
                    for at, key in enumerate(appointment.patients)
                ],
                "note": rewrite(self.activity_note(appointment, over, past=past)),
            }

    def activity_note(self, appointment, over, *, past):
        row = appointment.row
        lines = [html.escape(line) for line in (row.get("notes") or "").splitlines()]
        status = "Completed" if past else "Booked"
        if row.get("patient_arrived") or row.get("invoice_status") is not None:
            status = "Attended"
        if row.get("treatment_note_status") is not None:
            status = "Attended"
        if over == "did_not_arrive":
            status = "Did not arrive"
        if over == "cancelled_at":
            status = f"Cancelled: {reasons(row)}"
        absent = [
            f"{self.clinic.patient_name(link(each, 'patient'))}: {reasons(each)}"
            for each in appointment.attendees
            if appointment.group and (each.get("cancelled_at") or each.get("arrived") is False)
        ]
        practitioner = self.clinic.linked(row, "practitioner", "practitioners")
        business = self.clinic.linked(row, "business", "businesses")
        said = [
            f"Status: {', '.join(absent) or status}",
            f"Practitioner: {full_name(practitioner)} ({practitioner['id']})",
            f"Location: {business['business_name']}",
            f"Cliniko appointment: {row['id']}",
        ]
        return "<br>".join([*lines, *(html.escape(line) for line in said)])

    def notes(self):
        for row in self.clinic.live("treatment_notes"):
            patient = self.clinic.patient(row)
            booking = self.clinic.linked(row, "booking", "bookings")
            business = self.clinic.linked(booking or {}, "business", "businesses")
            zone = self.clinic.zones_of(business)[0]
            local = instant(row["created_at"]).astimezone(zone)
            head = [
                f"<p>Author: {row['author_name']}</p>",
                f"<p>Written: {local:%Y-%m-%d %H:%M} {zone.key}</p>",
            ]
            blocks = list(note_blocks(row.get("content") or {}))
            parts = [[]]
            for block in (piece for each in blocks for piece in each):
                if sum(map(len, parts[-1])) + len(block) > 90_000:
                    parts.append([])
                parts[-1].append(block)
            for number, part in enumerate(parts, 1):
                title = row["title"] + (" (draft)" if row.get("draft") else "")
                title += f" ({number}/{len(parts)})" if len(parts) > 1 else ""
                yield {
                    "id": f"{row['id']}-{number}",
                    "content": rewrite(
                        "".join(
                            [
                                f"<p>{html.escape(title)}</p>",
                                *(head if number == 1 else ()),
                                *part,
                                f"<p>Cliniko treatment note: {row['id']}</p>",
                            ]
                        )
                    ),
                    "person_id": patient,
                    "user_id": self.users.user(row),
                    "add_time": row["created_at"].replace("T", " ").rstrip("Z"),
                }

    def products(self):
        for product in expected_products(self.clinic):
            yield {
                "id": product.key,
                "name": cut(text(product.row["name"])),
                "code": product.code,
                "prices": [{"price": float(max(product.prices)), "currency": "AUD"}],
                "tax": float(product.tax),
                "is_linkable": not removed(product.row),
                "custom_fields": {"Cliniko ID": product.key},
            }

    def files(self):
        for attachment in expected_files(self.clinic, self.settings, self.people):
            name = max(safe_names(attachment.name), key=len)
            stem, dot, end = name.rpartition(".")
            if len(name.encode()) > 255:
                name = stem[: 255 - len(dot + end)] + dot + end
            yield {
                "id": attachment.key,
                "name": name,
                "person_id": attachment.person,
                "file_size": attachment.size,
                "sha256": attachment.sha256,
            }

    def csvs(self):
        told = [each for each in self.clinic.live("communications") if not each.get("confidential")]
        for patient, messages in self.clinic.of_patients(told).items():
            out = io.StringIO(newline="")
            writer = csv.writer(out)
            writer.writerow(communications.HEADER)
            for each in sorted(messages, key=lambda row: (row["created_at"], int(row["id"]))):
                content = each.get("content") or ""
                if each["type"] == "Email" and html_text.is_html(content):
                    content = "\n".join(html_text.lines(content))
                cells = {
                    "Date": each["created_at"],
                    "Type": each.get("type"),
                    "Direction": each.get("direction_description"),
                    "Category": each.get("category"),
                    "From": each.get("from"),
                    "To": each.get("to"),
                    "Subject": each.get("content_subject"),
                    "Content": content.strip(),
                }
                writer.writerow(
                    communications.inert(name, value or "") for name, value in cells.items()
                )
            data = out.getvalue().encode()
            yield {
                "id": f"csv {patient}",
                "name": "Cliniko communications.csv",
                "person_id": patient,
                "file_size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "content_base64": base64.b64encode(data).decode(),
            }


def field(name, kind):
    return {"field_code": name, "field_name": name, "field_type": kind, "is_custom_field": True}


def contacts(rows):
    return [{"value": value, "label": label, "primary": primary} for value, label, primary in rows]


def stored(value):
    """Return a custom field's value as Pipedrive holds it; option ids are their labels."""
    match value:
        case OneOf():
            return stored(value.values[0])
        case Money():
            return {"value": float(value.amount), "currency": value.currency}
        case Address():
            return {"value": ", ".join(squeezed(each) for each in spoken(value))}
        case tuple():
            return list(value)
        case None | str():
            return value
        case _:
            return int(value)


def spoken(address):
    return (*address.lines, *address.countries[:1])


def reasons(row):
    return " - ".join(
        each
        for each in (row.get("cancellation_reason_description"), row.get("cancellation_note"))
        if each
    )


def note_blocks(content):
    """Yield the HTML of each section, in pieces between which a note may be parted."""
    for section in content.get("sections") or []:
        pieces = [piece for each in section["questions"] for piece in question_pieces(each)]
        if pieces:
            yield [f"<h2>{html.escape(section['name'])}</h2>", *pieces]


def question_pieces(question):
    name = f"<p><b>{html.escape(question['name'])}</b></p>"
    if "answers" in question:
        chosen = [each["value"] for each in question["answers"] if each.get("selected")]
        other = question.get("other") or {}
        chosen += [other["value"]] if other.get("selected") and other.get("value") else []
        items = "".join(f"<li>{html.escape(each)}</li>" for each in chosen)
        return [f"{name}<ul>{items}</ul>"] if chosen else []
    if question["type"] == "paragraph" and html_text.lines(question.get("answer")):
        # The simulated server knows no <div>.
        answer = re.sub(r"(</?)div>", r"\1p>", question["answer"])
        return [name, *re.split(r"(?<=</p>)(?=<p>)", answer)]
    if question["type"] in ("text", "date") and question.get("answer"):
        return [f"{name}<p>{html.escape(question['answer'])}</p>"]
    return []


def shown(report):
    return "\n".join(report.lines())


def test_the_whole_clinic_agrees_with_what_is_asked_for():
    writer = Writer(120)
    report = compare(writer.dump(), NOW, baseline=writer.baseline)
    assert report.ok, shown(report)
    assert all(section.expected for section in report.sections)
    assert all(section.unverified == [] for section in report.sections)


@pytest.mark.slow
def test_a_large_clinic_is_checked_in_seconds():
    writer = Writer(5000)
    dump = writer.dump()
    began = datetime.now(UTC)
    report = compare(dump, NOW, baseline=writer.baseline)
    assert report.ok, shown(report)
    assert (datetime.now(UTC) - began).total_seconds() < 60
