"""The command: runs the tap, and turns faults into one line each and an exit code."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click
from singer_sdk.exceptions import SyncLifecycleSignal

from tap_cliniko.errors import SettingsError, StoppedError, TapClinikoError
from tap_cliniko.health import check
from tap_cliniko.inventory.command import inventory
from tap_cliniko.tap import TapCliniko

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("tap-cliniko")


class CommandLine(TapCliniko):
    """The tap with what its command has beyond the SDK's."""

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command, its catalog being read before ``--test`` asks what is selected."""
        command = super().get_singer_command()
        command.epilog = "See also: tap-cliniko inventory --help (what stands in an account)."
        for option in command.params:
            if option.name == "catalog":
                option.is_eager = True
        return command

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Check the connection and the selected streams, and say what was found.

        The SDK's own test writes records to the terminal, and takes a stream that cannot be read
        for one that has no rows.
        """
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        given, catalog = ctx.params["config"], ctx.params.get("catalog")
        tap = cls(
            config=given.config,
            catalog=json.load(catalog) if catalog else None,
            parse_env_config=given.parse_env,
        )
        # There is no state to write at the end, so an interrupt may end it anywhere.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for line in check(tap):
            click.echo(line)
        ctx.exit()


class _OnceOnly(logging.Filter):
    """Leaves out the SDK's "unhandled error" line for faults that get a line of their own."""

    def filter(self, record: logging.LogRecord) -> bool:
        told_elsewhere = isinstance(sys.exc_info()[1], TapClinikoError | SyncLifecycleSignal)
        return not (told_elsewhere and str(record.msg).startswith("An unhandled error"))


def main() -> None:
    """Run the tap, or the inventory, with the arguments of the command line.

    Exit codes: 0 done, 1 unexpected fault, 2 settings wrong, 3 not allowed, 128 + n ended by
    signal n.
    """
    with _exit_codes():
        command = CommandLine.cli  # which sets up logging, too
        for handler in logging.getLogger().handlers:
            handler.addFilter(_OnceOnly())
        if sys.argv[1:2] == ["inventory"]:
            inventory(sys.argv[2:], prog_name="tap-cliniko inventory")
        command()


@contextlib.contextmanager
def _exit_codes() -> Iterator[None]:
    """Turn a fault into one line and an exit code."""
    try:
        yield
    except SettingsError as fault:
        for line in fault.faults:
            logger.error("%s", line)  # noqa: TRY400 - the sentence says it all
        sys.exit(fault.exit_code)
    except StoppedError as stop:
        logger.info("%s", stop)
        sys.stdout.flush()
        sys.stderr.flush()
        # A download thread may be waiting for bytes; everything worth keeping is written.
        os._exit(stop.exit_code)
    except TapClinikoError as fault:
        logger.error("%s", fault)  # noqa: TRY400 - the sentence says it all
        sys.stderr.flush()
        sys.exit(fault.exit_code)
    except BrokenPipeError:
        logger.error("the reader of this tap's output has ended")  # noqa: TRY400
        os._exit(1)  # an orderly exit would flush into the same closed pipe
    except Exception as fault:  # noqa: BLE001 - its text may quote a record, its place cannot
        frames = traceback.extract_tb(fault.__traceback__)[-4:]
        places = ", ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames)
        kind = type(fault).__name__
        logger.error("unexpected fault, please report it: %s at %s", kind, places)  # noqa: TRY400 - no traceback, for the same reason
        sys.exit(1)


if __name__ == "__main__":
    main()
