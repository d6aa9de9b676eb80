"""Treatment notes with every type of question, and the templates they were written from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.clinic import words
from sandbox.clinic.builder import moment
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.clinic.builder import Builder
    from sandbox.clinic.practice import Practice
    from sandbox.cliniko.resource import Row

    Question = dict[str, Any]

LONG_NOTE_PARAGRAPHS = 2200
"""Paragraphs of the one note that no target takes in one piece: some 130 kB of text."""

TEMPLATES = ("Standard consultation", "Initial assessment", "Psychology session")
_DRAFT, _FINAL = 10, 90


def _text(name: str, answer: str | None) -> Question:
    question = {"name": name, "type": "text"}
    return question if answer is None else {**question, "answer": answer}


def _paragraph(name: str, answer: str | None) -> Question:
    question = {"name": name, "type": "paragraph"}
    return question if answer is None else {**question, "answer": answer}


def _choices(
    kind: str, name: str, offered: tuple[str, ...], chosen: tuple[str, ...], other: str | None
) -> Question:
    answers: list[dict[str, Any]] = [
        {"value": value, "selected": True} if value in chosen else {"value": value}
        for value in offered
    ]
    question: Question = {"name": name, "type": kind, "answers": answers}
    if other is not None:
        question["other"] = {"enabled": True, "selected": bool(other), "value": other}
    return question


def _html(b: Builder) -> str:
    one, two = b.pick(words.SENTENCES), b.pick(words.SENTENCES)
    one, two = (
        one.replace("&", "&amp;").replace("<", "&lt;"),
        two.replace("&", "&amp;").replace("<", "&lt;"),
    )
    return b.pick(
        (
            f"<p>{one}</p><p>{two}</p>",
            f"<div>{one}<br>{two}</div>",
            f"<p><b>Today:</b> {one}</p><ul><li>{two}</li><li>Review in <i>two</i> weeks</li></ul>",
            f"<h2>Summary</h2><p>{one} <u>{two}</u></p><blockquote>I feel better.</blockquote>",
            f'<p>{one} See <a href="https://www.example.com/exercises?a=1&amp;b=2">sheet</a>.</p>',
        )
    )


def _standard(b: Builder) -> list[dict[str, Any]]:
    return [
        {
            "name": "Subjective",
            "description": None,
            "questions": [
                _text("Presenting complaint", b.pick(words.SENTENCES)),
                _paragraph("History", _html(b) if b.chance(0.9) else None),
                _choices(
                    "radiobuttons",
                    "Pain scale",
                    ("None", "Mild", "Moderate", "Severe"),
                    (b.pick(("Mild", "Moderate")),),
                    None,
                ),
            ],
        },
        {
            "name": "Treatment",
            "description": "What was done today",
            "questions": [
                _choices(
                    "checkboxes",
                    "Techniques",
                    ("Massage", "Mobilisation", "Dry needling", "Taping"),
                    ("Massage", "Taping") if b.chance(0.6) else (),
                    b.pick(("", "Cupping & heat")),
                ),
                {"name": "Body chart", "type": "bodycharts", "body_chart_ids": ["55501", "55502"]},
                _paragraph("Plan", _html(b)),
            ],
        },
    ]


def _initial(b: Builder) -> list[dict[str, Any]]:
    return [
        {
            "name": "Assessment",
            "description": "",
            "questions": [
                {"name": "Date of injury", "type": "date", "answer": b.ago(40).date().isoformat()},
                {"name": "Date of surgery", "type": "date"},
                _text("Referral <from>", "Dr Achterberg & partners"),
                _choices("radiobuttons", "Side", ("Left", "Right"), (), b.pick(("", "Both sides"))),
                _paragraph("Findings", _html(b)),
            ],
        }
    ]


def _psychology(b: Builder) -> list[dict[str, Any]]:
    return [
        {
            "name": "Session",
            "description": None,
            "questions": [
                _paragraph("Session notes", _html(b) + _html(b)),
                _choices("checkboxes", "Risk", ("None noted", "Self-harm"), ("None noted",), None),
                _text("Homework", None),
                _text("Homework", b.pick(("Sleep diary", "Breathing, 5 min"))),
            ],
        }
    ]


_WRITERS: tuple[Callable[[Builder], list[dict[str, Any]]], ...] = (_standard, _initial, _psychology)


def _long(b: Builder) -> list[dict[str, Any]]:
    sections = _standard(b)
    body = "".join(
        f"<p>{number}. {b.pick(words.SENTENCES)}</p>" for number in range(LONG_NOTE_PARAGRAPHS)
    )
    body = body.replace(" & ", " &amp; ").replace(" < ", " &lt; ")
    sections[0]["questions"][1] = _paragraph("History", body)
    return sections


def templates(b: Builder) -> list[Row]:
    """Add the templates: the questions of the notes without their answers."""
    rows = []
    for name, writer in zip(TEMPLATES, _WRITERS, strict=True):
        sections = writer(b)
        for section in sections:
            section["questions"] = [_blank(question) for question in section["questions"]]
        rows.append(
            b.add(
                "treatment_note_templates",
                b.ago(2400),
                name=name,
                content={"sections": sections},
                print_settings={"include_patient_dob": True, "title": name},
            )
        )
    gone = stamp(b.ago(900))
    b.add(
        "treatment_note_templates",
        b.ago(2400),
        name="Old intake",
        content={"sections": []},
        archived_at=gone,
        deleted_at=gone,
    )
    return rows


def _blank(question: Question) -> Question:
    blank: Question = {"name": question["name"], "type": question["type"]}
    if "answers" in question:
        blank["answers"] = [{"value": answer["value"]} for answer in question["answers"]]
    if "other" in question:
        blank["other"] = {"enabled": True}
    return blank


def build(b: Builder, practice: Practice, patients: list[Row], appointments: list[Row]) -> None:
    """Add treatment notes for about every second past appointment, and one of each rare kind."""
    forms = templates(b)
    names = {row["id"]: row["label"] for row in practice.practitioners}
    past = [
        row
        for row in appointments
        if row["ends_at"] < stamp(b.now)
        and not row.keys() & {"cancelled_at", "archived_at", "deleted_at", "did_not_arrive"}
    ]
    written = 0
    for row in past:
        if written >= len(_RARE) and not b.chance(0.6):
            continue
        _note(b, row, forms, names, _RARE[written] if written < len(_RARE) else "")
        written += 1
    for patient in patients[:3]:
        # A note that belongs to no appointment.
        author = practice.active[0]
        b.add(
            "treatment_notes",
            max(moment(patient["created_at"]), b.ago(100)),
            title="Phone call",
            author_name=author["label"],
            content={"sections": [{"name": "Call", "questions": [_text("Summary", "Rang back.")]}]},
            draft=False,
            patient_id=patient["id"],
            practitioner_id=author["id"],
        )


_RARE = ("long", "draft", "archived", "empty", "deleted", "pinned")


def _note(b: Builder, booking: Row, forms: list[Row], names: dict[int, str], rare: str) -> None:
    number = b.rng.randrange(len(forms))
    written = min(moment(booking["ends_at"]) + timedelta(minutes=b.rng.randint(1, 90)), b.now)
    edited = b.between(written, min(written + timedelta(days=3), b.now))
    sections = _long(b) if rare == "long" else _WRITERS[number](b)
    draft = rare == "draft" or (not rare and b.chance(0.06))
    if not rare and b.chance(0.04):
        rare = "archived"
    # Archiving a note does not touch updated_at.
    gone = stamp(b.between(edited, b.now)) if rare in {"archived", "deleted"} else None
    title = "Notes & <plans>" if rare == "pinned" else TEMPLATES[number]
    attendee = b.state.tables["attendees"].rows.get(booking.get("attendee_id", 0))
    b.add(
        "treatment_notes",
        written,
        edited,
        title=title,
        author_name=names[booking["practitioner_id"]],
        content=None if rare == "empty" else {"sections": sections},
        draft=draft,
        finalized_at=None if draft else stamp(edited),
        pinned_at=stamp(edited) if rare == "pinned" else None,
        patient_id=booking["patient_id"],
        practitioner_id=booking["practitioner_id"],
        booking_id=booking["id"],
        attendee_id=attendee["id"] if attendee else None,
        treatment_note_template_id=forms[number]["id"],
        archived_at=gone if rare == "archived" else None,
        deleted_at=gone,
    )
    if gone is None:
        status = _DRAFT if draft else _FINAL
        b.state.change("individual_appointments", booking["id"], treatment_note_status=status)
        if attendee:
            b.state.change("attendees", attendee["id"], treatment_note_status=status)
