"""The control API: look into the sandbox, change the clinic, order faults, set limits."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sandbox import edits
from sandbox.check import compare

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from starlette.requests import Request

    from sandbox.world import World

    Handler = Callable[[Request], Awaitable[Response]]

_BLOCK_BYTES = 1 << 18


def create(world: World, origins: dict[str, str]) -> Starlette:
    """Return the control API.

    Args:
        world: What it looks into and changes.
        origins: The URL of each service by name.
    """
    api = _Control(world, origins)
    routes: tuple[tuple[str, Handler, tuple[str, ...]], ...] = (
        ("/", api.about, ("GET",)),
        ("/dump", api.dump, ("GET",)),
        ("/log", api.log, ("GET", "DELETE")),
        ("/stats", api.stats, ("GET",)),
        ("/edit", api.edit, ("POST",)),
        ("/faults", api.faults, ("GET", "POST", "DELETE")),
        ("/limits", api.limits, ("GET", "POST")),
        ("/check", api.check, ("GET", "POST")),
    )
    return Starlette(
        routes=[
            Route(path, _refusing(handler), methods=methods) for path, handler, methods in routes
        ]
    )


class _Control:
    def __init__(self, world: World, origins: dict[str, str]) -> None:
        self.world = world
        self.origins = origins

    async def about(self, _request: Request) -> Response:
        facts = {"pid": os.getpid(), "patients": self.world.options.patients}
        return _json({**self.origins, **facts})

    async def dump(self, _request: Request) -> Response:
        return StreamingResponse(_blocks(self.world.dump()), media_type="application/json")

    async def log(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.world.journal.clear()
        return _json(self.world.journal.rows())

    async def stats(self, _request: Request) -> Response:
        return _json(self.world.stats())

    async def edit(self, request: Request) -> Response:
        given = await _object(request)
        return _json(edits.apply(self.world.cliniko, str(given.pop("kind", "")), given))

    async def faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.world.faults.clear()
        elif request.method == "POST":
            self.world.faults.add(await _object(request))
        return _json(self.world.faults.as_list())

    async def limits(self, request: Request) -> Response:
        if request.method == "POST":
            return _json(self.world.configure(await _object(request)))
        return _json(self.world.limits())

    async def check(self, request: Request) -> Response:
        settings = await _object(request)
        given = settings.pop("now", None)
        now = datetime.fromisoformat(given) if given else datetime.now(UTC)
        # The dump is a copy, so that the services go on while it is judged.
        report = await asyncio.to_thread(
            compare, self.world.dump(), now, baseline=self.world.baseline, **settings
        )
        return _json({"ok": report.ok, "lines": report.lines(), "report": report.as_dict()})


def _refusing(handler: Handler) -> Handler:
    """Answer a request that makes no sense with 400 and the reason."""

    async def refusing(request: Request) -> Response:
        try:
            return await handler(request)
        except (ValueError, TypeError) as error:
            return _json({"error": str(error)}, 400)

    return refusing


async def _object(request: Request) -> dict[str, Any]:
    body = await request.body()
    given = json.loads(body) if body else {}
    if not isinstance(given, dict):
        raise ValueError("send a JSON object")  # noqa: TRY004 - a fault of the request
    return given


def _json(body: Any, status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False, default=str)
    return Response(text.encode(), status, media_type="application/json")


async def _blocks(body: Any) -> AsyncIterator[bytes]:
    """Write JSON in blocks and let the services work between them."""
    block = bytearray()
    for part in _parts(body):
        block += part.encode()
        if len(block) > _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
            await asyncio.sleep(0)
    yield bytes(block) + b"\n"


def _parts(body: Any) -> Iterator[str]:
    """Write JSON with each value of an object and each item of a list on a line of its own."""
    if isinstance(body, dict):
        separator = "{\n"
        for name, value in body.items():
            yield f"{separator}{json.dumps(name)}: "
            yield from _parts(value)
            separator = ",\n"
        yield "\n}" if body else "{}"
    elif isinstance(body, list):
        separator = "[\n"
        for item in body:
            yield separator + json.dumps(item, ensure_ascii=False)
            separator = ",\n"
        yield "\n]" if body else "[]"
    else:
        yield json.dumps(body, ensure_ascii=False)
