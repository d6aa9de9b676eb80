"""`target-pipedrive rejects`: what could not be written, why, and what to do about it."""

from __future__ import annotations

import getpass
import json
import os
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from target_pipedrive.commands.given import configured
from target_pipedrive.commands.group import DefaultGroup
from target_pipedrive.commands.shown import FORMAT, as_csv, as_json, moment, table
from target_pipedrive.endings import Typed, after
from target_pipedrive.errors import REJECTS, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from target_pipedrive.commands.given import Given
    from target_pipedrive.ledger import Dropped, Ledger, Reject

COLUMNS = ("stream", "id", "object", "code", "tries", "since", "detail")

_CODE = click.option(
    "--code",
    "codes",
    multiple=True,
    type=click.Choice(sorted(REJECTS)),
    metavar="CODE",
    help="Only those with this code; can be given several times.",
)
_STREAM = click.option(
    "--stream", "streams", multiple=True, help="Only those of this stream; so, too."
)


@click.group(cls=DefaultGroup, default="list")
def rejects() -> None:
    """Records that could not be written: list, explain, retry, export, drop."""


@rejects.command("list")
@_CODE
@_STREAM
@FORMAT
@configured
def list_(given: Given, codes: Sequence[str], streams: Sequence[str], form: str) -> None:
    """List them, counted by code; no value of a record is shown."""
    with closing(given.reading()) as ledger:
        found = _chosen(ledger.rejects.all(), codes=codes, streams=streams)
        dropped = ledger.rejects.dropped()
    rows = [_row(reject) for reject in found]
    counts = Counter(reject.code for reject in found)
    if form == "csv":
        click.echo(as_csv(COLUMNS, rows), nl=False)
    elif form == "json":
        told = {
            "counts": dict(counts),
            "rejects": rows,
            "dropped": [_dropped_row(drop) for drop in dropped],
        }
        click.echo(as_json(told), nl=False)
    else:
        _print_list(counts, rows, dropped)


def _print_list(counts: Counter[str], rows: Sequence[Any], dropped: Sequence[Dropped]) -> None:
    if rows:
        totals = [
            {"code": code, "records": number, "meaning": REJECTS[code].meaning}
            for code, number in counts.most_common()
        ]
        click.echo(table(totals))
        click.echo(table(rows))
        click.echo(after("rejects list", "some", Typed.here()))
    else:
        click.echo("No record stands rejected.")
    if dropped:
        click.echo("\nDropped, never to be tried again:")
        click.echo(table([_dropped_row(drop) for drop in dropped]), nl=False)


@rejects.command()
@click.argument("what", metavar="CODE|STREAM/ID")
@configured
def explain(given: Given, what: str) -> None:
    """Say what a code means, or why a record was rejected, and what to do."""
    if what in REJECTS:
        click.echo(f"{what}: {REJECTS[what].meaning}\nWhat to do: {REJECTS[what].action}")
        return
    if "/" not in what:
        raise SettingsError(
            f"{what} is neither a code nor STREAM/ID. The codes are: {', '.join(sorted(REJECTS))}."
        )
    with closing(given.reading()) as ledger:
        found = _named(ledger.rejects.all(), [what], "is rejected")
    for reject in found:
        told = REJECTS[reject.code]
        aim = f" (as {reject.object})" if reject.object else ""
        click.echo(
            f"{reject.name}{aim}: {reject.code}\n"
            f"  {told.meaning}\n"
            f"  Detail: {reject.detail or 'none'}\n"
            f"  Runs that tried: {reject.tries}, since {moment(reject.since)}; last {reject.run}\n"
            f"  What to do: {told.action}\n"
            f"  Then try it alone: {Typed.here().command(f'rejects retry {reject.name}')}"
        )


@rejects.command()
@click.argument("names", nargs=-1, metavar="[STREAM/ID]...")
@_CODE
@_STREAM
@configured
def retry(given: Given, names: Sequence[str], codes: Sequence[str], streams: Sequence[str]) -> None:
    """Write them to Pipedrive now, without a tap: all, or those chosen.

    The mapping and the settings are those of now. Every load tries all of them again anyway.
    """
    with closing(given.reading()) as ledger:
        chosen = _chosen(ledger.rejects.all(), codes=codes, streams=streams)
        if names:
            chosen = _named(chosen, names, "is rejected")
    if not chosen:
        click.echo("Nothing to try.")
        click.echo(after("rejects retry", "none", Typed.here()))
        return
    given.target().retry(chosen)
    with closing(given.reading()) as ledger:
        keys = {(reject.object, reject.stream, reject.id) for reject in chosen}
        still = [r for r in ledger.rejects.all() if (r.object, r.stream, r.id) in keys]
    click.echo(f"{len(chosen)} tried again: {len(chosen) - len(still)} settled, ", nl=False)
    click.echo(f"{len(still)} rejected once more.")
    click.echo(table([_row(reject) for reject in still]), nl=False)
    click.echo(after("rejects retry", "still" if still else "settled", Typed.here()))


@rejects.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_CODE
@_STREAM
@click.option("--force", is_flag=True, help="Write over the file if there is one.")
@configured
def export(
    given: Given, file: Path, codes: Sequence[str], streams: Sequence[str], *, force: bool
) -> None:
    """Write whole records into a file, one JSON object a line, readable by its owner alone.

    It holds what the source sent: patient data. Delete it when it has served.
    """
    with closing(given.reading()) as ledger:
        found = _chosen(ledger.rejects.all(), codes=codes, streams=streams)
        lines = (
            json.dumps(
                _row(reject)
                | {"record": ledger.rejects.record(reject.object, reject.stream, reject.id)},
                ensure_ascii=False,
            )
            for reject in found
        )
        _write_private(file, lines, force=force)
    click.echo(f"{len(found)} records written to {file}, readable by you alone.")
    click.echo(
        "It holds patient data as the source sent it: delete it when it has served.", err=True
    )
    click.echo(after("rejects export", "done", Typed.here()))


@rejects.command()
@click.argument("names", nargs=-1, required=True, metavar="STREAM/ID...")
@click.option("--who", default=getpass.getuser, help="Who decides; by default, whoever types.")
@click.option("--undo", is_flag=True, help="Try them again when they are read next.")
@configured
def drop(given: Given, names: Sequence[str], who: str, *, undo: bool) -> None:
    """Decide that records are never tried again; who decided and when is kept.

    What an earlier run made of such a record stays in Pipedrive as it stands.
    """
    with closing(given.writing()) as ledger:
        if undo:
            for dropped in _named(ledger.rejects.dropped(), names, "was dropped"):
                ledger.rejects.take_up(dropped)
                click.echo(f"{dropped.name}: tried again when it is read next (--full-refresh).")
            return
        _drop(ledger, names, who)
    click.echo(after("rejects drop", "done", Typed.here()))


def _drop(ledger: Ledger, names: Sequence[str], who: str) -> None:
    for reject in _named(ledger.rejects.all(), names, "is rejected"):
        ledger.rejects.drop(reject.object, reject.stream, reject.id, code=reject.code, who=who)
        click.echo(f"{reject.name}: never tried again, by {who} ({reject.code}).")


def _chosen(
    rejects: Iterable[Reject], *, codes: Sequence[str], streams: Sequence[str]
) -> list[Reject]:
    return [
        reject
        for reject in rejects
        if (not codes or reject.code in codes) and (not streams or reject.stream in streams)
    ]


def _named(items: Sequence[Any], names: Sequence[str], what: str) -> list[Any]:
    """Return the items that bear one of these names.

    Raises:
        SettingsError: There is none of a name.
    """
    known = {item.name for item in items}
    if faults := [
        f"No record {name} {what}: see `rejects list`." for name in names if name not in known
    ]:
        raise SettingsError(*faults)
    return [item for item in items if item.name in names]


def _row(reject: Reject) -> dict[str, Any]:
    values = (
        reject.stream,
        reject.id,
        reject.object,
        reject.code,
        reject.tries,
        moment(reject.since),
        reject.detail,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _dropped_row(dropped: Dropped) -> dict[str, Any]:
    return {
        "stream": dropped.stream,
        "id": dropped.id,
        "object": dropped.object,
        "code": dropped.code,
        "who": dropped.who,
        "when": moment(dropped.at),
    }


def _write_private(path: Path, lines: Iterable[str], *, force: bool) -> None:
    """Write lines into a new file of mode 0600.

    Raises:
        SettingsError: There is one already, or it cannot be written.
    """
    try:
        if force:
            path.unlink(missing_ok=True)  # it may be open to others
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in lines)
    except FileExistsError as error:
        raise SettingsError(
            f"{path} is there already. Name another file, or add --force to write over it."
        ) from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error
