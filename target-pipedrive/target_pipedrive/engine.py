"""The way of one record: kept, evaluated, decided, written, settled.

Records are taken in their order. What others are computed from is kept in the ledger first;
then each rule of the stream says what shall stand, and what differs is written concurrently.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import RecordError, Rejected, SettingsError, TooManyRejects
from target_pipedrive.flow import Flow, SettleLog
from target_pipedrive.keeper import Keeper
from target_pipedrive.ledger import LinkKey
from target_pipedrive.mapping import Context, Options

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

    from target_pipedrive.counts import Counts
    from target_pipedrive.desired import Desired, Evaluation
    from target_pipedrive.ledger import Ledger, Link, Reject
    from target_pipedrive.ledger.seen import Sight
    from target_pipedrive.mapping import MappingSet, ObjectRule
    from target_pipedrive.unchanged import Unchanged
    from target_pipedrive.users import Users
    from target_pipedrive.writer import Writer

logger = logging.getLogger("target_pipedrive")

_LEFT_OUT = "-"
"""Before the reason why a record became nothing, where others tell what they became."""

_FILED = "mapped"
"""Under which the ledger's book has what the mapping files made in the last whole run."""

_KEPT = ""
"""In place of an object, for records that cannot be kept for others."""

Record = dict[str, Any]
Outcome = tuple["ObjectRule", "Evaluation | Rejected"]


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
        self._world = unchanged.world
        self._writer = writer
        self._flow = flow
        self._users = users
        self._counts = counts
        self._strictness = strictness
        self._stream = ""
        self._begun: set[str] = set()
        """Streams that were begun."""
        self._filed = sorted({f"{rule.stream} → {rule.object}" for rule in mapping.all_rules()})
        self._unchanged = unchanged
        self._keeper = Keeper(mapping, ledger.kept, self._world, unchanged.changed)
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
        if stream not in self._mapping.streams():
            logger.warning("No mapping for stream %s: its records are left out", stream)
        self._begun.add(stream)
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
            self._reject(_KEPT, stream, str(record.get("id") or ""), rejected, record)
        else:
            self._done(_KEPT, stream, str(record.get("id") or ""))
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
                    await self._remove_all_but(rule, record_id, ())
                except RecordError as error:
                    logger.warning("%s/%s stays in Pipedrive: %s", stream, record_id, error)
                else:
                    self._done(rule.object, stream, record_id)

        return work

    def _same(self, stream: str, record: Record) -> bool:
        """Count a record that stands and was read before, just as it is now."""
        rules = self._mapping.rules(stream)
        record_id = rules[0].key(record) if rules else None
        if record_id is None:
            return False
        made = self._unchanged.stands(stream, record_id, record)
        for word in made or ():
            if word.startswith(_LEFT_OUT):
                self._counts.left_out[stream, word.removeprefix(_LEFT_OUT)] += 1
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
        await self._replay_rejects()
        self._tell_absent()
        self._tell_new()

    def _tell_new(self) -> None:
        """Tell what the mapping makes for the first time: its older records may not have come."""
        before = self._ledger.book.noted(_FILED)
        new = [] if before is None else sorted(set(self._filed).difference(before.split(", ")))
        if new:
            logger.warning(
                "Mapped for the first time: %s. Records that the tap has read in earlier runs do "
                "not come again by themselves: unless this run read everything, run once with "
                "--full-refresh.",
                ", ".join(new),
            )
        self._ledger.book.note(_FILED, ", ".join(self._filed))

    def _tell_absent(self) -> None:
        """Tell which streams the mapping speaks of and the tap did not send."""
        absent = sorted(self._mapping.streams() - self._begun)
        if absent and self._begun:
            logger.warning(
                "The mapping takes %s, but the tap did not send %s: what hangs on them is not in "
                "Pipedrive, or not up to date. Select them (`select` of the extractor in "
                "meltano.yml), see that the key may read them, or switch their mapping off.",
                ", ".join(absent),
                "it" if len(absent) == 1 else "them",
            )

    async def _enter(self, stream: str) -> None:
        """When a stream ends, everything in it that waited for the rest of it is done."""
        if stream == self._stream:
            return
        left, self._stream = self._stream, stream
        if left:
            self._check_users(left)
            if not self._mapping.waits(left):
                await self._take_dirty(left)

    def _check_users(self, stream: str) -> None:
        """When all who may own something are known, see who has no user in Pipedrive."""
        rule = self._mapping.user_rule()
        if rule is None or rule.stream != stream:
            return
        context = Context(self._world, Options())
        keys = sorted(str(record["id"]) for record in self._ledger.kept.all(stream))
        unmatched = [key for key in keys if not self._users.has(rule.email_of(key, context))]
        if not unmatched:
            return
        text = (
            f"No active Pipedrive user has the e-mail of {stream} {', '.join(unmatched)}. "
            "Invite them in Pipedrive, or name their users under `overrides` in the mapping file"
        )
        if self._strictness.stop_on_unmatched:
            raise SettingsError(f"{text}; `unmatched_practitioners` is set to stop.")
        logger.warning("%s; what is theirs goes to the default owner.", text)

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
            self._reject(rules[0].object, stream, "", Rejected("no_key"), record)
            return
        key = (stream, record_id)
        if parkable and self._mapping.waits(stream):
            self._keeper.park(key)
            return
        outcomes = self._evaluate_all(key, rules, record)
        if not outcomes:
            self._counts.left_out[stream, "dropped"] += 1
            self._keeper.settled(key)
            return
        sight = self._sight(stream, record, outcomes)
        self._unchanged.forget(stream, record_id)
        if parkable and self._must_wait(stream, record_id, outcomes):
            self._keeper.park(key)
            return
        ticket = self.settle_log.open()
        if not self._flow.busy(key) and all(self._stands(record_id, *item) for item in outcomes):
            for rule, outcome in outcomes:
                if parkable or rule.wait:  # a second look at a record is not counted
                    self._count_standing(rule, outcome)
                self._done(rule.object, stream, record_id)
            self._settle(ticket, key, sight)
            return

        async def work() -> None:
            done = [
                await self._apply(rule, record_id, record, outcome) for rule, outcome in outcomes
            ]
            self._settle(ticket, key, sight if all(done) else None)

        await self._flow.start(key, work)

    def _evaluate_all(
        self, key: tuple[str, str], rules: Sequence[ObjectRule], record: Record
    ) -> list[Outcome]:
        self._keeper.evaluating(key)
        outcomes: list[Outcome] = [
            (rule, self._evaluate(rule, record))
            for rule in rules
            if not self._ledger.rejects.is_dropped(rule.object, *key)
        ]
        for _, outcome in outcomes:
            if not isinstance(outcome, Rejected) and outcome.merged_into is not None:
                self._keeper.merged(key, outcome.merged_into)
        self._keeper.evaluated(key)
        return outcomes

    def _sight(self, stream: str, record: Record, outcomes: Sequence[Outcome]) -> Sight | None:
        """Return how to remember a record once it stands; None for one to look at each time."""
        made: list[str] = []
        for _, outcome in outcomes:
            if isinstance(outcome, Rejected) or outcome.merged_into is not None:
                return None
            made += [piece.object for piece in outcome.pieces] or [_LEFT_OUT + outcome.reason]
        return self._unchanged.evaluated(stream, record, made)

    def _evaluate(self, rule: ObjectRule, record: Record) -> Evaluation | Rejected:
        try:
            return rule.evaluate(record, self._world)
        except Rejected as rejected:
            return rejected

    def _must_wait(self, stream: str, record_id: str, outcomes: Sequence[Outcome]) -> bool:
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

    def _stands(self, record_id: str, rule: ObjectRule, outcome: Evaluation | Rejected) -> bool:
        """Return whether nothing must be sent."""
        if isinstance(outcome, Rejected):
            return False
        wanted = {_key(piece) for piece in outcome.pieces}
        if any(link.key not in wanted for link in self._links(rule, record_id)):
            return False
        return all(self._writer.stands(piece) for piece in outcome.pieces)

    def _links(self, rule: ObjectRule, record_id: str) -> list[Link]:
        """Return everything this rule made of a record: its object and what hangs on it."""
        others = {other.object for other in self._mapping.rules(rule.stream)} - {rule.object}
        links = self._ledger.links.of(rule.stream, record_id)
        return [link for link in links if link.key.object not in others]

    # writing

    async def _apply(
        self, rule: ObjectRule, record_id: str, record: Record, outcome: Evaluation | Rejected
    ) -> bool:
        """Make everything one rule says of one record so; False when it was rejected."""
        try:
            if isinstance(outcome, Rejected):
                if outcome.code == "no_participants":
                    await self._remove_all_but(rule, record_id, ())
                raise outcome
            if outcome.merged_into is not None:
                await self._merge(rule, record_id, outcome.merged_into)
            for piece in outcome.pieces:
                self._count(piece, await self._writer.write(piece))
            await self._remove_all_but(rule, record_id, outcome.pieces)
            if not outcome.pieces:
                self._counts.left_out[rule.stream, outcome.reason] += 1
        except RecordError as error:
            rejected = error if isinstance(error, Rejected) else Rejected("refused", str(error))
            self._reject(rule.object, rule.stream, record_id, rejected, record)
            return False
        self._done(rule.object, rule.stream, record_id)
        return True

    async def _remove_all_but(
        self, rule: ObjectRule, record_id: str, pieces: Sequence[Desired]
    ) -> None:
        wanted = {_key(piece) for piece in pieces}
        for link in self._links(rule, record_id):
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
        for rule, outcome in self._evaluate_all(key, self._mapping.rules(stream), record):
            await self._apply(rule, record_id, record, outcome)
        self._keeper.settled(key)

    async def _replay_rejects(self) -> None:
        """Try rejected records again: what they lacked may have come since."""
        standing = self._ledger.rejects.all()
        again = [r for r in standing if r.run != self._ledger.run or r.code == "parent_missing"]
        await self.retry(again)

    async def retry(self, rejects: Iterable[Reject]) -> None:
        """Try rejected records again, those first that were rejected longest ago."""
        orphaned: Counter[tuple[str, str]] = Counter()
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
            await self._flow.start((stream, record_id), self._again(rule, record_id, record))
        await self._flow.idle()
        for (stream, obj), number in sorted(orphaned.items()):
            logger.warning(
                "%d rejected records of %s are not tried: no mapping makes a %s of it in this run. "
                "Mend the mapping, run its tap, or drop them.",
                number,
                stream,
                obj,
            )

    def _again(
        self, rule: ObjectRule, record_id: str, record: Record
    ) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            await self._apply(rule, record_id, record, self._evaluate(rule, record))

        return work

    # ends

    def _count_standing(self, rule: ObjectRule, outcome: Evaluation | Rejected) -> None:
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

    def _settle(self, ticket: int, key: tuple[str, str], sight: Sight | None) -> None:
        """A record is written or durably rejected, as it was evaluated."""
        if not self._flow.superseded(key):
            self._keeper.settled(key)
            if sight is not None:
                self._unchanged.settled(*key, sight)
        self.settle_log.settle(ticket)

    def _done(self, obj: str, stream: str, record_id: str) -> None:
        self._ledger.rejects.forget(obj, stream, record_id)

    def _reject(
        self, obj: str, stream: str, record_id: str, rejected: Rejected, record: Record
    ) -> None:
        self._unchanged.forget(stream, record_id)
        self._ledger.rejects.put(
            obj, stream, record_id, code=rejected.code, detail=rejected.detail, record=record
        )
        logger.warning("%s/%s rejected as %s", stream, record_id, rejected)
        limit = self._strictness.max_rejects
        if limit is not None and sum(self._ledger.rejects.count().values()) > limit:
            raise TooManyRejects(
                f"More than {limit} records were rejected (`max_rejects`). The newest: "
                f"{stream}/{record_id}, {rejected}. Mend the cause and run again; what was "
                "written stays, what was rejected is tried again."
            )


def _key(piece: Desired) -> LinkKey:
    return LinkKey(piece.object, piece.stream, piece.id, piece.part)
