"""Downloads under way: the bytes that came so far, and how much of them outlives the process.

On this machine's own filesystem a download is kept under the name of its attachment and stamp, so
that the next run goes on where a killed one ended; a lock keeps two processes out of one file. On
any other filesystem fsspec knows, a file can neither be locked nor continued, so each process
writes its own and begins anew.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_cliniko.transport import CHUNK_BYTES

try:
    import fcntl
except ImportError:  # Windows: without locks every process writes its own file
    fcntl = None  # type: ignore[assignment] # None where a module may be

if TYPE_CHECKING:
    from typing import BinaryIO

TAG_SUFFIX = ".etag"


class Partial(ABC):
    """The first bytes of a file, and their digest.

    Attributes:
        have: Bytes there are.
        tag: What storage called this version of the file, if it did.
    """

    def __init__(self) -> None:
        self.have = 0
        self.tag: str | None = None
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Digest of the bytes there are, hexadecimal."""
        return self._digest.hexdigest()

    def begin(self, tag: str | None) -> None:
        """Forget the bytes there are; a file begins that storage calls so."""
        self._empty()
        self.have, self.tag, self._digest = 0, tag, hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._append(chunk)
        self._note(chunk)

    @abstractmethod
    def keep(self, path: str) -> None:
        """Move the whole file to where it belongs."""

    @abstractmethod
    def leave(self) -> None:
        """End without a whole file; what may help the next run stays."""

    @abstractmethod
    def _empty(self) -> None: ...

    @abstractmethod
    def _append(self, chunk: bytes) -> None: ...

    def _note(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self.have += len(chunk)


class LocalPartial(Partial):
    """A file of this machine, which the next process can continue.

    Args:
        folder: Where partial files are.
        attachment: Id, a number.
        updated_at: Stamp of the record; another stamp means another file.
    """

    def __init__(self, folder: str, attachment: int, updated_at: str | None) -> None:
        super().__init__()
        name = f"{attachment}-{re.sub(r'[^0-9]', '', updated_at or '')}"
        path = Path(folder) / name
        file = _exclusive(path)
        if file is None:
            path = Path(folder) / uuid.uuid4().hex
            file = path.open("xb+")
        self._path, self._file = path, file
        self._tag_path = path.with_name(path.name + TAG_SUFFIX)
        if self._tag_path.exists():
            self.tag = self._tag_path.read_text(encoding="latin-1")
        while chunk := file.read(CHUNK_BYTES):
            self._note(chunk)

    def begin(self, tag: str | None) -> None:
        """Forget the bytes there are; a file begins that storage calls so."""
        super().begin(tag)
        self._tag_path.unlink(missing_ok=True)
        if tag is not None:
            self._tag_path.write_text(tag, encoding="latin-1")

    def keep(self, path: str) -> None:
        """Move the whole file to where it belongs; a machine that fails then loses nothing."""
        self._file.flush()
        os.fsync(self._file.fileno())
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._path.replace(path)
        self._tag_path.unlink(missing_ok=True)
        self._file.close()

    def leave(self) -> None:
        """End without a whole file; the next run goes on with what there is."""
        try:
            if not self.have:
                self._path.unlink(missing_ok=True)
                self._tag_path.unlink(missing_ok=True)
        finally:
            self._file.close()  # only now: it holds the lock

    def _empty(self) -> None:
        self._file.seek(0)
        self._file.truncate()

    def _append(self, chunk: bytes) -> None:
        self._file.write(chunk)


class RemotePartial(Partial):
    """A file of any filesystem, of use to this process alone.

    Args:
        filesystem: As fsspec gives it.
        folder: Where partial files are.
    """

    def __init__(self, filesystem: Any, folder: str) -> None:
        super().__init__()
        self._fs = filesystem
        self._path = f"{folder}/{uuid.uuid4().hex}"
        self._file = self._open()

    def keep(self, path: str) -> None:
        """Move the whole file to where it belongs."""
        self._file.close()
        if self._fs.exists(path):
            self._fs.rm_file(self._path)
        else:
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.mv(self._path, path)

    def leave(self) -> None:
        """End without a whole file; nothing stays."""
        self._file.close()
        if self._fs.exists(self._path):
            self._fs.rm_file(self._path)

    def _empty(self) -> None:
        if self.have:
            self._file.close()
            self._file = self._open()

    def _append(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def _open(self) -> Any:
        return self._fs.open(self._path, "wb")


def _exclusive(path: Path) -> BinaryIO | None:
    """Open a file that no other process or thread has open so; None when one has."""
    if fcntl is None:
        return None
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "rb+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held the lock before may have moved the file to where it is content.
        if os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    file.close()
    return None
