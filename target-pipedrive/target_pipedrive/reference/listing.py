"""What stands in the workflow reference, and its two forms: JSON for programs, Markdown to read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.markup import is_html, visible_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_pipedrive.mapping.listing import Entry

_SPECIAL = re.compile(
    r"([\\`*_\[\]<>~]|&(?=#?\w+;)|^[-+=#]|(?<=^\d)[.)](?=\s)|(?<=^\d\d)[.)](?=\s))"
)
"""What Markdown would read as its own: anywhere, or where text begins a line."""

_LINE = 100
"""Characters of a list that still stands in one line."""


@dataclass(slots=True)
class Part:
    """What is listed under one heading.

    Args:
        title: The heading.
        stream: Whose records they are.
        entries: The records, in the order in which they came.
        came: Whether the tap sent the stream.
        faults: Records that could not be listed: key → why.
    """

    title: str
    stream: str
    entries: list[Entry] = field(default_factory=list)
    came: bool = False
    faults: dict[str, str] = field(default_factory=dict)

    def sorted(self) -> list[Entry]:
        """Return the entries by name."""
        return sorted(self.entries, key=lambda entry: (entry.name.casefold(), entry.key))


def missing(parts: Sequence[Part]) -> list[str]:
    """Return the streams that did not come."""
    return sorted({part.stream for part in parts if not part.came})


def as_json(parts: Sequence[Part], made_at: str) -> str:
    """Return it as JSON.

    Args:
        parts: What is listed.
        made_at: When, ISO 8601.
    """
    told = {
        "made_at": made_at,
        "parts": [
            {
                "title": part.title,
                "stream": part.stream,
                "records": [
                    {"id": entry.key, "name": entry.name, **entry.values} for entry in part.sorted()
                ],
                "not_listed": part.faults,
            }
            for part in parts
            if part.came
        ],
        "missing_streams": missing(parts),
    }
    return json.dumps(told, indent=2, ensure_ascii=False, default=str) + "\n"


def as_markdown(parts: Sequence[Part], made_at: str) -> str:
    """Return it as Markdown.

    Args:
        parts: What is listed.
        made_at: When, ISO 8601.
    """
    return "\n".join(_page(parts, made_at)) + "\n"


def _page(parts: Sequence[Part], made_at: str) -> Iterator[str]:
    yield "# Workflow reference"
    yield ""
    yield (
        f"What no API can move, as it stood on {made_at}: templates, reminders, rules of booking. "
        "Rebuild by hand what is still wanted. Of the messages that are sent, the ids of their "
        "templates are here; their texts cannot be read through the source's API."
    )
    if absent := missing(parts):
        yield ""
        yield f"**Not in here, for the tap did not send them: {', '.join(map(_plain, absent))}.**"
    for part in parts:
        if not part.came:
            continue
        yield ""
        yield f"## {_plain(part.title)} ({len(part.entries)})"
        for entry in part.sorted():
            yield ""
            yield f"### {_plain(entry.name) or 'Without a name'}"
            yield ""
            yield f"- Id: {_plain(entry.key)}"
            for label, value in entry.values.items():
                yield from _told(label, value, 0)
        for key, why in part.faults.items():
            yield ""
            yield f"- Not listed: {_plain(key)}: {_plain(why)}"


def _told(label: str, value: Any, depth: int) -> Iterator[str]:
    """Tell a value under its label; what is empty is left out."""
    if value is None or value in ("", [], {}):
        return
    head = f"{'  ' * depth}- {_plain(label)}:"
    match value:
        case dict():
            yield head
            yield from _inside(value, depth + 1)
        case list() if (words := [_alone(item) for item in value]) and None not in words:
            told = [_plain(_word(word)) for word in words]
            if sum(map(len, told)) <= _LINE:
                yield f"{head} {', '.join(told)}"
            else:
                yield head
                yield from (f"{'  ' * (depth + 1)}- {item}" for item in told)
        case list():
            yield head
            for item in value:
                yield from _item(item, depth + 1)
        case _:
            yield f"{head} {_plain(_word(value))}"


def _alone(item: Any) -> Any:
    """Return what there is of one of a list when it is a single value; None otherwise."""
    if isinstance(item, dict) and len(item) == 1:
        (item,) = item.values()
    return None if isinstance(item, dict | list) else item


def _item(item: Any, depth: int) -> Iterator[str]:
    """Tell one of a list: by its name, what else there is of it below."""
    if not isinstance(item, dict):
        yield from _told("Item", item, depth)
        return
    title = item.get("name") or item.get("value") or item.get("title")
    rest = {key: value for key, value in item.items() if value is not title}
    yield f"{'  ' * depth}- **{_plain(_word(title)) or 'Without a name'}**"
    yield from _inside(rest, depth + 1)


def _inside(value: dict[str, Any], depth: int) -> Iterator[str]:
    for key, inner in value.items():
        yield from _told(key.replace("_", " ").capitalize(), inner, depth)


def _word(value: Any) -> str:
    """Tell a single value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _plain(text: str) -> str:
    """Make text, or the text of HTML, safe to stand in a line of Markdown."""
    line = " ".join((visible_text(text) if is_html(text) else text).split())
    return _SPECIAL.sub(r"\\\1", line)
