"""Lists that come page by page: by offset on v1, by cursor on v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from target_pipedrive.pipedrive.client import Client
    from target_pipedrive.pipedrive.operations import Operation

IDS_IN_A_CALL = 100

Row = dict[str, Any]


async def pages(
    client: Client, operation: Operation, params: Mapping[str, str | int], ids: Sequence[int]
) -> AsyncIterator[list[Row]]:
    """Yield all pages of a list.

    Args:
        client: Talks to the account.
        operation: The list.
        params: Query parameters.
        ids: Only these rows (v2 alone); all when empty.
    """
    if operation.version == 1:
        async for page in v1_pages(client, operation, params):
            yield page
        return
    for start in range(0, max(len(ids), 1), IDS_IN_A_CALL):
        some = ",".join(map(str, ids[start : start + IDS_IN_A_CALL]))
        query = {**params, "ids": some} if some else params
        async for page in v2_pages(client, operation, query):
            yield page


async def v2_pages(
    client: Client, operation: Operation, params: Mapping[str, str | int]
) -> AsyncIterator[list[Row]]:
    """Yield all pages of a list of v2, by its cursor."""
    query = dict(params)
    while True:
        answer = await client.call(operation, params=query)
        yield answer.data or []
        cursor = answer.additional.get("next_cursor")
        if not cursor:
            return
        query["cursor"] = cursor


async def v1_pages(
    client: Client,
    operation: Operation,
    params: Mapping[str, str | int],
    ids: Mapping[str, object] | None = None,
) -> AsyncIterator[list[Row]]:
    """Yield all pages of a list of v1, by their offsets; `params` holds the `limit`."""
    start = 0
    while True:
        answer = await client.call(operation, ids=ids, params={**params, "start": start})
        yield answer.data or []  # v1 says null for an empty list
        # Some v1 lists put the paging keys directly under `additional_data`.
        paging = answer.additional.get("pagination") or answer.additional
        if not paging.get("more_items_in_collection"):
            return
        start = paging.get("next_start") or start + int(params["limit"])
