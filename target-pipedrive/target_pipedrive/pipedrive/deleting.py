"""Deleting what may be gone already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.pipedrive.client import Client
    from target_pipedrive.pipedrive.operations import Operation


async def delete(
    client: Client, operation: Operation, ids: Mapping[str, object], body: Any = None
) -> bool:
    """Delete something; False when it was gone already.

    Raises:
        Refused: Pipedrive refused for another reason.
    """
    try:
        await client.call(operation, ids=ids, json=body)
    except Refused as refused:
        if refused.gone:
            return False
        raise
    return True
