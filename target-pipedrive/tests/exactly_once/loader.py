"""The target with a ledger of its own, run by a hurried clock, killed without warning."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import shutil
from typing import TYPE_CHECKING

from target_pipedrive.declared import SCHEMA
from target_pipedrive.errors import TargetError
from target_pipedrive.load import LoadSession
from target_pipedrive.settings import Settings

from . import clock
from .account import TOKEN, URL, Plan, Wire

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = {
    name: prop["default"]
    for name, prop in SCHEMA.to_dict()["properties"].items()
    if "default" in prop
} | {"subscription": "ultimate", "burst": 1_000_000, "daily_tokens": 1_000_000_000}


class Loader:
    """A ledger, and the runs on it.

    Args:
        folder: Where the ledger and what belongs to it lie.
        account: The account it loads.
        mapping: The mapping files.
        spool: Where the contents of attachments lie.
    """

    def __init__(self, folder: Path, account, mapping, spool: Path, **settings):
        self.folder = folder
        self.account = account
        self._mapping = mapping
        self.ledger = folder / "ledger.db"
        self._settings = Settings.parse(
            DEFAULTS
            | {
                "api_token": TOKEN,
                "api_url": URL,
                "mapping": str(folder),
                "ledger": f"sqlite:///{self.ledger}",
                "output_dir": str(folder),
                "files_from": str(spool),
            }
            | settings
        )
        self.state = None
        """The last that was put out."""

    def run(self, messages, plan=None):
        """Run messages; return how it ended: "done", "killed", or the error."""
        plan = plan or Plan()
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            outcome = clock.run(self._run(messages, plan))
        for line in out.getvalue().splitlines():
            self.state = json.loads(line)
        return outcome

    async def _run(self, messages, plan):
        wire = Wire(self.account, plan)
        opened: list[LoadSession] = []
        work = asyncio.create_task(self._drive(messages, wire, opened))
        killed = asyncio.create_task(plan.killed.wait())
        await asyncio.wait({work, killed}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await self._kill(opened)
        killed.cancel()
        await self.account.landed()
        if plan.killed.is_set():
            return "killed"
        return work.result()

    async def _drive(self, messages, wire, opened):
        session = None
        failure = None
        try:
            session = await LoadSession.open(self._settings, self._mapping, transport=wire)
            opened.append(session)
            watching = asyncio.create_task(session.broken())
            taking = asyncio.create_task(_take(session, messages))
            await asyncio.wait({watching, taking}, return_when=asyncio.FIRST_COMPLETED)
            first, other = (taking, watching) if taking.done() else (watching, taking)
            other.cancel()
            await asyncio.gather(other, return_exceptions=True)
            await first
        except TargetError as error:
            failure = error
        if session is not None:
            await session.close(failure=failure)
        return failure or "done"

    async def _kill(self, opened):
        """End as a killed process does: what was not committed is lost, nothing is tidied."""
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # it is dead
        for session in opened:
            session._ledger._database._let_go()
        late = set(self.account._late)
        rest = asyncio.all_tasks() - {asyncio.current_task()} - late
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    # what happens to a ledger

    def keep_copy(self, name):
        """Copy the ledger as it stands."""
        if self.ledger.exists():
            shutil.copy(self.ledger, self.folder / f"{name}.copy")

    def restore(self, name):
        """Put a copy back; False when there is none."""
        copy = self.folder / f"{name}.copy"
        if not copy.exists():
            return False
        self.lose()
        shutil.copy(copy, self.ledger)
        return True

    def lose(self):
        """Delete the ledger."""
        for path in self.folder.glob("ledger.db*"):
            path.unlink()


async def _take(session, messages):
    for message in messages:
        await session.take(message)
    await session.end()
