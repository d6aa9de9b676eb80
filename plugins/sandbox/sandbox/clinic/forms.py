"""Patient forms: every type of question, answered, half answered, and not at all."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.clinic import words
from sandbox.clinic.builder import moment
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.cliniko.resource import Row

    Question = dict[str, Any]

_FIRST_SIGNATURE = 90_000
_LONG = "I have had this for years &amp; it comes &lt;and&gt; goes. " * 160

_ABOUT: list[Question] = [
    {"name": "Your name", "type": "full_name", "required": True,
     "patient_field_connection": "full_name",
     "options": {"title_enabled": True, "preferred_first_name_enabled": False}},
    {"name": "Where you live", "type": "address", "required": False,
     "patient_field_connection": "address"},
    {"name": "Phones", "type": "phone", "required": False, "patient_field_connection": "phone"},
    {"name": "Pronouns", "type": "pronouns", "required": False,
     "patient_field_connection": "pronouns"},
    {"name": "Sex", "type": "select", "required": False, "patient_field_connection": "sex",
     "options": ["Female", "Male", "Prefer not to say"],
     "other": {"enabled": True, "label": "Another answer"}},
]  # fmt: skip
_CONCERN: list[Question] = [
    {"name": "Your concern", "type": "paragraph", "required": True},
    {"name": "Since when", "type": "date", "required": False},
    {"name": "Referred by", "type": "text", "required": False},
    {"name": "Pain <now>", "type": "radiobuttons", "required": False,
     "answers": [{"value": "None"}, {"value": "Some"}, {"value": "A lot"}],
     "other": {"enabled": True}},
    {"name": "Agree", "type": "checkboxes", "required": True,
     "answers": [{"value": "Yes"}, {"value": "Send me news"}]},
    {"name": "Sign here", "type": "signature", "required": True},
]  # fmt: skip


def sections(*, connected: bool = True) -> list[dict[str, Any]]:
    """Return the sections of an empty form; `connected` adds the questions about the patient."""
    concern = {"name": "Concern", "description": None, "questions": deepcopy(_CONCERN)}
    if not connected:
        return [concern]
    about = {"name": "About you", "description": "Please check", "questions": deepcopy(_ABOUT)}
    return [about, concern]


def _template(*, connected: bool) -> list[dict[str, Any]]:
    """Return the same as a template holds it: without what a choice offers (official OpenAPI)."""
    made = sections(connected=connected)
    for section in made:
        for question in section["questions"]:
            if question["type"] == "select":
                del question["options"], question["other"]
    return made


def build(b: Builder, patients: list[Row]) -> None:
    """Add templates and forms: done, edited since, waiting, archived, restricted."""
    for name, days, archived in (
        ("New patient form", 1200, False),
        ("Consent &amp; privacy", 900, False),
        ("Old intake", 2300, True),
    ):
        b.add(
            "patient_form_templates",
            b.ago(days),
            name=name,
            content={"sections": _template(connected=name == "New patient form")},
            email_to_patient_on_completion=False,
            restricted_to_practitioner=False,
            archived_at=stamp(b.ago(800)) if archived else None,
        )
    for number, patient in enumerate(patients):
        _form(b, patient, number)


def _form(b: Builder, patient: Row, number: int) -> None:
    since = b.between(moment(patient["created_at"]), b.now)
    done = number % 2 == 0
    filled = min(since + timedelta(hours=3), b.now)
    edited = min(since + timedelta(days=2), b.now) if number % 6 == 4 else None  # noqa: PLR2004 - some
    asked = sections(connected=number % 4 == 0)
    signature = _FIRST_SIGNATURE + number if done else None
    if done:
        answers = _answers(b, patient, number, str(signature))
        for section in asked:
            for question in section["questions"]:
                question.update(answers.get(question["name"], {}))
    visits = b.state.where("attendees", patient_id=patient["id"]) if number < 50 else []  # noqa: PLR2004 - enough
    b.add(
        "patient_forms",
        since,
        edited or (filled if done else since),
        name=("New patient form", "", "Consent &amp; privacy")[number % 3],
        content={"sections": asked} if number != 3 else None,  # noqa: PLR2004 - one without
        completed_at=stamp(filled) if done else None,
        edited_at=stamp(edited) if edited and done else None,
        email_to_patient_on_completion=(True, False, None)[number % 3],
        restricted_to_practitioner=number == 2,  # noqa: PLR2004 - one that few may read
        url="https://forms.example.com/0000",
        signature_id=signature,
        patient_id=patient["id"],
        attendee_id=visits[0]["id"] if visits else None,
        archived_at=stamp(b.now) if number == 4 else None,  # noqa: PLR2004 - one archived
    )


def _answers(b: Builder, patient: Row, number: int, signature: str) -> dict[str, dict[str, Any]]:
    """Return what a patient fills in, by the name of the question; a few leave some out."""
    said = b.pick(words.SENTENCES).replace("&", "&amp;").replace("<", "&lt;")
    answers: dict[str, dict[str, Any]] = {
        "Your name": {
            "answer": {
                "title": "",
                "first_name": patient["first_name"],
                "last_name": patient["last_name"],
                "preferred_first_name": "",
            }
        },
        "Where you live": {
            "answer": {
                "address_1": "7 Rope Walk", "address_2": "", "address_3": "",
                "city": "Fitzroy", "state": "VIC", "post_code": "3065", "country_code": "AU",
            }
        },
        "Phones": {"answer": [{"number": "0491 570 110", "phone_type": "Mobile"}]},
        "Pronouns": {
            "answer": {
                "nominative": "they", "accusative": "them", "pronominal_possessive": "theirs",
                "predicative_possessive": "their", "reflexive": "themself",
            }
        },
        "Sex": {"answer": ("Female", "Male", "Intersex & proud")[number % 3]},
        "Your concern": {"answer": f"<p>{_LONG if number == 0 else said}</p>"},
        "Since when": {"answer": b.ago(b.rng.randint(1, 900)).date().isoformat()},
        "Referred by": {"answer": '=HYPERLINK("x") "quoted", &amp; more'},
        "Pain <now>": {
            "answers": [{"value": "None"}, {"value": "Some"}, {"value": "A lot"}],
            "other": {"enabled": True, "selected": True, "value": "Only at night"},
        },
        "Agree": {"answers": [{"value": "Yes", "selected": True}, {"value": "Send me news"}]},
        "Sign here": {"signature_id": signature},
    }  # fmt: skip
    if number % 4 == 2:  # noqa: PLR2004 - every second form of those that are done
        for name in ("Since when", "Referred by"):
            del answers[name]
    return answers
