"""Takes in streams that no mapping file speaks of but that bear the name of an object."""

from __future__ import annotations

import json
import logging
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import MappingError, SettingsError
from target_pipedrive.mapping import ObjectKeys, direct
from target_pipedrive.pipedrive import OBJECTS, PARENTS
from target_pipedrive.pipedrive.registry import fields_home

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from target_pipedrive.index import Index
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import MappingSet, Options
    from target_pipedrive.pipedrive import Fields

logger = logging.getLogger("target_pipedrive")

_STREAM = "stream "
"""Before the name of a stream among the facts of the ledger: how it came last."""

OBJECT_KEYS: Mapping[str, ObjectKeys] = MappingProxyType(
    {
        name: ObjectKeys(
            kind.writable | kind.names.keys(),
            kind.custom_fields,
            {**kind.keys, **kind.names},
            kind.parents,
            kind.required,
        )
        for name, kind in OBJECTS.items()
    }
)
"""What the mapping may write into each object, by the registry."""


def remembered(ledger: Ledger) -> dict[str, str]:
    """Return how such streams came last, by their names."""
    return ledger.book.notes(_STREAM)


class DirectStreams:
    """Makes rules of the SCHEMA messages of such streams.

    Args:
        mapping: Takes the rules.
        fields: Custom fields: which there are, and whether those that are needed can be had.
        ledger: Remembers how a stream was read last.
        index: Is told how its objects are recognised.
        options: Settings of the target.
        choices: How such streams are read.
    """

    def __init__(
        self,
        *,
        mapping: MappingSet,
        fields: Fields,
        ledger: Ledger,
        index: Index,
        options: Options,
        choices: direct.Choices,
    ) -> None:
        self._mapping = mapping
        self._fields = fields
        self._ledger = ledger
        self._index = index
        self._options = options
        self._choices = choices
        self._taken: set[str] = set()

    async def take(self, stream: direct.Stream) -> None:
        """Make the rule of a stream; nothing for a stream of another name, or with a file.

        Raises:
            MappingError: The stream cannot become the object whose name it bears.
            SettingsError: A custom field cannot be told, is gone, or has no room.
        """
        obj = direct.object_of(stream.name)
        if obj is None or (stream.name in self._mapping.streams() - self._taken):
            return
        await self._make_rule(stream, obj)
        told = {"run": self._ledger.run, "schema": stream.schema, "keys": list(stream.keys)}
        self._ledger.book.note(_STREAM + stream.name, json.dumps(told, default=str))

    async def recall(self, streams: Collection[str]) -> None:
        """Make the rules of streams that did not come in this run, as the last one had them.

        All streams of that run are recalled, so that references mean what they meant there.
        """
        known = {name: json.loads(told) for name, told in self._ledger.book.notes(_STREAM).items()}
        absent = known.keys() - self._mapping.streams()
        runs = {known[name]["run"] for name in absent.intersection(streams)}
        for name in sorted(absent):
            obj, told = direct.object_of(name), known[name]
            if obj is None or told["run"] not in runs:
                continue
            try:
                await self._make_rule(direct.Stream(name, told["schema"], told["keys"]), obj)
            except (MappingError, SettingsError) as error:
                logger.warning("Rejected records of %s are not tried: %s", name, error)

    async def _make_rule(self, stream: direct.Stream, obj: str) -> None:
        made = direct.make_rule(
            stream,
            OBJECT_KEYS[obj],
            PARENTS,
            await self._account_fields(obj),
            self._choices,
            self._options,
            lambda parent: self._mapping.source_of(parent, direct.DIRECT),
        )
        await self._fields.check([*self._mapping.field_specs(), *made.specs])
        self._mapping.add(made)
        self._index.listing.recognise(made.rule)
        self._look_again(stream, made)
        if stream.name not in self._taken and made.left_out:
            logger.warning(
                "%s: no custom field of %s for %s, so they are left out. Make the fields in "
                "Pipedrive, set `create_custom_fields`, or drop them with `stream_maps`",
                stream.name,
                obj,
                ", ".join(made.left_out),
            )
        self._taken.add(stream.name)

    def _look_again(self, stream: direct.Stream, made: direct.Made) -> None:
        """Look at every record again if its stream is read in another way than last time."""
        shape: list[Any] = [stream.schema, list(stream.keys), repr(made.specs), made.left_out]
        text = json.dumps([*shape, repr(self._choices)], sort_keys=True, default=str)
        digest = blake2b(text.encode(), digest_size=16).hexdigest()
        if self._ledger.book.noted(f"shape {stream.name}") != digest:
            self._ledger.seen.forget_stream(stream.name)
            self._ledger.book.note(f"shape {stream.name}", digest)

    async def _account_fields(self, obj: str) -> dict[str, direct.AccountField]:
        """The custom fields that labels may mean, by folded label; of two with one label the first.

        First come those that earlier runs filled, by the labels of then: people may have renamed
        them since. Last come those of them that are gone, so that it is noticed.
        """
        if not OBJECTS[obj].custom_fields:
            return {}
        home = fields_home(obj)
        rows = {str(row["field_code"]): row for row in await self._fields.rows(obj)}
        bound = self._ledger.bindings.fields(home)
        known = [(label, one.type) for label, one in bound.items() if one.code in rows]
        known += [
            (spec.label, spec.type)
            for spec in self._mapping.field_specs()
            if fields_home(spec.object) == home
        ]
        known += [(str(row["field_name"]), str(row["field_type"])) for row in rows.values()]
        known += [(label, one.type) for label, one in bound.items()]
        found: dict[str, direct.AccountField] = {}
        for label, field_type in known:
            found.setdefault(direct.folded(label), direct.AccountField(label, field_type))
        return found
