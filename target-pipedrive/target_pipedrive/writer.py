"""Writes one object: create, adopt, update, replace, remove, merge.

A create is announced in the ledger before it is sent. When its outcome stays unknown, we look
before it is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from target_pipedrive.decide import Changes
from target_pipedrive.errors import Refused, Rejected, UnknownOutcome
from target_pipedrive.ledger import Link, LinkKey
from target_pipedrive.pipedrive import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from target_pipedrive.bodies import Bodies
    from target_pipedrive.desired import Desired, FieldSpec
    from target_pipedrive.index import Existing, Index
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.pipedrive import ActivityTypes, Fields, ObjectType, Pipedrive
    from target_pipedrive.sources import Sources

logger = logging.getLogger("target_pipedrive")

LOOKS = (0.5, 2.0, 5.0)
"""Seconds to wait before each look for a create of unknown outcome."""

_FORMER = "former "
"""Begins the part of a file that was replaced and has not been deleted yet."""

Action = Literal["created", "adopted", "updated", "unchanged", "removed", "kept", "merged"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Choices of the user that bear on writing.

    Args:
        remove: Objects whose source record was removed are deleted in Pipedrive.
        max_file_bytes: Larger files are left for a person.
        sources: Where files may come from.
    """

    remove: bool
    max_file_bytes: int
    sources: Sources


class Writer:
    """Makes objects in Pipedrive stand as desired.

    Args:
        pipedrive: The API.
        bodies: What is sent.
        fields: Custom fields.
        types: Activity types.
        ledger: What became what.
        index: What stands there already.
        specs: Custom fields the mapping needs.
        policy: Choices of the user.
    """

    def __init__(
        self,
        *,
        pipedrive: Pipedrive,
        bodies: Bodies,
        fields: Fields,
        types: ActivityTypes,
        ledger: Ledger,
        index: Index,
        specs: Collection[FieldSpec],
        policy: Policy,
    ) -> None:
        self._pipedrive = pipedrive
        self._bodies = bodies
        self._fields = fields
        self._types = types
        self._ledger = ledger
        self._index = index
        self._specs = specs
        self._policy = policy
        self._prepared: dict[tuple[str, int], asyncio.Task[None]] = {}

    def stands(self, desired: Desired, link: Link | None) -> bool:
        """Return whether an object stands as desired, as far as its link tells."""
        return link is not None and not self._bodies.changes(desired, link)

    async def write(self, desired: Desired) -> Action:
        """Make one object stand as desired.

        Raises:
            Rejected: It cannot be written; the run goes on.
            TargetError: The run cannot go on.
        """
        self._check_file(desired)
        link = self._ledger.links.get(_key(desired))
        if link is None:
            return await self._create(desired)
        difference = self._bodies.changes(desired, link)
        if not difference:
            return "unchanged"
        if desired.file is not None:
            return await self._replace_file(desired, link)
        return await self._update(desired, link, difference)

    async def remove(self, link: Link) -> Action:
        """Take away an object whose source record has none any more.

        Only what we created is deleted, and only if the policy says so; a file that was
        replaced goes in any case.
        """
        replaced = link.key.part.startswith(_FORMER)
        if link.created and (self._policy.remove or replaced):
            await self._pipedrive.delete(link.key.object, link.pipedrive_id)
        elif not replaced:
            return "kept"
        self._forget(link)
        return "removed"

    async def merge(self, loser: Link, survivor_key: LinkKey) -> Action:
        """Merge the person of a record into the person of the record that took its place.

        The survivor's person is left to be written once more, whole: Pipedrive fills its empty
        fields from the loser.

        Raises:
            Rejected: `parent_missing`, when the survivor has no person.
        """
        survivor = self._ledger.links.get(survivor_key)
        if survivor is None:
            raise Rejected("parent_missing", f"{survivor_key.stream}/{survivor_key.id}")
        if survivor.pipedrive_id != loser.pipedrive_id:
            await self._merge(loser.pipedrive_id, survivor.pipedrive_id)
            self._ledger.links.put(replace(survivor, sent=None))
        self._forget(loser)
        return "merged"

    async def _merge(self, loser: str, survivor: str) -> None:
        for wait in LOOKS:
            if await self._pipedrive.get("person", loser) is None:
                return
            try:
                await self._pipedrive.merge_persons(int(loser), int(survivor))
            except UnknownOutcome as lost:
                logger.warning("No answer to a merge (%s); looking whether it was done", lost)
                await asyncio.sleep(wait)
            except Refused as refused:
                raise Rejected("refused", str(refused)) from refused
            else:
                return
        raise Rejected("unknown_outcome", "person.merge")

    # create

    async def _create(self, desired: Desired) -> Action:
        kind = OBJECTS[desired.object]
        await self._prepare(desired.object)
        if desired.object == "activity_type":
            return await self._ensure_type(desired)
        prints = self._bodies.prints(desired)
        body = await self._bodies.of(desired, Changes(tuple(prints), ()), creating=True)
        if existing := await self._index.find(desired, body):
            return await self._adopt(desired, existing)
        since = self._pipedrive.server_time()
        self._ledger.links.announce(_key(desired))
        await self._ledger.durable()
        row_id = await self._send(desired, body, since)
        self._index.made(desired.object, row_id)
        self._ledger.links.put(
            Link(_key(desired), row_id, row_id, created=True, sent=_lasting(prints, kind))
        )
        return "created"

    async def _send(self, desired: Desired, body: dict[str, Any], since: datetime) -> str:
        """Send a create until its outcome is known; return the id of what it made."""
        for wait in LOOKS:
            try:
                if desired.file is not None:
                    row = await self._pipedrive.upload(desired.file, body)
                else:
                    row = await self._pipedrive.create(desired.object, body)
                return str(row["id"])
            except Refused as refused:
                self._ledger.links.forget_intent(_key(desired))
                raise Rejected("refused", str(refused)) from refused
            except Rejected:
                self._ledger.links.forget_intent(_key(desired))
                raise
            except UnknownOutcome as lost:
                logger.warning(
                    "No answer to a create (%s); looking for %s/%s before it is sent again",
                    lost,
                    desired.stream,
                    desired.id,
                )
                await asyncio.sleep(wait)
                found = await self._index.look(desired, body, since)
                if found is not None:
                    return found
        raise Rejected("unknown_outcome", f"{desired.object}.create")

    async def _adopt(self, desired: Desired, existing: Existing) -> Action:
        """Take over a row that stands there already.

        A row with our mark was last written in a state we do not know. It is ours to delete if a
        run announced it, or if rows of its kind are never adopted from others.
        """
        announced = self._ledger.links.announced(_key(desired))
        created = existing.ours and (announced or not self._index.adopts(desired.object))
        link = Link(
            _key(desired),
            existing.id,
            existing.id,
            created=created,
            sent=None if existing.ours else {},
        )
        if existing.outdated:
            return await self._replace_file(desired, link)
        if desired.file is not None:  # a file's content cannot be changed, only looked at
            self._ledger.links.put(replace(link, sent=self._bodies.prints(desired)))
        else:
            self._ledger.links.put(link)
            await self._update(desired, link, self._bodies.changes(desired, link))
        return "adopted"

    async def _ensure_type(self, desired: Desired) -> Action:
        found = await self._types.ensure(desired.body["name"], desired.body["icon_key"])
        # Two types of one name at the source share one in Pipedrive: only one of them made it.
        self._ledger.links.put(
            Link(
                _key(desired),
                str(found.id),
                found.key_string,
                created=found.created,
                sent=self._bodies.prints(desired),
            )
        )
        return "created" if found.created else "adopted"

    # update

    async def _update(self, desired: Desired, link: Link, difference: Changes) -> Action:
        kind = OBJECTS[desired.object]
        await self._prepare(desired.object)
        prints = self._bodies.prints(desired)
        if desired.object == "activity_type" and not link.created:
            self._ledger.links.forget(link.key)  # not ours to rename: find or make another
            return await self._create(desired)
        body = await self._bodies.of(desired, difference)
        if desired.object == "deal_product":
            former = link.pipedrive_id.partition("/")[0]
            if str(body.pop("deal_id", former)) != former:  # a line cannot be moved
                await self._pipedrive.delete(desired.object, link.pipedrive_id)
                self._forget(link)
                return await self._create(desired)
        if body:
            if not link.created:
                await self._save_before(desired.object, link, body)
            try:
                await self._pipedrive.update(desired.object, link.pipedrive_id, body)
            except Refused as refused:
                if not refused.gone:
                    raise Rejected("refused", str(refused)) from refused
                logger.warning(
                    "%s %s is gone from Pipedrive; %s/%s is created once more",
                    desired.object,
                    link.pipedrive_id,
                    desired.stream,
                    desired.id,
                )
                self._forget(link)
                return await self._create(desired)
        self._ledger.links.put(replace(link, sent=_lasting(prints, kind)))
        return "updated"

    async def _replace_file(self, desired: Desired, link: Link) -> Action:
        """Let the new file stand before the old one goes.

        Until then the old one is known as a former part of its record, so that a later run
        finishes what this one may not live to do.
        """
        part = f"{_FORMER}{link.pipedrive_id} {link.key.part}"
        former = replace(link, key=replace(link.key, part=part))
        self._ledger.links.put(former)
        self._ledger.links.forget(link.key)
        await self._create(desired)
        await self.remove(former)
        return "updated"

    async def _save_before(self, obj: str, link: Link, body: dict[str, Any]) -> None:
        row = await self._pipedrive.get(obj, link.pipedrive_id)
        if row is None:
            return
        custom = row.get("custom_fields") or {}
        values = {key: row.get(key) for key in body if key != "custom_fields"}
        values |= {key: custom.get(key) for key in body.get("custom_fields", {})}
        self._ledger.links.save_before(obj, link.pipedrive_id, values)

    # small helps

    def _check_file(self, desired: Desired) -> None:
        if desired.file is None:
            return
        if desired.file.uri is not None and not self._policy.sources.allow(desired.file.uri):
            raise Rejected("file_not_allowed")
        if desired.file.size > self._policy.max_file_bytes:
            raise Rejected("file_too_large", f"{desired.file.size} bytes")

    async def _prepare(self, obj: str) -> None:
        """Let the fields of an object be there before its first write; once a run."""
        specs = [spec for spec in self._specs if spec.object == obj]
        if not specs:
            return
        asked = (obj, len(specs))  # a stream of the object's name may ask for more
        if asked not in self._prepared:
            self._prepared[asked] = asyncio.ensure_future(self._fields.prepare(obj, specs))
        await asyncio.shield(self._prepared[asked])

    def _forget(self, link: Link) -> None:
        self._ledger.links.forget(link.key)
        self._ledger.signs.forget(link.key.object, link.pipedrive_id)


def _key(desired: Desired) -> LinkKey:
    return LinkKey(desired.object, desired.stream, desired.id, desired.part)


def _lasting(prints: dict[str, str], kind: ObjectType) -> dict[str, str]:
    """Return the fingerprints that later runs compare: not of keys only a create takes."""
    return {key: value for key, value in prints.items() if key not in kind.create_only}
