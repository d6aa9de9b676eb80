"""Faults in mapping files: gathered first, reported all at once."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_pipedrive.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a mapping file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(slots=True)
class Faults:
    """Faults found so far."""

    found: list[tuple[Place, str]] = field(default_factory=list)

    def add(self, place: Place, text: str) -> None:
        """Note one fault; the same one twice counts once."""
        if (place, text) not in self.found:
            self.found.append((place, text))

    def raise_if_any(self) -> None:
        """Report every fault, in the order of the files.

        Raises:
            MappingError: There is at least one.
        """
        if self.found:
            raise MappingError(*(f"{place}: {text}" for place, text in sorted(self.found)))


def instead(wrong: str, known: Iterable[str]) -> str:
    """What to type instead of `wrong`: the nearest known name, else the whole list."""
    choices = sorted(known)
    near = difflib.get_close_matches(wrong, choices, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "write one of: " + ", ".join(choices) if choices else "there is none"
