"""The command line: one clear line for each fault, and an exit code by what to do about it."""

from __future__ import annotations

import gc
import logging
import sys

from target_pipedrive.bridge import Stopped
from target_pipedrive.commands import COMMANDS
from target_pipedrive.commands.group import DefaultGroup
from target_pipedrive.errors import TargetError
from target_pipedrive.target import TargetPipedrive

logger = logging.getLogger("target_pipedrive")

LOAD = "load"
"""Name of the Singer command, which is run when none is named."""


def command_line() -> DefaultGroup:
    """Return the whole command line: the Singer command, and what else there is."""
    load = TargetPipedrive.cli  # which sets up logging, too
    load.help = "Read Singer messages and write them to Pipedrive; so does no command at all."
    group = DefaultGroup(
        default=LOAD,
        name="target-pipedrive",
        help="Singer target for Pipedrive. Without a command it loads, as Meltano calls it: "
        "target-pipedrive --config FILE <messages >states.",
    )
    group.add_command(load, LOAD)
    for command in COMMANDS:
        group.add_command(command)
    return group


def main() -> None:
    """Run a command; see `errors` for the exit codes."""
    _collect_seldom()
    try:
        command_line()(prog_name="target-pipedrive")
    except TargetError as error:
        for line in str(error).splitlines():
            logger.error("%s", line)  # noqa: TRY400 - a fault of the caller's needs no traceback
        sys.exit(error.exit_code)
    except Stopped as stopped:  # before the run began, or a second time: end at once
        sys.exit(128 + stopped.signum)


def _collect_seldom() -> None:
    """Let Python look for cyclic garbage less often, and never at the program itself.

    Each record makes thousands of objects and no cycles to speak of: looking for them took a
    twelfth of a run's CPU time.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


if __name__ == "__main__":
    main()
