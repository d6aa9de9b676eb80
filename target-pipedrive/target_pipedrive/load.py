"""A run that writes to Pipedrive."""

from __future__ import annotations

import csv
import json
import logging
import time
from typing import TYPE_CHECKING

from target_pipedrive import loadpage, newest
from target_pipedrive.endings import Facts, Typed, next_steps, outcome_of
from target_pipedrive.errors import REJECTS, BudgetSpent, TooManyRejects
from target_pipedrive.mapping.table import inert
from target_pipedrive.plan.guard import require
from target_pipedrive.session import Session

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from target_pipedrive.ledger import Ledger, Reject

logger = logging.getLogger("target_pipedrive")


class LoadSession(Session):
    """An open run that loads."""

    retry: Collection[Reject] | None = None
    """Rejected records to try again at the end, instead of all."""

    async def _begin(self) -> None:
        await self._require_plan()
        company, folder = str(self._rooms.account.company_id), self._settings.output_dir
        if newest.is_behind(folder, company, self._ledger):
            self._rooms.index.listing.fall_behind()
        self._ledger.book.begin_run()
        await self._ledger.durable()
        newest.note(folder, company, self._ledger.run)

    async def _require_plan(self) -> None:
        """See that there is a plan that still holds, if one is wanted."""
        if self._settings.require_plan:
            await require(self._settings, self._rooms, self._ledger)

    async def end(self) -> None:
        """All input was read: do what waited for it."""
        if self.retry is None:
            await super().end()
        else:
            await self._recall(self.retry)
            await self._rooms.engine.retry(self.retry)

    async def _write_down(self, failure: BaseException | None) -> None:
        """Let the ledger know how the run ended, then put out the state it settled, and sum up."""
        review = self._rooms.review
        orderly = failure is None or isinstance(failure, BudgetSpent | TooManyRejects)
        if orderly and self._flow.failure is None:
            self._rooms.index.listing.note_end(self._client.server_time())
        if review.asks and (failure is None or isinstance(failure, TooManyRejects)):
            await review.describe(self._rooms.pipedrive, self._client.origin)
        self._ledger.audit.end()
        self._ledger.book.end_run(outcome_of(failure), self._counts.as_dict())
        await self._put_out_state()
        self._sum_up(failure)

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
            "outcome": outcome_of(failure),
            **self._counts.as_dict(),
            "requests": dict(limits.by_operation),
            "tokens_today": limits.spent,
            "tokens_left": limits.left,
            "audit": {"lines": ledger.audit.added, "head": ledger.audit.head},
        }
        (folder / "last-run.json").write_text(json.dumps(summary, indent=2) + "\n")
        _list_rejects(ledger, folder / "rejects.csv")
        logger.info("Summary: %s", folder / "last-run.json")
        logger.info("Rejected records: %s", folder / "rejects.csv")
        logger.info(
            "Audit log: %s lines of this run; its head, to be kept elsewhere: %s",
            f"{ledger.audit.added:,}",
            ledger.audit.head,
        )
        facts = Facts(
            outcome=outcome_of(failure),
            rejected=sum(ledger.rejects.count().values()),
            questions=self._rooms.review.write(ledger),
            unmatched=len(self._rooms.engine.notices.unmatched),
            written=self._counts.written(),
            review_file=self._settings.review_file,
        )
        steps = list(next_steps(facts, Typed.here()))
        told = loadpage.Told(
            outcome=facts.outcome,
            host=self._client.host,
            seconds=time.monotonic() - self._began,
            requests=limits.by_operation.total(),
            tokens=limits.spent_here,
            budget=self._progress.budget,
            moments=self._progress.moments(),
            next_steps=steps,
        )
        logger.info("Report: %s", loadpage.write(told, self._counts, ledger, folder))
        for line in steps:
            logger.info("Next: %s", line)


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
