"""Concurrent work with bounded memory, kept in the order that matters.

Work on one record keeps its order; work that needs another record waits for that record
alone; a state message leaves when everything read before it is settled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable  # noqa: TC003 - named at run time by the context variable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_at_work_on: ContextVar[Hashable] = ContextVar("_at_work_on", default=None)


class SettleLog:
    """Remembers what was read before each state message, and whether it is settled.

    A record is settled when it is written, or durably kept for later with its reason.
    """

    def __init__(self) -> None:
        self._issued = 0
        self._unsettled: deque[int] = deque()
        self._settled: set[int] = set()
        self._states: deque[tuple[int, dict[str, Any]]] = deque()

    def open(self) -> int:
        """Return a ticket for a record that was read just now."""
        self._issued += 1
        self._unsettled.append(self._issued)
        return self._issued

    def settle(self, ticket: int) -> None:
        """The record with this ticket is settled."""
        self._settled.add(ticket)
        while self._unsettled and self._unsettled[0] in self._settled:
            self._settled.remove(self._unsettled.popleft())

    def state(self, value: dict[str, Any]) -> None:
        """A state message was read just now."""
        self._states.append((self._issued, value))

    def take_ready(self) -> dict[str, Any] | None:
        """Return the newest state with nothing unsettled before it; each is returned once."""
        settled_up_to = self._unsettled[0] - 1 if self._unsettled else self._issued
        ready = None
        while self._states and self._states[0][0] <= settled_up_to:
            ready = self._states.popleft()[1]
        return ready


class Flow:
    """Runs work concurrently, at most `limit` pieces at a time.

    Args:
        limit: How many pieces of work may be under way; `start` waits for a free place.
    """

    def __init__(self, limit: int) -> None:
        self._places = asyncio.Semaphore(limit)
        self._latest: dict[Hashable, asyncio.Task[None]] = {}
        self._waiting: dict[Hashable, Hashable] = {}
        """Record → the record that work on it waits for."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken = asyncio.Event()
        self.failure: BaseException | None = None

    def busy(self, key: Hashable) -> bool:
        """Return whether work on a record is under way."""
        return key in self._latest

    def superseded(self, key: Hashable) -> bool:
        """Return whether other work on a record was begun after the current one."""
        latest = self._latest.get(key)
        return latest is not None and latest is not asyncio.current_task()

    async def start(self, key: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        """Begin work on a record after earlier work on it; wait for a free place first.

        Raises:
            BaseException: What ended earlier work, so that nothing more is begun.
        """
        await self._places.acquire()
        if self.failure is not None:
            self._places.release()
            raise self.failure
        task = asyncio.create_task(self._run(key, self._latest.get(key), work))
        self._latest[key] = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(key, done))

    async def _run(
        self,
        key: Hashable,
        earlier: asyncio.Task[None] | None,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        _at_work_on.set(key)
        await work()

    def _done(self, key: Hashable, task: asyncio.Task[None]) -> None:
        self._places.release()
        self._tasks.discard(task)
        if self._latest.get(key) is task:
            del self._latest[key]
        if not task.cancelled() and (error := task.exception()) and self.failure is None:
            self.failure = error
            self._broken.set()

    async def broken(self) -> NoReturn:
        """Raise what ends some work, as soon as it does."""
        await self._broken.wait()
        raise self.failure or RuntimeError("broken without a failure")

    async def after(self, key: Hashable) -> None:
        """Return when all work begun on a record is done, successfully or not.

        Work on a record does not wait for itself: what hangs on a record may be written with it.
        Nor does it wait for work that waits for it: two records that refer to each other.
        """
        mine = _at_work_on.get()
        while not self._waits(key, mine) and (task := self._latest.get(key)):
            self._waiting[mine] = key
            try:
                await asyncio.wait([task])
            finally:
                self._waiting.pop(mine, None)

    def _waits(self, key: Hashable, mine: Hashable) -> bool:
        """Return whether work on a record is, or waits for, the work at hand."""
        while key != mine:
            if key not in self._waiting:
                return False
            key = self._waiting[key]
        return True

    async def idle(self) -> None:
        """Return when nothing is under way.

        Raises:
            BaseException: What ended some of the work.
        """
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self.failure is not None:
            raise self.failure

    async def close(self, seconds: float) -> None:
        """Wait so long for what is under way; end the rest where it stands.

        Creates that were announced stay announced in the ledger.
        """
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
