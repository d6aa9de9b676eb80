"""The spool: where the content of attachments is kept, named by what it is.

::

    <attachments_dir>/ab/ab3f…          content, under its own SHA-256
    <attachments_dir>/index/123.json    which content attachment 123 has
    <attachments_dir>/partial/…         downloads under way

No name that anybody typed becomes a path. Content is written under ``partial`` and moved when it
is whole, so what stands under a SHA-256 is complete. One small index file per attachment needs no
locking, no memory, and works on any filesystem fsspec knows; two runs may share a spool.
"""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import fsspec  # type: ignore[import-untyped] # fsspec ships no types
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped] # same

from tap_cliniko.errors import SettingsError, TapClinikoError
from tap_cliniko.partials import LocalPartial, Partial, RemotePartial

if TYPE_CHECKING:
    from collections.abc import Iterator

KEEP_PARTIAL = timedelta(days=7)
"""How long the download of a killed run waits for the next run."""

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
        self._shown = _without_credentials(url)
        try:
            self._fs, root = fsspec.core.url_to_fs(url)
            self._root = str(root).rstrip("/")
            probe = self._path("partial", uuid.uuid4().hex)
            self._write(probe, b"")
            self._fs.rm_file(probe)
            self._forget_leftovers()
        except (OSError, ValueError, ImportError) as fault:
            raise SettingsError(
                [f"attachments_dir {self._shown} cannot be written to: {_reason(fault)}"]
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

    @contextmanager
    def receiving(self, attachment: str, updated_at: str | None) -> Iterator[Partial]:
        """Take in the content of an attachment; :meth:`keep` it inside the block.

        Args:
            attachment: Id.
            updated_at: Stamp of the record.

        Yields:
            What came of it in earlier tries, to go on from.

        Raises:
            TapClinikoError: When it cannot be written.
        """
        try:
            partial = self._partial(attachment, updated_at)
            try:
                yield partial
            finally:
                partial.leave()
        except OSError as fault:
            raise TapClinikoError(
                f"attachment {attachment} cannot be kept in attachments_dir {self._shown}: "
                f"{_reason(fault)}; make room or mend it, and run again"
            ) from None

    def keep(self, partial: Partial, attachment: str, updated_at: str | None) -> Content:
        """Put what was received under its own name, and remember whose it is."""
        content = self._content(partial.sha256, partial.have)
        partial.keep(self._file(content.sha256))
        entry = {"sha256": content.sha256, "size": content.size, "updated_at": updated_at}
        self._write(self._index(attachment), json.dumps(entry).encode())
        return content

    def _partial(self, attachment: str, updated_at: str | None) -> Partial:
        folder = self._path("partial")
        self._fs.makedirs(folder, exist_ok=True)
        if isinstance(self._fs, LocalFileSystem):
            return LocalPartial(folder, int(attachment), updated_at)
        return RemotePartial(self._fs, folder)

    def _forget_leftovers(self) -> None:
        """Remove what killed runs left so long ago that no run goes on with it any more."""
        oldest = datetime.now(UTC) - KEEP_PARTIAL
        for path in self._fs.ls(self._path("partial"), detail=False):
            try:
                if self._fs.modified(path) < oldest:
                    self._fs.rm_file(path)
            except (FileNotFoundError, NotImplementedError):
                continue  # another process took it, or this filesystem does not know ages

    def _content(self, sha256: str, size: int) -> Content:
        return Content(self._fs.unstrip_protocol(self._file(sha256)), sha256, size)

    def _path(self, *names: str) -> str:
        return "/".join((self._root, *names))

    def _file(self, sha256: str) -> str:
        return self._path(sha256[:2], sha256)

    def _index(self, attachment: str) -> str:
        # int() is what keeps this a number whatever the server sends.
        return self._path("index", f"{int(attachment)}.json")

    def _write(self, path: str, content: bytes) -> None:
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        with self._fs.open(path, "wb") as file:
            file.write(content)


def _without_credentials(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}" if separator else url


def _reason(fault: Exception) -> str:
    return (getattr(fault, "strerror", None) or str(fault) or type(fault).__name__).lower()
