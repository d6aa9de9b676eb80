"""The ledger held against the account: by lists, so that it costs little."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_pipedrive.index import View, field_marks, line_marks, views
from target_pipedrive.ledger import Finding
from target_pipedrive.pipedrive import OBJECTS, Limits, Pipedrive
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
    rules = [rule for stream in mapping.streams() for rule in mapping.rules(stream)]
    seen_as = views(rules)
    spent = limits.spent
    findings: list[Finding] = []
    try:
        bind(ledger, await pipedrive.account(), client.host)
        for obj in objects or ledger.survey.objects():
            if OBJECTS[obj].list is None:
                logger.warning("%s: Pipedrive has no list of them; not compared", obj)
                continue
            findings += [
                finding
                async for finding in _compare(ledger, pipedrive, obj, seen_as.get(obj, View()))
            ]
    finally:
        ledger.book.add_tokens(limits.take_spent())
        await client.aclose()
    return findings, limits.spent - spent


async def _compare(
    ledger: Ledger, pipedrive: Pipedrive, obj: str, view: View
) -> AsyncIterator[Finding]:
    links = ledger.survey.linked(obj)
    bound = ledger.bindings.fields(obj)
    codes = {label: bound[label].code for label in view.fields if label in bound}
    gone = set(links)
    unlinked = []
    async for page in pipedrive.rows(obj, custom_fields=[*codes.values()]):
        for row in page:
            row_id = str(row["id"])
            gone.discard(row_id)
            if row_id not in links and _is_marked(row, codes, view):
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


def _is_marked(row: dict[str, Any], codes: dict[str, str], view: View) -> bool:
    custom = row.get("custom_fields") or {}
    keys = {label: custom.get(code) for label, code in codes.items()}
    return bool(field_marks(keys) or line_marks(row, view.lines))


def _some(rows: list[str], obj: str) -> list[str]:
    if len(rows) > _FIRST:
        logger.warning("%s: %s such rows; the first %d are named", obj, f"{len(rows):,}", _FIRST)
    return rows[:_FIRST]


def _order(row_id: str) -> tuple[int, str]:
    """By age: numbers grow."""
    return len(row_id), row_id
