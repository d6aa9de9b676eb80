"""Lines of deals: products with a price. Several that are added at about the same time go together.

A line is known by its deal's id, a slash and its own id, for every request about it names both.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Refused
from target_pipedrive.pipedrive.registry import OBJECTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from target_pipedrive.pipedrive.client import Client
    from target_pipedrive.pipedrive.paging import Row

KIND = OBJECTS["deal_product"]
MANY = 6
"""From so many lines on, one request for all costs less than one for each (25 and 5 tokens)."""

MOST = 100
"""Lines in one request, and deals in one list (official OpenAPI v2)."""

GATHER_SECONDS = 0.02
"""How long a line waits for others of its deal: short beside a request."""

_Waiting = tuple[dict[str, Any], "asyncio.Future[Row]"]


class DealProducts:
    """Products of deals."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: dict[str, list[_Waiting]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def add(self, body: dict[str, Any]) -> Row:
        """Add a line, together with others of its deal that are added now.

        Args:
            body: Its keys, `deal_id` among them.

        Raises:
            Refused: Pipedrive refused this line; nothing was written of it.
            UnknownOutcome: It may or may not stand.
        """
        deal = str(body["deal_id"])
        line = {key: value for key, value in body.items() if key != "deal_id"}
        future: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        gathered = self._waiting.setdefault(deal, [])
        gathered.append((line, future))
        if len(gathered) == 1:
            self._send_soon(deal)
        elif len(gathered) == MOST:
            self._begin(deal)
        return await future

    async def update(self, id: str, body: dict[str, Any]) -> Row:  # noqa: A002 - the API's term
        """Change keys of a line."""
        answer = await self._client.call(_operation("update"), ids=place(id), json=body)
        return {**answer.data, "id": id} if isinstance(answer.data, dict) else {}

    async def get(self, id: str) -> Row | None:  # noqa: A002 - the API's term
        """One line, or None when it is gone: no request reads a single one."""
        async for page in self.lines([id.partition("/")[0]]):
            for row in page:
                if row["id"] == id:
                    return row
        return None

    async def lines(self, deals: Sequence[str]) -> AsyncIterator[list[Row]]:
        """The lines of deals, page by page, 100 deals a list."""
        for start in range(0, len(deals), MOST):
            query = {
                "deal_ids": ",".join(deals[start : start + MOST]),
                "limit": str(KIND.page),
                "sort_by": "id",
            }
            while True:
                answer = await self._client.call(_operation("list"), params=query)
                yield [named(row) for row in answer.data or ()]
                cursor = answer.additional.get("next_cursor")
                if not cursor:
                    break
                query["cursor"] = cursor

    async def remove(self, deal: str, lines: Sequence[str]) -> set[str]:
        """Take up to 100 lines off a deal with one request.

        Args:
            deal: The deal's id.
            lines: Ids of lines, with their deal's; at least one, for to name none names all.

        Returns:
            Those that were taken off.

        Raises:
            Refused: Nothing was taken off.
        """
        ids = ",".join(place(line)["product_attachment_id"] for line in lines)
        if not ids:
            raise ValueError("no line is named")
        answer = await self._client.call(
            _operation("delete_many"), ids={"id": deal}, params={"ids": ids}
        )
        gone = (answer.data or {}).get("ids") or ()
        return {f"{deal}/{line}" for line in gone}

    def _send_soon(self, deal: str) -> None:
        gathered = self._waiting[deal]

        def send() -> None:
            if self._waiting.get(deal) is gathered:
                self._begin(deal)

        asyncio.get_running_loop().call_later(GATHER_SECONDS, send)

    def _begin(self, deal: str) -> None:
        task = asyncio.ensure_future(self._send(deal, self._waiting.pop(deal)))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, deal: str, lines: list[_Waiting]) -> None:
        """Send lines as it costs least; each waiter gets its own outcome."""
        if len(lines) >= MANY:
            try:
                rows = await self._call("create_many", deal, {"data": [line for line, _ in lines]})
            except Refused:  # all or none: one by one, so that the bad one alone is refused
                pass
            except BaseException as error:  # noqa: BLE001 - handed to those who wait
                _fail(lines, error)
                return
            else:
                for (_, future), row in zip(lines, rows, strict=True):
                    if not future.done():
                        future.set_result(named(row))
                return
        await asyncio.gather(*(self._send_one(deal, *line) for line in lines))

    async def _send_one(self, deal: str, line: dict[str, Any], future: asyncio.Future[Row]) -> None:
        try:
            row = named(await self._call("create", deal, line))
        except BaseException as error:  # noqa: BLE001 - handed to the one who waits
            _fail([(line, future)], error)
        else:
            if not future.done():
                future.set_result(row)

    async def _call(self, verb: str, deal: str, body: dict[str, Any]) -> Any:
        return (await self._client.call(_operation(verb), ids={"id": deal}, json=body)).data


def place(id: str) -> dict[str, str]:  # noqa: A002 - the API's term
    """Where a line is found in paths."""
    deal, _, line = id.partition("/")
    return {"id": deal, "product_attachment_id": line}


def named(row: Row) -> Row:
    """A line under the id that tells its deal too."""
    return {**row, "id": f"{row['deal_id']}/{row['id']}"}


def _operation(verb: str) -> Any:
    return getattr(KIND, verb)


def _fail(lines: list[_Waiting], error: BaseException) -> None:
    for _, future in lines:
        if not future.done():
            future.set_exception(error)
