"""How many requests and minutes it takes to read an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.inventory.model import Attachments, Effort, Resource
from tap_cliniko.paging import PER_PAGE
from tap_cliniko.streams.base import IncrementalStream
from tap_cliniko.streams.practice import Practitioners

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cliniko.streams.base import ClinikoStream

FIRST_CONTACT = 1
MERGES = 1


def efforts(
    streams: Mapping[str, ClinikoStream],
    resources: Mapping[str, Resource],
    attachments: Attachments | None,
    *,
    per_minute: int,
) -> list[Effort]:
    """Reckon what reading takes.

    Args:
        streams: The streams by name.
        resources: What is known of them.
        attachments: What is known of files.
        per_minute: Permitted requests per minute.
    """
    readable = [
        (stream, resources[name].rows or 0)
        for name, stream in streams.items()
        if resources[name].problem is None
    ]
    full = FIRST_CONTACT + sum(_pages(stream, rows) for stream, rows in readable)
    delta = FIRST_CONTACT + MERGES
    delta += sum(
        1 + len(stream.hidden) if isinstance(stream, IncrementalStream) else _pages(stream, rows)
        for stream, rows in readable
    )
    works = {
        "full_read": full,
        "delta": delta,
        # Cliniko answers where the file lies; the download itself is another host's.
        "attachments": attachments.files if attachments else 0,
    }
    return [
        Effort(work, requests, round(requests / per_minute, 1)) for work, requests in works.items()
    ]


def _pages(stream: ClinikoStream, rows: int) -> int:
    lists = 2 if isinstance(stream, Practitioners) else 1
    return max(-(-rows // PER_PAGE), 1) + lists - 1
