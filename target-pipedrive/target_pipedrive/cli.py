"""The command line: one clear line for each fault, and an exit code by what to do about it."""

from __future__ import annotations

import logging
import sys

from target_pipedrive.bridge import Stopped
from target_pipedrive.errors import TargetError
from target_pipedrive.target import TargetPipedrive

logger = logging.getLogger("target_pipedrive")


def main() -> None:
    """Run the target; see `errors` for the exit codes."""
    try:
        TargetPipedrive.cli()
    except TargetError as error:
        for line in str(error).splitlines():
            logger.error("%s", line)  # noqa: TRY400 - a fault of the caller's needs no traceback
        sys.exit(error.exit_code)
    except Stopped as stopped:  # before the run began, or a second time: end at once
        sys.exit(128 + stopped.signum)


if __name__ == "__main__":
    main()
