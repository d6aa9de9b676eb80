"""`target-pipedrive audit`: what was done to which record, and whether the log of it is whole."""

from __future__ import annotations

import csv
import json
import os
import sys
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from target_pipedrive.commands.auditpage import write_page
from target_pipedrive.commands.given import configured
from target_pipedrive.commands.group import DefaultGroup
from target_pipedrive.commands.shown import BY_HAND, table
from target_pipedrive.endings import Typed
from target_pipedrive.errors import SettingsError
from target_pipedrive.ledger.audit import ACTIONS
from target_pipedrive.ledger.chain import Entry
from target_pipedrive.mapping.table import inert
from target_pipedrive.pipedrive.pages import page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, TextIO

    from target_pipedrive.commands.given import Given
    from target_pipedrive.ledger import Ledger

COLUMNS = (*Entry._fields[:-1], "link", "hash")
LAST = "last"
"""In place of a run's name."""

BROKEN = 1
"""Exit code when the log is not whole."""

_SHOWN_RUNS = 10


@click.group(cls=DefaultGroup, default="summary")
def audit() -> None:
    """The log of what was done to which record: summary, export, check."""


@audit.command()
@configured
def summary(given: Given) -> None:
    """Say how much there is of each run, and the head that proves it later."""
    with closing(given.reading()) as ledger:
        told = "\n".join(_summary(ledger))
    click.echo(told)


def _summary(ledger: Ledger) -> Iterator[str]:
    host, log = ledger.book.noted("host"), ledger.audit
    yield f"Account: company {ledger.book.noted('company') or 'not known yet'} ({host or '-'})"
    if not log.lines:
        yield "No line was written yet: the next run that changes something begins the log."
        return
    runs = log.count("run")
    actions = [action for action in ACTIONS if any(action in done for done in runs.values())]
    yield f"{log.lines:,} lines of {len(runs):,} runs; the newest first:"
    yield ""
    yield table(
        [
            {"run": run or BY_HAND, **{action: done.get(action, 0) for action in actions}}
            for run, done in list(runs.items())[:_SHOWN_RUNS]
        ]
    )
    if len(runs) > _SHOWN_RUNS:
        yield f"… and {len(runs) - _SHOWN_RUNS:,} earlier runs.\n"
    yield f"Head, of line {log.lines:,}: {log.head}"
    yield f"Next: see that no line was touched: {_typed('audit check')}"
    yield f"Next: read it as a page: {_typed('audit export --format html')}"


@audit.command()
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="HASH",
    help="A head that was kept elsewhere and must be in it; can be given several times.",
)
@configured
def check(given: Given, heads: Sequence[str]) -> None:
    """See that every line is as it was written; exit code 1 when one is not.

    The head that the last run left in last-run.json must be in it, too, if that run was on this
    ledger. Only a head that is kept where nobody can write who can write the ledger proves that the
    whole log was not written anew.
    """
    with closing(given.reading()) as ledger:
        kept = _left_by_the_last_run(given.output_dir, ledger)
        found = ledger.audit.check({**kept, **{head.lower(): "--head" for head in heads}})
        first = None if not found.fault else ledger.audit.after(found.lines)
    if not found.fault:
        click.echo(f"{found.lines:,} lines, each as it was written. Head: {found.head}")
        if heads or kept:
            click.echo(f"Heads kept elsewhere that are in it: {len({*heads, *kept})}.")
        click.echo(
            "Next: keep the head where nobody can change it, and give it next time: "
            f"{_typed(f'audit check --head {found.head}')}"
        )
        return
    click.echo(f"The log is not whole: {found.fault}.")
    click.echo(f"Sound up to line {found.lines:,}, whose hash is {found.head}.")
    if first is not None:
        click.echo(f"The line after it now reads: {_in_words(first)}")
    click.echo(f"What to do: {found.todo}")
    sys.exit(BROKEN)


def _left_by_the_last_run(folder: Path, ledger: Ledger) -> dict[str, str]:
    """Return the head that the last run told beside the ledger, if it was on this one."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads((folder / "last-run.json").read_text(encoding="utf-8"))
        if ledger.book.knows(told["run"]):
            return {str(told["audit"]["head"]): str(folder / "last-run.json")}
    return {}


def _in_words(row: Entry) -> str:
    record = f" of {row.stream}/{row.id}" if row.stream else f" {row.id}" if row.id else ""
    where = f"{row.object} {row.pipedrive_id}".rstrip()
    return f"{row.seq}, {row.at}: {row.action} {where}{record}, run {row.run or BY_HAND}"


# export


def _choice(name: str, what: str, **options: Any) -> Callable[..., Any]:
    return click.option(
        f"--{name}",
        multiple=True,
        help=f"Only lines of this {what}; can be given several times.",
        **options,
    )


@audit.command()
@click.argument(
    "file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default=""
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "html"]),
    default="csv",
    show_default=True,
    help="How to write it.",
)
@_choice("run", f"run; `{LAST}` for the newest")
@_choice("stream", "source stream")
@_choice("object", "kind of object")
@_choice("action", "action", type=click.Choice(sorted(ACTIONS)), metavar="ACTION")
@configured
def export(given: Given, file: Path, form: str, **wanted: Sequence[str]) -> None:
    """Write its lines into a file: output_dir/audit.FORMAT, unless FILE is named (- to print).

    Keys, ids and codes, no other value of any record.
    """
    path = given.output_dir / f"audit.{form}" if str(file) in {"", "."} else file
    printed = str(path) == "-"
    if printed and form == "html":
        raise SettingsError("A page is written into a file: name one instead of -")
    with closing(given.reading()) as ledger:
        wanted["run"] = [_run(ledger, name) for name in wanted["run"]]
        if form == "html":
            try:
                number = write_page(ledger, wanted, _rows(ledger, wanted), path)
            except OSError as error:
                raise _unwritable(path, error) from error
        else:
            with _opened(path) as out:
                number = _WRITERS[form](ledger, wanted, out)
    if not printed:
        chosen = "that you chose " if any(wanted.values()) else ""
        click.echo(f"{number:,} lines {chosen}of {ledger.audit.lines:,} are in {path}")
        click.echo(f"Next: see that no line was touched: {_typed('audit check')}")


def _run(ledger: Ledger, name: str) -> str:
    return ledger.audit.last_run() if name == LAST else "" if name == BY_HAND else name


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """Open a file that its owner alone can read; - is standard output."""
    if str(path) == "-":
        yield sys.stdout
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(handle, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    with open(handle, "w", encoding="utf-8", newline="") as out:  # noqa: PTH123 - a handle
        yield out


def _unwritable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(f"{path} cannot be written: {error.strerror}. Name another FILE.")


def _rows(ledger: Ledger, wanted: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    host = ledger.book.noted("host")
    for row in ledger.audit.rows(**wanted):
        *content, digest = row
        link = page_of(host, row.object, row.pipedrive_id)
        yield dict(zip(COLUMNS, (*content, link, digest), strict=True))


def _write_csv(ledger: Ledger, wanted: Mapping[str, Sequence[str]], out: TextIO) -> int:
    number = 0
    writer = csv.writer(out)  # RFC 4180
    writer.writerow(COLUMNS)
    for number, row in enumerate(_rows(ledger, wanted), 1):  # noqa: B007 - the count is what is wanted
        # Ids and labels come from elsewhere, and people open this in a spreadsheet.
        writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row.values()])
    return number


def _write_jsonl(ledger: Ledger, wanted: Mapping[str, Sequence[str]], out: TextIO) -> int:
    number = 0
    for number, row in enumerate(_rows(ledger, wanted), 1):  # noqa: B007 - the count is what is wanted
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return number


_WRITERS = {"csv": _write_csv, "jsonl": _write_jsonl}


def _typed(words: str) -> str:
    return Typed.here().command(words)
