"""The spool: where the content of attachments is kept, named by what it is.

::

    <attachments_dir>/ab/ab3f…          content, under its own SHA-256
    <attachments_dir>/index/123.json    which content attachment 123 has
    <attachments_dir>/partial/…         downloads under way

No name that anybody typed becomes a path. Content is written under ``partial`` and moved when it
is whole, so what stands under a SHA-256 is complete. One small index file per attachment needs no
locking, no memory, and works on any filesystem fsspec knows.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import fsspec  # type: ignore[import-untyped] # fsspec ships no types

from tap_cliniko.client import TransientError
from tap_cliniko.errors import SettingsError, TapClinikoError

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger("tap-cliniko.attachments")


@dataclass(frozen=True)
class Content:
    """Content that stands in the spool.

    Attributes:
        uri: Where, as fsspec opens it.
        sha256: Hexadecimal digest.
        size: Bytes.
    """

    uri: str
    sha256: str
    size: int


class Spool:
    """A folder of content. Safe to use from several threads.

    Args:
        url: A folder, or any URL fsspec understands.

    Raises:
        SettingsError: When it cannot be written to.
    """

    def __init__(self, url: str) -> None:
        try:
            self._fs, root = fsspec.core.url_to_fs(url)
            self._root = str(root).rstrip("/")
            probe = self._path("partial", uuid.uuid4().hex)
            self._write(probe, b"")
            self._fs.rm_file(probe)
        except (OSError, ValueError, ImportError) as fault:
            raise SettingsError(
                [f"attachments_dir {url} cannot be written to: {_reason(fault)}"]
            ) from None

    def find(self, attachment: str, updated_at: str | None, size: int | None) -> Content | None:
        """The content of an attachment if it was stored before and still stands.

        Args:
            attachment: Id.
            updated_at: Stamp of the record; another stamp means another download.
            size: Bytes by the record; None if it does not say.
        """
        try:
            known = json.loads(self._fs.cat_file(self._index(attachment)))
        except FileNotFoundError:
            return None
        except ValueError:
            logger.warning("index entry of attachment %s is damaged; reading it anew", attachment)
            return None
        content = self._content(known["sha256"], known["size"])
        fresh = known["updated_at"] == updated_at and size in {None, content.size}
        path = self._file(content.sha256)
        return content if fresh and self._fs.exists(path) else None

    def store(
        self, attachment: str, updated_at: str | None, size: int | None, chunks: Iterable[bytes]
    ) -> Content:
        """Store content while it arrives.

        Args:
            attachment: Id.
            updated_at: Stamp of the record.
            size: Bytes there must be; None if unknown.
            chunks: The content.

        Raises:
            TransientError: When the size is another.
        """
        partial = self._path("partial", uuid.uuid4().hex)
        digest, count = hashlib.sha256(), 0
        try:
            with self._open(partial) as file:
                for chunk in chunks:
                    file.write(chunk)
                    digest.update(chunk)
                    count += len(chunk)
            _check_size(count, size)
            content = self._content(digest.hexdigest(), count)
            path = self._file(content.sha256)
            if self._fs.exists(path):
                self._fs.rm_file(partial)
            else:
                self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
                self._fs.mv(partial, path)
        except OSError as fault:
            self._forget(partial)
            raise TapClinikoError(
                f"attachment {attachment} cannot be kept in attachments_dir: {_reason(fault)}; "
                "make room and run again"
            ) from None
        except BaseException:
            self._forget(partial)
            raise
        entry = {"sha256": content.sha256, "size": count, "updated_at": updated_at}
        self._write(self._index(attachment), json.dumps(entry).encode())
        return content

    def _forget(self, path: str) -> None:
        if self._fs.exists(path):
            self._fs.rm_file(path)

    def _content(self, sha256: str, size: int) -> Content:
        return Content(self._fs.unstrip_protocol(self._file(sha256)), sha256, size)

    def _path(self, *names: str) -> str:
        return "/".join((self._root, *names))

    def _file(self, sha256: str) -> str:
        return self._path(sha256[:2], sha256)

    def _index(self, attachment: str) -> str:
        # int() is what keeps this a number whatever the server sends.
        return self._path("index", f"{int(attachment)}.json")

    def _open(self, path: str) -> fsspec.core.OpenFile:
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        return self._fs.open(path, "wb")

    def _write(self, path: str, content: bytes) -> None:
        with self._open(path) as file:
            file.write(content)


class SizeError(TransientError):
    """More or fewer bytes came than the record says; perhaps the download broke off."""


def _check_size(count: int, size: int | None) -> None:
    if size is not None and count != size:
        raise SizeError(f"{count} bytes came where {size} are on record")


def _reason(fault: Exception) -> str:
    return (getattr(fault, "strerror", None) or str(fault) or type(fault).__name__).lower()
