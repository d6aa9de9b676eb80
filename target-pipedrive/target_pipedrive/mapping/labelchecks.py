"""Checks of what custom fields and their options are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.pipedrive.bound import LONGEST_LABEL, MOST_OPTIONS
from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def label_faults(label: str) -> Iterator[str]:
    """What Pipedrive would not take as the name of a field or an option."""
    if not fold(label):
        yield "a label needs letters; write what people shall read in Pipedrive"
    elif len(label) > LONGEST_LABEL:
        yield f"a label has at most {LONGEST_LABEL} characters, not {len(label)}; shorten it"


def option_faults(labels: Sequence[str]) -> Iterator[str]:
    """What is wrong with the options of a field."""
    if len(labels) > MOST_OPTIONS:
        yield f"a field has at most {MOST_OPTIONS:,} options; use `type: varchar`"
    seen: dict[str, str] = {}
    for label in labels:
        yield from label_faults(label)
        twin = seen.setdefault(fold(label), label)
        if twin is not label:
            yield f"the options {twin!r} and {label!r} count as one; remove one"
