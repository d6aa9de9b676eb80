"""One run, from the opening of the ledger to its last line in the log."""

from __future__ import annotations

import asyncio
import csv
import json
import logging
import time
import uuid
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NoReturn

from target_pipedrive import newest
from target_pipedrive.bodies import Bodies
from target_pipedrive.bridge import write_states
from target_pipedrive.counts import Counts
from target_pipedrive.direct import DirectStreams
from target_pipedrive.engine import Engine, Strictness
from target_pipedrive.errors import (
    REJECTS,
    BudgetSpent,
    LedgerLost,
    MappingError,
    Rejected,
    SettingsError,
    TooManyRejects,
)
from target_pipedrive.flow import Flow
from target_pipedrive.index import Index
from target_pipedrive.ledger import Ledger
from target_pipedrive.mapping.direct import Choices
from target_pipedrive.mapping.table import inert
from target_pipedrive.pipedrive import ActivityTypes, Client, Fields, Limits, Names, Pipedrive
from target_pipedrive.pipedrive.transport import Transport
from target_pipedrive.renewal import renewing
from target_pipedrive.review import Review
from target_pipedrive.sources import Sources
from target_pipedrive.unchanged import Unchanged
from target_pipedrive.users import Users
from target_pipedrive.world import LedgerWorld
from target_pipedrive.writer import Policy, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from target_pipedrive.ledger import Reject
    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.pipedrive import Account
    from target_pipedrive.settings import Settings

logger = logging.getLogger("target_pipedrive")

IN_FLIGHT = 32
"""Records under way at the same time; enough for the widest burst at half a second each."""

STATE_SECONDS = 0.5
PROGRESS_SECONDS = 30.0
STOP_SECONDS = 20.0
"""How long a stopping run waits for what is under way."""


class LoadSession:
    """An open run that loads.

    Made by `open`; driven by the bridge.
    """

    def __init__(self, *, settings: Settings, ledger: Ledger, client: Client, flow: Flow) -> None:
        self._settings = settings
        self._retry: Collection[Reject] | None = None
        self._ledger = ledger
        self._client = client
        self._flow = flow
        self._counts = Counts()
        self._began = time.monotonic()
        self._engine: Engine
        self._direct: DirectStreams
        self._index: Index
        self._review: Review
        self._pipedrive = Pipedrive(client)
        self._ticker: asyncio.Task[None]
        self._ready: dict[str, Any] | None = None
        """The newest settled state, on its way out."""

    @classmethod
    async def open(
        cls,
        settings: Settings,
        mapping: MappingSet,
        retry: Collection[Reject] | None = None,
        *,
        transport: Callable[..., Transport] = Transport,
    ) -> LoadSession:
        """Open ledger and account, and see that they belong together.

        Args:
            settings: Of the target.
            mapping: The mapping files.
            retry: Rejected records to try again, instead of all, at the end.
            transport: How requests travel; over HTTP by default.

        Raises:
            SettingsError: The ledger or a folder cannot be used, or is another account's.
            NotAllowed: Pipedrive refuses the token.
            Unreachable: Pipedrive does not answer.
        """
        _check_writable(settings.output_dir)
        run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
        ledger = Ledger(settings.ledger, run)
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
        session = cls(settings=settings, ledger=ledger, client=client, flow=Flow(IN_FLIGHT))
        session._retry = retry
        try:
            await session._connect(mapping)
        except BaseException:
            ledger.book.add_tokens(limits.take_spent())
            ledger.close()
            await client.aclose()
            raise
        return session

    async def _connect(self, mapping: MappingSet) -> None:
        ledger, settings = self._ledger, self._settings
        pipedrive = self._pipedrive
        account = await pipedrive.account()
        bind(ledger, account, self._client.host)
        if not account.is_admin:
            logger.warning(
                "The token's user is no administrator: Pipedrive may hide rows from it, and "
                "refuse custom fields, activity types and other people's notes."
            )
        users = Users(account, await pipedrive.users(), settings.default_owner)
        fields = Fields(
            pipedrive, ledger.bindings, settings.fields, renew=renewing(ledger, mapping)
        )
        rules = [rule for stream in mapping.streams() for rule in mapping.rules(stream)]
        self._review = Review(settings.review_file)
        await self._review.begin(pipedrive, ledger)
        self._index = Index(pipedrive, fields, ledger, rules, self._review)
        await fields.check(mapping.field_specs())
        names = Names(pipedrive)
        await _check_stages(mapping, names)
        world = LedgerWorld(ledger.kept, datetime.now(UTC), account.currency or None)
        self._direct = DirectStreams(
            mapping=mapping,
            pipedrive=pipedrive,
            ledger=ledger,
            index=self._index,
            options=settings.options,
            choices=Choices(settings.key_field, settings.create_custom_fields),
        )
        self._engine = Engine(
            mapping=mapping,
            ledger=ledger,
            unchanged=Unchanged(
                ledger, world, mapping.whole, _choices(settings, mapping, account, users)
            ),
            writer=Writer(
                pipedrive=pipedrive,
                bodies=Bodies(
                    fields=fields,
                    users=users,
                    ledger=ledger,
                    after=self._flow.after,
                    is_admin=account.is_admin,
                    names=names,
                ),
                fields=fields,
                types=ActivityTypes(pipedrive),
                ledger=ledger,
                index=self._index,
                specs=mapping.specs,
                policy=Policy(
                    remove=settings.remove,
                    max_file_bytes=settings.max_file_bytes,
                    sources=Sources(settings.files_from),
                ),
            ),
            flow=self._flow,
            users=users,
            counts=self._counts,
            strictness=Strictness(
                stop_on_unmatched=settings.stop_on_unmatched, max_rejects=settings.max_rejects
            ),
        )
        company = str(account.company_id)
        if newest.is_behind(settings.output_dir, company, ledger):
            self._index.fall_behind()
        ledger.book.begin_run()
        await ledger.durable()
        newest.note(settings.output_dir, company, ledger.run)
        self._ticker = asyncio.create_task(self._tick())

    async def take(self, message: tuple[str, Any, Any]) -> None:
        """Take one message.

        Args:
            message: ("schema", name, stream), ("record", stream, row), ("state", value, None), or
                what `Whole` tells.
        """
        match message:
            case ("record", stream, record):
                await self._engine.record(stream, record)
            case ("state", value, _):
                self._engine.state(value)
            case ("whole", stream, coming):
                self._engine.whole(stream, coming=coming)
            case ("gone", stream, _):
                await self._engine.gone(stream)
            case ("schema", _, stream):
                await self._direct.take(stream)
                await self._engine.schema(stream.name, stream.properties)

    async def end(self) -> None:
        """All input was read: do what waited for it."""
        if self._retry is None:
            await self._engine.end()
        else:
            await self._engine.retry(self._retry)

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
            if not isinstance(failure, LedgerLost):
                await self._write_down(failure)
        finally:
            try:
                self._ledger.close()
            finally:
                await self._client.aclose()

    async def _write_down(self, failure: BaseException | None) -> None:
        """Let the ledger know how the run ended, then put out the state it settled, and sum up."""
        orderly = failure is None or isinstance(failure, BudgetSpent | TooManyRejects)
        if orderly and self._flow.failure is None:
            self._index.note_end(self._client.server_time())
        if self._review.asks and (failure is None or isinstance(failure, TooManyRejects)):
            await self._review.describe(self._pipedrive, self._client.origin)
        self._ledger.book.end_run(
            "done" if failure is None else type(failure).__name__, self._counts.as_dict()
        )
        await self._put_out_state()
        self._sum_up(failure)

    # beside the records

    async def _tick(self) -> None:
        """Put out state soon after it is settled; say now and then how far the run is."""
        told = time.monotonic()
        while True:
            await asyncio.sleep(STATE_SECONDS)
            await self._put_out_state()
            if time.monotonic() - told >= PROGRESS_SECONDS:
                told = time.monotonic()
                logger.info(
                    "%s records read, %s objects written, %s tokens spent today, %s left",
                    f"{self._counts.read.total():,}",
                    f"{self._counts.written():,}",
                    f"{self._client.limits.spent:,}",
                    f"{self._client.limits.left:,}",
                )

    def _account(self) -> None:
        self._ledger.book.add_tokens(self._client.limits.take_spent())
        self._client.limits.spent_by_all(self._ledger.book.tokens_today())

    async def _put_out_state(self) -> None:
        """Put out the newest settled state, once the ledger would outlive a crash.

        What is settled while it is written down waits for the next time.
        """
        if (ready := self._engine.settle_log.take_ready()) is not None:
            self._ready = ready  # kept until it is out: this may be cancelled while it waits
        state = self._ready
        self._account()
        await self._ledger.durable()
        if state is not None:
            self._ready = None
            write_states([json.dumps(state)])

    def _sum_up(self, failure: BaseException | None) -> None:
        limits, ledger = self._client.limits, self._ledger
        for line in self._counts.lines(ledger.rejects.count()):
            logger.info(line)
        logger.info(
            "%s requests; %s tokens spent today, %s left; %.0f s",
            f"{limits.by_operation.total():,}",
            f"{limits.spent:,}",
            f"{limits.left:,}",
            time.monotonic() - self._began,
        )
        folder = self._settings.output_dir
        summary = {
            "run": ledger.run,
            "outcome": "done" if failure is None else type(failure).__name__,
            **self._counts.as_dict(),
            "requests": dict(limits.by_operation),
            "tokens_today": limits.spent,
            "tokens_left": limits.left,
        }
        (folder / "last-run.json").write_text(json.dumps(summary, indent=2) + "\n")
        _list_rejects(ledger, folder / "rejects.csv")
        logger.info("Summary: %s", folder / "last-run.json")
        logger.info("Rejected records: %s", folder / "rejects.csv")
        if questions := self._review.write(ledger):
            path = self._settings.review_file
            logger.info("%d ambiguous matches wait for an answer in %s", questions, path)


def _list_rejects(ledger: Ledger, path: Path) -> None:
    """Write the rejected records as CSV: keys, codes and what to do, no values."""
    with path.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(["stream", "id", "object", "code", "detail", "meaning", "action", "run"])
        for reject in ledger.rejects.all():
            told = REJECTS[reject.code]
            rows.writerow(
                [
                    inert(reject.stream),
                    inert(reject.id),
                    reject.object,
                    reject.code,
                    inert(reject.detail),
                    told.meaning,
                    told.action,
                    reject.run,
                ]
            )


def _check_writable(folder: Path) -> None:
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


def _choices(settings: Settings, mapping: MappingSet, account: Account, users: Users) -> bytes:
    """Return a digest of all that bears on every record of a run."""
    parts = (
        version("target-pipedrive"),
        mapping.digest.hex(),
        settings.remove,
        settings.max_file_bytes,
        settings.files_from,
        account.is_admin,
        account.currency,
        users.described(),
    )
    return blake2b(repr(parts).encode(), digest_size=32).digest()


def bind(ledger: Ledger, account: Account, host: str) -> None:
    """See that the ledger is this account's; a new one becomes it.

    Raises:
        SettingsError: It is another account's.
    """
    bound = ledger.book.noted("company")
    if bound is None:
        ledger.book.note("company", str(account.company_id))
        ledger.book.note("host", host)
    elif bound != str(account.company_id):
        raise SettingsError(
            f"The ledger belongs to Pipedrive company {bound} ({ledger.book.noted('host')}), the "
            f"token to company {account.company_id} ({host}). Name another `ledger`, or take the "
            "token of the right account."
        )


async def _check_stages(mapping: MappingSet, names: Names) -> None:
    """See that every pipeline and stage that the files name is there, before the first record.

    Raises:
        MappingError: Those that are not, each with its place.
    """
    faults = []
    for steps in mapping.stages_named():
        for place, pipeline, stage in steps:
            try:
                await names.stage(pipeline, stage)
            except Rejected as rejected:
                faults.append(f"{place}: {rejected.detail} in Pipedrive")
                break
    if faults:
        raise MappingError(*faults)
