"""What was done to which record, row by row, in a chain that shows when a row was touched.

Each row's hash covers its content and the hash of the row before. Who keeps the newest hash, the
head, somewhere else can tell later whether any row up to it was changed, removed or put in.

No row holds a value of a record: keys, ids, codes and names of the mapping alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import bindparam, func, insert, select

from target_pipedrive.ledger import schema
from target_pipedrive.ledger.chain import NO_HASH, Entry, Noted, check, digest
from target_pipedrive.ledger.links import LinkKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import ColumnElement

    from target_pipedrive.ledger.chain import Checked
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

_HEAD = "audit head"
_PAGE = 10_000
_AUDIT = schema.audit.c
_APPEND = insert(schema.audit).values({name: bindparam(name) for name in _AUDIT.keys()})  # noqa: SIM118 - no dict
_LAST = select(_AUDIT.seq, _AUDIT.hash).order_by(_AUDIT.seq.desc()).limit(1)


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
        noted = self._db.value(schema.meta.c.value, {"name": _HEAD})
        number, _, head = (noted or f"0 {NO_HASH}").partition(" ")
        return check(self.rows(), Noted(int(number), head), heads)


def _those(wanted: Mapping[str, Collection[str]]) -> list[ColumnElement[bool]]:
    return [_AUDIT[column].in_(list(values)) for column, values in wanted.items() if values]
