"""The command: runs the tap, and turns faults into one line each and an exit code."""

from __future__ import annotations

import logging
import os
import sys

from singer_sdk.exceptions import SyncLifecycleSignal

from tap_cliniko.errors import SettingsError, StoppedError, TapClinikoError
from tap_cliniko.tap import TapCliniko

logger = logging.getLogger("tap-cliniko")


class _OnceOnly(logging.Filter):
    """Leaves out the SDK's "unhandled error" line for faults that get a line of their own."""

    def filter(self, record: logging.LogRecord) -> bool:
        told_elsewhere = isinstance(sys.exc_info()[1], TapClinikoError | SyncLifecycleSignal)
        return not (told_elsewhere and str(record.msg).startswith("An unhandled error"))


def main() -> None:
    """Run the tap with the arguments of the command line.

    Exit codes: 0 done, 1 unexpected fault, 2 settings wrong, 3 not allowed, 128 + n ended by
    signal n.
    """
    try:
        command = TapCliniko.cli
        for handler in logging.getLogger().handlers:
            handler.addFilter(_OnceOnly())
        command()
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


if __name__ == "__main__":
    main()
