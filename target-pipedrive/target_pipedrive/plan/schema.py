"""A run that makes what a plan foresaw of custom fields, options and activity types; no more."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Desired, FieldSpec, Found, Mark
from target_pipedrive.endings import Typed
from target_pipedrive.ledger.copy import LedgerCopy
from target_pipedrive.load import LoadSession
from target_pipedrive.plan.guard import moved_since, strange
from target_pipedrive.plan.rehearsal import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.pipedrive import Client
    from target_pipedrive.settings import Settings

logger = logging.getLogger("target_pipedrive")


class SchemaSession(LoadSession):
    """An open run that makes a schema. It can be stopped and run again: what stands is left."""

    async def _require_plan(self) -> None:
        """The plan is at hand already; see `apply`."""

    async def apply(self, plan: Mapping[str, Any], path: Path) -> Counter[str]:
        """Make what a plan foresaw and does not stand yet.

        Args:
            plan: The plan.
            path: Where it lies.

        Returns:
            How many custom fields, options and activity types were made.

        Raises:
            SettingsError: It was made for another account, mapping or subscription; or there is
                no room for its custom fields.
        """
        if moved := [*strange(plan, self._settings, self._rooms)]:
            raise moved_since(path, moved)
        made: Counter[str] = Counter()
        fields = self._rooms.fields
        for spec in _specs(plan):
            before = fields.code(spec.object, spec.label)
            options = len(fields.labels(spec.object, spec.label))
            await fields.prepare(spec.object, [spec])
            made["custom fields"] += before is None
            if before is not None:
                made["options"] += len(fields.labels(spec.object, spec.label)) - options
        for desired in _types(plan):
            action = await self._rooms.writer.write(desired)
            self._counts.done[desired.object, action] += 1
            made["activity types"] += action == "created"
        return made

    def _sum_up(self, failure: BaseException | None) -> None:
        """Tell what was spent; what was made is told by whoever asked for it."""
        limits = self._client.limits
        logger.info(
            "%s requests; %s tokens spent today, %s left",
            f"{limits.by_operation.total():,}",
            f"{limits.spent:,}",
            f"{limits.left:,}",
        )
        if failure is None:
            logger.info("Next: load: %s", Typed.here().run("apply"))


class SchemaRehearsal(SchemaSession):
    """The same, rehearsed: nothing is made."""

    @classmethod
    def open_ledger(cls, settings: Settings, run: str) -> Ledger:
        """Return a copy of the ledger; an empty one when there is none."""
        return LedgerCopy(settings.ledger, run, settings.output_dir, or_empty=True)

    @classmethod
    def wrap(cls, client: Client) -> Client:
        """Return what answers writes itself."""
        return Rehearsal(client)

    async def _begin(self) -> None:
        """Nothing is to be noted."""

    async def _write_down(self, failure: BaseException | None) -> None:
        """Nothing was done."""


def _specs(plan: Mapping[str, Any]) -> Iterator[FieldSpec]:
    """Yield the custom fields that are to stand, with all options that are foreseen."""
    make = plan["make"]
    for one in (*make["custom_fields"], *make["options"]):
        if one["needed"]:
            yield FieldSpec(one["object"], one["label"], one["type"], tuple(one["options"]))


def _types(plan: Mapping[str, Any]) -> Iterator[Desired]:
    for one in plan["make"]["activity_types"]:
        found, label, key = one["mark"]
        mark = Mark(Found(found), label, key)
        yield Desired("activity_type", one["stream"], one["id"], "", one["body"], {}, mark)
