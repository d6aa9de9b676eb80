"""Makes what an evaluation says so in Pipedrive, or keeps the record with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.circles import WAITING
from target_pipedrive.desired import Evaluation
from target_pipedrive.errors import RecordError, Rejected
from target_pipedrive.ledger import LinkKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.counts import Counts
    from target_pipedrive.desired import Desired
    from target_pipedrive.evaluator import Evaluator, Outcome, Record
    from target_pipedrive.flow import Flow
    from target_pipedrive.keeper import Keeper
    from target_pipedrive.ledger import Ledger, Link
    from target_pipedrive.mapping import MappingSet, ObjectRule
    from target_pipedrive.rejecter import Rejecter
    from target_pipedrive.writer import Writer


class Applier:
    """Applies evaluations.

    Args:
        mapping: The mapping files.
        ledger: What became what.
        evaluator: Evaluates whom a merge leaves.
        keeper: Told of records that are written with others.
        writer: Writes objects.
        flow: Knows what is under way.
        counts: What is done.
        rejecter: Keeps what cannot be written.
    """

    def __init__(
        self,
        *,
        mapping: MappingSet,
        ledger: Ledger,
        evaluator: Evaluator,
        keeper: Keeper,
        writer: Writer,
        flow: Flow,
        counts: Counts,
        rejecter: Rejecter,
    ) -> None:
        self._mapping = mapping
        self._ledger = ledger
        self._evaluator = evaluator
        self._keeper = keeper
        self._writer = writer
        self._flow = flow
        self._counts = counts
        self._rejecter = rejecter

    def stands(self, key: tuple[str, str], outcomes: Sequence[Outcome]) -> bool:
        """Return whether nothing must be sent for a record."""
        links = self._ledger.links.of(*key)
        return all(self._stands(key[1], links, *item) for item in outcomes)

    def _stands(
        self,
        record_id: str,
        links: Sequence[Link],
        rule: ObjectRule,
        outcome: Evaluation | Rejected,
    ) -> bool:
        if isinstance(outcome, Rejected):
            return False
        wanted = {_key(piece) for piece in outcome.pieces}
        made = self._of_rule(links, rule)
        if any(link.key not in wanted for link in made):
            return False
        if not wanted and not made and self._may_have_strays(rule, record_id, outcome):
            return False
        known = {link.key: link for link in links}
        return all(self._writer.stands(piece, known.get(_key(piece))) for piece in outcome.pieces)

    async def apply(
        self,
        rule: ObjectRule,
        record_id: str,
        record: Record,
        outcome: Evaluation | Rejected,
        *,
        incomplete: bool = False,
    ) -> bool:
        """Make everything one rule says of one record so; False when it was rejected.

        Args:
            rule: The rule.
            record_id: Key of the record.
            record: The record.
            outcome: What the rule says.
            incomplete: What it refers to and is not there is left out; it stays rejected.
        """
        try:
            if isinstance(outcome, Rejected):
                if outcome.code == "no_participants":
                    await self._recall(rule, record_id, record, Evaluation([]))
                    await self._remove_all_but(rule, record_id, ())
                raise outcome
            if not outcome.pieces:
                await self._recall(rule, record_id, record, outcome)
            if outcome.merged_into is not None:
                await self._merge(rule, record_id, outcome.merged_into)
            for piece in outcome.pieces:
                possible, lacking = self._writer.possible(piece) if incomplete else (piece, "")
                self._count(piece, await self._writer.write(possible))
                if lacking:
                    raise Rejected(WAITING, lacking)
            if outcome.pieces:  # now it is known which rows stand for them
                await self._recall(rule, record_id, record, outcome)
            await self._remove_all_but(rule, record_id, outcome.pieces)
            if not outcome.pieces:
                self._counts.left_out[rule.stream, outcome.reason] += 1
                self._leave_out(rule, record_id, outcome.reason)
        except RecordError as error:
            rejected = error if isinstance(error, Rejected) else Rejected("refused", str(error))
            self._rejecter.reject(rule.object, rule.stream, record_id, rejected, record)
            return False
        self._rejecter.done(rule.object, rule.stream, record_id)
        return True

    async def begin(self, stream: str) -> None:
        """A stream begins: learn what an old ledger missed of the objects it becomes."""
        for obj in sorted({obj for rule in self._mapping.rules(stream) for obj in rule.objects()}):
            await self._writer.catch_up(obj)

    async def end(self) -> None:
        """All is written."""
        await self._writer.end()

    def _may_have_strays(self, rule: ObjectRule, record_id: str, outcome: Evaluation) -> bool:
        return self._writer.may_have_strays(rule.objects(), rule.stream, record_id, outcome.pieces)

    async def _recall(
        self, rule: ObjectRule, record_id: str, record: Record, outcome: Evaluation
    ) -> None:
        """Know again what was made of a record although no link tells of it, so that it can go."""
        if self._may_have_strays(rule, record_id, outcome):
            await self._writer.recall(self._evaluator.former(rule, record), outcome.pieces)

    async def remove(self, rule: ObjectRule, record_id: str) -> None:
        """Take away everything one rule made of a record.

        Raises:
            RecordError: Something stays.
        """
        await self._remove_all_but(rule, record_id, ())
        self._rejecter.done(rule.object, rule.stream, record_id)

    async def _remove_all_but(
        self, rule: ObjectRule, record_id: str, pieces: Sequence[Desired]
    ) -> None:
        wanted = {_key(piece) for piece in pieces}
        for link in self._of_rule(self._ledger.links.of(rule.stream, record_id), rule):
            if link.key not in wanted:
                self._counts.done[link.key.object, await self._writer.remove(link)] += 1

    async def _merge(self, rule: ObjectRule, record_id: str, survivor_id: str) -> None:
        """Merge in Pipedrive what was merged at the source, then write the survivor whole."""
        key = LinkKey(rule.object, rule.stream, record_id)
        link = self._ledger.links.get(key)
        if link is None:
            return
        survivor_id = self._ledger.kept.survivor(rule.stream, survivor_id)
        survivor = LinkKey(rule.object, rule.stream, survivor_id)
        await self._flow.after((rule.stream, survivor_id))
        if self._ledger.links.get(survivor) is None:
            await self._rewrite(rule.stream, survivor_id)
        self._counts.done[rule.object, await self._writer.merge(link, survivor)] += 1
        await self._rewrite(rule.stream, survivor_id)

    async def _rewrite(self, stream: str, record_id: str) -> None:
        """Write a kept record at once, within the work on another."""
        record = self._ledger.kept.get(stream, record_id)
        if record is None:
            return
        key = (stream, record_id)
        for rule, outcome in self._evaluator.every(key, record):
            await self.apply(rule, record_id, record, outcome)
        self._keeper.settled(key)

    def _of_rule(self, links: Sequence[Link], rule: ObjectRule) -> list[Link]:
        """Return what a rule made of a record: its object and what hangs on it."""
        others = {other.object for other in self._mapping.rules(rule.stream)} - {rule.object}
        return [link for link in links if link.key.object not in others]

    def settle_standing(
        self, rule: ObjectRule, record_id: str, outcome: Evaluation | Rejected
    ) -> None:
        """Write down of what stands that it is not rejected; of what shall not, why."""
        self._rejecter.done(rule.object, rule.stream, record_id)
        if not isinstance(outcome, Rejected) and not outcome.pieces:
            self._leave_out(rule, record_id, outcome.reason)

    def _leave_out(self, rule: ObjectRule, record_id: str, reason: str) -> None:
        key = LinkKey(rule.object, rule.stream, record_id)
        self._ledger.audit.add("left_out", key, code=reason)

    def count_standing(self, rule: ObjectRule, outcome: Evaluation | Rejected) -> None:
        """Count what stands as a rule says."""
        if isinstance(outcome, Rejected):
            return
        for piece in outcome.pieces:
            self._count(piece, "unchanged")
        if not outcome.pieces:
            self._counts.left_out[rule.stream, outcome.reason] += 1

    def _count(self, piece: Desired, action: str) -> None:
        self._counts.done[piece.object, action] += 1
        if action in {"created", "adopted", "updated"}:
            self._counts.truncated.update(piece.truncated)


def _key(piece: Desired) -> LinkKey:
    return LinkKey(piece.object, piece.stream, piece.id, piece.part)
