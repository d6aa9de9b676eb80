"""A chain of rows: each one's hash covers its content and the hash of the row before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NO_HASH = "0" * 64
"""In place of the hash before the first row's."""

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode

_TOUCHED = (
    "Somebody wrote into the ledger behind the loader's back. Keep it as it is for whoever looks "
    "into it, and compare it with a backup: `audit export` of both shows which lines differ."
)
_ANOTHER = (
    "Either this is an older copy of the ledger, put back after that head was told, or its lines "
    "were written anew. Compare it with the last backup."
)


class Entry(NamedTuple):
    """A row.

    Args:
        seq: Its number, from 1, without a gap.
        at: When, in UTC (ISO 8601, milliseconds).
        run: Which run; empty for a command of a person.
        action: One of `ACTIONS`.
        stream: Source stream.
        id: Key of the source record.
        part: Which of the record's objects.
        object: Kind of object.
        pipedrive_id: Its id in Pipedrive; empty where there is none.
        code: A reason, a reject code, or the other object of a merge.
        hash: SHA-256 of the hash before and all of the above, as hexadecimal digits.
    """

    seq: int
    at: str
    run: str
    action: str
    stream: str
    id: str
    part: str
    object: str
    pipedrive_id: str
    code: str
    hash: str

    def expected(self, before: str) -> str:
        """Return the hash that it must have.

        Args:
            before: The hash of the row before it.
        """
        return digest(before, self[:-1])


def digest(before: str, content: tuple[int | str, ...]) -> str:
    """Return the hash of a row: SHA-256 of a JSON array of the hash before and its content."""
    return sha256(_ENCODE([before, *content]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at the whole chain found.

    Args:
        lines: How many rows are sound, from the first on.
        head: The hash of the last of them.
        fault: What is wrong first; empty when all is well.
        todo: What to do about it.
    """

    lines: int
    head: str
    fault: str = ""
    todo: str = ""


class Noted(NamedTuple):
    """The head as the ledger itself noted it when the last run ended.

    Args:
        number: The row's number; 0 for none.
        head: Its hash.
    """

    number: int
    head: str


def check(rows: Iterable[Entry], noted: Noted, heads: Mapping[str, str]) -> Checked:
    """Look at a whole chain.

    Args:
        rows: In their order.
        noted: The row that must be there at least.
        heads: Hash → where it was kept; each must be in the chain.
    """
    missed = {noted.head: "noted when the last run ended", **heads}
    missed.pop(NO_HASH, None)
    number, before = 0, NO_HASH
    for number, row in enumerate(rows, 1):
        if row.seq != number:
            return Checked(number - 1, before, f"line {number} is missing", _TOUCHED)
        if row.hash != row.expected(before):
            fault = f"line {number} is not as it was written, or the one before it was taken out"
            return Checked(number - 1, before, fault, _TOUCHED)
        before = row.hash
        missed.pop(before, None)
    if number < noted.number:
        lost = noted.number - number
        fault = f"the last {lost} lines are missing, from line {number + 1} on"
        return Checked(number, before, fault, _TOUCHED)
    for head, where in missed.items():
        fault = f"the head {head} ({where}) is not in it"
        return Checked(number, before, fault, _TOUCHED if head == noted.head else _ANOTHER)
    return Checked(number, before)
