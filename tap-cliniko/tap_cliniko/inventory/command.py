"""The command ``tap-cliniko inventory``."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path
from typing import Any

import click

from tap_cliniko.errors import SettingsError
from tap_cliniko.inventory.gather import gather
from tap_cliniko.inventory.render import FORMATS
from tap_cliniko.tap import TapCliniko

SAMPLE_PAGES = 5

logger = logging.getLogger("tap-cliniko.inventory")


@click.command()
@click.option(
    "--config",
    multiple=True,
    default=("ENV",),
    callback=TapCliniko.cb_config,
    help="Settings: a JSON file, or ENV for TAP_CLINIKO_… variables (the default). Repeatable.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="table",
    show_default=True,
    help="How to write it.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write it into, readable by you alone; else it is printed.",
)
@click.option(
    "--sample-pages",
    type=click.IntRange(1),
    default=SAMPLE_PAGES,
    show_default=True,
    help="Most pages of 100 patients, and of 100 attachments, to look into.",
)
def inventory(config: Any, form: str, output: Path | None, sample_pages: int) -> None:
    """Say what stands in a Cliniko account, without reading it all.

    Rows of each list with the hidden ones, practitioners and users, the account's own patient
    fields and how often they are filled in, attachments, what the key cannot see, and how many
    requests and minutes it takes to read everything. No value of a patient is shown.
    """
    if output is not None and not output.parent.is_dir():
        raise SettingsError([f"the folder of --output, {output.parent}, does not exist"])
    tap = TapCliniko(config=config.config, parse_env_config=config.parse_env)
    # There is no state to write at the end, so an interrupt may end it anywhere.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    logger.info("asking Cliniko about %d lists; nothing is changed there", len(tap.streams))
    text = FORMATS[form](gather(tap, sample_pages))
    if output is None:
        click.echo(text)
        return
    # It names the practice's people, so it is nobody else's to read.
    with open(output, "w", encoding="utf-8", opener=_private) as file:
        file.write(f"{text}\n")
    logger.info("written to %s", output)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
