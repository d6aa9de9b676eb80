"""The bytes behind attachments: made when asked for, so that a large file costs no memory."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 16


@dataclass(frozen=True)
class Content:
    """A file of `size` bytes: `head`, then a pattern that only `seed` decides.

    Attributes:
        size: Length in bytes.
        seed: Two contents of one seed, size and head are identical.
        head: The first bytes, such as the signature of a file format.
    """

    size: int
    seed: int
    head: bytes = b""

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Return the content from `start` up to `stop`, block by block."""
        pattern = random.Random(self.seed).randbytes(BLOCK)  # noqa: S311 - a pattern, no secret
        end = self.size if stop is None else min(stop, self.size)
        while start < end:
            number, skipped = divmod(start, BLOCK)
            block = pattern if number else (self.head + pattern)[:BLOCK]
            part = block[skipped : skipped + end - start]
            yield part
            start += len(part)

    def etag(self) -> str:
        """Return a strong validator, quoted: the same for the same bytes only."""
        text = f"{self.size} {self.seed} {self.head.hex()}"
        return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'

    def sha256(self) -> str:
        """Return the hash of the content, in hex."""
        return _sha256(self)


@lru_cache(maxsize=4096)
def _sha256(content: Content) -> str:
    digest = hashlib.sha256()
    for block in content.blocks():
        digest.update(block)
    return digest.hexdigest()
