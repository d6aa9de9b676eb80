"""HTML that others wrote, made well formed in a time that grows with its length alone.

Python's own reader of HTML takes time by the square of what is left open, and so does any parser
for tags within tags: without this, a note of 60 kB could hold a run up for a minute.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import nh3

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

MAX_TAGS = 30_000
MAX_OPEN = 500
"""A text with more tags, or with more of them open at once, keeps its words alone."""

_TAG = re.compile(r"<[^<>]*>")
_NAME = re.compile(r"<(/?)([a-zA-Z]+)")
_CLOSED_BY_THE_NEXT = frozenset({"p", "li", "br", "hr", "img", "dd", "dt", "td", "th", "tr"})
_HIDDEN = frozenset({"script", "style", "title"})


def tidy(
    text: str,
    tags: Collection[str],
    *,
    attributes: dict[str, set[str]] | None = None,
    attribute_filter: Callable[[str, str, str], str | None] | None = None,
    schemes: Collection[str] = (),
) -> str:
    """Reduce HTML to some tags; always well formed, without comments, scripts and styles.

    Args:
        text: HTML of any kind, broken or hostile.
        tags: Which to keep.
        attributes: Which to keep, by tag.
        attribute_filter: What becomes of an attribute's value, by tag and name; None drops it.
        schemes: Which links to keep.
    """
    if _is_too_much(text):
        text = _TAG.sub(" ", text)
    return nh3.clean(
        text,
        tags=set(tags),
        clean_content_tags=set(_HIDDEN - set(tags)),
        attributes=attributes or {},
        attribute_filter=attribute_filter,
        url_schemes=set(schemes),
        link_rel=None,
    )


def _is_too_much(text: str) -> bool:
    tags = text.count("<")
    if tags <= MAX_OPEN:
        return False
    if tags > MAX_TAGS:
        return True
    left: Counter[str] = Counter()
    deep = 0
    for end, name in _NAME.findall(text):
        if (tag := name.lower()) in _CLOSED_BY_THE_NEXT:
            continue
        if not end:
            left[tag] += 1
            deep += 1
            if deep > MAX_OPEN:
                return True
        elif left[tag]:
            left[tag] -= 1
            deep -= 1
    return False
