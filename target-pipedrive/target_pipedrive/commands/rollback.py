"""`target-pipedrive rollback`: take out of Pipedrive again what was loaded."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import click

from target_pipedrive import report
from target_pipedrive.bridge import Stopped
from target_pipedrive.commands.given import configured
from target_pipedrive.endings import Typed
from target_pipedrive.ledger.book import new_run
from target_pipedrive.rollback import Choices
from target_pipedrive.rollback import run as run_rollback
from target_pipedrive.rollback.choices import named_runs
from target_pipedrive.rollback.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.commands.given import Given

NAME = "rollback"
"""Of its files in the output folder."""


@click.command()
@click.option(
    "--run",
    "names",
    multiple=True,
    metavar="RUN",
    help="Only what this run made or changed; `last` for the newest; can be given several times.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done, as without --yes.")
@click.option("--yes", is_flag=True, help="Do it.")
@click.option(
    "--schema",
    is_flag=True,
    help="Custom fields, options, labels and activity types, too, as far as we made them and "
    "nobody uses them.",
)
@click.option("--force", is_flag=True, help="Delete what a person edited since, too.")
@configured
def rollback(
    given: Given,
    names: Sequence[str],
    *,
    dry_run: bool,
    yes: bool,
    schema: bool,
    force: bool,
) -> None:
    """Take back what was loaded: delete what we made, write back what we changed.

    Without --yes it only looks, and says what it would do and what that costs. What others made
    is never deleted; what a person edited since stays and is listed. It may spend the tokens that
    `reserve_tokens` keeps from loads. Stopped or killed, it goes on when it is run again.
    """
    target = given.target()
    with closing(given.writing(new_run())) as ledger:
        choices = Choices(
            named_runs(ledger, names), do=yes and not dry_run, schema=schema, force=force
        )
        ended = asyncio.run(run_rollback(target.settings, target.mapping, ledger, choices, _say))
        result = Result(ended, choices, ledger.run, Typed.here())
    folder = target.settings.output_dir
    folder.mkdir(parents=True, exist_ok=True)
    data, page = folder / f"{NAME}.json", folder / f"{NAME}.html"
    data.write_text(result.as_json(), encoding="utf-8")
    report.write(result.report(), page)
    for line in result.lines():
        click.echo(line)
    click.echo(f"Report: {page} (and {data})")
    if isinstance(ended.failure, Stopped):
        sys.exit(128 + ended.failure.signum)
    if ended.failure is not None:
        raise ended.failure


def _say(line: str) -> None:
    click.echo(line, err=True)
