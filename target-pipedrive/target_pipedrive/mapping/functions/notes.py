"""Treatment notes and patient forms: sections, questions and answers as HTML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping import markup
from target_pipedrive.mapping.functions.people import answers
from target_pipedrive.mapping.functions.registry import function
from target_pipedrive.mapping.text import text as trimmed

if TYPE_CHECKING:
    from collections.abc import Callable

CHOICES = frozenset({"checkboxes", "radiobuttons"})


@function
def labelled(values: dict[str, Any]) -> str | None:
    """Lines of `label: value` as one HTML paragraph; a line without a value is left out.

    Example:
        labelled({'Author': 'Ada & Co', 'Written': None}) → '<p>Author: Ada &amp; Co</p>'
    """
    lines = [
        f"{markup.escape(label)}: {markup.escape_lines(shown)}"
        for label, value in values.items()
        if (shown := trimmed(value)) is not None
    ]
    return f"<p>{'<br>'.join(lines)}</p>" if lines else None


@function
def sections(content: Any) -> str | None:
    """Content of a treatment note or form: sections as headings, questions in bold, answers below.

    Unanswered questions are left out. Paragraph answers keep the HTML that Cliniko allows, all
    else is escaped; selected options are listed, an *other* answer by its text. What a form asks
    of the patient (name, address, phones, pronouns) is written out; a signature is told, its image
    cannot be read.

    Example:
        sections({'sections': [{'name': 'Plan', 'questions': [
            {'name': 'Next', 'type': 'text', 'answer': 'Rest'}]}]})
            → '<h2>Plan</h2><p><b>Next</b><br>Rest</p>'
    """
    parts: list[str] = []
    for section in (content or {}).get("sections") or []:
        if (name := trimmed(section.get("name"))) is not None:
            parts.append(f"<h2>{markup.escape(name)}</h2>")
        parts.extend(_question(question) for question in section.get("questions") or [])
    return "".join(parts) or None


def _question(question: dict[str, Any]) -> str:
    """One answered question as HTML; empty when it has no answer."""
    name = trimmed(question.get("name"))
    head = f"<b>{markup.escape(name)}</b>" if name else ""
    kind = question.get("type")
    if kind in CHOICES:
        items = "".join(f"<li>{markup.escape_lines(value)}</li>" for value in answers(question))
        if not items:
            return ""
        return (f"<p>{head}</p>" if head else "") + f"<ul>{items}</ul>"
    if kind == "paragraph":
        cleaned = markup.clean(trimmed(question.get("answer")) or "").strip()
        if not markup.visible_text(cleaned):
            return ""
        if not any(f"<{tag}" in cleaned for tag in markup.BLOCKS):
            cleaned = f"<p>{cleaned}</p>"
        return (f"<p>{head}</p>" if head else "") + cleaned
    shown = _ANSWERS.get(str(kind), _plain)(question)
    if shown is None:
        return ""
    return f"<p>{head}{'<br>' if head else ''}{markup.escape_lines(shown)}</p>"


def _plain(question: dict[str, Any]) -> str | None:
    """A plain answer as it is; one of a shape that nobody described, as JSON."""
    value = question.get("answer")
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str) if _says(value) else None
    return None if isinstance(value, bool) else trimmed(value)


def _says(value: Any) -> bool:
    """Whether anything stands in an answer, however deep."""
    if isinstance(value, (dict, list)):
        return any(_says(item) for item in (value.values() if isinstance(value, dict) else value))
    return value is not None and value != ""


def _parts(question: dict[str, Any], *names: str) -> list[str]:
    """The filled parts of an answer that is a record."""
    answer = question.get("answer")
    if not isinstance(answer, dict):
        return []
    return [shown for name in names if (shown := trimmed(answer.get(name))) is not None]


def _name(question: dict[str, Any]) -> str | None:
    preferred = _parts(question, "preferred_first_name")
    called = [f"({preferred[0]})"] if preferred else []
    return " ".join([*_parts(question, "title", "first_name", "last_name"), *called]) or None


def _address(question: dict[str, Any]) -> str | None:
    names = ("address_1", "address_2", "address_3", "city", "state", "post_code", "country_code")
    return ", ".join(_parts(question, *names)) or None


def _phones(question: dict[str, Any]) -> str | None:
    rows = question.get("answer")
    lines = []
    for row in rows if isinstance(rows, list) else ():
        if (number := trimmed(row.get("number"))) is not None:
            kind = trimmed(row.get("phone_type"))
            lines.append(f"{number} ({kind})" if kind else number)
    return "\n".join(lines) or None


def _pronouns(question: dict[str, Any]) -> str | None:
    forms = _parts(
        question,
        "nominative",
        "accusative",
        "pronominal_possessive",
        "predicative_possessive",
        "reflexive",
    )
    return " / ".join(forms) or None


def _signature(question: dict[str, Any]) -> str | None:
    return "Signed in Cliniko" if question.get("signature_id") else None


_ANSWERS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "full_name": _name,
    "address": _address,
    "phone": _phones,
    "pronouns": _pronouns,
    "signature": _signature,
}
"""Types of questions whose answers are no plain text (Cliniko API, "Patient forms")."""
