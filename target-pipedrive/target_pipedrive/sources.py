"""Where the files of records may come from: a record is input, and opens no file on its own word.

Otherwise a stream could name the ledger, a key, or a server of the company's network as the content
of an attachment, and have it uploaded for everybody to read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fsspec.core import split_protocol  # type: ignore[import-untyped]  # it ships no types
from fsspec.implementations.local import (  # type: ignore[import-untyped]  # as above
    LocalFileSystem,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOCAL = frozenset({None, "file", "local"})
_TRICKS = re.compile(r"^/|(^|[/\\])\.\.?([/\\]|$)|\\|%|[?#\x00-\x20\x7f]|//")
"""What may make the path of a URL lead elsewhere than it seems to."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The folders that files may come from.

    Args:
        roots: Folders, or fsspec URLs of folders.
    """

    roots: Sequence[str]
    _folders: Sequence[Path] = field(init=False, repr=False)
    _urls: Sequence[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        local = [root for root in self.roots if split_protocol(root)[0] in _LOCAL]
        remote = [root.rstrip("/") + "/" for root in self.roots if root not in local]
        object.__setattr__(self, "_folders", [_path(root) for root in local])
        object.__setattr__(self, "_urls", remote)

    def allow(self, uri: str) -> bool:
        """Return whether a file lies in one of the folders, links and `..` followed."""
        if "::" in uri or "\x00" in uri:  # one file system within another
            return False
        if split_protocol(uri)[0] in _LOCAL:
            try:
                path = _path(uri)
            except (OSError, RuntimeError, ValueError):  # a loop of links, for instance
                return False
            return any(folder in path.parents for folder in self._folders)
        return any(
            uri.startswith(url) and not _TRICKS.search(uri.removeprefix(url)) for url in self._urls
        )


def _path(uri: str) -> Path:
    return Path(LocalFileSystem._strip_protocol(uri)).resolve()  # noqa: SLF001 - how fsspec will read it
