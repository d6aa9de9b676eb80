"""What becomes of a row: pure rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive.traces import untouched
from target_pipedrive.rollback.rows import parents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from target_pipedrive.ledger.undo import Made, Merged
    from target_pipedrive.rollback.choices import Choices
    from target_pipedrive.rollback.rows import Place


@dataclass(slots=True)
class Judge:
    """Says of rows that we made why they stay, if they do.

    Args:
        choices: What a person asked.
        taken: What the chosen runs created or adopted; None for all runs.
        merges: Persons that were merged into others, by the id of who is left.
        with_lines: Deals that lines of ours hang on, or once hung on.
        held: What must stay because of what hangs on it → why; it grows from child to parent.
    """

    choices: Choices
    taken: Collection[Place] | None
    merges: Mapping[str, Sequence[Merged]]
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
        if not self.chosen(place):
            return "other_run"
        if not self.choices.force and not self.as_left(place, row, made):
            return "edited"
        if self.holds_others(place):
            return "merged"
        return self.held.get(place)

    def as_left(self, place: Place, row: Mapping[str, Any], made: Sequence[Made]) -> bool:
        """Return whether a row stands as we left it."""
        obj, row_id = place
        computed = obj == "deal" and row_id in self.with_lines
        return any(
            untouched(obj, former, one.trace, one.written_at, computed=computed)
            for former in (row, *self._before_merges(obj, row))
            for one in made
        )

    def holds_others(self, place: Place) -> bool:
        """Return whether it is a person into which one of others was merged."""
        obj, row_id = place
        return obj == "person" and any(one.of_others for one in self.merges.get(row_id, ()))

    def _before_merges(self, obj: str, row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Yield a row as it stood before a merge moved it to another person."""
        for parent, row_id in parents(obj, row) if self.merges else ():
            if parent == "person":
                for loser in self.merges.get(row_id, ()):
                    yield {
                        key: int(loser.id)
                        if key == "person_id"
                        else _with_person(value, int(row_id), int(loser.id))
                        for key, value in row.items()
                    }

    def hold(self, places: Collection[Place], why: str) -> None:
        """Something that stays hangs on these; what others made weighs more than what we did."""
        for place in places:
            if why == "foreign_children" or place not in self.held:
                self.held[place] = why


def _with_person(value: Any, person: int, other: int) -> Any:
    """Return a value in which another person stands in the place of one."""
    if isinstance(value, list):
        return [
            {**one, "person_id": other}
            if isinstance(one, dict) and one.get("person_id") == person
            else one
            for one in value
        ]
    return value
