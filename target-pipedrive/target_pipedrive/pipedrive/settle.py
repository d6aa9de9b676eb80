"""Makes a thing exactly once, although Pipedrive knows no idempotency key (official OpenAPI)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

from target_pipedrive.errors import UnknownOutcome, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger("target_pipedrive")

PAUSE = 5.0
"""Seconds before the first look: a write whose answer was lost may still be under way."""

LANDING = 5.0
"""Seconds that a write of a killed run may still need until it shows in a list."""

_GROWTH = (1, 4, 10)
"""By how much longer each look waits than the first."""

_T = TypeVar("_T")


class Unsettled(Unreachable):
    """However often a thing was made and looked for, no outcome became known."""


async def settled(
    make: Callable[[], Awaitable[_T]],
    look: Callable[[], Awaitable[_T | None]],
    *,
    pause: float = PAUSE,
) -> _T:
    """Make something exactly once: after an unknown outcome, look before it is made again.

    Args:
        make: Makes it.
        look: Finds it, or None.
        pause: Seconds between the two, the first time.

    Raises:
        Unsettled: No outcome became known.
    """
    cause = ""
    for factor in _GROWTH:
        try:
            return await make()
        except UnknownOutcome as lost:
            cause = str(lost)
        logger.warning("No answer (%s); looking whether it was done all the same", cause)
        await asyncio.sleep(pause * factor)
        found = await look()
        if found is not None:
            return found
    raise Unsettled(
        f"Pipedrive gave no usable answer {len(_GROWTH)} times in a row (last: {cause}): check the "
        "network and Pipedrive's status page, then run again; it goes on where this run stopped."
    )
