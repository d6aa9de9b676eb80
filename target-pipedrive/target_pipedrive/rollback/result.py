"""How a rollback is told: as lines, as JSON, and as a page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_pipedrive.bridge import Stopped
from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.pipedrive.pages import page_of
from target_pipedrive.report import (
    Bar,
    Bars,
    Column,
    Fact,
    Link,
    Record,
    Records,
    Report,
    Section,
    Segment,
    Step,
    Table,
    Verdict,
)
from target_pipedrive.rollback.reasons import REASONS
from target_pipedrive.rollback.tally import ACTIONS, MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.endings import Typed
    from target_pipedrive.report.model import Cell
    from target_pipedrive.rollback.choices import Choices
    from target_pipedrive.rollback.opening import Ended
    from target_pipedrive.rollback.tally import Kept

WINDOW = 2.0
"""Seconds of Pipedrive's window of requests."""

_FUTURE = {
    "deleted": "delete",
    "restored": "restore",
    "released": "let go of",
    "gone": "gone",
}
_PAST = {**_FUTURE, "deleted": "deleted", "restored": "restored"}
_STAYS = "kept"


class Result:
    """What is told of a rollback.

    Args:
        ended: How it ended.
        choices: What was asked.
        run: Its name in the ledger.
        typed: What people type here.
    """

    def __init__(self, ended: Ended, choices: Choices, run: str, typed: Typed) -> None:
        self._ended = ended
        self._choices = choices
        self._run = run
        self._typed = typed
        self._tally = ended.tally
        self._words = _PAST if choices.do else _FUTURE

    @property
    def days(self) -> int:
        """Days that it takes from now on, today included."""
        more = self._tally.tokens - self._ended.left
        return 1 + max(0, -(-more // self._ended.budget))

    @property
    def seconds(self) -> float:
        """How long its requests take at least."""
        return self._tally.requests / self._ended.burst * WINDOW

    # lines

    def lines(self) -> Iterator[str]:
        """Yield what a person reads at the end."""
        yield from self._table()
        yield ""
        yield from self._why()
        yield self._cost()
        yield from self._ending()

    def _table(self) -> Iterator[str]:
        rows = [["object", *(self._words[action] for action in ACTIONS), _STAYS]]
        for obj, counts in self._tally.as_dict().items():
            kept = sum(counts["kept"].values())
            rows.append([plural(obj), *(f"{counts.get(one, 0):,}" for one in ACTIONS), f"{kept:,}"])
        if len(rows) == 1:
            yield "Nothing that stands in Pipedrive is known to this ledger: nothing to take back."
            return
        widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
        for row in rows:
            name, *numbers = (
                cell.rjust(width) if at else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            yield "  ".join([name, *numbers])

    def _why(self) -> Iterator[str]:
        by_reason: dict[str, list[str]] = {}
        for (obj, why), number in self._tally.reasons().items():
            by_reason.setdefault(why, []).append(_amount(obj, number))
        for why, amounts in by_reason.items():
            told = REASONS[why]
            yield f"Kept ({why}): {', '.join(amounts)}. {told.meaning} {told.action}"
        if by_reason:
            yield ""

    def _cost(self) -> str:
        ended, tally = self._ended, self._tally
        if self._choices.do:
            return (
                f"{ended.spent:,} tokens spent in {_span(ended.seconds)}; {ended.left:,} of "
                f"{ended.budget:,} left today."
            )
        return (
            f"Price: {tally.tokens:,} tokens, {tally.requests:,} requests, at least "
            f"{_span(self.seconds)}; {ended.left:,} of {ended.budget:,} tokens are left today, so "
            f"{self.days:,} {'day' if self.days == 1 else 'days'}. Looking took {ended.spent:,}."
        )

    def _ending(self) -> Iterator[str]:
        if self._ended.failure is not None:
            yield f"Not finished: {self._reason()}"
        elif not self._choices.do:
            yield "Nothing was changed: this is what would be done."
        for step in self.steps():
            yield f"Next: {step.why}: {step.command}"

    def _reason(self) -> str:
        failure = self._ended.failure
        return "it was asked to stop." if isinstance(failure, Stopped) else str(failure)

    def steps(self) -> Iterator[Step]:
        """Yield what to type next."""
        again = self._typed.command(" ".join(["rollback", *self._arguments()]))
        if self._ended.failure is not None:
            yield Step(again, "go on where it stopped")
            return
        if not self._choices.do:
            if any(self._tally.done.values()):
                yield Step(f"{again} --yes", "do it")
            return
        yield Step(
            self._typed.run("apply", full=True),
            "to load again, everything must be read anew: the tap's state says that it was read "
            "already, and knows nothing of a rollback",
        )

    def _arguments(self) -> Iterator[str]:
        for run in sorted(self._choices.runs):
            yield f"--run {run}"
        for name in ("schema", "force"):
            if getattr(self._choices, name):
                yield f"--{name}"
        if self._choices.do and self._ended.failure is not None:
            yield "--yes"

    # files

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON values; none is a record's."""
        ended, tally = self._ended, self._tally
        failure = ended.failure
        return {
            "run": self._run,
            "done": self._choices.do,
            "outcome": "done" if failure is None else type(failure).__name__,
            "runs": sorted(self._choices.runs),
            "schema": self._choices.schema,
            "force": self._choices.force,
            "objects": tally.as_dict(),
            "price": {
                "tokens": tally.tokens,
                "requests": tally.requests,
                "days": self.days,
                "seconds_at_least": round(self.seconds, 1),
            },
            "spent": ended.spent,
            "left_today": ended.left,
            "tokens_a_day": ended.budget,
            "kept": [{name: getattr(kept, name) for name in kept.__slots__} for kept in tally.kept],
        }

    def as_json(self) -> str:
        """Return the same as text."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"

    def report(self) -> Report:
        """Return the page."""
        ended, tally = self._ended, self._tally
        counts = tally.as_dict()
        facts = [
            Fact(self._words[action].capitalize(), sum(n.get(action, 0) for n in counts.values()))
            for action in ACTIONS
        ]
        stays = Fact(_STAYS.capitalize(), len(tally.kept), tone="warn" if tally.kept else "ok")
        price = (
            Fact("Tokens", ended.spent, f"{ended.left:,} of {ended.budget:,} left today")
            if self._choices.do
            else Fact("Tokens", tally.tokens, f"{self.days:,} day(s) of {ended.budget:,}")
        )
        return Report(
            title="Rollback",
            made_at=datetime.now(UTC),
            verdict=self._verdict(),
            subtitle=ended.host,
            facts=(*facts, stays, price),
            bars=(Bars("What becomes of each object", tuple(self._bars())),),
            sections=tuple(self._sections()),
            next_steps=tuple(self.steps()),
            records=Records(
                columns=(
                    Column("Object", "code"),
                    Column("Pipedrive", "link"),
                    Column("Reason", "code"),
                    Column("Stream", "code"),
                    Column("Record", "code"),
                    Column("Which of it", width=2),
                ),
                rows=(Record(_cells(kept, ended.host)) for kept in tally.kept),
                facets=("Object", "Reason"),
                heading="What stays",
            ),
        )

    def _verdict(self) -> Verdict:
        if self._ended.failure is not None:
            return Verdict("warn", "Not finished", self._reason())
        number = len(self._tally.kept)
        if not self._choices.do:
            note = f"{number:,} things would stay" if number else "nothing of it would stay"
            return Verdict("plain", "Nothing was changed: this is what would be done", note)
        if number:
            return Verdict("warn", f"Taken back; {number:,} things stay", "They are listed below")
        return Verdict("ok", "Everything is taken back")

    def _bars(self) -> Iterator[Bar]:
        for obj, counts in self._tally.as_dict().items():
            segments = [Segment(self._words[one], counts.get(one, 0)) for one in ACTIONS]
            kept = Segment(_STAYS, sum(counts["kept"].values()))
            yield Bar(plural(obj), (*segments, kept))

    def _sections(self) -> Iterator[Section]:
        meanings = tuple((self._words[one], MEANINGS[one]) for one in ACTIONS)
        yield Section("What is done", tables=(Table(("What", "Why"), meanings),))
        rows = tuple(
            (plural(obj), why, number, REASONS[why].meaning, REASONS[why].action)
            for (obj, why), number in self._tally.reasons().items()
        )
        if rows:
            columns = ("Object", "Reason", Column("Number", "number"), "Meaning", "What to do")
            yield Section("What stays, and why", tables=(Table(columns, rows),), tone="warn")


def plural(obj: str) -> str:
    """Return the name of many objects of a kind; fields have one already."""
    return OBJECTS[obj].plural if obj in OBJECTS else obj


def _amount(obj: str, number: int) -> str:
    return f"{number:,} {obj if number == 1 else plural(obj)}"


def _cells(kept: Kept, host: str) -> tuple[Cell, ...]:
    page = page_of(host, kept.object, kept.pipedrive_id)
    return (
        kept.object,
        Link(kept.pipedrive_id, page) if page else kept.pipedrive_id,
        kept.reason,
        kept.stream,
        kept.id,
        kept.detail,
    )


def _span(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - a minute and a half
        return f"{seconds:.0f} s"
    if seconds < 5400:  # noqa: PLR2004 - an hour and a half
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
