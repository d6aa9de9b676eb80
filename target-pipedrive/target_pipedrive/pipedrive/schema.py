"""What rows of an account consist of: custom fields and options, labels, pipelines and stages."""

# ruff: noqa: A002 - `object`, `id` and `type` are what Pipedrive calls these things

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import UnknownOutcome
from target_pipedrive.pipedrive.answers import as_row, with_id
from target_pipedrive.pipedrive.deleting import delete
from target_pipedrive.pipedrive.operations import (
    CREATE_LEAD_LABEL,
    DELETE_LEAD_LABEL,
    LEAD_LABELS,
    PIPELINES,
    STAGES,
)
from target_pipedrive.pipedrive.paging import v2_pages
from target_pipedrive.pipedrive.registry import FIELDS, OBJECTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.pipedrive.client import Client
    from target_pipedrive.pipedrive.paging import Row

_WHOLE: dict[str, str | int] = {"limit": 500}


class Schema:
    """What an account's rows consist of; `object` is always a name in the registry."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def pipelines(self) -> list[Row]:
        """All live pipelines, in the order of their ids."""
        return [row async for page in v2_pages(self._client, PIPELINES, _WHOLE) for row in page]

    async def stages(self) -> list[Row]:
        """All live stages of all pipelines, in the order of their ids."""
        return [row async for page in v2_pages(self._client, STAGES, _WHOLE) for row in page]

    async def lead_labels(self) -> list[Row]:
        """All labels of leads (their ids are UUIDs)."""
        return list((await self._client.call(LEAD_LABELS)).data or ())

    async def create_lead_label(self, name: str, color: str) -> Row:
        """Create a label for leads."""
        body = {"name": name, "color": color}
        return with_id(
            (await self._client.call(CREATE_LEAD_LABEL, json=body)).data, CREATE_LEAD_LABEL
        )

    async def field_rows(self, object: str) -> list[Row]:
        """All live fields of an object, built-in and custom (official OpenAPI v2, Field)."""
        rows: list[Row] = []
        async for page in v2_pages(
            self._client, FIELDS[object].list, {"limit": OBJECTS[object].page}
        ):
            rows.extend(page)
        return rows

    async def create_field(
        self,
        object: str,
        name: str,
        type: str,
        options: Sequence[str],
    ) -> Row:
        """Create a custom field, with its first options for `enum` and `set`."""
        body: dict[str, Any] = {"field_name": name, "field_type": type}
        if options:
            body["options"] = [{"label": label} for label in options]
        row = as_row((await self._client.call(FIELDS[object].create, json=body)).data)
        if not row.get("field_code"):
            raise UnknownOutcome(FIELDS[object].create.name, "an answer without the field's key")
        return row

    async def delete_field(self, object: str, code: str) -> bool:
        """Delete a custom field and all its values; False when it was gone already."""
        return await delete(self._client, FIELDS[object].delete, {"code": code})

    async def remove_options(self, object: str, code: str, options: Sequence[int | str]) -> bool:
        """Take options from a field and from all values; False when the field was gone.

        Raises:
            Refused: One of them does not stand; nothing was removed.
        """
        body = [{"id": option} for option in options]
        return await delete(self._client, FIELDS[object].remove_options, {"code": code}, body)

    async def delete_lead_label(self, id: str) -> bool:
        """Delete a label of leads; False when it was gone already."""
        return await delete(self._client, DELETE_LEAD_LABEL, {"id": id})

    async def add_options(self, object: str, code: str, labels: Sequence[str]) -> list[Row]:
        """Add options to a field, all or none; returns the new ones."""
        answer = await self._client.call(
            FIELDS[object].add_options,
            ids={"code": code},
            json=[{"label": label} for label in labels],
        )
        made = list(answer.data or ())
        if len(made) < len(labels):
            raise UnknownOutcome(FIELDS[object].add_options.name, "an answer without the options")
        return made
