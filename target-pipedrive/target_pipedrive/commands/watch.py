"""`target-pipedrive watch`: how far a run is that goes on elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live

from target_pipedrive.commands.given import configured
from target_pipedrive.endings import outcome_in_words
from target_pipedrive.progress import Look
from target_pipedrive.progress.view import line, moment, picture_of, span

if TYPE_CHECKING:
    from target_pipedrive.commands.given import Given
    from target_pipedrive.progress import Picture, Seen


@click.command()
@click.option("--once", is_flag=True, help="Tell how it stands now, and end.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.2),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two looks.",
)
@configured
def watch(given: Given, interval: float, *, once: bool) -> None:
    """Watch a run that goes on elsewhere, from its ledger; ends when the run does.

    Nothing is changed or held up, and nothing is asked of Pipedrive. Without a run it tells when
    the last one ended, and how.
    """
    with closing(Look(given.ledger)) as look:
        seen = look.take()
        if seen.picture is None:
            click.echo("A run begins." if seen.held else "No run is on; none was yet.")
            return
        shown = Console()
        if once or not seen.goes_on:
            shown.print(picture_of(seen.picture, status(seen), height=sys.maxsize))
        else:
            drawn = shown.is_terminal and not shown.is_dumb_terminal
            seen = _live(look, shown, seen, interval) if drawn else _lines(look, seen, interval)
    click.echo(told(seen))


def status(seen: Seen) -> str:
    """Tell in few words how a run stands."""
    if seen.goes_on:
        return "goes on"
    return "was killed" if seen.killed else "has ended"


def told(seen: Seen) -> str:
    """Tell how a run stands, and what to type next."""
    picture = _of(seen)
    if seen.goes_on:
        return f"The run goes on; it noted this {span(time.time() - picture.at)} ago."
    if seen.begins:
        return "Another run begins, or a command that writes is on: watch again in a moment."
    if seen.killed:
        return (
            f"No run is on. The last one was killed: it was heard of last at "
            f"{moment(picture.at)}. Run it again: it goes on from there, and looks up what was "
            "under way."
        )
    return (
        f"No run is on. The last one ended at {moment(seen.ended_at or picture.at)}: "
        f"{outcome_in_words(seen.outcome)}"
    )


def _live(look: Look, shown: Console, seen: Seen, interval: float) -> Seen:
    with Live(console=shown, auto_refresh=False) as live:
        while True:
            height = shown.size.height
            live.update(picture_of(_of(seen), status(seen), height=height), refresh=True)
            if not seen.goes_on:
                return seen
            time.sleep(interval)
            seen = look.take()


def _lines(look: Look, seen: Seen, interval: float) -> Seen:
    while True:
        click.echo(line(_of(seen)))
        if not seen.goes_on:
            return seen
        time.sleep(interval)
        seen = look.take()


def _of(seen: Seen) -> Picture:
    if seen.picture is None:
        raise RuntimeError("a ledger that had a picture has none")
    return seen.picture
