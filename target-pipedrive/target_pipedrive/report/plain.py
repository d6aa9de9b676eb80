"""Text as a page may show it: what cannot be seen is made visible or taken out."""

from __future__ import annotations

import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Controls, characters without width, and those that turn the direction of the text around
them (Unicode Technical Report 36, "bidirectional text spoofing"). The joiners U+200C and U+200D
stay: Persian, Hindi and emoji need them."""


def plain(text: str) -> str:
    """Show hidden characters by their code point; line breaks and tabs stay.

    A comparison of two texts then shows where they differ, and no value can reorder the text
    beside it.
    """
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_named, text.replace("\r\n", "\n"))


def _named(match: re.Match[str]) -> str:
    return f"[U+{ord(match[0]):04X}]"
