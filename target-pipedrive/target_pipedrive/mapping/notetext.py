"""The text of notes and activities: heading, body, labelled lines, and numbered parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping import markup
from target_pipedrive.mapping.functions.notes import labelled
from target_pipedrive.mapping.split import MIN_ROOM, split
from target_pipedrive.mapping.text import ELLIPSIS, text
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_KEY = {"activity": "note", "note": "content", "deal_product": "comments"}
"""Pipedrive's key for the text that can end in labelled lines: HTML, but for comments."""
_NUMBERING = len(" (9999/9999)")


def as_format(html: str, note_format: str) -> str:
    """HTML that is safe to send: cleaned, and without formatting when `text` is asked for."""
    if note_format == "html":
        return markup.clean(html)
    shown = markup.visible_text(html)
    return f"<p>{markup.escape_lines(shown)}</p>" if shown else ""


def note_parts(
    title: str | None, body: str, footer: Mapping[str, Any], note_format: str, limit: int
) -> list[str]:
    """The contents of a note: one, or as many numbered parts as its length asks for.

    Args:
        title: Heading; repeated and numbered on every part.
        body: HTML.
        footer: Labelled lines that end every part.
        note_format: `html` or `text`.
        limit: Bytes of UTF-8 that one content may have.

    Raises:
        UnfitError: The limit leaves no room for text.
    """
    end = labelled(dict(footer)) or ""

    def heading(number: str) -> str:
        words = " ".join(word for word in (title, number) if word)
        tag = "h1" if note_format == "html" else "p"
        return f"<{tag}>{markup.escape(words)}</{tag}>" if words else ""

    text = as_format(body, note_format)
    whole = heading("") + text + end
    if size(whole) <= limit:
        return [whole]
    room = limit - size(heading("")) - len("<h1></h1>") - _NUMBERING - size(end)
    while room >= MIN_ROOM:
        parts = split(text, room)
        contents = [
            heading(f"({number}/{len(parts)})") + part + end for number, part in enumerate(parts, 1)
        ]
        if all(size(content) <= limit for content in contents):
            return contents
        room = room * 3 // 4  # it counts characters, which may need several bytes
    raise UnfitError("title and footer leave no room for the note")


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def activity_note(body: str, footer: Mapping[str, Any], limit: int) -> tuple[str, bool]:
    """An activity's note and whether its body was cut.

    Args:
        body: HTML.
        footer: Labelled lines at its end; never cut.
        limit: Bytes of UTF-8.
    """
    text = as_format(body, "html")
    end = labelled(dict(footer)) or ""
    if size(text + end) <= limit:
        return text + end, False
    more = f"<p>{ELLIPSIS}</p>"
    room = limit - size(more + end)
    characters = room
    while True:
        if characters < MIN_ROOM:
            raise UnfitError("the footer leaves no room for the note")
        first = split(text, characters)[0]
        if size(first) <= room:
            return first + more + end, True
        characters = characters * 3 // 4


def comments(body: str | None, footer: Mapping[str, Any]) -> str:
    """Plain text that ends in labelled lines."""
    lines = [f"{label}: {value}" for label, value in footer.items() if text(value) is not None]
    return "\n".join([*([body] if body else []), *lines])
