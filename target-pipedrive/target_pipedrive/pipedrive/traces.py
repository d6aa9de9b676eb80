"""A row's trace: by which it is told later whether somebody changed the row since we wrote it.

A later `update_time` alone does not tell: it may move when something is hung on the row. So the
trace holds what stood in the row, too, and either of the two shows that it was left alone.
"""

# ruff: noqa: A002 - `object` is what Pipedrive calls it

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from target_pipedrive.json_codec import encode_canonical
from target_pipedrive.pipedrive.api import moment
from target_pipedrive.pipedrive.objecttype import Kind
from target_pipedrive.pipedrive.registry import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMPUTED = {"deal": "value"}
"""The key that Pipedrive itself computes, from the lines of a deal."""

_PASSED_OVER = {"lead": "was_seen"}
"""The key that is no part of an object: to read a lead is no change."""

_OF_CUSTOM = ("value", "until", "currency")
"""Parts of a custom field's value that people give; Pipedrive adds those of an address later."""

_CODE = re.compile(r"[0-9a-f]{40}")
"""Begins a custom field's key at the root of a lead."""

_SLACK = 5.0
"""Seconds by which two clocks, and a write and its note in the ledger, may differ."""


def trace(object: str, row: Mapping[str, Any]) -> str | None:
    """Return a row's trace: its `update_time`, and digests of what stands in it.

    Args:
        object: Kind of object.
        row: As a create, an update or a list answers it; None for an answer without one.
    """
    if not row:
        return None
    content = _content(object, row)
    computed = content.pop(_COMPUTED.get(object, ""), None)
    return f"{row.get('update_time') or ''}|{_digest(content)}|{_digest(computed)}"


def untouched(
    object: str, row: Mapping[str, Any], left: str | None, written_at: float, *, computed: bool
) -> bool:
    """Return whether a row stands as we left it.

    Args:
        object: Kind of object.
        row: As it stands now.
        left: Its trace when we wrote it last; None when that is not known.
        written_at: When that was, in epoch seconds of this machine's clock.
        computed: What Pipedrive computes in it may have changed by itself.
    """
    stamp, content, value = (trace(object, row) or "||").split("|")
    if left is None:
        return bool(stamp) and moment(stamp).timestamp() <= written_at + _SLACK
    stamp_left, content_left, value_left = left.split("|")
    if stamp and stamp == stamp_left:
        return True
    return content == content_left and (computed or value == value_left)


def _content(object: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what people can see and change, in a shape that is the same in every answer."""
    kind = OBJECTS[object]
    found = {
        key: row[key].get("value") if what is Kind.ADDRESS else row[key]
        for key, what in kind.keys.items()
        if row.get(key) and key != _PASSED_OVER.get(object)
    }
    if kind.fields_object:
        custom = row.get("custom_fields")
        if custom is None:  # of a lead
            custom = {key: value for key, value in row.items() if _CODE.match(key)}
        found["custom_fields"] = {
            code: [value.get(part) for part in _OF_CUSTOM] if isinstance(value, dict) else value
            for code, value in custom.items()
            if value is not None
        }
    return found


def _digest(content: object) -> str:
    return blake2b(encode_canonical(content), digest_size=8).hexdigest()
