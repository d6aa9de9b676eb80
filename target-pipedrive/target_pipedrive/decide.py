"""What must be sent so that an object stands as desired: pure rules.

Each key of an object has a fingerprint of the value last sent. A value that holds references
keeps them readable in its fingerprint, so that a merge at the source, which moves the
children by itself, does not look like a change of every child.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Owner, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_pipedrive.desired import Custom, Desired

CUSTOM = "custom:"
"""Prefix of custom fields' labels among the keys of fingerprints."""

FILE = "file"
"""Key of a file's content among the fingerprints."""

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False)
"""Made once: that takes longer than to use it."""

_REF = re.compile(r"→(\w+)/([^/]+)/([^→\"]+)→")


@dataclass(frozen=True, slots=True)
class Changes:
    """Keys of an object that differ from what was sent last.

    Args:
        set: Keys with a value.
        cleared: Keys whose value vanished.
    """

    set: tuple[str, ...]
    cleared: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.set or self.cleared)


def fingerprints(desired: Desired, user_id: Callable[[Owner], int]) -> dict[str, str]:
    """Return the fingerprint of each key that has a value.

    Args:
        desired: The object.
        user_id: The Pipedrive user of an owner.
    """
    prints = {
        key: _fingerprint(value, user_id)
        for key, value in desired.body.items()
        if value is not None
    }
    for label, field in desired.custom.items():
        if field.value is not None:
            prints[CUSTOM + label] = custom_print(field, user_id)
    if desired.file is not None:
        prints[FILE] = _fingerprint([desired.file.name, desired.file.sha256], user_id)
    return prints


def custom_print(field: Custom, user_id: Callable[[Owner], int] = lambda _: 0) -> str:
    """Return the fingerprint of a custom field's value.

    Args:
        field: The value.
        user_id: The Pipedrive user of an owner, where the value may be one.
    """
    return _fingerprint([field.type, field.value], user_id)


def changes(
    desired: Desired,
    prints: Mapping[str, str],
    sent: Mapping[str, str] | None,
    survivor: Callable[[str, str], str],
) -> Changes:
    """Compare what shall stand with what was sent last.

    Args:
        desired: The object; its keys without a value shall be empty.
        prints: Its fingerprints.
        sent: Fingerprints of what was sent last; None when that is not known.
        survivor: The record that stands for a record (stream, id) after merges.
    """
    empty = [key for key, value in desired.body.items() if value is None]
    empty += [CUSTOM + label for label, field in desired.custom.items() if field.value is None]
    if sent is None:
        return Changes(tuple(prints), tuple(empty))
    return Changes(
        tuple(key for key, new in prints.items() if not _same(sent.get(key), new, survivor)),
        tuple(key for key in empty if key in sent),
    )


def _same(old: str | None, new: str, survivor: Callable[[str, str], str]) -> bool:
    if old == new:
        return True
    if old is None or "→" not in old:
        return False

    def follow(match: re.Match[str]) -> str:
        obj, stream, record_id = match.groups()
        return f"→{obj}/{stream}/{survivor(stream, record_id)}→"

    return _REF.sub(follow, old) == new


def _fingerprint(value: Any, user_id: Callable[[Owner], int]) -> str:
    text = _ENCODER.encode(_canonical(value, user_id))
    if "→" in text and _REF.search(text):
        return text
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _canonical(value: Any, user_id: Callable[[Owner], int]) -> Any:
    if type(value) is str:  # nearly always, so it comes first
        return value.replace("→", "\\u2192")  # no text can pretend to be a reference
    if isinstance(value, Ref):
        return f"→{value.object}/{value.stream}/{value.id}→"
    if isinstance(value, dict):
        return {key: _canonical(item, user_id) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item, user_id) for item in value]
    return _canonical_scalar(value, user_id)


def _canonical_scalar(value: Any, user_id: Callable[[Owner], int]) -> Any:
    if isinstance(value, Owner):
        return user_id(value)
    if isinstance(value, Decimal):
        return str(value.normalize())
    if isinstance(value, str):
        return _canonical(str(value), user_id)
    return value
