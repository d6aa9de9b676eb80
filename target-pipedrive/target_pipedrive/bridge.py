"""The passage from Singer's blocking reader to the event loop that writes.

The reader's thread hands messages over, bounded in number; the loop's thread takes them in
their order, and puts out state messages as soon as everything before them is settled.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

_ROOM = 500
"""Messages that may wait between the two threads."""

_BATCH = _ROOM // 2
"""So many are taken before a reader that waits is woken: waking it for each would cost more."""


class Stopped(BaseException):
    """A signal asked the run to stop; raised in the reading thread."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class Handover:
    """A bounded queue from one thread to an event loop, cheap per item."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._items: deque[Any] = deque()
        self._room = threading.Semaphore(_ROOM)
        self._taken = 0
        self._arrived = asyncio.Event()
        self._closed = False

    def put(self, item: Any) -> None:
        """Hand one item over; wait while too many are waiting. Called by the thread."""
        self._room.acquire()
        if self._closed:
            return
        self._items.append(item)
        if len(self._items) == 1:
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def items(self) -> AsyncIterator[Any]:
        """Yield items in their order until None comes. Called by the loop."""
        while True:
            while not self._items:
                self._arrived.clear()
                if not self._items:
                    await self._arrived.wait()
            item = self._items.popleft()
            self._taken += 1
            if self._taken == _BATCH or not self._items:
                self._room.release(self._taken)
                self._taken = 0
            if item is None:
                return
            yield item

    def close(self) -> None:
        """Take nothing more; whoever waits to hand something over goes on."""
        self._closed = True
        self._items.clear()
        self._room.release(2)


class Session(Protocol):
    """What the bridge drives: one open run."""

    async def take(self, message: Any) -> None:
        """Take one message."""

    async def end(self) -> None:
        """All input was read."""

    async def broken(self) -> NoReturn:
        """Raise what ends the run, as soon as it does."""

    async def close(self, *, failure: BaseException | None) -> None:
        """Let go of everything, in good order if possible."""


class Bridge:
    """Runs a session in a thread of its own.

    Args:
        open_session: Opens the session, on the loop.
    """

    def __init__(self, open_session: Callable[[], Awaitable[Session]]) -> None:
        self._open_session = open_session
        self._thread = threading.Thread(target=self._run, name="loader", daemon=True)
        self._opened = threading.Event()
        self._handover: Handover | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._reader = threading.get_ident()
        self._stopping = False
        self._reading = False
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Open the session.

        Raises:
            TargetError: It cannot be opened.
        """
        self._thread.start()
        self._opened.wait()
        self._raise_failure()
        self._reading = True

    def put(self, message: Any) -> None:
        """Hand a message over.

        Raises:
            TargetError: What ended the run.
        """
        self._raise_failure()
        if self._handover is not None:
            self._handover.put(message)

    def finish(self) -> None:
        """Hand over the end of input and wait until all is done.

        Raises:
            TargetError: What ended the run.
        """
        self._reading = False
        if self._handover is not None:
            self._handover.put(None)
        self._join()
        self._raise_failure()

    def stop(self) -> None:
        """Take no more input; let what is under way come to its end, then close."""
        self._reading = False
        self._stopping = True
        if self._loop is not None and self._main is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._main.cancel)
        self._join()

    def _join(self) -> None:
        while self._thread.is_alive():  # a join without a limit would not let signals through
            self._thread.join(0.2)

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the reading thread
            self.failure = error
        finally:
            self._opened.set()
            if self._handover is not None:
                self._handover.close()
            if self.failure is not None:
                self._wake_reader()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        session = await self._open_session()
        self._handover = Handover(self._loop)
        self._main = asyncio.create_task(self._take_all(session, self._handover))
        if self._stopping:  # asked for while the session was being opened
            self._main.cancel()
        self._opened.set()
        failure: BaseException | None = None
        try:
            await self._main
        except asyncio.CancelledError as error:
            failure = error
            if not self._stopping:
                raise
        except BaseException as error:
            failure = error
            raise
        finally:
            self._handover.close()
            await session.close(failure=failure)

    async def _take_all(self, session: Session, handover: Handover) -> None:
        """Take messages until they end, or until a write breaks the run."""
        taking = asyncio.create_task(self._take_each(session, handover))
        watching = asyncio.create_task(session.broken())
        both = {taking, watching}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            await (taking if taking.done() else watching)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _take_each(self, session: Session, handover: Handover) -> None:
        async for message in handover.items():
            await session.take(message)
        await session.end()

    def _wake_reader(self) -> None:
        """Interrupt a reader that waits for input which may not come for long."""
        if self._reading and hasattr(signal, "pthread_kill"):
            signal.pthread_kill(self._reader, signal.SIGTERM)


def write_states(states: Iterable[str]) -> None:
    """Put state messages out; a reader that went away is no fault of the run."""
    try:
        for state in states:
            sys.stdout.write(f"{state}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Later writes, the interpreter's own at exit included, must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
