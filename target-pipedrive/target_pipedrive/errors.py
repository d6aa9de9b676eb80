"""What can go wrong, sorted by what the caller should do about it.

TargetError                 a run cannot go on; `exit_code` tells the caller what to do
├── SettingsError       2   settings, mapping or ledger are wrong: mend them, run again
│   └── MappingError    2   faults in mapping files, all at once, each with file:line:column
├── NotAllowed          3   401 or 403: mend the token or its rights
├── BudgetSpent         4   the day's tokens are spent: come back after the reset
├── Blocked             5   Pipedrive's firewall answered: wait, then find out why
├── TooManyRejects      6   more records rejected than `max_rejects` allows
├── Unreachable         1   no answer from Pipedrive within the bound
├── LedgerLost          1   the ledger's database failed: see that it runs, run again
├── Differs             1   what stands is not what should: read the report of `verify`
└── BadInput            1   a line of the input is no Singer message: look at the tap

RecordError                 one record or one call failed; the run goes on
├── Rejected                the record cannot be written; kept in the ledger with its code
├── Refused                 Pipedrive refused one request (4xx); nothing was written
└── UnknownOutcome          a write got no usable answer: look before it is repeated
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class TargetError(Exception):
    """A run cannot go on."""

    exit_code: ClassVar[int] = 1


class SettingsError(TargetError):
    """Settings, mapping or ledger are wrong.

    Args:
        faults: One sentence a fault, each saying what is wrong and what to type instead.
    """

    exit_code = 2

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults: Sequence[str] = faults


class MappingError(SettingsError):
    """Faults in mapping files; each begins with `file:line:column: `."""


class NotAllowed(TargetError):
    """Pipedrive refuses the token, or the token's user lacks a right."""

    exit_code = 3


class BudgetSpent(TargetError):
    """The day's tokens are spent; a later run goes on where this one stopped."""

    exit_code = 4


class Blocked(TargetError):
    """Pipedrive's firewall answered with a page instead of JSON; asking again makes it worse."""

    exit_code = 5


class TooManyRejects(TargetError):
    """More records were rejected than the setting `max_rejects` allows."""

    exit_code = 6


class Unreachable(TargetError):
    """No usable answer within the bound of tries."""


class LedgerLost(TargetError):
    """The ledger's database failed; what was under way is looked up by the next run."""


class Differs(TargetError):
    """A verification found something different or missing."""


class BadInput(TargetError):
    """A line of the input is no Singer message."""


class RecordError(Exception):
    """One record or one call failed; the run goes on."""


class Rejected(RecordError):
    """A record cannot be written.

    Args:
        code: A key of `REJECTS`.
        detail: What is particular to this record, without any of its values.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Refused(RecordError):
    """Pipedrive refused one request with a 4xx; nothing was written.

    Args:
        status: HTTP status.
        reason: Pipedrive's own words about parameters, cleaned of values.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status}: {reason}")
        self.status = status
        self.reason = reason

    @property
    def gone(self) -> bool:
        """Whether the object is not there (any more)."""
        return self.status in {404, 410}


class UnknownOutcome(RecordError):
    """A write got no usable answer; it may or may not stand in Pipedrive.

    Args:
        operation: Name of the operation, such as `person.create`.
        cause: What happened instead of an answer.
    """

    def __init__(self, operation: str, cause: str) -> None:
        super().__init__(f"{operation}: {cause}")
        self.operation = operation
        self.cause = cause


@dataclass(frozen=True, slots=True)
class RejectCode:
    """What a reject code means and what a person does about it."""

    meaning: str
    action: str


REJECTS: dict[str, RejectCode] = {
    "parent_missing": RejectCode(
        "The record belongs to another record that is not in Pipedrive.",
        "Look at the parent: was it rejected, or can the Cliniko key not see it? "
        "The next run tries again.",
    ),
    "no_participants": RejectCode(
        "A group appointment has no attendee left.",
        "Nothing to do, unless attendees were cancelled by mistake.",
    ),
    "unknown_stage": RejectCode(
        "The record names a pipeline or stage that Pipedrive does not have, or has twice.",
        "Make it in Pipedrive, or mend the name in the mapping or at the source; "
        "the next run tries again.",
    ),
    "ambiguous_match": RejectCode(
        "Two or more objects in Pipedrive match the record, such as persons of the same e-mail "
        "and the same name.",
        "Answer in the review file which one it is (see `review_file`), or merge them in "
        "Pipedrive; then run again.",
    ),
    "mapping_failed": RejectCode(
        "A mapping expression failed on this record.",
        "Mend the expression at the place named; the next run tries again.",
    ),
    "refused": RejectCode(
        "Pipedrive refused the record.",
        "Read the reason; mend the record in Cliniko or the mapping; the next run tries again.",
    ),
    "file_too_large": RejectCode(
        "The file is larger than `max_file_mb`.",
        "Move it by hand, or raise `max_file_mb`.",
    ),
    "file_not_allowed": RejectCode(
        "The record names a file outside the folders that files may come from.",
        "Name the tap's folder in `files_from`, if you trust it; otherwise find out who writes "
        "such records.",
    ),
    "file_missing": RejectCode(
        "The file's content is not in the spool.",
        "Check `attachments_dir`, or run the tap once with --full-refresh.",
    ),
    "unknown_outcome": RejectCode(
        "Pipedrive gave no usable answer, not even when asked whether the record stands there.",
        "Nothing to do: the next run looks again before it writes.",
    ),
    "no_key": RejectCode(
        "The record has no value in its key.",
        "Find out why the tap sends it without one.",
    ),
}
