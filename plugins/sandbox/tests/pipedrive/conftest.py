"""A real server on loopback; each test gets a fresh account behind it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import uvicorn

from sandbox.pipedrive.app import create
from sandbox.pipedrive.state import ADMIN_TOKEN, PipedriveState


class Switch:
    """An ASGI application that hands on to whichever account is in use."""

    app: Any = None
    scope: dict[str, Any]

    async def __call__(self, scope, receive, send):
        self.scope = scope
        await self.app(scope, receive, send)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def data(self) -> Any:
        assert self.status in {200, 201}, (self.status, self.raw)
        return self.json["data"]

    @property
    def error(self) -> str:
        assert not self.json["success"]
        return self.json["error"]


@dataclass
class Api:
    """A client that holds one connection and can say anything, wrong things too."""

    port: int
    state: PipedriveState
    switch: Switch
    token: str | None = ADMIN_TOKEN
    exchanges: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self):
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.switch.app = create(self.state)

    def raw(self, method, path, body=None, headers=None) -> Answer:
        tokens = {} if self.token is None else {"x-api-token": self.token}
        self._connection.request(method, path, body, tokens | (headers or {}))
        response = self._connection.getresponse()
        given = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, given, response.read())

    def __call__(self, method, path, body=None, **query) -> Answer:
        address = path + (f"?{urlencode(query)}" if query else "")
        content = None if body is None else json.dumps(body).encode()
        answer = self.raw(method, f"/api{address}", content, {"content-type": "application/json"})
        self.exchanges.append(
            {
                "method": method,
                "path": urlsplit(path).path,
                "query": query,
                "body": body,
                "status": answer.status,
                "answer": answer.json if answer.raw[:1] == b"{" else None,
                "tokens": self.switch.scope["state"]["tokens"],
            }
        )
        return answer

    def upload(self, name: str, content: bytes, **parents) -> Answer:
        edge = "edge-of-a-part"
        lines = [
            f'--{edge}\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in parents.items()
        ]
        head = f'--{edge}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = "".join(lines).encode() + head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        kind = {"content-type": f"multipart/form-data; boundary={edge}"}
        return self.raw("POST", "/api/v1/files", body, kind)

    # -- short cuts

    def person(self, name="Ann Other", **more) -> int:
        return self("POST", "/v2/persons", {"name": name, **more}).data["id"]

    def field(self, kind, field_type, options=()) -> str:
        body = {"field_name": f"a {field_type}", "field_type": field_type}
        if options:
            body["options"] = [{"label": label} for label in options]
        return self("POST", f"/v2/{kind}Fields", body).data["field_code"]

    def close(self):
        self._connection.close()


@pytest.fixture(scope="session")
def serving():
    switch = Switch()
    config = uvicorn.Config(switch, port=0, log_level="warning", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield port, switch
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def connect(serving):
    """Make clients over accounts with options of the test's choice."""
    made = []

    def connect(**options) -> Api:
        api = Api(*serving[:1], PipedriveState(**options), serving[1])
        made.append(api)
        return api

    yield connect
    for api in made:
        api.close()


@pytest.fixture
def api(connect) -> Api:
    """An account with room to move: tests of limits make their own."""
    return connect(burst=100_000, search_lag=0)
