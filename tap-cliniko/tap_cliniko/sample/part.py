"""How much of a list belongs to a sample. Each stream says it of its own list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Part:
    """What a sample takes from one list.

    Attributes:
        linked: Whether it takes only rows that belong to it; otherwise it takes all or none.
        left_out: Whether it takes none.
        hangs_on: Filters by the list whose rows bring rows of this one along: the chosen
            patients, or whatever rows of another list the sample holds.
        found_in: List without which rows of this one would not be found.
    """

    linked: bool = False
    left_out: bool = False
    hangs_on: Mapping[str, str] = field(default_factory=dict)
    found_in: str | None = None


WHOLE = Part()
"""Small lists about the practice, which everything refers to."""

LEFT_OUT = Part(left_out=True)
"""Long lists about the practice, which nothing refers to."""


def linked(found_in: str | None = None, **hangs_on: str) -> Part:
    """Rows that hang on rows of other lists, and rows that other rows refer to.

    Args:
        found_in: List to read too, since rows of this one are found through it.
        **hangs_on: Filter of this list by the name of the other.
    """
    return Part(linked=True, hangs_on=hangs_on, found_in=found_in)


OF_PATIENTS = linked(patients="patient_id")
