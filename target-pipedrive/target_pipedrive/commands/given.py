"""Settings of the commands: the loader's own, found where the loader finds them."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.configuration._dict_config import parse_environment_config

from target_pipedrive.declared import SCHEMA
from target_pipedrive.errors import SettingsError
from target_pipedrive.ledger import Ledger
from target_pipedrive.target import TargetPipedrive

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "TARGET_PIPEDRIVE_"

_CONFIG = click.option(
    "--config",
    "sources",
    multiple=True,
    metavar="FILE|ENV",
    help="Settings as JSON, or ENV for TARGET_PIPEDRIVE_… variables, which is the default.",
)


@dataclass(frozen=True, slots=True)
class Given:
    """Settings as given, with the defaults of those that were not.

    Args:
        config: Name → value.
    """

    config: dict[str, Any]

    @property
    def ledger(self) -> str:
        """URL of the ledger."""
        return str(self.config["ledger"])

    @property
    def output_dir(self) -> Path:
        """Folder for what a run leaves."""
        return Path(self.config["output_dir"])

    def reading(self) -> Ledger:
        """Open the ledger beside whoever writes.

        Raises:
            SettingsError: There is none, or it cannot be opened.
        """
        return Ledger(self.ledger, "", alone=False)

    def writing(self, run: str = "") -> Ledger:
        """Open the ledger as the only one who writes.

        Args:
            run: Name of the run that writes; empty for a person.

        Raises:
            SettingsError: There is none, it cannot be opened, or a loader writes with it.
        """
        self.reading().close()  # makes none
        return Ledger(self.ledger, run)

    def target(self) -> TargetPipedrive:
        """Return a loader with these settings; it loads, whatever the runs beside it are for.

        Raises:
            SettingsError: Settings or mapping are wrong.
        """
        return TargetPipedrive(config=self.config | {"mode": "apply"}, parse_env_config=False)


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option `--config`, whose value it gets as `given`."""

    def run(sources: tuple[str, ...], **arguments: Any) -> Any:
        return command(given=read(sources or ("ENV",)), **arguments)

    run.__name__ = command.__name__
    run.__doc__ = command.__doc__
    run.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]  # where click keeps a function's options
    return _CONFIG(run)


def read(sources: tuple[str, ...]) -> Given:
    """Read settings as the loader does; a later source outdoes an earlier one.

    Raises:
        SettingsError: A file is none, or a variable cannot be read.
    """
    schema = SCHEMA.to_dict()
    config = {
        name: spec["default"] for name, spec in schema["properties"].items() if "default" in spec
    }
    for source in sources:
        config |= _environment(schema) if source == "ENV" else _file(source)
    return Given(config)


def _environment(schema: dict[str, Any]) -> dict[str, Any]:
    # Which variables are set is worth a line in a run's log, not above a table.
    logging.getLogger("singer_sdk.configuration._dict_config").setLevel(logging.WARNING)
    try:
        return parse_environment_config(schema, _PREFIX)
    except ValueError as error:
        raise SettingsError(
            f"A number is wanted in a variable {_PREFIX}…, which holds something else ({error})."
        ) from error


def _file(source: str) -> dict[str, Any]:
    try:
        config = json.loads(Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or "it is not JSON"
        raise SettingsError(f"--config {source} cannot be read: {cause}.") from error
    if not isinstance(config, dict):
        raise SettingsError(f"--config {source} cannot be read: it is no JSON object.")
    return config
