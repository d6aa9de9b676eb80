"""What a rollback does, counted, and what stays, one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from target_pipedrive.ledger import LinkKey

ACTIONS = ("deleted", "restored", "released", "gone")
"""What becomes of an object, in the order in which it is told."""

MEANINGS = {
    "deleted": "we had made it",
    "restored": "it stood there before: written back as it was",
    "released": "it stood there before and is as it was: only the ledger lets go of it",
    "gone": "somebody deleted it before: only the ledger lets go of it",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays; no value of it.

    Args:
        object: Kind of object.
        pipedrive_id: Its id.
        reason: A key of `reasons.REASONS`.
        stream: Source stream; empty where no record stands behind it.
        id: Key of the source record.
        detail: Which of its keys, where not all; or Pipedrive's own words.
    """

    object: str
    pipedrive_id: str
    reason: str
    stream: str = ""
    id: str = ""
    detail: str = ""

    @classmethod
    def of(
        cls, obj: str, pipedrive_id: str, reason: str, key: LinkKey | None, detail: str = ""
    ) -> Kept:
        """Return what stays of a source record."""
        if key is None:
            return cls(obj, pipedrive_id, reason, detail=detail)
        return cls(obj, pipedrive_id, reason, key.stream, key.id, detail)


@dataclass(slots=True)
class Tally:
    """Counts of one rollback, done or only foreseen.

    Args:
        done: By (object, action).
        kept: What stays, one by one.
        requests: How many that takes.
        tokens: What that costs.
        looked: Tokens that looking took.
        standing: Rows that stay, ours or not, by object.
    """

    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: list[Kept] = field(default_factory=list)
    requests: int = 0
    tokens: int = 0
    looked: int = 0
    standing: Counter[str] = field(default_factory=Counter)

    def price(self, cost: int, requests: int = 1) -> None:
        """Add what some requests cost."""
        self.requests += requests
        self.tokens += cost

    def objects(self) -> list[str]:
        """Return all objects that something became of, in the order in which that happened."""
        named = [obj for (obj, _), number in self.done.items() if number]
        named += [kept.object for kept in self.kept]
        return list(dict.fromkeys(named))

    def reasons(self) -> Counter[tuple[str, str]]:
        """Return how much stays, by (object, reason)."""
        return Counter((kept.object, kept.reason) for kept in self.kept)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        reasons = self.reasons()
        return {
            obj: {action: self.done[obj, action] for action in ACTIONS if self.done[obj, action]}
            | {"kept": {why: number for (kind, why), number in reasons.items() if kind == obj}}
            for obj in self.objects()
        }
