"""What is sent for an object: what differs, and the body that makes it so."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from target_pipedrive.decide import CUSTOM, Changes, changes, fingerprints
from target_pipedrive.desired import Custom, Owner, Ref
from target_pipedrive.errors import Rejected
from target_pipedrive.ledger import LinkKey
from target_pipedrive.pipedrive import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator

    from target_pipedrive.desired import Desired
    from target_pipedrive.ledger import Ledger, Link
    from target_pipedrive.pipedrive import Fields, Names, ObjectType
    from target_pipedrive.users import Users

logger = logging.getLogger("target_pipedrive")


class Bodies:
    """Turns desired objects into request bodies.

    Args:
        fields: Custom fields.
        users: Who owns what.
        ledger: What became what.
        after: Waits for work under way on a record (stream, id).
        is_admin: The token is an administrator's.
        names: Pipelines, stages and labels.
    """

    def __init__(
        self,
        *,
        fields: Fields,
        users: Users,
        ledger: Ledger,
        after: Callable[[tuple[str, str]], Awaitable[None]],
        is_admin: bool,
        names: Names,
    ) -> None:
        self._fields = fields
        self._users = users
        self._ledger = ledger
        self._after = after
        self._is_admin = is_admin
        self._names = names

    def prints(self, desired: Desired) -> dict[str, str]:
        """Return the fingerprints of an object's values."""
        return fingerprints(desired, self._users.id_of)

    def changes(self, desired: Desired, link: Link) -> Changes:
        """Return what differs from what was sent last."""
        kind = OBJECTS[desired.object]
        prints = self.prints(desired)
        found = changes(desired, prints, link.sent, self._ledger.kept.survivor)
        return Changes(
            tuple(key for key in found.set if key not in kind.create_only), found.cleared
        )

    async def of(
        self, desired: Desired, difference: Changes, *, creating: bool = False
    ) -> dict[str, Any]:
        """Return the body that makes a difference, references resolved.

        Raises:
            Rejected: `parent_missing` or `unknown_stage`.
        """
        kind = OBJECTS[desired.object]
        if desired.file is not None:
            await self._let_merges_end(desired)
        body = {
            key: await self.resolve(value)
            for key, value in desired.body.items()
            if key in difference.set
            and key not in kind.names
            and (creating or key not in kind.create_only)
            and key not in self.refused(kind)
        }
        body |= self._emptied(desired, difference.cleared, kind)
        changed = {*difference.set, *difference.cleared}
        body |= await self.named(desired, changed)
        custom = {
            label: await self.resolved(desired, label, field)
            for label, field in desired.custom.items()
            if CUSTOM + label in changed
        }
        return body | await self._fields.body(desired.object, custom) if custom else body

    def possible(self, desired: Desired) -> tuple[Desired, str]:
        """Return an object without what refers to records that nothing stands for.

        It is whole where something cannot be left out, for Pipedrive needs it, or takes it with
        the create alone.

        Returns:
            The object, and the first record that it lacks, as `stream/id`; empty when it is whole.
        """
        kind = OBJECTS[desired.object]
        body = {key: lacking for key in desired.body if (lacking := self._lacks(desired.body[key]))}
        custom = {
            label: lacking
            for label, field in desired.custom.items()
            if (lacking := self._lacks(field.value))
        }
        parents = [key for key in kind.parents if desired.body.get(key) is not None]
        if not kind.create_only.union(kind.required).isdisjoint(body) or (
            parents and body.keys() >= set(parents)
        ):
            return desired, ""
        return replace(
            desired,
            body={key: value for key, value in desired.body.items() if key not in body},
            custom={key: value for key, value in desired.custom.items() if key not in custom},
        ), next(iter([*body.values(), *custom.values()]), "")

    def _lacks(self, value: Any) -> str:
        """Return the first record that a value refers to and that nothing stands for."""
        for ref in _references(value):
            record_id = self._ledger.kept.survivor(ref.stream, ref.id)
            if self._ledger.links.get(LinkKey(ref.object, ref.stream, record_id)) is None:
                return f"{ref.stream}/{record_id}"
        return ""

    async def let_references_settle(self, desired: Desired) -> None:
        """Wait for work on all that an object names: another row may take the place of one."""
        values = [*desired.body.values(), *(field.value for field in desired.custom.values())]
        for ref in _references(values):
            await self._after((ref.stream, self._ledger.kept.survivor(ref.stream, ref.id)))

    async def _let_merges_end(self, desired: Desired) -> None:
        """Wait for merges into the parent of a file: they move files, which are known by parent."""
        for ref in desired.body.values():
            if isinstance(ref, Ref) and ref.stream != desired.stream:
                survivor = self._ledger.kept.survivor(ref.stream, ref.id)
                for loser in self._ledger.kept.merged_away(ref.stream, survivor):
                    await self._after((ref.stream, loser))

    async def resolved(self, desired: Desired, label: str, field: Custom) -> Custom:
        """Return a custom field's value with ids instead of references and owners."""
        value = field.value
        if isinstance(value, Owner) and not self._users.has(value.email):
            logger.warning(
                '%s/%s: no active Pipedrive user has the e-mail for "%s"; the field stays empty',
                desired.stream,
                desired.id,
                label,
            )
            value = None
        if isinstance(value, Ref | Owner):
            return Custom(field.type, await self.resolve(value))
        return field if value is field.value else Custom(field.type, value)

    def refused(self, kind: ObjectType) -> frozenset[str]:
        """Return the keys that Pipedrive takes from administrators alone, if this is none."""
        return frozenset() if self._is_admin else kind.admin_only

    async def named(
        self, desired: Desired, changed: Collection[str], *, make: bool = True
    ) -> dict[str, Any]:
        """Return what names stand for.

        Args:
            desired: The object.
            changed: The names in question.
            make: Whether labels that are missing are made; otherwise they are left out.

        Raises:
            Rejected: `unknown_stage`.
        """
        body: dict[str, Any] = {}
        if not {"pipeline", "stage"}.isdisjoint(changed):
            at = (desired.body.get("pipeline"), desired.body.get("stage"))
            body |= await self._names.stage(*at)
        if "labels" in changed:
            names = desired.body["labels"] or ()
            body["label_ids"] = await self._names.labels(desired.object, names, make=make)
        return body

    def _emptied(self, desired: Desired, keys: Collection[str], kind: ObjectType) -> dict[str, Any]:
        """Return what empties Pipedrive's own keys, as far as it can be done; report the rest."""
        own = [
            key
            for key in keys
            if not key.startswith(CUSTOM) and key not in (kind.create_only | {"labels"})
        ]
        body: dict[str, Any] = {key: None for key in own if key in kind.clearable}
        body |= {key: kind.empties[key] for key in own if key in kind.empties}
        if stuck := [key for key in own if key not in {*body, *kind.by_status}]:
            logger.warning(
                "%s/%s: Pipedrive cannot empty %s of a %s; the old value stays",
                desired.stream,
                desired.id,
                ", ".join(stuck),
                desired.object,
            )
        return body

    async def resolve(self, value: Any) -> Any:
        """Return a value with ids instead of references and owners.

        Raises:
            Rejected: `parent_missing`.
        """
        match value:
            case Ref():
                return await self._pipedrive_id(value)
            case Owner():
                return self._users.id_of(value)
            case dict():
                return {key: await self.resolve(item) for key, item in value.items()}
            case list() | tuple():
                return [await self.resolve(item) for item in value]
            case _:
                return value

    async def _pipedrive_id(self, ref: Ref) -> int | str:
        """Wait for the object a reference names; return what stands for it in a body."""
        record_id = self._ledger.kept.survivor(ref.stream, ref.id)
        await self._after((ref.stream, record_id))
        handle = self._ledger.links.handle(LinkKey(ref.object, ref.stream, record_id))
        if handle is None:
            raise Rejected("parent_missing", f"{ref.stream}/{record_id}")
        return int(handle) if handle.isdigit() else handle


def _references(value: Any) -> Iterator[Ref]:
    """Yield all references in a value."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, dict):
        yield from _references(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _references(item)
