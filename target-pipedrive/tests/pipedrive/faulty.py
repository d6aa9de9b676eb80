"""A server that answers as told, faults of the transport included."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

DROP_BEFORE = "drop before reading the body"
DROP_AFTER = "drop after reading the body"
HANG = "hang"
TRUNCATE = "truncate"
HTML = "<html><body>Attention Required!</body></html>"


@dataclass
class Request:
    at: float
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Reply:
    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    delay: float = 0.0


def ok(data=None, **rest):
    return Reply(body={"success": True, "data": data, **rest})


def error(status, text, **rest):
    return Reply(status, {"success": False, "error": text, **rest})


class Server:
    """Plays `script` first, then asks `app` for a reply to each request."""

    def __init__(self):
        self.requests: list[Request] = []
        self.script: deque[Reply] = deque()
        self.app = lambda request: ok()
        self.url = ""

    @asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader, writer):
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client may hang up whenever it likes
        finally:
            writer.close()

    async def _one(self, reader, writer):
        line = (await reader.readline()).decode()
        if not line:
            return False
        method, target, _ = line.split(" ", 2)
        headers = {}
        while (header := (await reader.readline()).decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        arrived = time.monotonic()
        if self.script and self.script[0].fault == DROP_BEFORE:
            self.script.popleft()
            return False
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        request = Request(arrived, method, parts.path, query, headers, body)
        self.requests.append(request)
        reply = self.script.popleft() if self.script else self.app(request)
        await asyncio.sleep(reply.delay)
        if reply.fault == DROP_AFTER:
            return False
        if reply.fault == HANG:
            await asyncio.sleep(30)
        html = isinstance(reply.body, str)
        content = reply.body.encode() if html else json.dumps(reply.body).encode()
        if reply.fault == TRUNCATE:
            content = content[: len(content) // 2]
        head = {
            "content-type": "text/html" if html else "application/json",
            "content-length": str(len(content)),
            **reply.headers,
        }
        lines = [f"HTTP/1.1 {reply.status} X", *(f"{key}: {value}" for key, value in head.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        await writer.drain()
        return True
