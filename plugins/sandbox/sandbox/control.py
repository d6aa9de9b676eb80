"""The control API: look into the sandbox, change the clinic, order faults, set limits."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from sandbox import edits
from sandbox.check import compare

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from sandbox.world import World

    Handler = Callable[[Request], Awaitable[Response]]


def create(world: World, origins: dict[str, str]) -> Starlette:
    """Return the control API.

    Args:
        world: What it looks into and changes.
        origins: The URL of each service by name; filled when the server listens.
    """

    async def about(_request: Request) -> Response:
        return _json({**origins, "pid": os.getpid(), "patients": world.options.patients})

    async def dump(_request: Request) -> Response:
        return _json(world.dump())

    async def log(request: Request) -> Response:
        if request.method == "DELETE":
            world.journal.clear()
        return _json(world.journal.rows())

    async def stats(_request: Request) -> Response:
        return _json({**world.journal.summary(), "limits": world.limits()})

    async def edit(request: Request) -> Response:
        given = await _object(request)
        kind = given.pop("kind", None)
        if not isinstance(kind, str):
            raise ValueError('an edit needs its "kind"')
        return _json(edits.apply(world.cliniko, kind, given))

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            world.faults.clear()
        elif request.method == "POST":
            world.faults.add(await _object(request))
        return _json(world.faults.as_list())

    async def limits(request: Request) -> Response:
        if request.method == "POST":
            return _json(world.configure(await _object(request)))
        return _json(world.limits())

    async def check(request: Request) -> Response:
        settings: dict[str, Any] = await _object(request) if request.method == "POST" else {}
        given = settings.pop("now", None)
        now = datetime.fromisoformat(given) if given else datetime.now(UTC)
        report = compare(world.dump(), now, baseline=world.baseline, **settings)
        return _json({"ok": report.ok, "lines": report.lines(), "report": report.as_dict()})

    return Starlette(
        routes=[
            Route("/", about),
            Route("/dump", dump),
            Route("/log", _refusing(log), methods=["GET", "DELETE"]),
            Route("/stats", stats),
            Route("/edit", _refusing(edit), methods=["POST"]),
            Route("/faults", _refusing(faults), methods=["GET", "POST", "DELETE"]),
            Route("/limits", _refusing(limits), methods=["GET", "POST"]),
            Route("/check", _refusing(check), methods=["GET", "POST"]),
        ]
    )


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
