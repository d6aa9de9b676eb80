"""The ledger held against the account: by lists, so that it costs little."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_pipedrive.direct import OBJECT_KEYS, remembered
from target_pipedrive.ledger import Finding
from target_pipedrive.mapping.direct import key_places, object_of
from target_pipedrive.marks import View, field_marks, line_marks, views
from target_pipedrive.pipedrive import OBJECTS, Limits, Pipedrive
from target_pipedrive.pipedrive.registry import fields_home
from target_pipedrive.rooms import bind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from typing import Any

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.settings import Settings

logger = logging.getLogger("target_pipedrive")

_FIRST = 10
"""So many rows are named for each kind of finding."""


async def compare(
    ledger: Ledger, settings: Settings, mapping: MappingSet, objects: Collection[str]
) -> tuple[list[Finding], int]:
    """Compare what the ledger says with what stands in Pipedrive.

    Args:
        ledger: Open to write: the tokens spent are counted in it.
        settings: Of the loader.
        mapping: Says how objects of ours are recognised.
        objects: Which objects; all that the ledger knows when empty.

    Returns:
        What differs, and the tokens that it took.

    Raises:
        TargetError: The account cannot be read, or is not the ledger's.
    """
    limits = Limits(
        settings.subscription,
        settings.seats,
        settings.burst,
        settings.daily_tokens,
        spent=ledger.book.tokens_today(),
    )
    client = await settings.access.connect(limits)
    pipedrive = Pipedrive(client)
    marks = _Marks(ledger, mapping, settings.key_field)
    spent = limits.spent
    findings: list[Finding] = []
    try:
        bind(ledger, await pipedrive.account(), client.host)
        for obj in objects or ledger.survey.objects():
            if OBJECTS[obj].list is None:
                logger.warning("%s: Pipedrive has no list of them; not compared", obj)
                continue
            findings += [finding async for finding in _compare(ledger, pipedrive, obj, marks)]
    finally:
        ledger.book.add_tokens(limits.take_spent())
        await client.aclose()
    return findings, limits.spent - spent


class _Marks:
    """By what rows of ours are known.

    Args:
        ledger: Knows the hash keys of custom fields, and the streams that came without a file.
        mapping: Says how objects are recognised.
        key_field: Label that holds the keys of streams without a file.
    """

    def __init__(self, ledger: Ledger, mapping: MappingSet, key_field: str) -> None:
        self._ledger = ledger
        self._codes: dict[str, dict[str, str]] = {}
        rules = list(mapping.all_rules())
        self._views = views(rules)
        self._streams = {(rule.object, rule.stream) for rule in rules}
        for stream in remembered(ledger).keys() - mapping.streams():
            if obj := object_of(stream):
                places = key_places(obj, OBJECT_KEYS[obj], key_field)
                self._views[obj] = self._view(obj).also(*places)
                self._streams.add((obj, stream))

    def codes(self, obj: str) -> dict[str, str]:
        """Return the hash keys of the custom fields that hold our keys, by label."""
        if obj not in self._codes:
            bound = self._ledger.bindings.fields(fields_home(obj))
            labels = self._view(obj).fields & bound.keys()
            self._codes[obj] = {label: bound[label].code for label in labels}
        return self._codes[obj]

    def on(self, obj: str, row: dict[str, Any]) -> bool:
        """Return whether a row bears a mark of ours."""
        custom = row if OBJECTS[obj].flat else row.get("custom_fields") or {}
        keys = {label: custom.get(code) for label, code in self.codes(obj).items()}
        stream = str(row.get("origin_id") or "").partition("/")[0] if obj == "lead" else ""
        return bool(
            field_marks(keys)
            or line_marks(row, self._view(obj).lines)
            or (obj, stream) in self._streams
        )

    def _view(self, obj: str) -> View:
        return self._views.get(obj, View())


async def _compare(
    ledger: Ledger, pipedrive: Pipedrive, obj: str, marks: _Marks
) -> AsyncIterator[Finding]:
    links = ledger.survey.linked(obj)
    gone = set(links)
    unlinked = []
    if obj == "deal_product":  # listed by deals; those of deals that are not ours are not looked at
        pages = pipedrive.deal_products.lines(sorted(ledger.links.ids("deal"), key=_order))
    else:
        pages = pipedrive.rows(obj, custom_fields=[*marks.codes(obj).values()])
    async for page in pages:
        for row in page:
            row_id = str(row["id"])
            gone.discard(row_id)
            if row_id not in links and marks.on(obj, row):
                unlinked.append(row_id)
    todo = "Made once more when its record changes; to make it now, change the record"
    for row_id in _some(sorted(gone, key=_order), obj):
        key = links[row_id]
        yield Finding(
            "gone from Pipedrive", f"{obj} {row_id} of {key.stream}/{key.id}", todo, broken=True
        )
    todo = "Taken over when its record is read: run with --full-refresh"
    for row_id in _some(sorted(unlinked, key=_order), obj):
        yield Finding("ours, and not in the ledger", f"{obj} {row_id}", todo, broken=True)


def _some(rows: list[str], obj: str) -> list[str]:
    if len(rows) > _FIRST:
        logger.warning("%s: %s such rows; the first %d are named", obj, f"{len(rows):,}", _FIRST)
    return rows[:_FIRST]


def _order(row_id: str) -> tuple[int, str]:
    """By age: numbers grow."""
    return len(row_id), row_id
