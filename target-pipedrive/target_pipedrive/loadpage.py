"""What a load did, as a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from target_pipedrive import report
from target_pipedrive.counts import REASONS
from target_pipedrive.endings import DONE, outcome_in_words
from target_pipedrive.errors import REJECTS
from target_pipedrive.progress.view import span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from target_pipedrive.counts import Counts
    from target_pipedrive.ledger import Ledger

NAME = "last-run.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a page tells of a load, beside its counts and what stands rejected.

    Args:
        outcome: How it ended, a key of `endings.OUTCOMES`.
        host: The company's address.
        seconds: How long it took.
        requests: Sent to Pipedrive.
        tokens: Spent by this run.
        budget: Tokens that it might spend when it began.
        moments: Where it stood, from its beginning to its end.
        next_steps: What to type next.
    """

    outcome: str
    host: str
    seconds: float
    requests: int
    tokens: int
    budget: int
    moments: tuple[report.Moment, ...]
    next_steps: Sequence[str]


def write(told: Told, counts: Counts, ledger: Ledger, folder: Path) -> Path:
    """Write the page of a load; return where it is. It holds no value of any record."""
    path = folder / NAME
    standing = ledger.rejects.count()
    rejected = sum(standing.values())
    page = report.Report(
        title="Load",
        subtitle=f"{told.host} · run {ledger.run}",
        made_at=datetime.now(UTC),
        verdict=_verdict(told, counts.written(), rejected),
        facts=(
            report.Fact("Objects written", counts.written()),
            report.Fact("Records read", counts.read.total(), f"of {len(counts.read)} streams"),
            report.Fact("Stand rejected", rejected, "records", "warn" if rejected else "ok"),
            report.Fact("Tokens", told.tokens, f"of {told.budget:,} that were left today"),
            report.Fact("Requests", told.requests),
            report.Fact("Time", span(told.seconds)),
        ),
        bars=(report.Bars("What was done, by object", tuple(_bars(counts))),),
        timeline=report.Timeline(told.moments, told.budget),
        sections=tuple(_sections(counts)),
        next_steps=tuple(map(_step, told.next_steps)),
        records=report.Records(
            columns=(
                report.Column("Code", width=1.2),
                report.Column("Stream"),
                report.Column("Source id", "code", 1.4),
                report.Column("Object", width=0.8),
                report.Column("Detail", width=1.4),
                report.Column("Meaning", width=2.5),
                report.Column("What to do", width=2.5),
            ),
            rows=_rejects(ledger),
            facets=("Code", "Stream", "Object"),
            heading="Records that stand rejected",
            note="Kept whole in the ledger, and tried again by every run.",
        )
        if rejected
        else None,
    )
    report.write(page, path)
    return path


def _verdict(told: Told, written: int, rejected: int) -> report.Verdict:
    text = f"{written:,} objects written"
    if told.outcome != DONE:
        return report.Verdict("bad", text, f"Then the run ended: {outcome_in_words(told.outcome)}")
    if rejected:
        return report.Verdict("warn", f"{text}; {rejected:,} records stand rejected")
    return report.Verdict("ok", text if written else "Pipedrive was in step already")


def _bars(counts: Counts) -> Iterator[report.Bar]:
    for obj in sorted({obj for obj, _ in counts.done}):
        done = {action: number for (one, action), number in counts.done.items() if one == obj}
        yield report.Bar(obj, tuple(report.Segment(*each) for each in done.items()))


def _step(text: str) -> report.Step:
    """Part a step, `why: what to type`, for the page."""
    why, colon, command = text.rpartition(": ")
    return report.Step(command, why) if colon else report.Step(text)


def _sections(counts: Counts) -> Iterator[report.Section]:
    tables = []
    if counts.left_out:
        rows = [
            (stream, number, REASONS.get(reason, reason))
            for (stream, reason), number in sorted(counts.left_out.items())
        ]
        records = report.Column("Records", "number")
        tables.append(report.Table(("Stream", records, "Why"), tuple(rows), "Left out"))
    if counts.truncated:
        records = report.Column("Records", "number")
        cut = tuple(sorted(counts.truncated.items()))
        tables.append(report.Table(("Field", records), cut, "Cut to fit"))
    if tables:
        yield report.Section("What did not come along as it is", tables=tuple(tables))


def _rejects(ledger: Ledger) -> Iterator[report.Record]:
    for reject in ledger.rejects.all():
        why = REJECTS[reject.code]
        yield report.Record(
            (
                reject.code,
                reject.stream,
                reject.id,
                reject.object,
                reject.detail,
                why.meaning,
                why.action,
            )
        )
