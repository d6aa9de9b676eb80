"""The file that keeps an OAuth app's tokens between runs: private, and never half written."""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from target_pipedrive.errors import SettingsError, Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LOCK_SECONDS = 120.0
"""How long another process may take to renew the tokens."""
_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Pipedrive handed out.

    Args:
        client_id: The app's.
        access_token: Shown with each request.
        refresh_token: Gets the next access token.
        renew_at: When to get it, in seconds since 1970.
        api_domain: Origin of the account's API.
        given: Digest of the refresh token in the settings when these tokens were got.
    """

    client_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    renew_at: float
    api_domain: str
    given: str = ""


class TokenFile:
    """Keeps one app's tokens.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Tokens | None:
        """Return the tokens kept; None without a file.

        Raises:
            SettingsError: It cannot be read, or holds something else.
        """
        try:
            with self.path.open(encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:  # brought back from a backup
                    os.fchmod(file.fileno(), 0o600)
                kept = json.load(file)
            return Tokens(**{each.name: kept[each.name] for each in fields(Tokens)})
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._fault(f"cannot be read: {error.strerror}") from None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self._fault("holds no tokens") from None

    def write(self, tokens: Tokens) -> None:
        """Keep tokens; when this returns they outlast a power cut.

        Raises:
            SettingsError: The file cannot be written.
        """
        fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            self._make_folder()
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(descriptor, 0o600)
                json.dump(asdict(tokens), file, indent=1)
                file.flush()
                os.fsync(descriptor)
            fresh.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._fault(f"cannot be written: {error.strerror}") from None

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Let no other process renew the tokens meanwhile.

        Raises:
            SettingsError: The file's folder cannot be written.
            Unreachable: Another process does not come to an end.
        """
        lock = FileLock(self.path.with_name(self.path.name + ".lock"), mode=0o600)
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                self._make_folder()
                lock.acquire(timeout=0)
                break
            except Timeout:
                if time.monotonic() > until:
                    raise Unreachable(
                        f"Another process has been renewing the tokens in {self.path} for "
                        f"{LOCK_SECONDS:.0f} s: see what became of it, then run again."
                    ) from None
            except OSError as error:
                raise self._fault(f"cannot be written: {error.strerror}") from None
            await asyncio.sleep(_LOOK)
        try:
            yield
        finally:
            lock.release()

    def _make_folder(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def _fault(self, what: str) -> SettingsError:
        return SettingsError(
            f"`oauth_file` {self.path} {what}. Check the rights of its folder or name another; "
            "`target-pipedrive oauth` writes it anew."
        )
