"""What was done to which record, row by row, in a chain that shows when a row was touched.

Each row's hash covers its content and the hash of the row before. Who keeps the newest hash, the
head, somewhere else can tell later whether any row up to it was changed, removed or put in.

No row holds a value of a record: keys, ids, codes and names of the mapping alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import bindparam, func, insert, select

from target_pipedrive.ledger import schema
from target_pipedrive.ledger.links import LinkKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import ColumnElement

    from target_pipedrive.ledger.database import Database

Action = Literal[
    "created",
    "adopted",
    "updated",
    "replaced",
    "merged",
    "removed",
    "gone",
    "kept",
    "left_out",
    "rejected",
    "settled",
    "dropped",
    "taken_up",
    "rolled_back",
    "restored",
]
ACTIONS: dict[str, str] = {
    "created": "we made it in Pipedrive",
    "adopted": "it stood there and stands for the record from now on",
    "updated": "some of its keys were written",
    "replaced": "deleted because another one took its place",
    "merged": "merged into the object that the code names",
    "removed": "deleted because nothing shall stand there any more",
    "gone": "found to be deleted by somebody else",
    "kept": "nothing shall stand there any more; it stays, being another's or by `when_removed`",
    "left_out": "the record became nothing, for the reason in the code",
    "rejected": "it could not be written, for the reason in the code",
    "settled": "it is rejected no more",
    "dropped": "a person decided never to try it again",
    "taken_up": "a person decided to try it again",
    "rolled_back": "deleted by a rollback",
    "restored": "written back by a rollback as it stood before",
}
"""What can happen to a record or its object, and what that means."""

_TOLD_ONCE = frozenset({"kept", "left_out", "rejected", "dropped"})
"""Standings: told when they begin, and not again while they last."""

NO_HASH = "0" * 64
"""In place of the hash before the first row's."""

_HEAD = "audit head"
_PAGE = 10_000
_AUDIT = schema.audit.c
_APPEND = insert(schema.audit).values({name: bindparam(name) for name in _AUDIT.keys()})  # noqa: SIM118 - no dict
_LAST = select(_AUDIT.seq, _AUDIT.hash).order_by(_AUDIT.seq.desc()).limit(1)
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


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


class Audit:
    """The tables `audit` and `standings`.

    Args:
        database: Its database.
        run: Name of this run.
    """

    def __init__(self, database: Database, run: str) -> None:
        self._db = database
        self._run = run
        last = database.run(_LAST).first()
        self._seq: int = last.seq if last else 0
        self._head: str = last.hash if last else NO_HASH
        self._untold: dict[tuple[str, str], list[Action]] = {}
        self.added = 0
        """Rows of this run."""

    @property
    def lines(self) -> int:
        """How many rows there are, of all runs."""
        return self._seq

    @property
    def head(self) -> str:
        """The hash of the newest row."""
        return self._head

    # writing

    def add(
        self,
        action: Action,
        key: LinkKey,
        pipedrive_id: str = "",
        code: str = "",
    ) -> None:
        """Add a row, in the transaction of what is written down beside it.

        What only lasts, such as a record that is rejected once more for the same reason, adds none.

        Args:
            action: What was done.
            key: To what. A custom field has the path of its kind for an object, such as
                `personFields`, no stream and its label for an id; an option of it the part
                `option`.
            pipedrive_id: Its id in Pipedrive.
            code: Why, or with what.
        """
        self._untold.pop((key.object, pipedrive_id), None)
        if not self._is_news(action, key, code):
            return
        self._seq += 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds")[:23] + "Z"
        content = (
            self._seq,
            at,
            self._run,
            action,
            key.stream,
            key.id,
            key.part,
            key.object,
            pipedrive_id,
            code,
        )
        self._head = digest(self._head, content)
        self._db.append(_APPEND, dict(zip(Entry._fields, (*content, self._head), strict=True)))
        self.added += 1

    def _is_news(self, action: Action, key: LinkKey, code: str) -> bool:
        record = {"object": key.object, "stream": key.stream, "id": key.id}
        if action not in _TOLD_ONCE:
            self._db.drop(schema.standings, record)
            return True
        place = {**record, "part": key.part}
        standing = f"{action} {code}"
        if self._db.value(schema.standings.c.standing, place) == standing:
            return False
        self._db.put(schema.standings, place, {"standing": standing})
        return True

    def wrote(self, object: str, pipedrive_id: str, action: Action) -> None:  # noqa: A002 - the API's term
        """Pipedrive carried out a write; whoever asked for it adds the row that says why.

        Args:
            object: Kind of object.
            pipedrive_id: Its id.
            action: What was done.
        """
        self._untold.setdefault((object, pipedrive_id), []).append(action)

    def end(self) -> None:
        """Add a row for each write that nobody told the reason of; remember the head."""
        for (obj, pipedrive_id), actions in list(self._untold.items()):
            for action in actions:
                self.add(action, LinkKey(obj, "", ""), pipedrive_id, "by_itself")
        if self.added:
            self._db.put(schema.meta, {"name": _HEAD}, {"value": f"{self._seq} {self._head}"})

    # reading

    def after(self, seq: int) -> Entry | None:
        """Return the row that comes next after a number."""
        query = select(schema.audit).where(_AUDIT.seq > seq).order_by(_AUDIT.seq).limit(1)
        row = self._db.run(query).first()
        return None if row is None else Entry(*row)

    def rows(self, **wanted: Collection[str]) -> Iterator[Entry]:
        """Yield rows in their order.

        Args:
            wanted: Column → values; all rows where it is not given or empty.
        """
        query = select(schema.audit).where(*_those(wanted)).order_by(_AUDIT.seq).limit(_PAGE)
        after = 0
        while True:
            page = self._db.run(query.where(_AUDIT.seq > after)).all()
            yield from (Entry(*row) for row in page)
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def number(self, **wanted: Collection[str]) -> int:
        """Return how many such rows there are; see `rows`."""
        query = select(func.count()).select_from(schema.audit).where(*_those(wanted))
        return int(self._db.run(query).scalar_one())

    def last_run(self) -> str:
        """Return the newest run that has a row; empty when none has."""
        query = select(_AUDIT.run).where(_AUDIT.run != "").order_by(_AUDIT.seq.desc()).limit(1)
        return str(self._db.run(query).scalar() or "")

    def count(self, column: str, **wanted: Collection[str]) -> dict[str, dict[str, int]]:
        """Return how many rows there are, by a column and by action; the newest value first."""
        by = _AUDIT[column]
        query = (
            select(by, _AUDIT.action, func.count())
            .where(*_those(wanted))
            .group_by(by, _AUDIT.action)
            .order_by(func.max(_AUDIT.seq).desc())
        )
        found: dict[str, dict[str, int]] = {}
        for value, action, number in self._db.run(query):
            found.setdefault(value, {})[action] = int(number)
        return found

    def check(self, heads: Mapping[str, str]) -> Checked:
        """Look at the whole chain.

        Args:
            heads: Hash → where it was kept; each must be in the chain.
        """
        missed = dict(heads)
        missed.pop(NO_HASH, None)
        number, before = 0, NO_HASH
        for row in self.rows():
            number += 1
            if row.seq != number:
                return Checked(number - 1, before, f"line {number} is missing", _TOUCHED)
            if row.hash != row.expected(before):
                return Checked(
                    number - 1,
                    before,
                    f"line {number} is not as it was written, or the one before it was taken out",
                    _TOUCHED,
                )
            before = row.hash
            missed.pop(before, None)
        noted = self._db.value(schema.meta.c.value, {"name": _HEAD})
        told, _, head = (noted or "0 ").partition(" ")
        if number < int(told):
            fault = f"the last {int(told) - number} lines are missing, from line {number + 1} on"
            return Checked(number, before, fault, _TOUCHED)
        if noted and head in missed:
            missed.pop(head)
        for head, where in missed.items():
            return Checked(number, before, f"the head {head} ({where}) is not in it", _ANOTHER)
        return Checked(number, before)


def _those(wanted: Mapping[str, Collection[str]]) -> list[ColumnElement[bool]]:
    return [_AUDIT[column].in_(list(values)) for column, values in wanted.items() if values]


_TOUCHED = (
    "Somebody wrote into the ledger behind the loader's back. Keep it as it is for whoever looks "
    "into it, and compare it with a backup: `audit export` of both shows which lines differ."
)
_ANOTHER = (
    "Either this is an older copy of the ledger, put back after that head was told, or its lines "
    "were written anew. Compare it with the last backup."
)
