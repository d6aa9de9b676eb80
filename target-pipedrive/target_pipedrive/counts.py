"""What a run did, counted; the lines a person reads at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import REJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REASONS = {
    "removed": "archived or deleted at the source",
    "merged": "merged into another at the source",
    "skipped": "passed over by `skip_when`: looked at again when they come again",
    "dropped": "a person decided so: see `rejects list`",
}
"""Why a record became nothing."""
_QUIET = {"unchanged", "kept"}
"""Actions that wrote nothing."""

_ORDER = ("created", "adopted", "updated", "unchanged", "merged", "removed", "kept")


class Counts:
    """Counts of one run.

    `read` counts records by stream, `done` actions by (object, action), `left_out` records
    without a home by (stream, reason), `truncated` fields by label.
    """

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()
        self.done: Counter[tuple[str, str]] = Counter()
        self.left_out: Counter[tuple[str, str]] = Counter()
        self.truncated: Counter[str] = Counter()

    def written(self) -> int:
        """Return how many objects were written, one way or another."""
        return self.by_object()[0].total()

    def by_object(self) -> tuple[Counter[str], Counter[str]]:
        """Return how many objects were written, and how many were left as they stand."""
        written: Counter[str] = Counter()
        stood: Counter[str] = Counter()
        for (obj, action), number in self.done.items():
            (stood if action in _QUIET else written)[obj] += number
        return written, stood

    def lines(self, standing: Mapping[str, int]) -> Iterator[str]:
        """Yield the summary of a run.

        Args:
            standing: How many records stand rejected now, by code.
        """
        yield f"read {sum(self.read.values())} records of {len(self.read)} streams"
        for obj in sorted({obj for obj, _ in self.done}):
            actions = (
                f"{self.done[obj, action]} {action}" for action in _ORDER if self.done[obj, action]
            )
            yield f"{obj}: {', '.join(actions)}"
        for (stream, reason), number in sorted(self.left_out.items()):
            yield f"{stream}: {number} left out, {REASONS.get(reason, reason)}"
        for label, number in sorted(self.truncated.items()):
            yield f"{label}: {number} cut to fit"
        for code, number in sorted(standing.items()):
            told = REJECTS[code]
            yield f"{number} rejected as {code}: {told.meaning} {told.action}"

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "read": dict(self.read),
            "done": {f"{obj} {action}": n for (obj, action), n in self.done.items()},
            "left_out": {f"{stream} {reason}": n for (stream, reason), n in self.left_out.items()},
            "truncated": dict(self.truncated),
        }
