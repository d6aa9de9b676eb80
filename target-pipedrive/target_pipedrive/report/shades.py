"""What an outcome looks like: its colour and how good it is, the same on every page.

The colours are told apart by readers who see few colours (after Okabe and Ito), and never stand
alone: the word or the number is always beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.report.model import Tone

Colour = Literal[
    "blue", "sky", "teal", "grey", "mist", "amber", "vermilion", "rose", "plum", "brown"
]
"""Names of the colours; page.css gives each a value for light, dark and paper."""


@dataclass(frozen=True, slots=True)
class Shade:
    """Colour and tone of a word."""

    colour: Colour
    tone: Tone


_DONE = Shade("blue", "ok")
_CHANGED = Shade("sky", "ok")
_GOOD = Shade("teal", "ok")
_STANDS = Shade("grey", "plain")
_LEFT = Shade("mist", "plain")
_LOOK = Shade("amber", "warn")
_WRONG = Shade("vermilion", "bad")
_GONE = Shade("rose", "bad")
_ODD = Shade("plum", "warn")
_OUT = Shade("brown", "plain")

SHADES: Mapping[str, Shade] = {
    "created": _DONE,
    "create": _DONE,
    "deleted": _DONE,
    "delete": _DONE,
    "updated": _CHANGED,
    "update": _CHANGED,
    "restored": _CHANGED,
    "restore": _CHANGED,
    "adopted": _GOOD,
    "adopt": _GOOD,
    "equal": _GOOD,
    "normalised": _CHANGED,
    "unchanged": _STANDS,
    "skipped": _STANDS,
    "skip": _STANDS,
    "same": _STANDS,
    "left out": _LEFT,
    "kept": _LEFT,
    "keep": _LEFT,
    "lost by design": _LEFT,
    "lost": _LEFT,
    "gone": _LEFT,
    "merged": _OUT,
    "replaced": _OUT,
    "removed": _OUT,
    "edited": _LOOK,
    "truncated": _LOOK,
    "review": _LOOK,
    "waiting": _LOOK,
    "extra": _ODD,
    "ambiguous": _ODD,
    "different": _WRONG,
    "rejected": _WRONG,
    "reject": _WRONG,
    "failed": _WRONG,
    "missing": _GONE,
}
"""Known outcomes, in lower case and in the order in which bars show them: from done to wrong."""
_ORDER = {word: place for place, word in enumerate(SHADES)}

_TONES: Mapping[Tone, Colour] = {"ok": "teal", "warn": "amber", "bad": "vermilion"}
_SPARE: tuple[Colour, ...] = ("plum", "sky", "brown", "mist", "blue", "grey")
"""Colours of unknown words without a tone, in the order in which they appear."""


def place(word: str) -> int:
    """Where a word stands among the parts of a bar; unknown words come last."""
    return _ORDER.get(word.casefold(), len(_ORDER))


class Shades:
    """The shades of one page: known words as everywhere, others each with one of its own.

    Args:
        tones: Words of the page with a tone that differs from the known one.
    """

    def __init__(self, tones: Mapping[str, Tone] | None = None) -> None:
        self._tones = {word.casefold(): tone for word, tone in (tones or {}).items()}
        self._given: dict[str, Shade] = {}

    def of(self, word: str) -> Shade:
        """The shade of a word; capital letters make no difference."""
        word = word.casefold()
        shade = self._given.get(word)
        if shade is None:
            shade = self._given[word] = self._choose(word)
        return shade

    def _choose(self, word: str) -> Shade:
        known = SHADES.get(word)
        tone = self._tones.get(word, known.tone if known else "plain")
        if known and known.tone == tone:
            return known
        if tone in _TONES:
            return Shade(_TONES[tone], tone)
        unknown = sum(1 for given in self._given if given not in SHADES)
        return Shade(_SPARE[unknown % len(_SPARE)], tone)
