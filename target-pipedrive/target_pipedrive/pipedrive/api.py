"""Pipedrive's objects: create, update, delete, read, upload, merge."""

# ruff: noqa: A002 - `object`, `id` and `type` are what Pipedrive calls these things

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Refused, Rejected, SettingsError
from target_pipedrive.pipedrive import files, users
from target_pipedrive.pipedrive.answers import with_id
from target_pipedrive.pipedrive.deal_products import DealProducts, place
from target_pipedrive.pipedrive.deleting import delete
from target_pipedrive.pipedrive.operations import (
    DOWNLOAD,
    ME,
    USERS,
)
from target_pipedrive.pipedrive.paging import Row, pages, v1_pages, v2_pages
from target_pipedrive.pipedrive.registry import OBJECTS
from target_pipedrive.pipedrive.schema import Schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from target_pipedrive.desired import File
    from target_pipedrive.pipedrive.client import Client
    from target_pipedrive.pipedrive.operations import Operation

logger = logging.getLogger(__name__)

BAD_REQUEST = 400
CUSTOM_FIELDS_IN_A_CALL = 15


class Pipedrive:
    """One account, object by object; `object` is always a name in the registry."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.deal_products = DealProducts(client)
        self.schema = Schema(client)
        self._no_updated_since = {"file"}  # v1 lists files without it

    def server_time(self) -> datetime:
        """The time by Pipedrive's clock, in UTC, good to about a second."""
        return self.client.server_time()

    async def account(self) -> users.Account:
        """Who the token belongs to: the cheapest proof that address and token are right.

        Raises:
            SettingsError: The address answers, but is not Pipedrive's.
        """
        try:
            answer = await self.client.call(ME)
        except Refused as refused:
            raise SettingsError(
                f"{self.client.host} does not answer like Pipedrive (HTTP {refused.status}): "
                "write https://COMPANY.pipedrive.com into api_url, nothing behind it."
            ) from None
        return users.account(answer.data)

    async def users(self) -> list[users.User]:
        """All users, the deactivated ones too."""
        answer = await self.client.call(USERS)
        return [users.user(row) for row in answer.data or ()]

    async def create(self, object: str, body: dict[str, Any]) -> Row:
        """Create an object and return its row.

        Raises:
            Refused: Pipedrive refused it; nothing was written.
            UnknownOutcome: It may or may not stand in Pipedrive.
        """
        operation = _operation(object, "create")
        if object == "deal_product":
            return await self.deal_products.add(body)
        answer = await self.client.call(operation, json=body)
        return with_id(answer.data, operation)

    async def update(self, object: str, id: int | str, body: dict[str, Any]) -> Row:
        """Write the keys in `body`, leave all others; returns the row as it stands now.

        Raises:
            Refused: Pipedrive refused it; nothing was written. 404 or 410: it is gone.
        """
        operation = _operation(object, "update")
        if object == "deal_product":
            return await self.deal_products.update(str(id), body)
        if object == "file":  # the one body that the API wants as a form
            form = {key: str(value) for key, value in body.items()}
            answer = await self.client.call(operation, ids={"id": id}, data=form)
        else:
            answer = await self.client.call(operation, ids={"id": id}, json=body)
        return answer.data if isinstance(answer.data, dict) else {}

    async def delete(self, object: str, id: int | str) -> bool:
        """Delete an object.

        Returns:
            False when it was gone already.
        """
        ids = place(str(id)) if object == "deal_product" else {"id": str(id)}
        return await delete(self.client, _operation(object, "delete"), ids)

    async def get(self, object: str, id: int | str) -> Row | None:
        """One row, or None when the object is gone."""
        if object == "deal_product":
            return await self.deal_products.get(str(id))
        try:
            answer = await self.client.call(_operation(object, "get"), ids={"id": id})
        except Refused as refused:
            if refused.gone:
                return None
            raise
        return answer.data if isinstance(answer.data, dict) and live(answer.data) else None

    async def rows(
        self,
        object: str,
        *,
        updated_since: datetime | None = None,
        newest_first: bool = False,
        custom_fields: Sequence[str] = (),
        ids: Sequence[int] = (),
        person_id: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        """Live rows, page by page, oldest first.

        Args:
            object: Kind of object.
            updated_since: Only rows changed then or later.
            newest_first: By falling ID instead of rising.
            custom_fields: Keys of the custom fields wanted; all when empty or more than 15.
            ids: Only these (v2 objects); missing ones are left out silently.
            person_id: Only activities or notes of this person.
        """
        if object == "activity_type":  # comes whole
            answer = await self.client.call(_operation(object, "list"))
            yield [row for row in answer.data or () if live(row)]
        elif object == "file":
            async for page in self._newest(_operation(object, "list"), {}, updated_since):
                yield page
        else:
            params: dict[str, str | int] = {}
            if person_id is not None:
                params["person_id"] = person_id
            on_v2 = _operation(object, "list").version != 1
            if on_v2 and 0 < len(custom_fields) <= CUSTOM_FIELDS_IN_A_CALL:
                params["custom_fields"] = ",".join(custom_fields)
            async for page in self._filtered(object, params, ids, updated_since, newest_first):
                yield page
            if not ids:
                async for page in self._archived(object, params, updated_since):
                    yield page

    async def _archived(
        self, object: str, params: dict[str, str | int], since: datetime | None
    ) -> AsyncIterator[list[Row]]:
        """Live rows that the plain list leaves out because somebody archived them."""
        operation = OBJECTS[object].archived
        if operation is None:
            return
        if operation.version == 1:  # knows no `updated_since`
            async for page in self._newest(operation, {}, since, "update_time DESC"):
                yield page
            return
        query = {**params, "limit": OBJECTS[object].page, "sort_by": "id"}
        if since is not None:
            query["updated_since"] = _stamp(since)
        async for page in v2_pages(self.client, operation, query):
            yield [row for row in page if live(row)]

    async def _filtered(
        self,
        object: str,
        params: dict[str, str | int],
        ids: Sequence[int],
        updated_since: datetime | None,
        newest_first: bool,  # noqa: FBT001 - passed on
    ) -> AsyncIterator[list[Row]]:
        operation = _operation(object, "list")
        params |= {"limit": OBJECTS[object].page, **_order(operation, newest_first=newest_first)}
        since = None if object in self._no_updated_since else updated_since
        unfiltered = updated_since if since is None else None
        if since is not None:
            params["updated_since"] = _stamp(since)
        try:
            async for page in pages(self.client, operation, params, ids):
                yield [row for row in page if live(row) and changed(row, unfiltered)]
        except Refused as refused:
            # `updated_since` for products is newer than some accounts' API (official OpenAPI v2).
            if since is None or object != "product" or refused.status != BAD_REQUEST:
                raise
            self._no_updated_since.add(object)
            del params["updated_since"]
            async for page in pages(self.client, operation, params, ids):
                yield [row for row in page if live(row) and changed(row, updated_since)]

    async def files_of(
        self, object: str, id: int | str, *, since: datetime | None = None
    ) -> AsyncIterator[list[Row]]:
        """Files of one object, page by page, newest first; only those added since."""
        async for page in self._newest(_operation(object, "files"), {"id": id}, since):
            yield page

    async def _newest(
        self,
        operation: Operation,
        ids: Mapping[str, object],
        since: datetime | None,
        sort: str = "id DESC",
    ) -> AsyncIterator[list[Row]]:
        """Rows of a v1 list without a filter, newest first, until they are too old."""
        params: dict[str, str | int] = {"sort": sort, "limit": OBJECTS["file"].page}
        async for page in v1_pages(self.client, operation, params, ids):
            recent = [row for row in page if changed(row, since)]
            yield [row for row in recent if live(row)]
            if page and not recent:
                return

    async def digest(self, file_id: str) -> str | None:
        """SHA-256 of a file's content; None when Pipedrive does not send it itself."""
        content = await self.client.content(DOWNLOAD, {"id": file_id})
        return None if content is None else hashlib.sha256(content).hexdigest()

    async def upload(self, file: File, parents: Mapping[str, Any]) -> Row:
        """Upload a file onto an object and return its row.

        Args:
            file: The content, or where it lies.
            parents: A body such as `{"person_id": 5}`; what is no parent is written afterwards,
                for an upload takes nothing else.

        Raises:
            Rejected: `file_missing`: the content is not there in full.
            Refused: Pipedrive refused it.
            UnknownOutcome: It may or may not stand in Pipedrive.
        """
        await files.check(file)
        keys = OBJECTS["file"].parents
        body = files.Multipart(file, {key: str(parents[key]) for key in keys if parents.get(key)})
        operation = _operation("file", "create")
        row = with_id((await self.client.call(operation, files=body)).data, operation)
        stored = row.get("file_size")
        if stored is not None and int(stored) != file.size:
            await self.delete("file", row["id"])
            raise Rejected("refused", f"Pipedrive kept {stored} of {file.size} bytes")
        if rest := {key: value for key, value in parents.items() if key not in keys and value}:
            row |= await self.update("file", row["id"], rest)
        elif row.get("name") != file.name:
            logger.warning(
                "Pipedrive keeps file %s under another name than it was given", row["id"]
            )
        return row

    async def merge_persons(self, loser: int, survivor: int) -> None:
        """Merge one person into another, which keeps its ID and wins where they differ.

        Raises:
            UnknownOutcome: They may or may not be merged.
            Refused: One of them is gone, or Pipedrive refused.
        """
        await self.client.call(
            _operation("person", "merge"),
            ids={"id": loser},
            json={"merge_with_id": survivor},
            safe=False,  # a second merge of what is merged is an error, not a repetition
        )


def live(row: Mapping[str, Any]) -> bool:
    """Whether a row stands for an object that has not been deleted."""
    return not row.get("is_deleted") and row.get("active_flag") is not False


def moment(stamp: str) -> datetime:
    """Pipedrive's time stamps: RFC 3339 on v2, `YYYY-MM-DD HH:MM:SS` in UTC on v1."""
    parsed = datetime.fromisoformat(stamp)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def changed(row: Mapping[str, Any], since: datetime | None) -> bool:
    """Whether a row was changed since; rows without a stamp pass, for nothing is known of them."""
    stamp = row.get("update_time") or row.get("add_time")
    return since is None or not stamp or moment(str(stamp)) >= since.replace(microsecond=0)


def _order(operation: Operation, *, newest_first: bool) -> dict[str, str | int]:
    """By ID, which stays the same while rows are being written."""
    if operation.version == 1:
        return {"sort": "id DESC" if newest_first else "id ASC"}
    return {"sort_by": "id", "sort_direction": "desc" if newest_first else "asc"}


def _stamp(time: datetime) -> str:
    """Whole seconds and `Z`; anything else is refused."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _operation(object: str, verb: str) -> Operation:
    operation: Operation | None = getattr(OBJECTS[object], verb)
    if operation is None:
        raise ValueError(f"Pipedrive has no {verb} for {object}")
    return operation
