"""What the rules make of a record, and what that depended on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Rejected
from target_pipedrive.ledger import LinkKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.desired import Desired, Evaluation
    from target_pipedrive.keeper import Keeper
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.ledger.seen import Sight
    from target_pipedrive.mapping import MappingSet, ObjectRule
    from target_pipedrive.unchanged import Unchanged

LEFT_OUT = "-"
"""Before the reason why a record became nothing, where others tell what they became."""

Record = dict[str, Any]
Outcome = tuple["ObjectRule", "Evaluation | Rejected"]


class Evaluator:
    """Evaluates records.

    Args:
        mapping: The mapping files.
        ledger: What became what, and what was dropped.
        keeper: Told of what is evaluated, and of merges.
        unchanged: What evaluations depend on.
    """

    def __init__(
        self, mapping: MappingSet, ledger: Ledger, keeper: Keeper, unchanged: Unchanged
    ) -> None:
        self._mapping = mapping
        self._ledger = ledger
        self._keeper = keeper
        self._unchanged = unchanged
        self._world = unchanged.world

    def every(self, key: tuple[str, str], record: Record) -> list[Outcome]:
        """Return what each rule makes of a record, but for those it was dropped from."""
        self._keeper.evaluating(key)
        outcomes: list[Outcome] = [
            (rule, self.one(rule, record))
            for rule in self._mapping.rules(key[0])
            if not self._ledger.rejects.is_dropped(rule.object, *key)
        ]
        for _, outcome in outcomes:
            if not isinstance(outcome, Rejected) and outcome.merged_into is not None:
                self._keeper.merged(key, outcome.merged_into)
        self._keeper.evaluated(key)
        return outcomes

    def one(self, rule: ObjectRule, record: Record) -> Evaluation | Rejected:
        """Return what one rule makes of a record."""
        try:
            return rule.evaluate(record, self._world)
        except Rejected as rejected:
            return rejected

    def former(self, rule: ObjectRule, record: Record) -> list[Desired]:
        """Return all that one rule may ever have made of a record."""
        try:
            return rule.former(record, self._world)
        except Rejected:  # it cannot be told what it was
            return []

    def sight(self, stream: str, record: Record, outcomes: Sequence[Outcome]) -> Sight | None:
        """Return how to remember a record once it stands; None for one to look at each time."""
        made: list[str] = []
        for _, outcome in outcomes:
            if isinstance(outcome, Rejected) or outcome.merged_into is not None:
                return None
            made += [piece.object for piece in outcome.pieces] or [LEFT_OUT + outcome.reason]
        return self._unchanged.evaluated(stream, record, made)

    def must_wait(self, stream: str, record_id: str, outcomes: Sequence[Outcome]) -> bool:
        """Return whether a record depends on records of its own stream that may still come."""
        if not self._mapping.whole(stream):
            return False
        if stream in self._world.missed:
            return True
        return any(
            not isinstance(outcome, Rejected)
            and outcome.merged_into is not None
            and self._ledger.links.get(LinkKey(rule.object, stream, record_id)) is not None
            for rule, outcome in outcomes
        )
