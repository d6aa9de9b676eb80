"""Values as a report shows them: masked, unless it was asked otherwise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive.objecttype import Kind
from target_pipedrive.report import mask

if TYPE_CHECKING:
    from collections.abc import Callable

_OPEN = frozenset({Kind.USER, Kind.REFERENCE, Kind.PEOPLE, Kind.IDS, Kind.FLAG, Kind.BIT})
"""Kinds that hold ids or switches: nothing of a patient's."""

_LONGEST = 600
"""Characters of a text that are shown whole."""

_AROUND = 200
"""Characters shown before the place where two long texts part, and twice as many after."""


class Wording:
    """How values are shown.

    Args:
        show_values: As they are; otherwise by kind and size.
    """

    def __init__(self, *, show_values: bool) -> None:
        self._hide: Callable[[Any], str] = _shown if show_values else mask

    def pair(self, want: Any, got: Any, kind: Kind | None = None) -> tuple[str | None, str | None]:
        """Return what should stand and what stands; long texts from where they part.

        Args:
            want: What should stand.
            got: What stands.
            kind: What the key holds; None for a custom field.
        """
        if kind in _OPEN:
            return _or_none(want, _shown), _or_none(got, _shown)
        expected, found = _or_none(want, self._hide), _or_none(got, self._hide)
        if expected is None or found is None or max(len(expected), len(found)) <= _LONGEST:
            return _short(expected, 0), _short(found, 0)
        parts = next(
            (
                at
                for at, (one, other) in enumerate(zip(expected, found, strict=False))
                if one != other
            ),
            min(len(expected), len(found)),
        )
        return _short(expected, parts), _short(found, parts)


def _or_none(value: Any, hide: Callable[[Any], str]) -> str | None:
    return None if value is None or value == [] else hide(value)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _short(text: str | None, parts: int) -> str | None:
    """Return a text, or what stands around a place in it."""
    if text is None or len(text) <= _LONGEST:
        return text
    begin, end = max(0, parts - _AROUND), parts + 2 * _AROUND
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}"
