"""Why something stays, and what a person can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason means and what to do.

    Args:
        meaning: Why it stays.
        action: What a person can do.
    """

    meaning: str
    action: str


REASONS: Mapping[str, Reason] = {
    "edited": Reason(
        "Somebody changed it in Pipedrive since it was written.",
        "Look at it there. To delete what we made all the same: --force.",
    ),
    "foreign_children": Reason(
        "Things that others made hang on it: an activity, a note, a deal, a file.",
        "Move or delete those in Pipedrive, then roll back again.",
    ),
    "kept_children": Reason(
        "Something that stays hangs on it.",
        "See why that stays; when it is gone, roll back again.",
    ),
    "merged": Reason(
        "A person who was there before was merged into it, as at the source; Pipedrive cannot "
        "take merged persons apart.",
        "Take out by hand what is not that person's.",
    ),
    "cannot_be_emptied": Reason(
        "It was empty before, and Pipedrive's API cannot empty it again.",
        "Empty it by hand in Pipedrive.",
    ),
    "not_restored": Reason(
        "It was written back, and Pipedrive left something else there.",
        "Compare it by hand.",
    ),
    "other_run": Reason(
        "Another run than those named made it, or wrote there last.",
        "Name that run, too, or none to take back everything.",
    ),
    "not_in_ledger": Reason(
        "It bears our mark and the ledger does not know it: a copy that a person made, or made "
        "by a run on another ledger.",
        "Delete it by hand, or load with --full-refresh, which takes it over, then roll back.",
    ),
    "refused": Reason(
        "Pipedrive refused to delete it or to write it back.",
        "Look at it in Pipedrive; then roll back again.",
    ),
    "in_use": Reason(
        "Rows that stay use it.",
        "See why they stay, or delete it by hand in Pipedrive.",
    ),
    "schema": Reason(
        "Fields, options, labels and activity types stay unless they are asked for.",
        "Roll back with --schema.",
    ),
}
"""By code."""
