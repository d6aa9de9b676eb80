"""Deletes and writes back, as fast as the limits let it, and notes each step in the ledger."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, TypeVar

from target_pipedrive.bridge import Stopped
from target_pipedrive.errors import Refused, TargetError
from target_pipedrive.ledger import LinkKey
from target_pipedrive.pipedrive import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.pipedrive import Pipedrive
    from target_pipedrive.rollback.restoring import Restoration
    from target_pipedrive.rollback.rows import Place
    from target_pipedrive.rollback.tally import Tally

BATCH = 100
"""Requests between two commits; what a killed rollback did last is looked at again."""

MANY = 5
"""From so many lines of a deal on, one request for all costs no more than one for each."""

MOST = 100
"""Lines in one request (official OpenAPI v2)."""

TELL_SECONDS = 30.0

_T = TypeVar("_T")

Unit = tuple[str, ...]
"""Ids that one request deletes."""


def units(obj: str, ids: Iterable[str]) -> Iterator[Unit]:
    """Yield the requests that delete objects, each by what it deletes."""
    if obj != "deal_product":
        yield from ((row_id,) for row_id in ids)
        return
    for _, lines in groupby(sorted(ids, key=_deal), _deal):
        for some in batches(lines, MOST):
            if len(some) < MANY:
                yield from ((line,) for line in some)
            else:
                yield some


def cost(obj: str, unit: Unit) -> int:
    """Return what a request costs that deletes objects."""
    kind = OBJECTS[obj]
    operation = kind.delete if len(unit) == 1 else kind.delete_many
    return operation.cost if operation else 0


def batches(items: Iterable[_T], size: int) -> Iterator[tuple[_T, ...]]:
    """Yield items in tuples of up to so many."""
    rest = iter(items)
    while some := tuple(islice(rest, size)):
        yield some


def _deal(line: str) -> str:
    return line.partition("/")[0]


@dataclass(slots=True)
class Done:
    """What came of it.

    Args:
        done: Ids.
        refused: Id → Pipedrive's words.
        missed: Id → keys that Pipedrive did not take as they were sent.
    """

    done: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    missed: dict[str, list[str]] = field(default_factory=dict)


class Doer:
    """Does what was decided.

    Args:
        ledger: Where it is noted.
        pipedrive: Where it is done.
        say: Takes a line for whoever watches.
    """

    def __init__(self, ledger: Ledger, pipedrive: Pipedrive, say: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._pipedrive = pipedrive
        self._say = say
        self._told = time.monotonic()
        self.busy = False
        """Something is under way that is to come to its end."""
        self.stopped_by: int | None = None
        """The signal that asked to stop."""

    async def delete(self, obj: str, ids: Sequence[str], tally: Tally) -> Done:
        """Delete objects that we made.

        Raises:
            TargetError: The rollback cannot go on; what was done is noted.
            Stopped: It was asked to stop.
        """
        done = Done()
        for batch in batches(units(obj, ids), BATCH):
            await self._announce(obj, [row_id for unit in batch for row_id in unit])
            before = len(done.done)
            try:
                await self._all(self._delete(obj, unit, done) for unit in batch)
            finally:
                tally.done[obj, "deleted"] += len(done.done) - before
            self._tell(f"{obj}: {len(done.done):,} of {len(ids):,} deleted")
        return done

    async def restore(self, obj: str, restorations: Sequence[Restoration], tally: Tally) -> Done:
        """Write objects of others back as they stood.

        Raises:
            TargetError: See `delete`.
            Stopped: See `delete`.
        """
        done = Done()
        for batch in batches(restorations, BATCH):
            await self._announce(obj, [one.place[1] for one in batch])
            before = len(done.done)
            try:
                await self._all(self._restore(one, done) for one in batch)
            finally:
                tally.done[obj, "restored"] += len(done.done) - before
            self._tell(f"{obj}: {len(done.done):,} of {len(restorations):,} written back")
        return done

    def let_go(self, obj: str, row_id: str, action: str) -> None:
        """An object stands for no record any more, without a request."""
        for link in self._ledger.links.behind(obj, [row_id]):
            self._ledger.links.end(link, "gone" if action == "gone" else "kept")
        if action == "gone":
            self._ledger.signs.forget(obj, row_id)
        self._ledger.before.forget(obj, row_id)

    def go_on(self) -> None:
        """Return unless it was asked to stop.

        Raises:
            Stopped: It was.
        """
        if self.stopped_by is not None:
            raise Stopped(self.stopped_by)

    async def account(self) -> None:
        """Note what was spent, and let everything outlive a crash."""
        limits = self._pipedrive.client.limits
        self._ledger.book.add_tokens(limits.take_spent())
        limits.spent_by_all(self._ledger.book.tokens_today())
        await self._ledger.durable()

    async def _announce(self, obj: str, ids: Sequence[str]) -> None:
        """Write down that it is not known any more what stands there, before that is so."""
        for link in self._ledger.links.behind(obj, ids):
            if link.sent is not None:
                self._ledger.links.put(replace(link, sent=None))
        await self.account()
        self.go_on()

    async def _all(self, work: Iterable[Awaitable[None]]) -> None:
        """Let all of a batch come to its end, whatever becomes of one."""
        self.busy = True
        try:
            ended = await asyncio.gather(*work, return_exceptions=True)
        finally:
            self.busy = False
        await self.account()
        if failures := [one for one in ended if isinstance(one, BaseException)]:
            raise min(failures, key=lambda one: not isinstance(one, TargetError))

    async def _delete(self, obj: str, unit: Unit, done: Done) -> None:
        left = list(unit)
        if len(left) > 1:
            try:
                gone = await self._pipedrive.deal_products.remove(_deal(left[0]), left)
            except Refused:  # one by one, so that it is known which
                gone = set()
            for row_id in gone:
                self._deleted(obj, row_id, done)
            left = [row_id for row_id in left if row_id not in gone]
        for row_id in left:
            try:
                await self._pipedrive.delete(obj, row_id)
            except Refused as refused:
                done.refused[row_id] = str(refused)
            else:
                self._deleted(obj, row_id, done)

    def _deleted(self, obj: str, row_id: str, done: Done) -> None:
        links = self._ledger.links.behind(obj, [row_id])
        for link in links:
            self._ledger.links.end(link, "rolled_back")
        if not links:
            self._ledger.audit.add("rolled_back", LinkKey(obj, "", ""), row_id)
        self._ledger.signs.forget(obj, row_id)
        self._ledger.before.forget(obj, row_id)
        done.done.append(row_id)

    async def _restore(self, one: Restoration, done: Done) -> None:
        obj, row_id = one.place
        try:
            row = await self._pipedrive.update(obj, row_id, one.body)
        except Refused as refused:
            if refused.gone:
                self.let_go(obj, row_id, "gone")
            else:
                done.refused[row_id] = str(refused)
            return
        if missed := one.missed(row) if row else []:
            done.missed[row_id] = missed
        self.restored(one.place, one.settled, whole=one.whole)
        done.done.append(row_id)

    def restored(self, place: Place, settled: Sequence[str], *, whole: bool) -> None:
        """Write down that an object of others stands as it stood, as far as it can.

        Args:
            place: Which.
            settled: Keys of it.
            whole: It is left to others again, with what of it stays.
        """
        obj, row_id = place
        links = self._ledger.links.behind(obj, [row_id])
        for link in links if whole else ():
            self._ledger.links.end(link, "restored")
        if not (links and whole):
            key = links[0].key if links else LinkKey(obj, "", "")
            self._ledger.audit.add("restored", key, row_id)
        if whole:
            self._ledger.before.forget(obj, row_id)
        for name in settled:
            self._ledger.before.forget_key(obj, row_id, name)

    def _tell(self, line: str) -> None:
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._told = time.monotonic()
            self._say(line)
