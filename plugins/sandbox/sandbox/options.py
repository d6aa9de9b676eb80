"""The options that say what is simulated, shared by `sandbox start` and `sandbox serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def world_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what is simulated."""
    options = (
        click.option("--patients", type=click.IntRange(1), default=120, help="Size of the clinic."),
        click.option("--seed", type=int, default=1, help="Another seed, another clinic."),
        click.option("--now", help="When the clinic is looked at, ISO 8601; else the present."),
        click.option(
            "--cliniko-per-minute",
            type=click.IntRange(1),
            default=200,
            help="Requests a Cliniko user may send in any window.",
        ),
        click.option(
            "--cliniko-window-seconds",
            type=click.FloatRange(0.1),
            default=60.0,
            help="Length of that window; a shorter one makes the clock run faster.",
        ),
        click.option(
            "--latency-ms",
            type=click.FloatRange(0),
            default=0.0,
            help="How much later every answer of the Cliniko API comes.",
        ),
        click.option(
            "--storage-ranges",
            type=bool,
            default=True,
            help="Whether the storage serves parts of a file.",
        ),
        click.option(
            "--own-notes-only",
            type=bool,
            default=True,
            help="Whether Cliniko shows practitioners their own notes alone.",
        ),
        click.option(
            "--practitioner-finance",
            type=bool,
            default=False,
            help="Whether practitioners may read what concerns money.",
        ),
        click.option(
            "--future-fields",
            type=bool,
            default=False,
            help="Whether Cliniko's records bear fields that nobody knows yet.",
        ),
        click.option(
            "--plan",
            type=click.Choice(["lite", "growth", "premium", "ultimate"]),
            default="ultimate",
            help="Pipedrive subscription.",
        ),
        click.option("--seats", type=click.IntRange(1), default=1, help="Paid Pipedrive users."),
        click.option(
            "--burst",
            type=click.IntRange(1),
            help="Pipedrive requests in any 2 s, in place of the plan's.",
        ),
        click.option(
            "--daily-tokens",
            type=click.IntRange(1),
            help="Pipedrive tokens a day, in place of the plan's.",
        ),
        click.option(
            "--port",
            type=click.IntRange(0, 65532),
            default=8930,
            help="First of four ports in a row; 0 takes free ones.",
        ),
        click.option(
            "--record",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Append every exchange to this JSON Lines file.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
