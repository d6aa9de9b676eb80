"""A client that reads Pipedrive and keeps to itself what a load would write there."""

from __future__ import annotations

import asyncio
import json as jsonlib
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Refused
from target_pipedrive.pipedrive import OBJECTS, Answer, Client, Pipedrive
from target_pipedrive.pipedrive.encoding import encode
from target_pipedrive.pipedrive.registry import FIELDS
from target_pipedrive.plan.imagined import Imagined, field_names, pages
from target_pipedrive.plan.origins import CONTENT
from target_pipedrive.plan.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from target_pipedrive.pipedrive import Operation
    from target_pipedrive.pipedrive.files import Multipart

GONE = 404

FEW = 20
"""Rows of a kind that are looked at one by one; from then on a list of all costs less."""

_PATHS = {group.list.kind for group in FIELDS.values()}
_PAGING = 10**15
"""Begins the places of pages that Pipedrive is not asked for, where they are numbers."""
_CURSOR = "imagined "
"""The same where they are texts."""


class Rehearsal(Client):
    """Stands for the client of an account.

    Reads go to Pipedrive. Writes are answered as it would answer them, and take nothing of what
    `limits` has; what a load would send is in `tally`, reads included. Pipedrive's own refusals
    cannot be foreseen, but for writes to what is not there any more.

    Args:
        client: Asks Pipedrive.
    """

    def __init__(self, client: Client) -> None:  # makes no connections of its own
        self.real = client
        self.limits = client.limits
        self.origin = client.origin
        self.host = client.host
        self.witness = None
        self.tally = Tally()
        self.names: dict[str, str] = {}
        """Hash key → name of custom fields, the imagined ones too."""
        self._imagined = Imagined()
        self._pipedrive = Pipedrive(client)
        self._looks: dict[str, int] = {}
        self._standing: dict[str, set[str]] = {}
        self._listing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Rehearsal({self.real!r})"

    async def aclose(self) -> None:
        """Close all connections."""
        await self.real.aclose()

    def server_time(self) -> datetime:
        """The time by Pipedrive's clock, in UTC."""
        return self.real.server_time()

    async def content(self, operation: Operation, ids: Mapping[str, object]) -> bytes | None:
        """Return the bytes of a file; None for one that is not there."""
        self.tally.request(operation)
        if self._imagined.is_imagined(ids["id"]):
            return None
        return await self.real.content(operation, ids)

    async def call(
        self,
        operation: Operation,
        *,
        ids: Mapping[str, object] | None = None,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        files: Multipart | None = None,
        safe: bool | None = None,
    ) -> Answer:
        """Answer a request; see `Client.call`."""
        del safe  # every answer comes
        self.tally.request(operation)
        if not operation.writes:
            return await self._read(operation, ids or {}, params or {})
        body = data if json is None else jsonlib.loads(encode(json))  # as it would arrive
        await asyncio.sleep(0)  # others go on meanwhile, as while a request is under way
        places = {key: str(value) for key, value in (ids or {}).items()}
        answer = await self._write(operation, places, body, files)
        return Answer(answer, {}, 200, {})

    # writing

    async def _write(
        self, operation: Operation, ids: Mapping[str, str], body: Any, files: Multipart | None
    ) -> Any:
        kind, _, verb = operation.name.partition(".")
        match verb:
            case "create" | "create_many" | "add_options":
                return self._make(kind, verb, ids, body, files)
            case "update":
                await self._must_stand(kind, ids)
                self.tally.body(kind, body)
                return self._imagined.update(kind, ids["id"], body)
            case "delete":
                self._imagined.delete(kind, ids["id"])
            case "merge":
                await self._must_stand(kind, {"id": str(body["merge_with_id"])})
                self._imagined.delete(kind, ids["id"])
            case _:
                raise ValueError(f"nobody knows how Pipedrive answers {operation.name}")
        return {"id": ids["id"]}

    def _make(
        self, kind: str, verb: str, ids: Mapping[str, str], body: Any, files: Multipart | None
    ) -> Any:
        if verb == "add_options":
            self.tally.options_added(ids["code"], len(body))
            made: Any = self._imagined.add_options(ids["code"], body)
        elif verb == "create_many":
            made = [self._line(ids["id"], line) for line in body["data"]]
        elif kind == "deal_product":
            made = self._line(ids["id"], body)
        elif kind in _PATHS:
            made = self._imagined.create_field(kind, body)
            self.names[made["field_code"]] = str(made["field_name"])
            self.tally.field_made(made["field_code"], len(made["options"]))
        elif files is not None:
            self.tally.body(kind, {"name": files.file.name, CONTENT: True, **files.fields})
            self.tally.file_bytes += files.file.size
            told = {"name": files.file.name, "file_size": files.file.size}
            made = self._imagined.create(kind, {**files.fields, **told})
        else:
            self.tally.body(kind, body)
            made = self._imagined.create(kind, body)
        return made

    def _line(self, deal: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.tally.body("deal_product", body)
        self.tally.lines[deal] += 1
        return self._imagined.create("deal_product", {**body, "deal_id": deal})

    async def _must_stand(self, kind: str, ids: Mapping[str, str]) -> None:
        """See that what is to be changed is there, as Pipedrive would.

        Raises:
            Refused: It is not.
        """
        row_id = ids["id"]
        if self._imagined.is_gone(kind, row_id):
            raise Refused(GONE, "it was deleted by this run")
        if kind == "deal_product" or self._imagined.is_imagined(row_id):
            return
        if not await self._stands(kind, row_id):
            raise Refused(GONE, "it is not there")

    async def _stands(self, kind: str, row_id: str) -> bool:
        """Return whether a real object stands; looking is no part of the load."""
        if kind not in self._standing:
            self._looks[kind] = self._looks.get(kind, 0) + 1
            if self._looks[kind] <= FEW and OBJECTS[kind].get is not None:
                return await self._pipedrive.get(kind, row_id) is not None
            async with self._listing:
                if kind not in self._standing:
                    listed = self._pipedrive.rows(kind)
                    self._standing[kind] = {str(row["id"]) async for page in listed for row in page}
        return row_id in self._standing[kind]

    # reading

    async def _read(
        self,
        operation: Operation,
        ids: Mapping[str, object],
        params: Mapping[str, str | int],
    ) -> Answer:
        kind, _, verb = operation.name.partition(".")
        about = str(ids.get("id", ""))
        if verb == "get" and self._imagined.is_gone(kind, about):
            raise Refused(GONE, "it was deleted by this run")
        if self._imagined.is_imagined(about):  # nothing hangs on it but what a link tells of
            return Answer({"id": about} if verb == "get" else [], {}, 200, {})
        if kind == "deal_product":
            return await self._lines(operation, params)
        if (left := _left(params)) is not None:
            return _empty(operation, left - 1)
        answer = await self.real.call(operation, ids=ids or None, params=params or None)
        if kind in _PATHS:
            return self._with_fields(kind, answer)
        if kind in OBJECTS and verb == "list":
            return self._with_rows(operation, params, answer)
        return answer

    async def _lines(self, operation: Operation, params: Mapping[str, str | int]) -> Answer:
        """Lines of the real ones among deals."""
        deals = str(params["deal_ids"]).split(",")
        real = [deal for deal in deals if not self._imagined.is_imagined(deal)]
        if not real:
            return Answer([], {}, 200, {})
        answer = await self.real.call(operation, params={**params, "deal_ids": ",".join(real)})
        return _with(answer, self._imagined.standing("deal_product", answer.data or ()))

    def _with_fields(self, path: str, answer: Answer) -> Answer:
        rows = self._imagined.fields(answer.data or ())
        if not answer.additional.get("next_cursor"):
            rows += self._imagined.new_fields(path)
        self.names.update(field_names(rows))
        return _with(answer, rows)

    def _with_rows(
        self, operation: Operation, params: Mapping[str, str | int], answer: Answer
    ) -> Answer:
        """A page of a list as it would be, by its length and by what it says of other pages."""
        kind = operation.kind
        rows = answer.data or []
        if kind == "activity_type":
            return _with(answer, self._imagined.types(rows))
        if "ids" in params or not _is_last(operation, answer):
            return _with(answer, self._imagined.standing(kind, rows))
        changed, others = self._imagined.more(kind, changed="updated_since" in params)
        rows = self._imagined.standing(kind, rows)
        further = pages(len(rows) + len(changed) + others, int(params["limit"])) - 1
        return Answer([*rows, *changed], _paging(operation, further), answer.status, answer.headers)


def _with(answer: Answer, rows: list[dict[str, Any]]) -> Answer:
    return Answer(rows, answer.additional, answer.status, answer.headers)


def _is_last(operation: Operation, answer: Answer) -> bool:
    """Return whether a page is the last one of its list."""
    if operation.version == 1:
        paging = answer.additional.get("pagination") or answer.additional
        return not paging.get("more_items_in_collection")
    return not answer.additional.get("next_cursor")


def _paging(operation: Operation, further: int) -> dict[str, Any]:
    """What a page says when so many follow that Pipedrive is not asked for."""
    if not further:
        return {}
    if operation.version == 1:
        return {"more_items_in_collection": True, "next_start": _PAGING + further}
    return {"next_cursor": f"{_CURSOR}{further}"}


def _left(params: Mapping[str, str | int]) -> int | None:
    """Return how many pages follow, this one too; None for one that Pipedrive is asked for."""
    cursor, start = str(params.get("cursor") or ""), int(params.get("start") or 0)
    if cursor.startswith(_CURSOR):
        return int(cursor.removeprefix(_CURSOR))
    return start - _PAGING if start > _PAGING else None


def _empty(operation: Operation, further: int) -> Answer:
    """A page whose rows were told before."""
    return Answer([], _paging(operation, further), 200, {})
