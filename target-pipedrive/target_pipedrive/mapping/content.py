"""What a record does not tell of its file, told by the file itself."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import fsspec  # type: ignore[import-untyped]  # it ships no types

from target_pipedrive.errors import Rejected
from target_pipedrive.mapping.text import text

if TYPE_CHECKING:
    from target_pipedrive.mapping.frame import Frame


def digest(frame: Frame) -> str | None:
    """SHA-256 of a file that came without one."""
    uri = text(frame.record.get("uri"))
    if uri is None:
        return None
    found = hashlib.sha256()
    try:
        with fsspec.open(uri, "rb") as content:
            while chunk := content.read(1 << 20):
                found.update(chunk)
    except (OSError, ValueError, ImportError) as error:
        raise Rejected("file_missing", type(error).__name__) from error
    return found.hexdigest()


def size(frame: Frame) -> int | None:
    """Bytes of a file that came without their number."""
    uri = text(frame.record.get("uri"))
    if uri is None:
        return None
    filesystem, path = fsspec.url_to_fs(uri)
    try:
        return int(filesystem.size(path))
    except OSError as error:
        raise Rejected("file_missing", type(error).__name__) from error
