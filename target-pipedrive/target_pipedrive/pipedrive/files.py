"""Multipart uploads, streamed from wherever the content lies."""

from __future__ import annotations

import asyncio
import mimetypes
import secrets
from contextlib import closing
from typing import TYPE_CHECKING, Any

import fsspec  # type: ignore[import-untyped]  # it ships no types
from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # as above

from target_pipedrive.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from target_pipedrive.desired import File

CHUNK = 256 * 1024  # bytes


class Multipart:
    """A `multipart/form-data` body that holds one file; can be streamed any number of times.

    Args:
        file: The content, or where it lies.
        fields: Further parts, such as `{"person_id": "5"}`.
    """

    def __init__(self, file: File, fields: Mapping[str, str]) -> None:
        boundary = secrets.token_hex(16)
        # Names as browsers send them: UTF-8, with quotation marks and line ends escaped (WHATWG).
        name = file.name.translate({0x22: "%22", 0x0D: "%0D", 0x0A: "%0A"})
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        self._head = "".join(parts).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.file = file
        self.fields = fields
        self.headers = {
            "content-type": f"multipart/form-data; boundary={boundary}",
            "content-length": str(len(self._head) + file.size + len(self._tail)),
        }

    async def stream(self) -> AsyncIterator[bytes]:
        """The body in chunks; never more than one chunk of a spooled file is in memory.

        Raises:
            Rejected: `file_missing`: there are not exactly `file.size` bytes. The server has
                then got less than it was told to wait for, so it cannot have taken the file.
        """
        sent = 0
        yield self._head
        async for chunk in _content(self.file):
            sent += len(chunk)
            if sent > self.file.size:
                break
            yield chunk
        if sent != self.file.size:
            raise Rejected("file_missing", "its size is not the one that the tap recorded")
        yield self._tail


async def check(file: File) -> None:
    """See that the content lies there in full, before anything is sent.

    Raises:
        Rejected: `file_missing`.
    """
    if file.data is not None:
        size: int | None = len(file.data)
    else:
        try:
            size = await asyncio.to_thread(_size, file.uri or "")
        except (OSError, ValueError, ImportError) as error:
            # fsspec: ValueError for an unknown protocol, ImportError for a missing driver.
            raise Rejected("file_missing", type(error).__name__) from None
    if size != file.size:
        raise Rejected("file_missing", "its size is not the one that the tap recorded")


def _size(uri: str) -> int | None:
    filesystem, path = url_to_fs(uri)
    size: int | None = filesystem.size(path)
    return size


async def _content(file: File) -> AsyncIterator[bytes]:
    if file.data is not None:
        yield file.data
        return
    try:
        handle: Any = await asyncio.to_thread(_open, file.uri or "")
        with closing(handle):
            while chunk := await asyncio.to_thread(handle.read, CHUNK):
                yield chunk
    except OSError as error:
        raise Rejected("file_missing", type(error).__name__) from None


def _open(uri: str) -> Any:
    return fsspec.open(uri, "rb").open()
