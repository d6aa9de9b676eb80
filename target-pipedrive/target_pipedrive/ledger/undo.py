"""What a rollback must know: what was made, by which run, and what became of it since."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Integer, func, select, tuple_, update

from target_pipedrive.ledger import schema
from target_pipedrive.ledger.links import DOUBT, LinkKey

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_pipedrive.ledger.database import Database

_LINKS, _AUDIT = schema.links.c, schema.audit.c
_KEY = (_LINKS.object, _LINKS.stream, _LINKS.id, _LINKS.part)
_TAKEN = ("created", "adopted")
"""Actions by which an object begins to stand for a record."""

LEAD_LABELS = "lead_labels"
_CHANGED = "updated"

_REF = re.compile(r"→(\w+)/([^/]+)/([^→\"]+)→")
_PAGE = 10_000


class Made(NamedTuple):
    """What a rollback must know of one link.

    Args:
        key: Source record, and which of its objects.
        created: We made it.
        trace: What the row was like when we wrote it last; None when that is not known.
        written_at: When that was, in epoch seconds.
    """

    key: LinkKey
    created: bool
    trace: str | None
    written_at: float


class Merged(NamedTuple):
    """A person that was merged into another.

    Args:
        id: Which it was.
        of_others: It stood there before us.
    """

    id: str
    of_others: bool


class MadeField(NamedTuple):
    """A custom field, an option or a label that we made.

    Args:
        path: Of the fields, such as `personFields`; `lead_labels` for labels of leads.
        label: The field's label; empty for a label of objects.
        part: `option` for an option.
        id: Hash key of a field, id of an option or a label.
        run: Which run made it.
    """

    path: str
    label: str
    part: str
    id: str
    run: str


class Undo:
    """Questions of a rollback about the whole of a ledger."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def loads(self) -> list[str]:
        """Return the names of all runs that wrote, the newest first; as the audit log tells."""
        query = (
            select(_AUDIT.run)
            .where(_AUDIT.action.in_((*_TAKEN, _CHANGED)), _AUDIT.run != "")
            .group_by(_AUDIT.run)
            .order_by(func.max(_AUDIT.seq).desc())
        )
        return list(self._db.run(query).scalars())

    def kinds(self) -> dict[str, bool]:
        """Return the kinds of objects that records became; whether we created any of the kind."""
        query = select(_LINKS.object, func.max(_LINKS.created.cast(Integer)))
        rows = self._db.run(query.group_by(_LINKS.object))
        return {obj: bool(created) for obj, created in rows}

    def created(self, obj: str) -> set[str]:
        """Return the Pipedrive ids of all objects of a kind that we created."""
        query = select(_LINKS.pipedrive_id).where(_LINKS.object == obj, _LINKS.created)
        return set(self._db.run(query).scalars())

    def made(self, obj: str, ids: Collection[str]) -> dict[str, list[Made]]:
        """Return what is known of rows, by their Pipedrive ids."""
        query = select(
            _LINKS.pipedrive_id, *_KEY, _LINKS.created, _LINKS.trace, _LINKS.written_at
        ).where(_LINKS.object == obj, _LINKS.pipedrive_id.in_(list(ids)))
        found: dict[str, list[Made]] = {}
        for pipedrive_id, kind, stream, record_id, part, *others in self._db.run(query):
            key = LinkKey(kind, stream, record_id, part)
            found.setdefault(pipedrive_id, []).append(Made(key, *others))
        return found

    def taken_by(self, runs: Collection[str]) -> set[tuple[str, str]]:
        """Return kind and Pipedrive id of all that these runs created or adopted."""
        return self._told(runs, _TAKEN)

    def updated_by(self, runs: Collection[str]) -> set[tuple[str, str]]:
        """Return kind and Pipedrive id of all that these runs changed."""
        return self._told(runs, (_CHANGED,))

    def _told(self, runs: Collection[str], actions: Collection[str]) -> set[tuple[str, str]]:
        query = select(_AUDIT.object, _AUDIT.pipedrive_id).where(
            _AUDIT.run.in_(list(runs)), _AUDIT.action.in_(actions)
        )
        return {(obj, row) for obj, row in self._db.run(query)}

    def deals_with_lines(self) -> set[str]:
        """Return the ids of deals that lines of ours hang on, or once hung on."""
        kind = "deal_product"
        lines = set(
            self._db.run(select(_AUDIT.pipedrive_id).where(_AUDIT.object == kind)).scalars()
        )
        query = select(_LINKS.pipedrive_id).where(_LINKS.object == kind)
        return {line.partition("/")[0] for line in lines.union(self._db.run(query).scalars())}

    def merges(self) -> dict[str, list[Merged]]:
        """Return the persons that were merged into others, by the id of who is left of them."""
        query = select(_AUDIT.pipedrive_id, _AUDIT.code).where(_AUDIT.action == "merged")
        into = {loser: code.removeprefix("into ") for loser, code in self._db.run(query)}
        if not into:
            return {}
        others = select(_AUDIT.pipedrive_id).where(
            _AUDIT.object == "person", _AUDIT.action == "adopted"
        )
        of_others = set(self._db.run(others).scalars())
        found: dict[str, list[Merged]] = {}
        for loser, left in into.items():
            survivor = left
            while survivor in into:
                survivor = into[survivor]
            found.setdefault(survivor, []).append(Merged(loser, loser in of_others))
        return found

    def made_fields(self) -> list[MadeField]:
        """Return the fields, options and labels that we made, as the audit log tells."""
        query = (
            select(
                _AUDIT.object,
                _AUDIT.id,
                _AUDIT.part,
                _AUDIT.pipedrive_id,
                _AUDIT.run,
                _AUDIT.action,
            )
            .where(
                _AUDIT.action.in_(("created", "rolled_back")),
                _AUDIT.object.endswith("Fields") | (_AUDIT.object == LEAD_LABELS),
                _AUDIT.code == "",  # of others it is not known what they are
            )
            .order_by(_AUDIT.seq)
        )
        found: dict[tuple[str, str, str], MadeField] = {}
        for path, label, part, row_id, run, action in self._db.run(query):
            place = (path, part, row_id)
            if action == "created":
                found[place] = MadeField(path, label, part, row_id, run)
            else:
                found.pop(place, None)
        return [*found.values()]

    def announced(self, obj: str) -> dict[str, float]:
        """Return the signs of creates that may stand without a link, and when they were sent."""
        intents, resent = schema.intents.c, schema.resent.c
        once = select(intents.sign, intents.announced_at).where(
            intents.object == obj, intents.sign.is_not(None)
        )
        again = select(resent.sign, resent.sent_at).where(resent.object == obj)
        return {sign: at for query in (once, again) for sign, at in self._db.run(query)}

    def settle(self, obj: str, sign: str) -> None:
        """What was announced under a sign is gone."""
        self._db.drop(schema.intents, {"object": obj, "sign": sign})
        self._db.drop(schema.resent, {"object": obj, "sign": sign})

    def doubt_lost(self) -> int:
        """Write down that references to what stands no more must be sent once more.

        Returns:
            How many objects have such.
        """
        page = (
            select(*_KEY, _LINKS.sent)
            .where(_LINKS.sent.contains(json.dumps("→")[1:-1], autoescape=True))
            .order_by(*_KEY)
            .limit(_PAGE)
        )
        after: tuple[str, ...] | None = None
        changed = 0
        while True:
            query = page if after is None else page.where(tuple_(*_KEY) > after)
            rows = self._db.run(query).all()
            for *place, sent in rows:
                prints = json.loads(sent)
                lost = {key: DOUBT for key, value in prints.items() if self._is_lost(value)}
                if lost:
                    changed += 1
                    self._put_sent(place, prints | lost)
            if len(rows) < _PAGE:
                return changed
            after = tuple(rows[-1][:-1])

    def _is_lost(self, fingerprint: str) -> bool:
        for obj, stream, record_id in _REF.findall(fingerprint):
            key = {"object": obj, "stream": stream, "id": record_id}
            if self._db.value(_LINKS.pipedrive_id, key) is None:
                return True
        return False

    def _put_sent(self, place: list[str], prints: dict[str, str]) -> None:
        where = (column == value for column, value in zip(_KEY, place, strict=True))
        self._db.run(update(schema.links).where(*where).values(sent=json.dumps(prints)))
        self._db.drop(schema.seen, {"stream": place[1], "id": place[2]})
