"""The result of a verification as JSON (counts), CSV (fields that are not equal) and a page."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING

from target_pipedrive import report
from target_pipedrive.mapping.table import inert
from target_pipedrive.report import (
    Bar,
    Bars,
    Column,
    Difference,
    Fact,
    Link,
    Record,
    Records,
    Report,
    Section,
    Segment,
    Table,
)
from target_pipedrive.verify.verdicts import MEANINGS, WORST_LAST, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_pipedrive.report import Cell, Step
    from target_pipedrive.verify.outcome import Outcome
    from target_pipedrive.verify.scratch import Checked, Scratch

NAME = "verify"
_HEADER = "verdict object pipedrive_id stream id part field rule expected found".split()  # noqa: SIM905 - reads as a list of names
_LINKED = frozenset({"person", "organization", "deal"})
"""Kinds of objects that have a page of their own in Pipedrive, under their name."""

_NOT_LOOKED_AT = "not looked at"


def write_all(
    outcome: Outcome, scratch: Scratch, folder: Path, steps: tuple[Step, ...]
) -> list[Path]:
    """Write the three files, mode 0600; return where they are, the page first.

    Args:
        outcome: Counts.
        scratch: Findings.
        folder: The output folder.
        steps: What to type next.
    """
    page, table, counts = (folder / f"{NAME}.{kind}" for kind in ("html", "csv", "json"))
    report.write(_report(outcome, scratch, steps), page)
    with os.fdopen(_private(table), "w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(_HEADER)
        rows.writerows(_lines(scratch))
    text = json.dumps(outcome.as_dict(), indent=2, ensure_ascii=False) + "\n"
    with os.fdopen(_private(counts), "w", encoding="utf-8") as out:
        out.write(text)
    return [page, table, counts]


def _private(path: Path) -> int:
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _lines(scratch: Scratch) -> Iterator[list[str]]:
    for checked in scratch.checked():
        key = checked.key
        place = [key.object, checked.row, key.stream, key.id if key.stream else "", key.part]
        for one in checked.findings:
            texts = (one.field, one.rule, one.expected or "", one.found or "")
            yield [one.verdict, *map(inert, (*place, *texts))]


def _report(outcome: Outcome, scratch: Scratch, steps: tuple[Step, ...]) -> Report:
    wrong, odd = outcome.failed, outcome.number(Verdict.EDITED, Verdict.EXTRA, Verdict.REJECTED)
    note = ""
    if outcome.not_looked_at:
        left = sum(outcome.not_looked_at.values())
        note = (
            f"{left:,} more objects of earlier runs were not looked at: no record of theirs came."
        )
    return Report(
        title="Verification",
        subtitle=f"{outcome.host} · run {outcome.run}",
        made_at=outcome.at,
        verdict=report.Verdict(
            "bad" if wrong else "warn" if odd else "ok", outcome.sentence(), note
        ),
        values="shown" if outcome.values_shown else "masked",
        facts=_facts(outcome),
        bars=(_bars(outcome),),
        sections=tuple(_sections(outcome)),
        next_steps=steps,
        records=Records(
            columns=(
                Column("Verdict", "state", 1.3),
                Column("Object"),
                Column("In Pipedrive", "link"),
                Column("Record", "code", 2.4),
                Column("Fields", width=2.0),
                Column("Why", width=2.4),
            ),
            rows=(_record(outcome, checked) for checked in scratch.checked(quiet=False)),
            facets=("Verdict", "Object"),
            heading="Objects to look at",
            note="One row for each object that is more than spelt otherwise; open it to see its "
            "fields side by side. What Pipedrive merely spells otherwise is in verify.csv.",
            sides=("Should stand", "In Pipedrive"),
        ),
    )


def _facts(outcome: Outcome) -> tuple[Fact, ...]:
    compared = sum(n for (_, field, _, _), n in outcome.fields.items() if field)
    equal = sum(
        n
        for (_, field, verdict, _), n in outcome.fields.items()
        if field and verdict in {Verdict.EQUAL, Verdict.NORMALISED}
    )
    facts = [
        Fact("Objects compared", outcome.number(), f"of {sum(outcome.read.values()):,} records"),
        Fact("Fields compared", compared, f"{equal:,} say what they should"),
    ]
    for verdict, tone in (
        (Verdict.DIFFERENT, "bad"),
        (Verdict.MISSING, "bad"),
        (Verdict.EDITED, "warn"),
        (Verdict.EXTRA, "warn"),
        (Verdict.REJECTED, "warn"),
    ):
        number = outcome.number(verdict)
        if number or verdict in {Verdict.DIFFERENT, Verdict.MISSING}:
            facts.append(Fact(verdict.capitalize(), number, tone=tone if number else "ok"))  # type: ignore[arg-type]  # one of its words
    facts.append(Fact("Tokens", outcome.tokens, f"{sum(outcome.requests.values()):,} requests"))
    return tuple(facts)


def _bars(outcome: Outcome) -> Bars:
    bars = []
    for obj in outcome.kinds():
        segments = [Segment(verdict, outcome.objects[obj, verdict]) for verdict in WORST_LAST]
        segments.append(Segment(_NOT_LOOKED_AT, outcome.not_looked_at.get(obj, 0)))
        bars.append(Bar(obj, tuple(one for one in segments if one.count)))
    return Bars("What stands, object by object", tuple(bars), "By the worst of each one's fields.")


def _sections(outcome: Outcome) -> Iterator[Section]:
    used = {verdict for _, verdict in outcome.objects} | {v for _, _, v, _ in outcome.fields}
    yield Section(
        "What the words mean",
        tables=(
            Table(
                (Column("Word", "state"), "Meaning"),
                tuple((word, MEANINGS[word]) for word in WORST_LAST if word in used),
            ),
        ),
    )
    if rules := tuple(outcome.rules()):
        yield Section(
            "Where something is said otherwise, and by which rule",
            tables=(
                Table(
                    (
                        "Object",
                        "Field",
                        Column("Verdict", "state"),
                        "Rule",
                        Column("Number", "number"),
                    ),
                    rules,
                ),
            ),
        )
    columns = [
        verdict for verdict in WORST_LAST if verdict in {v for _, f, v, _ in outcome.fields if f}
    ]
    rows: list[tuple[Cell, ...]] = [
        (obj, field, *(counts.get(verdict, 0) for verdict in columns))
        for obj, field, counts in outcome.by_field()
    ]
    yield Section(
        "Field by field",
        tables=(
            Table(
                ("Object", "Field", *(Column(v.capitalize(), "number") for v in columns)),
                tuple(rows),
            ),
        ),
        folded=True,
    )


def _record(outcome: Outcome, checked: Checked) -> Record:
    key = checked.key
    place: Cell = checked.row or None
    if checked.row and key.object in _LINKED:
        place = Link(checked.row, f"{outcome.origin}/{key.object}/{checked.row}")
    telling = [one for one in checked.findings if one.verdict is checked.verdict]
    source = f"{key.stream}/{key.id}{f' {key.part}' if key.part else ''}" if key.stream else None
    return Record(
        cells=(
            checked.verdict,
            key.object,
            place,
            source,
            ", ".join(one.field for one in telling if one.field),
            "; ".join(dict.fromkeys(one.rule for one in telling if one.rule)),
        ),
        detail=tuple(
            Difference(one.field, one.expected, one.found, one.verdict)
            for one in checked.findings
            if one.field
        ),
    )
