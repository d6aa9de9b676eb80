"""How Pipedrive rewrites the HTML of notes: what comes back is not what was sent.

Which tags the real server keeps is not published; a small safe list stands in for it.
"""

from __future__ import annotations

import re

import nh3

KEPT_TAGS = frozenset(
    "a b blockquote br em h1 h2 h3 i li ol p strong u ul".split()  # noqa: SIM905 - reads as a list of tags
)
_PART = re.compile(r'(<(?:[^<>"]|"[^"]*")*>)')
_RENAMED = {
    "<b>": "<strong>",
    "</b>": "</strong>",
    "<i>": "<em>",
    "</i>": "</em>",
    "<br>": "<br />",
}
_ENTITIES = str.maketrans({'"': "&quot;", "'": "&#39;"})


def rewrite(content: str) -> str:
    """Return HTML as the server keeps it: cleaned, with other tag names, entities and blanks."""
    cleaned = nh3.clean(content, tags=set(KEPT_TAGS), attributes={"a": {"href"}})
    parts = _PART.split(cleaned)
    for index, part in enumerate(parts):
        if index % 2:
            parts[index] = _RENAMED.get(part, part)
        elif part.isspace():
            parts[index] = "" if "\n" in part else " "
        else:
            parts[index] = part.translate(_ENTITIES)
    return "".join(parts)
