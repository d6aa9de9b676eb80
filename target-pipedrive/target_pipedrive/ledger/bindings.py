"""Which custom field and which option a label was bound to, and what follows when one is gone."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, select, text, tuple_, update

from target_pipedrive.ledger import schema
from target_pipedrive.ledger.links import LinkKey

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_pipedrive.ledger.audit import Audit
    from target_pipedrive.ledger.database import Database

_ANNOUNCED = "custom field announced"
_PAGE = 10_000
_LINKS = schema.links.c
_KEY = (_LINKS.object, _LINKS.stream, _LINKS.id, _LINKS.part)


class Binding(NamedTuple):
    """The field that a label was bound to."""

    code: str
    type: str


class Bindings:
    """The tables `bindings` and `options`."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._db = database
        self._audit = audit
        self._made: set[tuple[LinkKey, str]] = set()
        """Fields and options that were made just now."""

    def fields(self, obj: str) -> dict[str, Binding]:
        """Return the field bound to each label of an object."""
        table = schema.bindings
        rows = self._db.run(select(table).where(table.c.object == obj))
        return {row.label: Binding(row.code, row.type) for row in rows}

    def bind(self, obj: str, label: str, binding: Binding) -> None:
        """Bind a label to a field."""
        self._db.put(schema.bindings, {"object": obj, "label": label}, binding._asdict())
        self._tell_of(_field(obj, label), binding.code)

    def unbind(self, obj: str, label: str) -> None:
        """Forget a label's field and its options."""
        self._db.drop(schema.bindings, {"object": obj, "label": label})
        self._db.drop(schema.options, {"object": obj, "field": label})

    def options(self, obj: str, field: str) -> dict[str, str]:
        """Return the id (as text) bound to each option of a field."""
        table = schema.options
        rows = self._db.run(select(table).where(table.c.object == obj, table.c.field == field))
        return {row.label: row.option_id for row in rows}

    def bind_option(self, obj: str, field: str, label: str, option: int | str) -> None:
        """Bind an option's label to its id."""
        key = {"object": obj, "field": field, "label": label}
        self._db.put(schema.options, key, {"option_id": str(option)})
        self._tell_of(_option(obj, field), str(option))

    def stand(self, obj: str, field: str, options: Collection[str]) -> None:
        """These options stand there; a run that did not live to tell may have made them."""
        if not options or self.announced() is None:
            return
        key = _option(obj, field)
        told = {row.pipedrive_id for row in self._audit.rows(object=[key.object], id=[key.id])}
        for option in options:
            if option not in told:
                self._audit.add("adopted", key, option)

    def made(self, obj: str, label: str, code: str) -> None:
        """A field was made."""
        self._tell_made(_field(obj, label), code)

    def made_option(self, obj: str, field: str, option: int | str) -> None:
        """An option was made; its own label is not told, for it may come from the data."""
        self._tell_made(_option(obj, field), str(option))

    def _tell_made(self, key: LinkKey, pipedrive_id: str) -> None:
        self._made.add((key, pipedrive_id))
        self._audit.add("created", key, pipedrive_id)

    def _tell_of(self, key: LinkKey, pipedrive_id: str) -> None:
        """Tell of what stood there, or was made by a run that did not live to tell."""
        if (key, pipedrive_id) not in self._made:
            self._audit.add("adopted", key, pipedrive_id)

    def unbind_option(self, obj: str, field: str, label: str) -> None:
        """Forget an option's id."""
        self._db.drop(schema.options, {"object": obj, "field": field, "label": label})

    async def announce(self) -> None:
        """Write down durably that a field or options are about to be made."""
        self._db.put(schema.meta, {"name": _ANNOUNCED}, {"value": str(time.time())})
        await self._db.durable()

    def announced(self) -> float | None:
        """Return when a field or options were about to be made last, in epoch seconds."""
        found = self._db.value(schema.meta.c.value, {"name": _ANNOUNCED})
        return None if found is None else float(found)

    def settled(self) -> None:
        """What was announced came to a known end."""
        self._db.drop(schema.meta, {"name": _ANNOUNCED})

    def renew(
        self,
        objects: Collection[str],
        label: str,
        whole: Collection[str],
        prints: Collection[str] | None = None,
    ) -> set[str]:
        """Forget that values of a field were ever sent: they stand in Pipedrive no more.

        Args:
            objects: Kinds of objects that carry it.
            label: Its label.
            whole: Streams whose records are kept whole; those are evaluated again.
            prints: Fingerprints of the values; None for all.

        Returns:
            The streams of all records that became such objects; none when no such value was sent.
        """
        if not self._unsend(objects, f"custom:{label}", prints) and prints is not None:
            return set()
        query = select(_LINKS.stream).where(_LINKS.object.in_(objects)).distinct()
        streams = set(self._db.run(query).scalars())
        self._db.run(delete(schema.seen).where(schema.seen.c.stream.in_(streams)))
        if marked := streams.intersection(whole):
            again = text(
                "INSERT INTO dirty (stream, id) SELECT DISTINCT stream, id FROM links "
                "WHERE object IN :objects AND stream IN :streams ON CONFLICT DO NOTHING"
            ).bindparams(
                bindparam("objects", list(objects), expanding=True),
                bindparam("streams", list(marked), expanding=True),
            )
            self._db.run(again)
        return streams

    def _unsend(self, objects: Collection[str], key: str, prints: Collection[str] | None) -> int:
        """Take a key out of what was sent, page by page; return how often it was there."""
        unsent = 0
        page = (
            select(*_KEY, _LINKS.sent)
            .where(_LINKS.object.in_(objects), _LINKS.sent.is_not(None))
            .order_by(*_KEY)
            .limit(_PAGE)
        )
        change = (
            update(schema.links)
            .where(*(column == bindparam(f"its_{column.name}") for column in _KEY))
            .values(sent=bindparam("left"))
        )
        after: tuple[str, ...] | None = None
        while True:
            query = page if after is None else page.where(tuple_(*_KEY) > after)
            rows = self._db.run(query).all()
            changed = []
            for *place, sent in rows:
                known = json.loads(sent)
                former = known.pop(key, None)
                if former is not None and (prints is None or former in prints):
                    names = (f"its_{column.name}" for column in _KEY)
                    changed.append(
                        dict(zip(names, place, strict=True)) | {"left": json.dumps(known)}
                    )
            if changed:
                self._db.run(change, changed)
                unsent += len(changed)
            if len(rows) < _PAGE:
                return unsent
            after = tuple(rows[-1][:-1])


def _field(obj: str, label: str) -> LinkKey:
    return LinkKey(f"{obj}Fields", "", label)


def _option(obj: str, field: str) -> LinkKey:
    return LinkKey(f"{obj}Fields", "", field, "option")
