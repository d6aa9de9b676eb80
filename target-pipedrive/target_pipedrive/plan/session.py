"""A run that plans: the load itself, rehearsed. Pipedrive is read, nothing of it is changed."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast

from target_pipedrive import newest
from target_pipedrive.endings import outcome_of
from target_pipedrive.ledger.copy import LedgerCopy
from target_pipedrive.pipedrive import Pipedrive
from target_pipedrive.pipedrive.transport import Transport
from target_pipedrive.plan import document
from target_pipedrive.plan.account import schema_of
from target_pipedrive.plan.content import HOMES, Rehearsed, content
from target_pipedrive.plan.lines import lines
from target_pipedrive.plan.origins import Unread
from target_pipedrive.plan.page import page
from target_pipedrive.plan.rehearsal import Rehearsal
from target_pipedrive.plan.writer import RehearsedWriter
from target_pipedrive.report import write
from target_pipedrive.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.pipedrive import Client
    from target_pipedrive.plan.account import Schema
    from target_pipedrive.plan.notes import Notes
    from target_pipedrive.settings import Settings

logger = logging.getLogger("target_pipedrive")

_ROOMY = 1_000_000
"""Custom fields: a plan tells that there is no room instead of ending because of it."""


class PlanSession(Session):
    """An open run that plans."""

    make_writer = RehearsedWriter

    def __init__(self, settings: Settings, ledger: Ledger, client: Client) -> None:
        super().__init__(settings, ledger, client)
        self._given = settings
        self._unread: Unread
        self._schema: Schema
        self._used: dict[str, int] = {}

    @classmethod
    async def open(
        cls,
        settings: Settings,
        mapping: MappingSet,
        *,
        transport: Callable[..., Transport] = Transport,
    ) -> Self:
        """Open a copy of the ledger, and the account; see `Session.open`.

        What would end a load before its time is told in the plan.
        """
        patient = replace(
            settings,
            stop_on_unmatched=False,
            max_rejects=None,
            fields=replace(settings.fields, most=_ROOMY),
        )
        session = await super().open(patient, mapping, transport=transport)
        session._given = settings  # noqa: SLF001 - its own
        return session

    @classmethod
    def open_ledger(cls, settings: Settings, run: str) -> Ledger:
        """Return a copy of the ledger; an empty one when there is none."""
        return LedgerCopy(settings.ledger, run, settings.output_dir, or_empty=True)

    @classmethod
    def wrap(cls, client: Client) -> Client:
        """Return what answers writes itself."""
        return Rehearsal(client)

    @property
    def _rehearsal(self) -> Rehearsal:
        return cast("Rehearsal", self._client)

    @property
    def _notes(self) -> Notes:
        return cast("RehearsedWriter", self._rooms.writer).notes

    async def _begin(self) -> None:
        """Look at the account as it is; what a load would look at is a part of its price."""
        rooms, real = self._rooms, Pipedrive(self._rehearsal.real)
        asking = rooms.pipedrive if self._given.require_plan else real
        self._schema = await schema_of(asking, rooms.fields, rooms.mapping)
        for home in HOMES:
            listed = self._schema["fields"].get(home)
            rows = await real.schema.field_rows(home) if listed is None else listed
            self._used[home] = len(
                rows if listed is not None else [r for r in rows if r.get("is_custom_field")]
            )
        self._unread = Unread(rooms.mapping)
        self._notes.show_values = self._given.show_values
        self._notes.has_user = rooms.users.has
        if newest.is_behind(self._given.output_dir, str(rooms.account.company_id), self._ledger):
            rooms.index.listing.fall_behind()

    async def take(self, message: tuple[str, Any, Any]) -> None:
        """Take one message."""
        if message[0] == "record":
            self._unread.record(message[1], message[2])
        await super().take(message)

    def _put_out(self, state: dict[str, Any]) -> None:
        """Put out no state: nothing was loaded."""

    async def _write_down(self, failure: BaseException | None) -> None:
        """Write the plan, if the rehearsal came to its end."""
        with closing(self._notes):
            if failure is not None or self._flow.failure is not None:
                told = outcome_of(failure or self._flow.failure)
                logger.warning("No plan was made: the rehearsal ended before its end (%s)", told)
                return
            review = self._rooms.review
            if review.asks:
                await review.describe(self._rooms.pipedrive, self._client.origin)
            plan = content(
                Rehearsed(
                    settings=self._given,
                    rooms=self._rooms,
                    ledger=self._ledger,
                    client=self._rehearsal,
                    counts=self._counts,
                    notes=self._notes,
                    unread=self._unread,
                    schema=self._schema,
                    used=self._used,
                )
            )
            folder = self._given.output_dir
            plan["sha256"] = document.save(plan, folder / document.NAME)
            write(page(plan, self._notes, self._given), folder / document.PAGE)
            questions = review.write(self._ledger)
            for line in lines(plan, self._given, questions=questions):
                logger.info(line)
