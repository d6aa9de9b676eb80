"""The command line: start, look into, change and stop the simulated Cliniko and Pipedrive."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandbox.client import Control, ControlError
from sandbox.daemon import DaemonError, RunFolder, hold
from sandbox.faultkinds import KINDS
from sandbox.options import world_options

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_RUN_DIR = Path("output/sandbox")


_run_dir = click.option(
    "--run-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_RUN_DIR,
    show_default=True,
    envvar="SANDBOX_RUN_DIR",
    help="Folder of the background process.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
def main() -> None:
    """Simulate Cliniko and Pipedrive on this machine, with a synthetic clinic to rehearse on."""


@main.command()
@world_options
@click.option(
    "--snapshot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Resume from this file if it is there, and save to it at the end.",
)
def serve(port: int, record: Path | None, snapshot: Path | None, **options: Any) -> None:
    """Serve in the foreground until interrupted; print the URLs as one line of JSON."""
    import asyncio

    from sandbox import server, world

    with contextlib.ExitStack() as stack:
        try:
            if snapshot is not None:
                lock = hold(snapshot)
                if lock is None:
                    raise click.ClickException(
                        f"another sandbox is using {snapshot}; stop it first"
                    )
                stack.enter_context(lock)
            sockets = server.listen(port)
            if snapshot is not None and snapshot.exists():
                simulated = world.load(snapshot)
            else:
                simulated = world.create(world.Options(**options))
        except (server.PortTakenError, world.SnapshotError, ValueError) as error:
            raise click.ClickException(str(error)) from error
        file = None
        if record is not None:
            record.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(record.open("a", encoding="utf-8"))
        asyncio.run(server.serve(simulated, sockets, snapshot=snapshot, recording=file))


@main.command()
@world_options
@_run_dir
@click.option("--fresh", is_flag=True, help="Forget the snapshot of the last run.")
def start(run_dir: Path, fresh: bool, **options: Any) -> None:  # noqa: FBT001 - click passes options by name
    """Start in the background; goes on from where it was stopped, unless --fresh."""
    folder = RunFolder(run_dir)
    if about := folder.running():
        if not fresh:
            click.echo("The sandbox is already running.")
            _show(about)
            return
        folder.stop()
    resumed = folder.snapshot.exists() and not fresh
    arguments = [
        part
        for name, value in options.items()
        if value is not None
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    try:
        about = folder.start(arguments, fresh=fresh)
    except DaemonError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"The sandbox goes on from {folder.snapshot} (--fresh starts anew)."
        if resumed
        else "The sandbox is running."
    )
    _show(about)


@main.command()
@_run_dir
def stop(run_dir: Path) -> None:
    """Stop the sandbox in the background and keep what stands in it."""
    folder = RunFolder(run_dir)
    try:
        stopped = folder.stop()
    except DaemonError as error:
        raise click.ClickException(str(error)) from error
    if stopped:
        click.echo(f"The sandbox has stopped; `sandbox start` goes on from {folder.snapshot}.")
    else:
        click.echo("The sandbox is not running.")


@main.command()
@_run_dir
def status(run_dir: Path) -> None:
    """Say whether the sandbox runs, and where. Exit code 1 when it does not."""
    about = RunFolder(run_dir).running()
    if about is None:
        click.echo("The sandbox is not running; start it with `sandbox start`.")
        sys.exit(1)
    click.echo("The sandbox is running.")
    _show(about)


@main.command()
@_run_dir
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write to.")
def dump(run_dir: Path, out: Path | None) -> None:
    """Print everything that stands in both accounts as JSON, one record a line."""
    with _control(run_dir) as control:
        if out is None:
            control.copy_dump(sys.stdout.buffer)
            return
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("wb") as file:
            control.copy_dump(file)
    click.echo(f"Written to {out}.")


@main.command()
@_run_dir
def stats(run_dir: Path) -> None:
    """Print requests, tokens by operation, worst windows and limits as JSON."""
    with _control(run_dir) as control:
        click.echo(json.dumps(control.stats(), indent=1))


@main.command()
@_run_dir
@click.argument("kind", required=False)
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
def edit(run_dir: Path, kind: str | None, arguments: tuple[str, ...]) -> None:
    """Change the clinic as its staff would; without KIND, list the edits.

    Example: `sandbox edit rename_patient last_name=Li`.
    """
    if kind is None:
        from sandbox.edits import EDITS

        for name, function in sorted(EDITS.items()):
            click.echo(f"{name:<26}{(function.__doc__ or '').splitlines()[0]}")
        return
    with _control(run_dir) as control:
        made = control.edit(kind, **_texts(arguments))
    for change in made["changed"]:
        verb = "added" if change["new"] else "deleted" if change["removed"] else "changed"
        click.echo(f"{verb} {change['stream']} {change['id']}")


_FAULT_KINDS = "\b\nKinds:\n" + "\n".join(f"  {kind:<20}{text}" for kind, text in KINDS.items())


@main.command(epilog=_FAULT_KINDS)
@_run_dir
@click.option("--clear", is_flag=True, help="Drop all rules.")
@click.argument("rule", nargs=-1, metavar="[NAME=VALUE]...")
def fault(run_dir: Path, clear: bool, rule: tuple[str, ...]) -> None:  # noqa: FBT001 - click passes options by name
    """Order a fault; without a rule, list those in force.

    Example: `sandbox fault api=pipedrive kind=drop_after method=POST every=7`.
    """
    with _control(run_dir) as control:
        if clear:
            control.clear_faults()
        rules = control.fault(**_values(rule)) if rule else control.faults()
    click.echo(json.dumps(rules, indent=1))


@main.command()
@_run_dir
@click.argument("limit", nargs=-1, metavar="[NAME=VALUE]...")
def limits(run_dir: Path, limit: tuple[str, ...]) -> None:
    """Change limits; without any, show them. Example: `sandbox limits plan=lite seats=2`."""
    with _control(run_dir) as control:
        click.echo(json.dumps(control.limits(**_values(limit)), indent=1))


@main.command()
@_run_dir
@click.option(
    "--with",
    "optional",
    metavar="NAME[,NAME]...",
    default="",
    help="Optional mapping files that are switched on, such as contacts,patient_cases.",
)
@click.argument("setting", nargs=-1, metavar="[NAME=VALUE]...")
def check(run_dir: Path, optional: str, setting: tuple[str, ...]) -> None:
    """Compare Pipedrive with what the clinic's records ask for. Exit code 1 on differences.

    Settings are those of the target: default_owner, currency, note_format, when_removed,
    max_file_mb.
    """
    names = [name.strip() for name in optional.split(",") if name.strip()]
    with _control(run_dir) as control:
        report = control.check(**_values(setting), optional_files=names)
    for line in report["lines"]:
        click.echo(line)
    sys.exit(0 if report["ok"] else 1)


def _show(about: dict[str, Any]) -> None:
    click.echo(f"  Cliniko    {about['cliniko']}/v1   API key sandbox-key-au1")
    click.echo(f"  Pipedrive  {about['pipedrive']}      API token sandbox-token")
    click.echo(f"  control    {about['control']}      process {about['pid']}")


@contextlib.contextmanager
def _control(run_dir: Path) -> Iterator[Control]:
    about = RunFolder(run_dir).running()
    if about is None:
        raise click.ClickException("the sandbox is not running; start it with `sandbox start`")
    try:
        yield Control(about["control"])
    except ControlError as error:
        raise click.ClickException(str(error)) from error


def _texts(given: tuple[str, ...]) -> dict[str, str]:
    """Split NAME=VALUE arguments."""
    texts = {}
    for pair in given:
        name, sign, text = pair.partition("=")
        if not sign:
            raise click.UsageError(f"write NAME=VALUE, not {pair!r}")
        texts[name] = text
    return texts


def _values(given: tuple[str, ...]) -> dict[str, Any]:
    """Split NAME=VALUE arguments; what reads as JSON is that, all else is text."""
    values: dict[str, Any] = {}
    for name, text in _texts(given).items():
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values
