"""`target-pipedrive resend`: lets the next run write what a verification found wrong."""

from __future__ import annotations

import csv
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from target_pipedrive.commands.given import configured
from target_pipedrive.endings import Typed
from target_pipedrive.errors import SettingsError
from target_pipedrive.ledger import LinkKey
from target_pipedrive.verify.verdicts import FAILING, Verdict
from target_pipedrive.verify.written import NAME

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_pipedrive.commands.given import Given


@click.command()
@click.option("--edited", is_flag=True, help="Also what a person changed since; it is overwritten.")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path),
    help="What the verification found; verify.csv in `output_dir` by default.",
)
@configured
def resend(given: Given, path: Path | None, *, edited: bool) -> None:
    """Let what `verify` found different or missing be written whole by the next full run.

    A run compares a record with what it sent, not with what stands in Pipedrive: that somebody
    deleted or changed an object there it sees only when the record changes. This makes the ledger
    doubt those objects. Nothing is sent now.
    """
    verdicts = FAILING | {Verdict.EDITED} if edited else FAILING
    wanted = _read(path or given.output_dir / f"{NAME}.csv", verdicts)
    with closing(given.writing()) as ledger:
        links = [link for key in wanted if (link := ledger.links.get(key)) is not None]
        for link in links:
            ledger.links.doubt_references(link.key)  # another row may take its place
            ledger.links.put(replace(link, sent=None))
    if not links:
        click.echo("Nothing to send again: the next run writes what is new by itself.")
        return
    click.echo(f"{len(links):,} objects are written whole by the next run that reads them.")
    click.echo(f"Next: read everything once: {Typed.here().run('apply', full=True)}")


def _read(path: Path, verdicts: Collection[Verdict]) -> list[LinkKey]:
    """Return the objects that came to one of the verdicts.

    Raises:
        SettingsError: There is no such file, or it is another one.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["verdict"] in verdicts]
            return list(dict.fromkeys(map(_key, rows)))
    except (OSError, KeyError) as error:
        raise SettingsError(
            f"{path} holds no findings of a verification: run `{Typed.here().run('verify')}` first."
        ) from error


def _key(row: dict[str, str]) -> LinkKey:
    """Return the object of a line; the apostrophe that makes a cell inert is not its own."""
    words = (row[name].removeprefix("'") for name in ("object", "stream", "id", "part"))
    return LinkKey(*words)
