"""The way of one record: kept, evaluated, decided, written, settled.

Records are taken in their order. What others are computed from is kept in the ledger first;
then each rule of the stream says what shall stand, and what differs is written concurrently.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_pipedrive.applier import Applier
from target_pipedrive.circles import WAITING, first_of_circles
from target_pipedrive.errors import RecordError, Rejected
from target_pipedrive.evaluator import LEFT_OUT, Evaluator
from target_pipedrive.flow import Flow, SettleLog
from target_pipedrive.keeper import Keeper
from target_pipedrive.notices import Notices
from target_pipedrive.rejecter import Rejecter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from target_pipedrive.counts import Counts
    from target_pipedrive.evaluator import Record
    from target_pipedrive.ledger import Ledger, Reject
    from target_pipedrive.ledger.seen import Sight
    from target_pipedrive.mapping import MappingSet, ObjectRule
    from target_pipedrive.unchanged import Unchanged
    from target_pipedrive.users import Users
    from target_pipedrive.writer import Writer

logger = logging.getLogger("target_pipedrive")

Key = tuple[str, str]

_KEPT = ""
"""In place of an object, for records that cannot be kept for others."""


@dataclass(frozen=True, slots=True)
class Strictness:
    """When a run must not go on.

    Args:
        stop_on_unmatched: A practitioner without a Pipedrive user ends the run.
        max_rejects: More rejected records than this end the run; None for no limit.
    """

    stop_on_unmatched: bool
    max_rejects: int | None


class Engine:
    """Takes the messages of one run, in their order.

    Args:
        mapping: The mapping files.
        ledger: What became what.
        writer: Writes objects.
        flow: Runs the writes.
        users: Who owns what.
        counts: What is done.
        strictness: When the run must end.
        unchanged: What needs no second look, and what evaluations depend on.
    """

    def __init__(
        self,
        *,
        mapping: MappingSet,
        ledger: Ledger,
        writer: Writer,
        flow: Flow,
        users: Users,
        counts: Counts,
        strictness: Strictness,
        unchanged: Unchanged,
    ) -> None:
        self._mapping = mapping
        self._ledger = ledger
        self._flow = flow
        self._counts = counts
        self._stream = ""
        self._unchanged = unchanged
        world = unchanged.world
        self.notices = Notices(
            mapping, ledger, world, users, stop_on_unmatched=strictness.stop_on_unmatched
        )
        self._keeper = Keeper(mapping, ledger.kept, world, unchanged.changed)
        self._evaluator = Evaluator(mapping, ledger, self._keeper, unchanged)
        self._rejecter = Rejecter(ledger.rejects, unchanged, strictness.max_rejects)
        self._applier = Applier(
            mapping=mapping,
            ledger=ledger,
            evaluator=self._evaluator,
            keeper=self._keeper,
            writer=writer,
            flow=flow,
            counts=counts,
            rejecter=self._rejecter,
        )
        self.settle_log = SettleLog()
        self._met: dict[str, set[str]] = {}
        """Keys of the records of streams that are coming whole."""

    # messages

    async def schema(self, stream: str, properties: Collection[str]) -> None:
        """A stream begins.

        Raises:
            MappingError: The mapping uses names that the stream does not have.
        """
        self._mapping.check_schema(stream, properties)
        self.notices.begins(stream)
        await self._enter(stream)

    async def record(self, stream: str, record: Record) -> None:
        """A record was read."""
        self._counts.read[stream] += 1
        if stream != self._stream:
            await self._enter(stream)
        if stream in self._met:
            self._met[stream].update(self._keys(stream, record))
        if not self._same(stream, record):
            await self._take_in(stream, record, parkable=True)

    async def _take_in(self, stream: str, record: Record, *, parkable: bool) -> None:
        """Keep what others need of a record, then write it."""
        try:
            self._keeper.keep(stream, record)
        except Rejected as rejected:
            self._rejecter.reject(_KEPT, stream, str(record.get("id") or ""), rejected, record)
        else:
            self._rejecter.done(_KEPT, stream, str(record.get("id") or ""))
        await self._take(stream, record, parkable=parkable)

    def whole(self, stream: str, *, coming: bool) -> None:
        """A stream without a bookmark is coming whole, or it is not after all."""
        if coming:
            self._met[stream] = set()
        else:
            self._met.pop(stream, None)

    async def gone(self, stream: str) -> None:
        """A stream has come whole: what is kept or made of others of its records goes."""
        met = self._met.pop(stream, None)
        if met is None:
            return
        for record_id in sorted(self._known(stream) - met):
            self._keeper.gone(stream, record_id)
            self._unchanged.forget(stream, record_id)
            await self._flow.start((stream, record_id), self._removal(stream, record_id))

    def _keys(self, stream: str, record: Record) -> set[str]:
        """Return the keys under which a record is known: of what is kept, of what it becomes."""
        kept = self._mapping.kept(stream)
        made = {rule.key(record) or "" for rule in self._mapping.rules(stream)}
        return made | ({kept.key(record)} if kept is not None else set())

    def _known(self, stream: str) -> set[str]:
        return self._ledger.kept.ids(stream) | self._ledger.links.records(stream)

    def _removal(self, stream: str, record_id: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            for rule in self._mapping.rules(stream):
                try:
                    await self._applier.remove(rule, record_id)
                except RecordError as error:
                    logger.warning("%s/%s stays in Pipedrive: %s", stream, record_id, error)

        return work

    def _same(self, stream: str, record: Record) -> bool:
        """Count a record that stands and was read before, just as it is now."""
        rules = self._mapping.rules(stream)
        record_id = rules[0].key(record) if rules else None
        if record_id is None:
            return False
        made = self._unchanged.stands(stream, record_id, record)
        for word in made or ():
            if word.startswith(LEFT_OUT):
                self._counts.left_out[stream, word.removeprefix(LEFT_OUT)] += 1
            else:
                self._counts.done[word, "unchanged"] += 1
        return made is not None

    def state(self, value: dict[str, Any]) -> None:
        """A state message was read."""
        self.settle_log.state(value)

    async def end(self) -> None:
        """All input was read: do what waited for its end."""
        await self._enter("")
        for stream in sorted(self._mapping.streams()):
            await self._take_dirty(stream)
        await self._flow.idle()
        await self._applier.end()
        await self._replay_rejects()
        self.notices.end()

    async def _enter(self, stream: str) -> None:
        """When a stream ends, everything in it that waited for the rest of it is done."""
        if stream == self._stream:
            return
        left, self._stream = self._stream, stream
        if left:
            self.notices.ended(left)
            if not self._mapping.waits(left):
                await self._take_dirty(left)
        await self._applier.begin(stream)

    # evaluating

    async def _take_dirty(self, stream: str) -> None:
        """Evaluate once more what depends on something that changed; merges first."""
        merged, others = self._keeper.dirty(stream)
        for record_id in merged:
            await self._take_kept(stream, record_id)
            await self._flow.after((stream, record_id))
        for record_id in others:
            await self._take_kept(stream, record_id)

    async def _take_kept(self, stream: str, record_id: str) -> None:
        record = self._ledger.kept.get(stream, record_id)
        if record is None:
            self._ledger.kept.mark_clean(stream, record_id)
        else:
            await self._take(stream, record, parkable=False)

    async def _take(self, stream: str, record: Record, *, parkable: bool) -> None:
        """Evaluate a record; write it unless everything stands as it shall.

        Args:
            stream: Its stream.
            record: The record.
            parkable: It may wait for the rest of its stream, if it depends on that.
        """
        rules = self._mapping.rules(stream)
        if not rules:
            return
        record_id = rules[0].key(record)
        if record_id is None:
            self._rejecter.reject(rules[0].object, stream, "", Rejected("no_key"), record)
            return
        key = (stream, record_id)
        if parkable and self._mapping.waits(stream):
            self._keeper.park(key)
            return
        outcomes = self._evaluator.every(key, record)
        if not outcomes:
            self._counts.left_out[stream, "dropped"] += 1
            self._keeper.settled(key)
            return
        sight = self._evaluator.sight(stream, record, outcomes)
        self._unchanged.forget(stream, record_id)
        if parkable and self._evaluator.must_wait(stream, record_id, outcomes):
            self._keeper.park(key)
            return
        ticket = self.settle_log.open()
        if not self._flow.busy(key) and self._applier.stands(key, outcomes):
            for rule, outcome in outcomes:
                if parkable or rule.wait:  # a second look at a record is not counted
                    self._applier.count_standing(rule, outcome)
                self._applier.settle_standing(rule, record_id, outcome)
            self._settle(ticket, key, sight)
            return

        async def work() -> None:
            done = [
                await self._applier.apply(rule, record_id, record, outcome)
                for rule, outcome in outcomes
            ]
            self._settle(ticket, key, sight if all(done) else None)

        await self._flow.start(key, work)

    # rejected before

    async def _replay_rejects(self) -> None:
        """Try rejected records again: what they lacked may have come since."""
        standing = self._ledger.rejects.all()
        again = [r for r in standing if r.run != self._ledger.run or r.code == WAITING]
        await self.retry(again)

    async def retry(self, rejects: Iterable[Reject]) -> None:
        """Try rejected records again, those first that were rejected longest ago.

        Of records that refer to each other one is written without what is not there yet, and
        completed when the others are.
        """
        chosen = list(rejects)
        keys = {_key(reject) for reject in chosen}
        self._tell_orphaned(await self._try(chosen))
        if circles := first_of_circles(self._waiting(keys)):
            first = {_key(reject) for reject in circles}
            await self._try(circles, incomplete=True)
            await self._try(self._waiting(keys - first))
            await self._try(self._waiting(first))

    def _waiting(self, keys: Collection[tuple[str, str, str]]) -> list[Reject]:
        """Return those of these records (object, stream, id) that wait for others."""
        rejects = self._ledger.rejects.all()
        return [one for one in rejects if one.code == WAITING and _key(one) in keys]

    async def _try(self, rejects: Iterable[Reject], *, incomplete: bool = False) -> Counter[Key]:
        """Try rejected records again; count those that nothing makes an object of.

        Args:
            rejects: Those to try.
            incomplete: What they refer to and is not there is left out.

        Returns:
            How many there were of each stream and object.
        """
        orphaned: Counter[Key] = Counter()
        for reject in rejects:
            stream, record_id = reject.stream, reject.id
            record = self._ledger.rejects.record(reject.object, stream, record_id)
            if record is None:
                continue
            if reject.object == _KEPT:
                await self._take_in(stream, record, parkable=False)
                continue
            rules = self._mapping.rules(stream)
            rule = next((rule for rule in rules if rule.object == reject.object), None)
            if rule is None:
                orphaned[stream, reject.object] += 1
                continue
            work = self._again(rule, record_id, record, incomplete=incomplete)
            await self._flow.start((stream, record_id), work)
        await self._flow.idle()
        return orphaned

    def _tell_orphaned(self, orphaned: Counter[Key]) -> None:
        for (stream, obj), number in sorted(orphaned.items()):
            logger.warning(
                "%d rejected records of %s are not tried: no mapping makes a %s of it in this run. "
                "Mend the mapping, run its tap, or drop them.",
                number,
                stream,
                obj,
            )

    def _again(
        self, rule: ObjectRule, record_id: str, record: Record, *, incomplete: bool
    ) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            outcome = self._evaluator.one(rule, record)
            await self._applier.apply(rule, record_id, record, outcome, incomplete=incomplete)

        return work

    def _settle(self, ticket: int, key: tuple[str, str], sight: Sight | None) -> None:
        """A record is written or durably rejected, as it was evaluated."""
        if not self._flow.superseded(key):
            self._keeper.settled(key)
            if sight is not None:
                self._unchanged.settled(*key, sight)
        self.settle_log.settle(ticket)


def _key(reject: Reject) -> tuple[str, str, str]:
    return reject.object, reject.stream, reject.id
