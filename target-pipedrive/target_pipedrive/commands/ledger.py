"""`target-pipedrive ledger`: what it holds, what became what, and whether it is sound."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import click

from target_pipedrive.commands.account import compare
from target_pipedrive.commands.given import configured
from target_pipedrive.commands.group import DefaultGroup
from target_pipedrive.commands.shown import FORMAT, as_csv, as_json, moment, table
from target_pipedrive.endings import Typed, after
from target_pipedrive.pipedrive import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from target_pipedrive.commands.given import Given
    from target_pipedrive.ledger import Finding

LINK_COLUMNS = ("object", "stream", "id", "part", "pipedrive_id", "created", "run", "written_at")
FINDING_COLUMNS = ("finding", "where", "broken", "what to do")
FOUND = 1
"""Exit code when something is broken."""


@click.group(cls=DefaultGroup, default="info")
def ledger() -> None:
    """The ledger: info, export, check."""


@ledger.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
@configured
def info(given: Given, form: str) -> None:
    """Say whose account it is, and what it holds: links, rejects, runs, tokens."""
    with closing(given.reading()) as ledger:
        told = ledger.survey.info()
    click.echo(as_json(told) if form == "json" else "\n".join(_lines(told)), nl=form != "json")


def _lines(told: dict[str, Any]) -> Iterator[str]:
    account, last = told["account"], told["runs"]["last"]
    yield f"Account: company {account['company'] or 'not known yet'} ({account['host'] or '-'})"
    yield f"Version {told['version']}, {told['bytes'] / 1e6:,.1f} MB"
    yield f"Runs: {told['runs']['number']:,}"
    if last:
        ended = moment(last["ended_at"]) or "not ended"
        outcome = last["outcome"] or "under way or killed"
        yield f"Last run: {last['run']}, {ended}: {outcome}"
    yield ""
    yield table(told["links"]) or "Nothing was loaded with it yet.\n"
    yield f"Records kept because others are computed from them: {sum(told['kept'].values()):,}"
    yield f"Rejected: {sum(told['rejects'].values()):,}; dropped by a person: {told['dropped']:,}"
    yield f"Creates of unknown outcome: {told['announced']:,}"
    if told["tokens"]:
        yield ""
        yield table(told["tokens"]).rstrip()
    yield ""
    yield after("ledger info", "rejects" if told["rejects"] else "well", Typed.here())


@ledger.command()
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=True), default="-")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="How to write it.",
)
@configured
def export(given: Given, file: Any, form: str) -> None:
    """Write what became what: keys and ids, nothing else of any record."""
    with closing(given.reading()) as ledger:
        rows = ({**row, "written_at": moment(row["written_at"])} for row in ledger.survey.links())
        if form == "csv":
            file.write(as_csv(LINK_COLUMNS, rows))
        else:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@ledger.command()
@click.option("--account", is_flag=True, help="Compare it with Pipedrive, by list pages.")
@click.option(
    "--object",
    "objects",
    multiple=True,
    type=click.Choice(list(OBJECTS)),
    metavar="OBJECT",
    help="With --account: only these objects; can be given several times.",
)
@FORMAT
@configured
def check(given: Given, objects: Sequence[str], form: str, *, account: bool) -> None:
    """See that it is sound; exit code 1 when something in it is broken.

    With --account it is also held against Pipedrive, which is only read: which linked objects are
    gone, and which objects bear our mark and are not in the ledger. Each 500 rows take 10 tokens
    (100 files: 20). Products of deals are looked for on the deals that the ledger knows.
    """
    with closing(given.reading()) as reading:
        findings = list(reading.survey.findings())
    if account:
        target = given.target()
        with closing(given.writing()) as writing:
            more, spent = asyncio.run(compare(writing, target.settings, target.mapping, objects))
        findings += more
        click.echo(f"Compared with Pipedrive for {spent:,} tokens.", err=True)
    _print_findings(findings, form, account=account)
    if any(finding.broken for finding in findings):
        sys.exit(FOUND)


def _print_findings(findings: Sequence[Finding], form: str, *, account: bool) -> None:
    rows = [
        dict(zip(FINDING_COLUMNS, (f.kind, f.where, f.broken, f.todo), strict=True))
        for f in findings
    ]
    if form == "json":
        click.echo(as_json(rows), nl=False)
    elif form == "csv":
        click.echo(as_csv(FINDING_COLUMNS, rows), nl=False)
    elif not rows:
        click.echo("The ledger is sound.")
        if not account:
            click.echo(after("ledger check", "sound", Typed.here()))
    else:
        shown = [{**row, "broken": "yes" if row["broken"] else "no"} for row in rows]
        click.echo(table(shown), nl=False)
        if not any(row["broken"] for row in rows):
            click.echo("The ledger is sound; what is listed is settled by later runs.")
