"""Files."""

from __future__ import annotations

import os.path
import re
from typing import Any

from target_pipedrive.mapping.functions.registry import function
from target_pipedrive.mapping.text import text as trimmed

MAX_NAME_BYTES = 255
"""Bytes that a file name may have on most file systems."""

_UNSAFE = re.compile(
    r"[/\\\x00-\x1f\x7f-\x9f\ud800-\udfff"
    r"\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"  # show a name in another order, or hide
)
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)")
"""Names that Windows takes for devices, whatever their extension."""


@function
def file_name(name: Any, otherwise: Any) -> str | None:
    r"""A file name that is safe everywhere.

    Path separators, control and invisible characters, and dots at its ends become `_`; names of
    devices get one in front; it has at most 255 bytes and keeps its extension.

    Example:
        file_name('../a/b.pdf', 'x') → '___a_b.pdf'
        file_name(None, 'attachment 5') → 'attachment 5'
    """
    raw = name if isinstance(name, str) and name.strip() else trimmed(otherwise)
    if raw is None:
        return None
    safe = _UNSAFE.sub("_", raw).strip()
    dots = len(safe) - len(safe.lstrip("."))
    safe = "_" * dots + safe[dots:]
    safe = re.sub(r"[. ]+$", lambda end: "_" * len(end[0]), safe)
    if _RESERVED.match(safe):
        safe = "_" + safe
    if len(safe.encode()) <= MAX_NAME_BYTES:
        return safe
    stem, extension = os.path.splitext(safe)  # noqa: PTH122 - a name, not a path
    if len(extension.encode()) >= MAX_NAME_BYTES:
        stem, extension = safe, ""
    room = MAX_NAME_BYTES - len(extension.encode())
    return stem.encode()[:room].decode(errors="ignore") + extension
