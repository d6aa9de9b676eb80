"""Opens account and ledger for a rollback, and closes both in good order, however it ends."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_pipedrive import newest
from target_pipedrive.bridge import Stopped
from target_pipedrive.counts import Counts
from target_pipedrive.endings import outcome_of
from target_pipedrive.errors import NotAllowed, SettingsError, TargetError
from target_pipedrive.pipedrive import OPERATIONS, Limits, Pipedrive
from target_pipedrive.pipedrive.settle import LANDING
from target_pipedrive.rollback.doing import Doer
from target_pipedrive.rollback.judging import Judge
from target_pipedrive.rollback.rollback import Rollback
from target_pipedrive.rollback.rows import Marks
from target_pipedrive.rollback.schema import Schema
from target_pipedrive.rollback.tally import Tally
from target_pipedrive.rollback.use import Use
from target_pipedrive.rooms import bind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.pipedrive import Client
    from target_pipedrive.rollback.choices import Choices
    from target_pipedrive.settings import Settings

IN_FLIGHT = 32
"""Connections at the same time."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a rollback ended.

    Args:
        tally: What it did, or would do.
        failure: What ended it early.
        host: The account's.
        budget: Tokens of a day.
        left: Tokens that today still has.
        spent: Tokens that it spent.
        burst: Requests in any rolling 2 s.
        seconds: How long it took.
    """

    tally: Tally
    failure: TargetError | Stopped | None
    host: str
    budget: int
    left: int
    spent: int
    burst: int
    seconds: float


async def run(
    settings: Settings,
    mapping: MappingSet,
    ledger: Ledger,
    choices: Choices,
    say: Callable[[str], None],
) -> Ended:
    """Look at everything, and take it back if so asked.

    Args:
        settings: Of the loader; what it leaves of the day's tokens may be spent here.
        mapping: By which objects of ours are recognised.
        ledger: Open to write, as the only one who does.
        choices: What a person asked.
        say: Takes a line now and then, for whoever watches.

    Raises:
        TargetError: It cannot begin.
    """
    began = time.monotonic()
    limits = Limits(
        settings.subscription,
        settings.seats,
        settings.burst,
        settings.daily_tokens,
        spent=ledger.book.tokens_today(),
        wait=settings.wait_for_tokens,
    )
    client = await settings.access.connect(limits, max_connections=IN_FLIGHT)
    work = _Work(settings, mapping, ledger, Pipedrive(client), choices, say)
    try:
        await work.begin()
        failure = await work.take_back()
    finally:
        if not ledger.lost:
            ledger.book.add_tokens(limits.take_spent())
        await client.aclose()
    return Ended(
        tally=work.tally,
        failure=failure,
        host=client.host,
        budget=limits.budget,
        left=max(limits.left, 0),
        spent=sum(OPERATIONS[name].cost * n for name, n in limits.by_operation.items()),
        burst=limits.burst_limit,
        seconds=time.monotonic() - began,
    )


class _Work:
    """One rollback, from the checks before it to the notes after it."""

    def __init__(
        self,
        settings: Settings,
        mapping: MappingSet,
        ledger: Ledger,
        pipedrive: Pipedrive,
        choices: Choices,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._mapping = mapping
        self._ledger = ledger
        self._pipedrive = pipedrive
        self._choices = choices
        self._doer = Doer(ledger, pipedrive, say) if choices.do else None
        self.tally = Tally()

    async def begin(self) -> None:
        """See that the account can be looked at whole, and that the ledger knows all of it.

        Raises:
            TargetError: It is not so.
        """
        ledger, folder = self._ledger, self._settings.output_dir
        account = await self._pipedrive.account()
        bind(ledger, account, self._pipedrive.client.host)
        if not account.is_admin:
            raise NotAllowed(
                "The token's user is no administrator: Pipedrive hides rows from it, which would "
                "be taken for gone. Use an administrator's token."
            )
        company = str(account.company_id)
        if newest.is_behind(folder, company, ledger) and not self._choices.force:
            raise SettingsError(
                "The ledger is older than what was written with it: it was put back from a copy. "
                "What it missed would stay. Load once with --full-refresh, which catches up; or "
                "take back what it knows of with --force."
            )
        if self._choices.do:
            self._pipedrive.client.witness = ledger.audit.wrote
            ledger.book.begin_run()
            await ledger.durable()
            newest.note(folder, company, ledger.run)

    async def take_back(self) -> TargetError | Stopped | None:
        """Do it; return what ended it early."""
        failure: TargetError | Stopped | None = None
        try:
            with _stoppable(self._doer, self._pipedrive.client):
                await self._rows_and_schema()
        except (TargetError, Stopped) as error:
            failure = error
        if self._choices.do and not self._ledger.lost:
            done = {f"{obj} {action}": n for (obj, action), n in self.tally.done.items() if n}
            self._ledger.undo.doubt_lost()
            self._ledger.audit.end()
            self._ledger.book.end_run(outcome_of(failure), Counts().as_dict() | {"done": done})
        return failure

    async def _rows_and_schema(self) -> None:
        ledger, undo, choices = self._ledger, self._ledger.undo, self._choices
        await self._let_commits_land()
        judge = Judge(
            choices,
            taken=undo.taken_by(choices.runs) if choices.runs else None,
            merges=undo.merges(),
            with_lines=undo.deals_with_lines(),
        )
        use = Use()
        await Rollback(
            ledger=ledger,
            pipedrive=self._pipedrive,
            marks=Marks(ledger, self._mapping),
            judge=judge,
            choices=choices,
            doer=self._doer,
            tally=self.tally,
            use=use,
        ).run()
        await Schema(
            ledger=ledger,
            pipedrive=self._pipedrive,
            judge=judge,
            choices=choices,
            doer=self._doer,
            tally=self.tally,
            use=use,
        ).run()

    async def _let_commits_land(self) -> None:
        """Wait until a create that a killed run sent last can no longer be under way."""
        newest_intent = self._ledger.links.newest_intent()
        if newest_intent is not None:
            age = self._pipedrive.server_time().timestamp() - newest_intent
            await asyncio.sleep(max(0.0, min(LANDING, LANDING - age)))


@contextmanager
def _stoppable(doer: Doer | None, client: Client) -> Iterator[None]:
    """Let a signal end the work: at once while it looks, after the batch while it does.

    Raises:
        Stopped: It was asked to stop.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    asked: list[int] = []

    def stop(signum: int) -> None:
        asked.append(signum)
        client.limits.give_up()
        if doer is not None and doer.busy:
            doer.stopped_by = signum
        elif task is not None:
            task.cancel()

    for signum in _SIGNALS:
        loop.add_signal_handler(signum, stop, signum)
    try:
        yield
    except asyncio.CancelledError:
        if not asked:
            raise
        raise Stopped(asked[0]) from None
    finally:
        for signum in _SIGNALS:
            loop.remove_signal_handler(signum)
