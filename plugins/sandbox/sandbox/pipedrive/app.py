"""The simulated Pipedrive as an ASGI application: gateway, routing, envelopes."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount

from sandbox.pipedrive import oauth, query
from sandbox.pipedrive.call import Call, Download, Upload
from sandbox.pipedrive.errors import ApiError
from sandbox.pipedrive.limits import Verdict
from sandbox.pipedrive.operations import OPERATIONS, WITHDRAWN, Operation
from sandbox.pipedrive.state import KEPT_BYTES
from sandbox.pipedrive.v1 import demand_admin

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.pipedrive.state import PipedriveState

_CHUNK = 1 << 20
_BLOCKED = """<!DOCTYPE html>
<html><head><title>Access denied | Cloudflare</title></head>
<body><h1>Error 1015</h1><p>You are being rate limited.</p></body></html>
"""
_OVER_LIMIT = {
    Verdict.OVER_BURST: "request over limit: burst exceeded",
    Verdict.OVER_DAY: "request over limit: daily token budget spent",
}


def create(state: PipedriveState) -> Starlette:
    """Return the application over an account.

    Each request leaves its price in `request.state.tokens` and the name of its operation in
    `request.state.operation`, for a log around the application.
    """
    return Starlette(routes=[Mount("/", app=Gateway(state))])


class Gateway:
    """Takes each request through token, limits, routing and the operation."""

    def __init__(self, state: PipedriveState) -> None:
        self._state = state
        self._routes: dict[tuple[str, int], list[tuple[tuple[str, ...], Operation]]] = {}
        for operation in sorted(OPERATIONS, key=lambda one: one.path.count("{")):
            parts = tuple(operation.path.strip("/").split("/"))
            self._routes.setdefault((operation.version, len(parts)), []).append((parts, operation))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:  # gone in mid-body: nothing was done, nobody waits for an answer
            return
        response.headers["x-correlation-id"] = str(uuid4())
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        """Let a request through the gateway: token, route, limits."""
        request.state.tokens = 0
        if request.url.path.startswith(oauth.PREFIX):
            return await self._state.oauth.answer(request)
        user_id, token = self._state.user_of(request.headers)
        if user_id is None:
            return await _turned_away(request, _unauthorized())
        version, parts = _address(request.scope["path"])
        route = self._find(request.method, version, parts)
        operation = None if isinstance(route, ApiError) else route[0]
        cost = operation.tokens if operation else 0
        search = operation is not None and operation.search
        verdict = self._state.admit(token, cost, search=search)
        if verdict is Verdict.BLOCKED:
            return await _turned_away(request, Response(_BLOCKED, 403, media_type="text/html"))
        request.state.tokens = cost
        request.state.operation = operation.name if operation else ""
        headers = self._state.meter.headers(token, search=search, now=time.monotonic())
        if verdict is not Verdict.ADMITTED:
            refusal = {"success": False, "error": _OVER_LIMIT[verdict]}
            return await _turned_away(request, _json(refusal, 429, headers))
        if isinstance(route, ApiError):
            return await _turned_away(request, _json(route.body(version), route.status, headers))
        call = Call(self._state, self._state.users[user_id], route[1])
        return await _served(request, route[0], call, headers)

    def _find(
        self, method: str, version: str, parts: tuple[str, ...]
    ) -> tuple[Operation, dict[str, str]] | ApiError:
        """Return the operation and its path variables, or why there is none."""
        other_method = False
        for pattern, operation in self._routes.get((version, len(parts)), ()):
            path = _match(pattern, parts)
            if path is not None:
                if operation.method == method:
                    return operation, path
                other_method = True
        if version == "v1" and _is_withdrawn(parts):
            return ApiError(410, "This endpoint was withdrawn, use API v2")
        if other_method:
            return ApiError(405, "Method not allowed")
        return ApiError(404, "Unknown path, or an operation that the sandbox does not simulate")


async def _served(
    request: Request, operation: Operation, call: Call, headers: dict[str, str]
) -> Response:
    """Read an admitted request, run its operation, wrap what comes of it."""
    strict = operation.version == "v2"
    try:
        if operation.method != "GET":
            await _read(request, call, strict=strict)
        given = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        call.query = query.read_query(given, operation.query, strict=strict)
        if operation.admin:
            demand_admin(call, "change the settings of this account")
        answer = operation.run(call)
    except ApiError as error:
        return _json(error.body(operation.version), error.status, headers)
    if isinstance(answer, Download):
        return Response(answer.content, 200, headers, media_type="application/octet-stream")
    return _json({"success": True, **answer}, operation.created, headers)


async def _turned_away(request: Request, response: Response) -> Response:
    """Let the body of a refused request run off, so that the client reads the answer."""
    async for _ in request.stream():
        pass
    return response


def _address(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the version and the parts of a path; `/v1` stands for `/api/v1`, `/v2` for nothing."""
    parts = tuple(path.strip("/").split("/"))
    if parts[:1] == ("v1",):
        return "v1", parts[1:]
    if parts[:1] == ("api",) and parts[1:2] in {("v1",), ("v2",)}:
        return parts[1], parts[2:]
    return "v1", ()


def _match(pattern: tuple[str, ...], parts: tuple[str, ...]) -> dict[str, str] | None:
    path = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{"):
            path[expected[1:-1]] = part
        elif expected != part:
            return None
    return path


def _is_withdrawn(parts: tuple[str, ...]) -> bool:
    return parts in WITHDRAWN or (*parts[:-1], "{}") in WITHDRAWN


async def _read(request: Request, call: Call, *, strict: bool) -> None:
    """Put the body of a request into its call.

    Raises:
        ApiError: It cannot be read; v2 takes JSON alone.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not strict and kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        await _read_form(request, call)
        return
    raw = await request.body()
    if not raw:
        return
    if strict and kind != "application/json":
        raise ApiError(400, "Bad request: the content type must be application/json")
    try:
        call.body = json.loads(raw, parse_constant=_no_constant)
        if b"\\ud" in raw.lower():
            json.dumps(call.body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "Bad request: the body is not JSON") from error


async def _read_form(request: Request, call: Call) -> None:
    body: dict[str, Any] = {}
    try:
        async with request.form() as form:
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    body[name] = value
                elif name == "file":
                    call.upload = await _receive(value)
    except MultiPartException as error:
        raise ApiError(400, "Bad request: the form cannot be read") from error
    call.body = body


async def _receive(part: UploadFile) -> Upload:
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    while chunk := await part.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if size <= KEPT_BYTES:
            kept += chunk
    content = bytes(kept) if size <= KEPT_BYTES else None
    return Upload(part.filename or "", size, digest.hexdigest(), content)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unauthorized() -> Response:
    body = {
        "success": False,
        "error": "unauthorized access",
        "errorCode": 401,
        "error_info": "Please check developers.pipedrive.com",
    }
    return _json(body, 401, {"x-401-by-gw": "true"})


def _json(body: Any, status: int, headers: dict[str, str]) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, headers, media_type="application/json")
