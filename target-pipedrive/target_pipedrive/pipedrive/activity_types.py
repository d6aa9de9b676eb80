"""Activity types by name: finds their key strings, makes missing types once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from target_pipedrive.pipedrive.recover import PAUSE, settled
from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from target_pipedrive.pipedrive.api import Pipedrive, Row


class ActivityTypes:
    """Active activity types of the account; deleted ones are never taken up again.

    Args:
        pipedrive: The account.
        pause: Seconds before looking for what an unanswered request may have made.
    """

    def __init__(self, pipedrive: Pipedrive, *, pause: float = PAUSE) -> None:
        self._pipedrive = pipedrive
        self._pause = pause
        self._by_name: dict[str, tuple[int, str]] = {}
        self._listed = False
        self._making = asyncio.Lock()

    async def prepare(self) -> None:
        """List the types."""
        by_name: dict[str, tuple[int, str]] = {}
        async for page in self._pipedrive.rows("activity_type"):
            for row in page:
                by_name.setdefault(fold(str(row["name"])), _identity(row))
        self._by_name, self._listed = by_name, True

    async def ensure(self, name: str, icon_key: str) -> tuple[int, str]:
        """ID and key string of the type of this name (folded); makes it when there is none.

        Raises:
            Refused: Pipedrive refused a new type.
        """
        key = fold(name)
        async with self._making:
            if not self._listed:
                await self.prepare()
            found = self._by_name.get(key)
            if found is None:
                found = await settled(
                    lambda: self._create(name, icon_key), lambda: self._look(key), pause=self._pause
                )
                self._by_name[key] = found
        return found

    async def _create(self, name: str, icon_key: str) -> tuple[int, str]:
        body = {"name": " ".join(name.split()), "icon_key": icon_key}
        return _identity(await self._pipedrive.create("activity_type", body))

    async def _look(self, key: str) -> tuple[int, str] | None:
        await self.prepare()
        return self._by_name.get(key)


def _identity(row: Row) -> tuple[int, str]:
    return int(row["id"]), str(row["key_string"])
