"""Pipelines, stages and labels by name.

Names are compared folded, as those of custom fields are: Pipedrive keeps no rule of its own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Rejected
from target_pipedrive.pipedrive.operations import CREATE_LEAD_LABEL
from target_pipedrive.pipedrive.registry import FIELDS
from target_pipedrive.pipedrive.settle import PAUSE, settled
from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_pipedrive.pipedrive.api import Pipedrive
    from target_pipedrive.pipedrive.paging import Row

LABEL_CODES = ("label_ids", "label")
"""Codes of the built-in field that holds the labels; older accounts have the second."""

LABEL_COLOR = "gray"


class Names:
    """What stands in the account under which name; listed when it is first asked for.

    Args:
        pipedrive: The account.
        made: Told the kind and the id of each label that is made.
        pause: Seconds before looking for what an unanswered request may have made.
    """

    def __init__(
        self,
        pipedrive: Pipedrive,
        *,
        made: Callable[[str, str], None] = lambda *_: None,
        pause: float = PAUSE,
    ) -> None:
        self._pipedrive = pipedrive
        self._made = made
        self._pause = pause
        self._pipelines: list[Row] | None = None
        self._stages: list[Row] = []
        self._labels: dict[str, dict[str, int | str]] = {}
        self._listing = asyncio.Lock()

    async def stage(self, pipeline: str | None, stage: str | None) -> dict[str, int]:
        """What puts a deal there: `stage_id`, which decides the pipeline, else `pipeline_id`.

        Args:
            pipeline: Name of the pipeline; None where the stage's name stands in one alone.
            stage: Name of the stage; None for the first one.

        Raises:
            Rejected: `unknown_stage`, with the names there are.
        """
        if pipeline is None and stage is None:
            return {}
        await self._list_stages()
        pipelines = self._pipelines or []
        if pipeline is not None:
            pipelines = [row for row in pipelines if fold(row["name"]) == fold(pipeline)]
            if len(pipelines) != 1:
                there = ", ".join(f'"{row["name"]}"' for row in self._pipelines or [])
                raise Rejected(
                    "unknown_stage",
                    f"{len(pipelines) or 'no'} pipeline has this name; there is {there}",
                )
            if stage is None:
                return {"pipeline_id": int(pipelines[0]["id"])}
        ids = {row["id"] for row in pipelines}
        inside = [row for row in self._stages if row["pipeline_id"] in ids]
        found = [row for row in inside if fold(row["name"]) == fold(stage or "")]
        if len(found) != 1:
            there = ", ".join(dict.fromkeys(f'"{row["name"]}"' for row in inside))
            raise Rejected(
                "unknown_stage",
                f"{len(found)} stages have this name: name the `pipeline` too"
                if found
                else f"no stage has this name; there is {there}",
            )
        return {"stage_id": int(found[0]["id"])}

    async def labels(self, obj: str, names: Sequence[str], *, make: bool = True) -> list[int | str]:
        """Ids of labels; those that are missing are made, each once, or left out.

        Raises:
            Refused: Pipedrive refused a new label.
        """
        wanted = {fold(name): name for name in names}
        async with self._listing:
            known = self._labels.get(obj)
            if wanted and known is None:
                known = self._labels[obj] = await self._list_labels(obj)
            for key, name in wanted.items():
                if make and known is not None and key not in known:
                    known[key] = await self._make_label(obj, name)
        return [known[key] for key in wanted if key in known] if known else []

    async def _list_stages(self) -> None:
        async with self._listing:
            if self._pipelines is None:
                self._stages = await self._pipedrive.schema.stages()
                self._pipelines = await self._pipedrive.schema.pipelines()

    async def _list_labels(self, obj: str) -> dict[str, int | str]:
        if obj == "lead":
            rows = await self._pipedrive.schema.lead_labels()
            return {fold(row["name"]): row["id"] for row in reversed(rows)}
        field = await self._label_field(obj)
        return {fold(str(row["label"])): row["id"] for row in reversed(field["options"] or [])}

    async def _label_field(self, obj: str) -> Row:
        rows = {row["field_code"]: row for row in await self._pipedrive.schema.field_rows(obj)}
        return next(rows[code] for code in LABEL_CODES if code in rows)

    async def _make_label(self, obj: str, name: str) -> int | str:
        shown = " ".join(name.split())

        async def make() -> Any:
            if obj == "lead":
                return (await self._pipedrive.schema.create_lead_label(shown, LABEL_COLOR))["id"]
            field = await self._label_field(obj)
            (made,) = await self._pipedrive.schema.add_options(obj, field["field_code"], [shown])
            return made["id"]

        async def look() -> Any:
            return (await self._list_labels(obj)).get(fold(name))

        found: int | str = await settled(make, look, pause=self._pause)
        kind = CREATE_LEAD_LABEL if obj == "lead" else FIELDS[obj].add_options
        self._made(kind.kind, str(found))
        return found
