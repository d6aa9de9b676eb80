"""What becomes of a row: pure rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive.traces import untouched

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from target_pipedrive.ledger.undo import Made
    from target_pipedrive.rollback.choices import Choices
    from target_pipedrive.rollback.rows import Place


@dataclass(slots=True)
class Judge:
    """Says of rows that we made why they stay, if they do.

    Args:
        choices: What a person asked.
        taken: What the chosen runs created or adopted; None for all runs.
        merged: Persons into which persons of others were merged.
        with_lines: Deals that lines of ours hang on, or once hung on.
        held: What must stay because of what hangs on it → why; it grows from child to parent.
    """

    choices: Choices
    taken: Collection[Place] | None
    merged: Collection[str]
    with_lines: Collection[str]
    held: dict[Place, str] = field(default_factory=dict)

    def chosen(self, place: Place) -> bool:
        """Return whether a row is a matter of the chosen runs."""
        return self.taken is None or place in self.taken

    def why_kept(self, place: Place, row: Mapping[str, Any], made: Sequence[Made]) -> str | None:
        """Return why a row that we made stays; None when it goes.

        Args:
            place: Which row.
            row: As it stands.
            made: What the ledger knows of it.
        """
        obj, row_id = place
        if not self.chosen(place):
            return "other_run"
        if not self.choices.force and not self.as_left(place, row, made):
            return "edited"
        if obj == "person" and row_id in self.merged:
            return "merged"
        return self.held.get(place)

    def as_left(self, place: Place, row: Mapping[str, Any], made: Sequence[Made]) -> bool:
        """Return whether a row stands as we left it."""
        obj, row_id = place
        computed = obj == "deal" and row_id in self.with_lines
        return any(
            untouched(obj, row, one.trace, one.written_at, computed=computed) for one in made
        )

    def hold(self, places: Collection[Place], why: str) -> None:
        """Something that stays hangs on these; what others made weighs more than what we did."""
        for place in places:
            if why == "foreign_children" or place not in self.held:
                self.held[place] = why
