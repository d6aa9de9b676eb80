"""A run that reads back what was written, and writes nothing."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from target_pipedrive.endings import Typed
from target_pipedrive.errors import Differs, SettingsError
from target_pipedrive.ledger import Ledger
from target_pipedrive.ledger.copy import LedgerCopy
from target_pipedrive.pipedrive import Client
from target_pipedrive.pipedrive.transport import Transport
from target_pipedrive.report import Step
from target_pipedrive.session import Session
from target_pipedrive.verify.checker import Checker, not_looked_at
from target_pipedrive.verify.outcome import Outcome
from target_pipedrive.verify.scratch import Scratch
from target_pipedrive.verify.verdicts import Verdict
from target_pipedrive.verify.wording import Wording
from target_pipedrive.verify.written import write_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.pipedrive.answers import Answer
    from target_pipedrive.pipedrive.operations import Operation
    from target_pipedrive.settings import Settings

logger = logging.getLogger("target_pipedrive")

_NOT_NEEDED = frozenset({"seen", "audit", "standings"})
"""Tables of the ledger that are left out: every record is looked at, nothing is done to any."""


class Reader(Client):
    """A client that only reads: whatever would change something ends the run instead.

    Args:
        client: The client whose connections, limits and credentials it takes over.
    """

    def __init__(self, client: Client) -> None:
        self.__dict__.update(vars(client))

    async def call(self, operation: Operation, **given: Any) -> Answer:
        """Send a request that reads; see `Client.call`.

        Raises:
            RuntimeError: It would write.
        """
        if operation.method != "GET":
            raise RuntimeError(f"{operation.name} would change something; verify only reads")
        return await super().call(operation, **given)


class VerifySession(Session):
    """An open run that verifies."""

    make_writer = Checker
    _outcome: Outcome | None = None

    @classmethod
    async def open(
        cls,
        settings: Settings,
        mapping: MappingSet,
        *,
        transport: Callable[..., Transport] = Transport,
    ) -> Self:
        """Open a copy of the ledger, and the account; see `Session.open`."""
        patient = replace(settings, stop_on_unmatched=False, max_rejects=None)
        return await super().open(patient, mapping, transport=transport)

    @classmethod
    def open_ledger(cls, settings: Settings, run: str) -> Ledger:
        """Return a copy of the ledger in which every record is still to be looked at."""
        return LedgerCopy(settings.ledger, run, settings.output_dir, without=_NOT_NEEDED)

    @classmethod
    def wrap(cls, client: Client) -> Client:
        """Return a client that cannot write."""
        return Reader(client)

    def __init__(self, settings: Settings, ledger: Ledger, client: Client) -> None:
        super().__init__(settings, ledger, client)
        self._spent: Counter[str] = Counter()
        self._calls: Counter[str] = Counter()

    async def _begin(self) -> None:
        self._linked = self._ledger.links.number()
        self._scratch = Scratch(self._folder / "scratch.db")
        self._checker.begin(
            self._scratch,
            Wording(show_values=self._settings.show_values),
            files=self._settings.verify_files,
        )

    async def end(self) -> None:
        """All input was read: see what it came to.

        Raises:
            Differs: Something is different or missing.
        """
        await super().end()
        self._checker.finish()
        self._account()
        self._outcome = self._summed_up()
        if self._outcome.failed:
            raise Differs(
                f"{self._outcome.sentence()} Read {self._settings.output_dir}/verify.html"
            )

    async def _write_down(self, failure: BaseException | None) -> None:
        """Write the reports, tell what it came to; note in the ledger what it cost."""
        self._account()
        if self._outcome is not None:
            steps = tuple(_next(self._outcome, Typed.here()))
            places = write_all(self._outcome, self._scratch, self._settings.output_dir, steps)
            for line in self._outcome.lines():
                logger.info(line)
            if not self._outcome.failed:
                logger.info(self._outcome.sentence())
            logger.info(
                "%s requests, %s tokens; nothing was written to Pipedrive",
                f"{sum(self._outcome.requests.values()):,}",
                f"{self._outcome.tokens:,}",
            )
            for place in places:
                logger.info("Report: %s", place)
            for step in steps:
                logger.info("Next: %s: %s", step.why, step.command)
        elif failure is not None:
            logger.info("Not everything was compared, so there is no report.")
        self._scratch.close()
        self._note_tokens()

    def _put_out(self, state: dict[str, Any]) -> None:
        """Put out no state: the next run, too, has to read everything."""

    def _account(self) -> None:
        spent = self._client.limits.take_spent()
        for operation, (calls, tokens) in spent.items():
            self._calls[operation] += calls
            self._spent[operation] += tokens
        self._ledger.book.add_tokens(spent)
        self._client.limits.spent_by_all(self._ledger.book.tokens_today())

    def _note_tokens(self) -> None:
        """Let later runs know which tokens of the day are gone."""
        try:
            ledger = Ledger(self._settings.ledger, self._ledger.run)
        except SettingsError as error:
            logger.warning("The tokens spent could not be noted in the ledger: %s", error)
            return
        spent = {op: (self._calls[op], tokens) for op, tokens in self._spent.items()}
        ledger.book.add_tokens(spent)
        ledger.close()

    @property
    def _checker(self) -> Checker:
        return cast("Checker", self._rooms.writer)  # what `make_writer` made

    @property
    def _folder(self) -> Path:
        """Where the copy of the ledger lies, and what else goes with the run."""
        return Path(cast("LedgerCopy", self._ledger).place.name)

    def _summed_up(self) -> Outcome:
        return Outcome(
            run=self._ledger.run,
            at=datetime.now(UTC),
            host=self._client.host,
            origin=self._client.origin,
            objects=self._scratch.objects(),
            fields=self._scratch.fields(),
            not_looked_at=not_looked_at(self._linked, self._scratch),
            read=self._counts.read,
            requests=self._calls,
            tokens=self._spent.total(),
            values_shown=self._settings.show_values,
            files=self._settings.verify_files,
        )


def _next(outcome: Outcome, typed: Typed) -> list[Step]:
    """Return what to type next."""
    steps = []
    if outcome.failed:
        steps += [
            Step(typed.command("resend"), "let the next full run write what differs or is missing"),
            Step(typed.run("apply", full=True), "write it, then verify again"),
        ]
    if outcome.number(Verdict.EDITED):
        steps.append(
            Step(typed.command("resend --edited"), "only if what people changed is to be undone")
        )
    if outcome.number(Verdict.REJECTED):
        steps.append(Step(typed.command("rejects"), "see why records were rejected"))
    return steps
