"""One run, from the opening of the ledger to its end; what it is for is said by its kind.

`load.LoadSession` writes to Pipedrive; other kinds plan, or read back what was written.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any, NoReturn, Self

from target_pipedrive.bridge import write_states
from target_pipedrive.counts import Counts
from target_pipedrive.errors import LedgerLost, SettingsError
from target_pipedrive.flow import Flow
from target_pipedrive.ledger import Ledger
from target_pipedrive.ledger.book import new_run
from target_pipedrive.pipedrive import Client, Limits
from target_pipedrive.pipedrive.transport import Transport
from target_pipedrive.progress import Progress
from target_pipedrive.rooms import Rooms, furnish
from target_pipedrive.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from target_pipedrive.ledger import Reject
    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.settings import Settings

logger = logging.getLogger("target_pipedrive")

IN_FLIGHT = 32
"""Records under way at the same time; enough for the widest burst at half a second each."""

STATE_SECONDS = 0.5
STOP_SECONDS = 20.0
"""How long a stopping run waits for what is under way."""


class Session:
    """An open run. Made by `open`; driven by the bridge.

    A kind of run says by what it overrides which ledger it works with, how it talks to Pipedrive,
    who makes objects stand as desired, and what becomes of its state and its counts.
    """

    make_writer: Callable[..., Writer] = Writer

    def __init__(self, settings: Settings, ledger: Ledger, client: Client) -> None:
        self._settings = settings
        self._ledger = ledger
        self._client = client
        self._flow = Flow(IN_FLIGHT)
        self._counts = Counts()
        self._began = time.monotonic()
        self._progress = Progress(settings.mode, self._counts, client.limits, ledger)
        self._rooms: Rooms
        self._ticker: asyncio.Task[None]
        self._ready: dict[str, Any] | None = None
        """The newest settled state, on its way out."""

    # what kinds of run choose

    @classmethod
    def open_ledger(cls, settings: Settings, run: str) -> Ledger:
        """Return the ledger of this run."""
        return Ledger(settings.ledger, run)

    @classmethod
    def wrap(cls, client: Client) -> Client:
        """Return what requests go through."""
        return client

    async def _begin(self) -> None:
        """Everything is open; the first message comes next."""

    async def _write_down(self, failure: BaseException | None) -> None:
        """Nothing is under way any more: note how the run ended, and tell."""

    def _put_out(self, state: dict[str, Any]) -> None:
        """Put out a settled state."""
        write_states([json.dumps(state)])

    # the run

    @classmethod
    async def open(
        cls,
        settings: Settings,
        mapping: MappingSet,
        *,
        transport: Callable[..., Transport] = Transport,
    ) -> Self:
        """Open ledger and account, and see that they belong together.

        Args:
            settings: Of the target.
            mapping: The mapping files.
            transport: How requests travel; over HTTP by default.

        Raises:
            SettingsError: The ledger or a folder cannot be used, or is another account's.
            NotAllowed: Pipedrive refuses the token.
            Unreachable: Pipedrive does not answer.
        """
        check_writable(settings.output_dir)
        ledger = cls.open_ledger(settings, new_run())
        limits = Limits(
            settings.subscription,
            settings.seats,
            settings.burst,
            settings.daily_tokens,
            spent=ledger.book.tokens_today(),
            reserve=settings.reserve_tokens,
            wait=settings.wait_for_tokens,
            clock=asyncio.get_running_loop().time,
        )
        try:
            client = await settings.access.connect(
                limits, max_connections=IN_FLIGHT, transport=transport
            )
        except BaseException:
            ledger.close()
            raise
        client.witness = ledger.audit.wrote
        session = cls(settings, ledger, cls.wrap(client))
        try:
            session._rooms = await furnish(
                settings,
                mapping,
                ledger=ledger,
                client=session._client,
                flow=session._flow,
                counts=session._counts,
                make_writer=cls.make_writer,
            )
            await session._begin()
            session._progress.begin()
            session._ticker = asyncio.create_task(session._tick())
        except BaseException:
            ledger.book.add_tokens(limits.take_spent())
            ledger.close()
            await client.aclose()
            raise
        return session

    async def take(self, message: tuple[str, Any, Any]) -> None:
        """Take one message.

        Args:
            message: ("schema", name, stream), ("record", stream, row), ("state", value, None), or
                what `Whole` tells.
        """
        match message:
            case ("record", stream, record):
                await self._rooms.engine.record(stream, record)
            case ("state", value, _):
                self._rooms.engine.state(value)
            case ("whole", stream, coming):
                self._rooms.engine.whole(stream, coming=coming)
            case ("gone", stream, _):
                await self._rooms.engine.gone(stream)
            case ("schema", _, stream):
                await self._rooms.direct.take(stream)
                await self._rooms.engine.schema(stream.name, stream.properties)

    async def end(self) -> None:
        """All input was read: do what waited for it."""
        await self._recall(self._ledger.rejects.all())
        await self._rooms.engine.end()

    async def _recall(self, rejects: Iterable[Reject]) -> None:
        """Know the rules of rejected records whose streams have no file and did not come."""
        await self._rooms.direct.recall({reject.stream for reject in rejects})

    async def broken(self) -> NoReturn:
        """Raise what ends the run, as soon as a write, or writing down, meets it."""
        writing = asyncio.ensure_future(self._flow.broken())
        try:
            await asyncio.wait({writing, self._ticker}, return_when=asyncio.FIRST_COMPLETED)
            (writing if writing.done() else self._ticker).result()
        finally:
            writing.cancel()
        raise RuntimeError("broken without a failure")

    async def close(self, *, failure: BaseException | None) -> None:
        """Let what is under way come to its end, put out the state it settled, sum up."""
        self._client.limits.give_up()
        await self._flow.close(STOP_SECONDS)
        self._ticker.cancel()
        await asyncio.gather(self._ticker, return_exceptions=True)
        try:
            self._progress.end(noted=not isinstance(failure, LedgerLost))
            if not isinstance(failure, LedgerLost):
                await self._write_down(failure)
        finally:
            try:
                self._ledger.close()
            finally:
                await self._client.aclose()

    # beside the records

    async def _tick(self) -> None:
        """Put out state soon after it is settled; say now and then how far the run is."""
        while True:
            await asyncio.sleep(STATE_SECONDS)
            self._progress.tick()
            await self._put_out_state()

    def _account(self) -> None:
        self._ledger.book.add_tokens(self._client.limits.take_spent())
        self._client.limits.spent_by_all(self._ledger.book.tokens_today())

    async def _put_out_state(self) -> None:
        """Put out the newest settled state, once the ledger would outlive a crash.

        What is settled while it is written down waits for the next time.
        """
        if (ready := self._rooms.engine.settle_log.take_ready()) is not None:
            self._ready = ready  # kept until it is out: this may be cancelled while it waits
        state = self._ready
        self._account()
        await self._ledger.durable()
        if state is not None:
            self._ready = None
            self._put_out(state)


def check_writable(folder: Path) -> None:
    """See that files can be written into a folder; make it if it is not there.

    Raises:
        SettingsError: They cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            f"`output_dir` {folder} cannot be written: {error.strerror}. Check the folder's "
            "rights, or name another."
        ) from error
