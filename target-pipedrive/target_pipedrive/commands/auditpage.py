"""The audit log as a page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from target_pipedrive import report
from target_pipedrive.commands.shown import BY_HAND
from target_pipedrive.endings import Typed
from target_pipedrive.ledger.audit import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.ledger.chain import Checked
    from target_pipedrive.report import Tone

_TONES: Mapping[str, Tone] = {
    "adopted": "ok",
    "rejected": "bad",
    "gone": "warn",
    "dropped": "warn",
}


def write_page(
    ledger: Ledger,
    wanted: Mapping[str, Sequence[str]],
    rows: Iterable[Mapping[str, Any]],
    path: Path,
) -> int:
    """Write lines as a page; return how many.

    Args:
        ledger: Where the log is.
        wanted: Column → values of the lines that are written.
        rows: These lines, their links among them.
        path: Where to.

    Raises:
        OSError: It cannot be written.
    """
    found = ledger.audit.check({})
    number = ledger.audit.number(**wanted)
    objects = ledger.audit.count("object", **wanted)
    meanings = tuple((_shown(action), meaning) for action, meaning in ACTIONS.items())
    page = report.Report(
        title="Audit log",
        made_at=datetime.now(UTC),
        verdict=_verdict(found),
        subtitle=ledger.book.noted("host") or "",
        facts=(
            report.Fact("Lines", number, f"of {found.lines:,}" if any(wanted.values()) else ""),
            report.Fact("Runs", len(ledger.audit.count("run", **wanted))),
        ),
        bars=(
            report.Bars(
                "What was done, by object",
                tuple(
                    report.Bar(
                        obj,
                        tuple(
                            report.Segment(_shown(action), done[action])
                            for action in ACTIONS
                            if action in done
                        ),
                    )
                    for obj, done in sorted(objects.items())
                ),
                "Each object as often as something was done to it.",
            ),
        ),
        sections=(
            report.Section(
                "What the actions mean",
                tables=(report.Table(("Action", "Meaning"), meanings),),
                folded=True,
            ),
        ),
        next_steps=(
            report.Step(
                Typed.here().command(f"audit check --head {found.head}"),
                "to see later that none of these lines was touched",
            ),
        ),
        records=report.Records(
            columns=(
                report.Column("Line", "number", 0.6),
                report.Column("When (UTC)", "code", 1.6),
                report.Column("Action", "state", 0.8),
                report.Column("Stream", width=1.2),
                report.Column("Cliniko id", "code", 1.6),
                report.Column("Object"),
                report.Column("Pipedrive", "link", 0.8),
                report.Column("Code", width=0.8),
                report.Column("Run", "code", 1.8),
            ),
            rows=(_record(row) for row in rows),
            facets=("Action", "Object", "Stream", "Code", "Run"),
            heading="Lines",
        ),
        tones=_TONES,
    )
    report.write(page, path)
    return number


def _shown(action: str) -> str:
    return action.replace("_", " ")


def _verdict(found: Checked) -> report.Verdict:
    if found.fault:
        return report.Verdict("bad", f"The log is not whole: {found.fault}", found.todo)
    note = f"Head, to be kept elsewhere: {found.head}"
    return report.Verdict("ok", "Every line is as it was written", note)


def _record(row: Mapping[str, Any]) -> report.Record:
    seen = row["pipedrive_id"]
    return report.Record(
        (
            row["seq"],
            row["at"][:19].replace("T", " "),
            _shown(row["action"]),
            row["stream"],
            f"{row['id']} {row['part']}".rstrip(),
            row["object"],
            report.Link(seen, row["link"]) if row["link"] else seen,
            row["code"],
            row["run"] or BY_HAND,
        )
    )
