"""What can go wrong, and the exit code each kind of fault ends the process with.

::

    TapClinikoError                1  an unexpected fault
    ├── SettingsError              2  the settings are wrong
    ├── KeyRefusedError            3  Cliniko does not accept the API key
    ├── NotVisibleError            3  the key's user may not read this
    ├── SampleError                3  the key's user may not read what a sample begins with
    ├── InvisibleStreamsError      3  the key's user may not read all that is selected
    ├── ServerFaultError           1  Cliniko did not answer properly, in spite of retries
    ├── RefusedQueryError          1  Cliniko does not accept a query of ours
    ├── UnorderedPageError         1  a page came in another order than asked for
    └── StoppedError         128 + n  ended by signal n

Their texts name paths, filters, ids and status codes. They never hold an answer's body, a key or
a value out of a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class TapClinikoError(Exception):
    """A fault whose text is meant for the person who runs the tap."""

    exit_code = 1


class SettingsError(TapClinikoError):
    """One or more settings are wrong.

    Args:
        faults: One sentence for each fault, saying what to type instead.
    """

    exit_code = 2

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class KeyRefusedError(TapClinikoError):
    """Cliniko answered 401."""

    exit_code = 3


class NotVisibleError(TapClinikoError):
    """Cliniko answered 403 or 404: the user of this key may not read this path.

    Args:
        path: Path below ``/v1``.
        status: The HTTP status.
    """

    exit_code = 3

    def __init__(self, path: str, status: int) -> None:
        super().__init__(
            f"{path} is not visible to this key (HTTP {status}): use an administrator's API key"
        )
        self.path = path
        self.status = status


class InvisibleStreamsError(TapClinikoError):
    """Streams are selected that the key's user may not read, and that is to end the run.

    Args:
        names: The streams with their HTTP status.
        role: Role of the key's user.
    """

    exit_code = 3

    def __init__(self, names: str, role: str) -> None:
        super().__init__(
            f"not visible to this key (role {role}): {names}; use an administrator's API key, "
            "leave them out of the selection, or set when_not_visible to skip"
        )


class SampleError(TapClinikoError):
    """Patients cannot be read, so none can be chosen."""

    exit_code = 3


class ServerFaultError(TapClinikoError):
    """Every try of one request failed."""


class RefusedQueryError(TapClinikoError):
    """Cliniko answered with a status that no retry can change."""


class UnorderedPageError(TapClinikoError):
    """Rows did not come in the order asked for, so going on could leave rows out."""


class StoppedError(TapClinikoError):
    """SIGINT or SIGTERM ended the run between two records.

    Args:
        signum: Number of the signal.
    """

    def __init__(self, signum: int) -> None:
        super().__init__("stopped; the next run goes on from the last state")
        self.exit_code = 128 + signum
