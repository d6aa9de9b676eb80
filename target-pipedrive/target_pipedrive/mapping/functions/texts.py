"""Text."""

from __future__ import annotations

from typing import Any

from target_pipedrive.mapping import markup
from target_pipedrive.mapping.functions.registry import function
from target_pipedrive.mapping.text import text as trimmed


@function
def text(value: Any) -> str | None:
    """Trimmed text of a value; nothing when nothing is left.

    Example:
        text('  Ann ') → 'Ann'
        text('   ') → None
    """
    return trimmed(value)


@function
def join(separator: str, *parts: Any) -> str | None:
    """The parts that have a value, trimmed, with the separator between them.

    A list counts as its items; nothing when no part has a value.

    Example:
        join(' ', 'Ann', None, 'Bee') → 'Ann Bee'
        join(', ', [' 1 High St', ''], 'Perth') → '1 High St, Perth'
    """
    texts = [
        trimmed(item)
        for part in parts
        for item in (part if isinstance(part, (list, tuple)) else (part,))
    ]
    return separator.join(shown for shown in texts if shown is not None) or None


@function
def first(*values: Any) -> Any:
    """The first value that is neither nothing nor blank text.

    Unlike `or`, it keeps 0 and False.

    Example:
        first(None, '', 0, 5) → 0
        first(' ', 'Ann') → 'Ann'
    """
    for value in values:
        if value is not None and not (isinstance(value, str) and not value.strip()):
            return value
    return None


@function
def html(value: Any) -> str | None:
    """Plain text as HTML: special characters escaped, line ends kept.

    Example:
        html('a < b') → '<p>a &lt; b</p>'
    """
    shown = trimmed(value)
    return None if shown is None else f"<p>{markup.escape_lines(shown)}</p>"


@function
def plain(value: Any) -> str | None:
    r"""Text without HTML; text that is not HTML stays as it is.

    Example:
        plain('<p>Dear <b>Ann</b></p><p>Bye</p>') → 'Dear Ann\n\nBye'
        plain('1 < 2') → '1 < 2'
    """
    shown = trimmed(value)
    if shown is None or not markup.is_html(shown):
        return shown
    return trimmed(markup.visible_text(shown))
