"""Makes a thing exactly once, although Pipedrive knows no idempotency key (official OpenAPI)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from target_pipedrive.errors import UnknownOutcome, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TRIES = 3
PAUSE = 2.0  # seconds; a write whose answer was lost may still be under way
LANDING = 5.0
"""Seconds that a write of a killed run may still need until it shows in a list."""

_T = TypeVar("_T")


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
        pause: Seconds between the two.

    Raises:
        Unreachable: No outcome became known.
    """
    cause = ""
    for _ in range(TRIES):
        try:
            return await make()
        except UnknownOutcome as lost:
            cause = str(lost)
        await asyncio.sleep(pause)
        found = await look()
        if found is not None:
            return found
    raise Unreachable(
        f"Pipedrive gave no usable answer {TRIES} times in a row (last: {cause}): check the "
        "network and Pipedrive's status page, then run again; it goes on where this run stopped."
    )
