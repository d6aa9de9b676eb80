"""Writes one object: create, adopt, update, replace, remove, merge.

Whatever is sent is announced in the ledger before: a create, so that it is looked for when its
outcome stays unknown; an update, a delete and a merge, so that what they leave is held for unknown
until an answer tells that they were carried out.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from target_pipedrive.decide import Changes
from target_pipedrive.desired import Found
from target_pipedrive.errors import Refused, Rejected
from target_pipedrive.ledger import Link, LinkKey
from target_pipedrive.marks import sign
from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.pipedrive.settle import Unsettled, settled
from target_pipedrive.pipedrive.traces import trace
from target_pipedrive.recall import FORMER, Recall
from target_pipedrive.recall import key_of as _key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from target_pipedrive.bodies import Bodies
    from target_pipedrive.desired import Desired, FieldSpec
    from target_pipedrive.index import Existing, Index
    from target_pipedrive.ledger import Ledger, audit
    from target_pipedrive.pipedrive import ActivityTypes, Fields, ObjectType, Pipedrive
    from target_pipedrive.sources import Sources

logger = logging.getLogger("target_pipedrive")

PAUSE = 0.5
"""Seconds before the first look for a create of unknown outcome; many records wait at once, and
what comes later still is found at the end of the run."""

_MERGED = dict.fromkeys(("org_id", "emails", "phones", "label_ids"))
"""Built-in keys of a person that a merge may change."""

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
        self._listing = index.listing
        self._strays = index.strays
        self._specs = specs
        self._policy = policy
        self._prepared: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._recall = Recall(bodies, ledger, index, self._prepare)

    def stands(self, desired: Desired, link: Link | None) -> bool:
        """Return whether an object stands as desired, as far as its link tells."""
        return link is not None and not self._bodies.changes(desired, link)

    def possible(self, desired: Desired) -> tuple[Desired, str]:
        """Return what can be written of an object now; see `Bodies.possible`."""
        return self._bodies.possible(desired)

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
        if not self._bodies.changes(desired, link):
            return "unchanged"
        await self._bodies.let_references_settle(desired)
        link = self._ledger.links.get(link.key) or link
        difference = self._bodies.changes(desired, link)
        if desired.file is not None:
            return await self._replace_file(desired, link)
        return await self._update(desired, link, difference)

    async def remove(self, link: Link) -> Action:
        """Take away an object whose source record has none any more.

        Only what we created is deleted, and only if the policy says so; a file that was
        replaced goes in any case.
        """
        replaced = link.key.part.startswith(FORMER)
        if link.created and (self._policy.remove or replaced):
            self._ledger.links.put(replace(link, sent=None))
            await self._ledger.durable()
            await self._pipedrive.delete(link.key.object, link.pipedrive_id)
        elif not replaced:
            self._ledger.audit.add("kept", link.key, link.pipedrive_id)
            return "kept"
        self._end(link, "replaced" if replaced else "removed")
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
            await self._save_merged(survivor, self._ledger.before.save)
            await self._merge(loser.pipedrive_id, survivor.pipedrive_id)
            await self._save_merged(survivor, self._ledger.before.wrote)
            self._index.moved("person", loser.pipedrive_id, survivor.pipedrive_id)
            self._ledger.links.put(replace(survivor, sent=None, trace=None))
        self._end(loser, "merged", f"into {survivor.pipedrive_id}")
        return "merged"

    async def _merge(self, loser: str, survivor: str) -> None:
        async def merge() -> bool:
            await self._pipedrive.merge_persons(int(loser), int(survivor))
            return True

        async def merged() -> bool | None:
            return True if await self._pipedrive.get("person", loser) is None else None

        if await merged():
            return
        try:
            await settled(merge, merged, pause=PAUSE)
        except Unsettled as unsettled:
            raise Rejected("unknown_outcome", "person.merge") from unsettled
        except Refused as refused:
            raise Rejected("refused", str(refused)) from refused

    # what an earlier ledger knew

    def may_have_strays(
        self, objects: Collection[str], stream: str, record_id: str, wanted: Sequence[Desired]
    ) -> bool:
        """Return whether rows may stand that no link tells of; see `Recall.is_due`."""
        return self._recall.is_due(objects, stream, record_id, wanted)

    async def recall(self, former: Sequence[Desired], wanted: Sequence[Desired]) -> None:
        """Take in what was made of a record without its link; see `Recall.take_in`."""
        await self._recall.take_in(former, wanted)

    async def catch_up(self, obj: str) -> None:
        """Learn from the account what an old ledger missed of a kind of object."""
        if self._listing.is_behind(obj):
            await self._prepare(obj)
            await self._listing.catch_up(obj)

    async def end(self) -> None:
        """All is written: let nothing stand twice that was sent twice."""
        for obj, row in await self._strays.twins():
            await self._pipedrive.delete(obj, row)
            self._ledger.signs.forget(obj, row)
            self._ledger.audit.add("removed", LinkKey(obj, "", ""), row, "twin")
            logger.warning("%s %s was made by a request that came late; deleted", obj, row)

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
        self._ledger.links.announce(_key(desired), sign(desired, body), since)
        await self._ledger.durable()
        row_id, left = await self._send(desired, body, since)
        self._listing.made(desired.object, row_id)
        sent = _lasting(prints, kind)
        self._ledger.links.put(
            Link(_key(desired), row_id, row_id, created=True, sent=sent, trace=left), "created"
        )
        return "created"

    async def _send(
        self, desired: Desired, body: dict[str, Any], since: datetime
    ) -> tuple[str, str | None]:
        """Send a create until its outcome is known; return id and trace of what it made."""
        sent = 0

        async def make() -> tuple[str, str | None]:
            nonlocal sent
            if sent:
                self._ledger.resent.note(desired.object, sign(desired, body), since)
                await self._ledger.durable()
            sent += 1
            if desired.file is not None:
                row = await self._pipedrive.upload(desired.file, body)
            else:
                row = await self._pipedrive.create(desired.object, body)
            return str(row["id"]), trace(desired.object, row)

        async def look() -> tuple[str, None] | None:
            found = await self._index.look(desired, body, since)
            return None if found is None else (found, None)

        try:
            return await settled(make, look, pause=PAUSE)
        except Unsettled as unsettled:
            raise Rejected("unknown_outcome", f"{desired.object}.create") from unsettled
        except (Refused, Rejected) as refused:
            if sent == 1:  # an earlier sending may still be carried out
                self._ledger.links.forget_intent(_key(desired))
            if isinstance(refused, Rejected):
                raise
            raise Rejected("refused", str(refused)) from refused

    async def _adopt(self, desired: Desired, existing: Existing) -> Action:
        """Take over a row that stands there already.

        A row with our mark was last written in a state we do not know. It is ours to delete if a
        run announced it, or if rows of its kind are never adopted from others.
        """
        announced = self._ledger.links.announced(_key(desired))
        created = existing.ours and (announced or not self._listing.adopts(desired.object))
        link = Link(
            _key(desired),
            existing.id,
            existing.id,
            created=created,
            sent=None if existing.ours else {},
        )
        action: audit.Action = "created" if created and announced else "adopted"
        if existing.outdated:
            self._ledger.audit.add(action, link.key, link.pipedrive_id)
            return await self._replace_file(desired, link)
        if desired.file is not None:  # a file's content cannot be changed, only looked at
            self._ledger.links.put(replace(link, sent=self._bodies.prints(desired)), action)
        else:
            self._ledger.links.put(link, action)
            await self._update(desired, link, self._bodies.changes(desired, link))
        return "adopted"

    async def _ensure_type(self, desired: Desired) -> Action:
        key, name = _key(desired), desired.body["name"]
        announced = self._ledger.links.announced(key)
        if announced and (former := await self._former_type(desired)) is not None:
            self._ledger.links.put(former, "created")
            await self._update(desired, former, self._bodies.changes(desired, former))
            return "created"
        found = await self._types.find(name)
        if found is None:
            self._ledger.links.announce(key, sign(desired, {}), self._pipedrive.server_time())
            await self._ledger.durable()
            found = await self._types.ensure(
                name, desired.body["icon_key"], desired.body.get("color")
            )
        # Two types of one name at the source share one in Pipedrive: only one of them made it.
        taken = self._ledger.links.owned(desired.object, [str(found.id)])
        created = found.created or (announced and not taken)
        self._ledger.links.put(
            Link(
                key,
                str(found.id),
                found.key_string,
                created=created,
                sent=self._bodies.prints(desired),
            ),
            "created" if created else "adopted",
        )
        return "created" if created else "adopted"

    async def _former_type(self, desired: Desired) -> Link | None:
        """Return what a create of unknown outcome made, if the type has another name since."""
        key = _key(desired)
        announced = self._ledger.links.announced_sign(key)
        if announced is None or announced == sign(desired, {}):
            return None
        found = await self._types.find(announced.removeprefix(f"{Found.NAME} "))
        if found is None or self._ledger.links.owned(desired.object, [str(found.id)]):
            return None
        return Link(key, str(found.id), found.key_string, created=True, sent=None)

    # update

    async def _update(self, desired: Desired, link: Link, difference: Changes) -> Action:
        kind = OBJECTS[desired.object]
        await self._prepare(desired.object)
        prints = self._bodies.prints(desired)
        if desired.object == "activity_type":
            named = await self._types.find(desired.body["name"])
            taken = named is not None and str(named.id) != link.pipedrive_id
            if taken or not link.created:  # not ours to rename: find or make another
                self._ledger.links.end(link, "kept")
                self._ledger.links.doubt_references(link.key)
                return await self._create(desired)
            self._types.renamed()
        body = await self._bodies.of(desired, difference)
        if desired.object == "deal_product":
            former = link.pipedrive_id.partition("/")[0]
            if str(body.pop("deal_id", former)) != former:  # a line cannot be moved
                await self._pipedrive.delete(desired.object, link.pipedrive_id)
                self._end(link, "replaced")
                return await self._create(desired)
        if body:
            if not link.created:
                await self._save_before(link, body)
            self._ledger.links.doubt(link, (*difference.set, *difference.cleared))
            await self._ledger.durable()
            try:
                row = await self._pipedrive.update(desired.object, link.pipedrive_id, body)
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
                self._end(link, "gone")
                self._ledger.links.doubt_references(link.key)
                return await self._create(desired)
            link = replace(link, trace=trace(desired.object, row))
            if not link.created:
                self._ledger.before.wrote(desired.object, link.pipedrive_id, _values(row, body))
        self._ledger.links.put(
            replace(link, sent=_lasting(prints, kind)), "updated" if body else None
        )
        return "updated"

    async def _replace_file(self, desired: Desired, link: Link) -> Action:
        """Let the new file stand before the old one goes.

        Until then the old one is known as a former part of its record, so that a later run
        finishes what this one may not live to do.
        """
        part = f"{FORMER}{link.pipedrive_id} {link.key.part}"
        former = replace(link, key=replace(link.key, part=part))
        self._ledger.links.put(former)
        self._ledger.links.forget(link.key)
        await self._create(desired)
        await self.remove(former)
        return "updated"

    async def _save_before(self, link: Link, body: dict[str, Any]) -> None:
        """Keep what stands where we are about to write, and what shall stand there."""
        obj, row_id = link.key.object, link.pipedrive_id
        row = await self._pipedrive.get(obj, row_id)
        if row is None:
            return
        self._ledger.before.save(obj, row_id, _values(row, body))
        self._ledger.before.wrote(obj, row_id, _values(body, body))  # until an answer tells

    async def _save_merged(
        self, survivor: Link, save: Callable[[str, str, Mapping[str, Any]], None]
    ) -> None:
        """Keep what a merge may change in a person of others, before it and after."""
        if survivor.created:
            return
        row = await self._pipedrive.get("person", survivor.pipedrive_id)
        if row is not None:
            taken_over = {**_MERGED, "custom_fields": row.get("custom_fields") or {}}
            save("person", survivor.pipedrive_id, _values(row, taken_over))
            await self._ledger.durable()

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

    def _end(self, link: Link, action: audit.Action, code: str = "") -> None:
        self._ledger.links.end(link, action, code)
        self._ledger.signs.forget(link.key.object, link.pipedrive_id)


def _values(row: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row under the keys of a body, custom fields by their hash keys."""
    if "custom_fields" not in like:
        return {key: row.get(key) for key in like}
    custom = row.get("custom_fields") or {}
    values = {key: row.get(key) for key in like if key != "custom_fields"}
    return values | {code: custom.get(code) for code in like["custom_fields"]}


def _lasting(prints: dict[str, str], kind: ObjectType) -> dict[str, str]:
    """Return the fingerprints that later runs compare: not of keys only a create takes."""
    return {key: value for key, value in prints.items() if key not in kind.create_only}
