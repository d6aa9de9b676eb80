"""Treatment notes: sections, questions and answers as HTML."""

from __future__ import annotations

from typing import Any

from target_pipedrive.mapping import markup
from target_pipedrive.mapping.functions.people import answers
from target_pipedrive.mapping.functions.registry import function
from target_pipedrive.mapping.text import text as trimmed

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
    """A treatment note's content as HTML: sections as headings, questions in bold, answers below.

    Unanswered questions are left out. Paragraph answers keep the HTML that Cliniko allows, all
    else is escaped; selected options are listed, an *other* answer by its text.

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
    value = question.get("answer")
    shown = trimmed(value) if isinstance(value, (str, int, float)) else None
    if shown is None:
        return ""
    return f"<p>{head}{'<br>' if head else ''}{markup.escape_lines(shown)}</p>"
