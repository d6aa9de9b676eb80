"""Activity types by name: finds their key strings, makes missing types once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from target_pipedrive.pipedrive.settle import PAUSE, settled
from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from target_pipedrive.pipedrive.api import Pipedrive
    from target_pipedrive.pipedrive.paging import Row


class ActivityType(NamedTuple):
    """An activity type; `created` says whether it was made now."""

    id: int
    key_string: str
    created: bool = False


class ActivityTypes:
    """Active activity types of the account; deleted ones are never taken up again.

    Args:
        pipedrive: The account.
        pause: Seconds before looking for what an unanswered request may have made.
    """

    def __init__(self, pipedrive: Pipedrive, *, pause: float = PAUSE) -> None:
        self._pipedrive = pipedrive
        self._pause = pause
        self._by_name: dict[str, ActivityType] = {}
        self._listed = False
        self._making = asyncio.Lock()

    async def prepare(self) -> None:
        """List the types."""
        by_name: dict[str, ActivityType] = {}
        async for page in self._pipedrive.rows("activity_type"):
            for row in page:
                by_name.setdefault(fold(str(row["name"])), _type(row))
        self._by_name, self._listed = by_name, True

    async def find(self, name: str) -> ActivityType | None:
        """Return the type of this name (folded), if there is one."""
        async with self._making:
            if not self._listed:
                await self.prepare()
            return self._by_name.get(fold(name))

    def renamed(self) -> None:
        """A type is about to get another name: list them anew when one is looked for."""
        self._listed = False

    async def ensure(self, name: str, icon_key: str, color: str | None = None) -> ActivityType:
        """The type of this name (folded); makes it when there is none.

        Args:
            name: Its name.
            icon_key: Icon of a new one.
            color: Colour of a new one, six hexadecimal digits; Pipedrive's own when None.

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
                    lambda: self._create(name, icon_key, color),
                    lambda: self._look(key),
                    pause=self._pause,
                )
                self._by_name[key] = found._replace(created=False)
        return found

    async def _create(self, name: str, icon_key: str, color: str | None) -> ActivityType:
        body = {"name": " ".join(name.split()), "icon_key": icon_key}
        body |= {"color": color} if color else {}
        return _type(await self._pipedrive.create("activity_type", body))._replace(created=True)

    async def _look(self, key: str) -> ActivityType | None:
        await self.prepare()
        found = self._by_name.get(key)
        return found and found._replace(created=True)


def _type(row: Row) -> ActivityType:
    return ActivityType(int(row["id"]), str(row["key_string"]))
