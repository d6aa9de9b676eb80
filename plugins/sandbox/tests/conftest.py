from __future__ import annotations

import base64
import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import pytest

from sandbox.testing import Running, running

AGENT = "sandbox-tests (tests@example.com)"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class Caller:
    """A plain HTTP client of the simulated Cliniko that shows every answer as it is."""

    origin: str
    key: str = "sandbox-key-au1"

    def get(self, path, *, q=(), headers=None, method="GET", **parameters):
        pairs = [*parameters.items(), *(("q[]", condition) for condition in q)]
        query = f"?{urlencode(pairs)}" if pairs else ""
        token = base64.b64encode(f"{self.key}:".encode()).decode()
        sent = {
            "Authorization": f"Basic {token}",
            "User-Agent": AGENT,
            "Accept": "application/json",
        }
        sent |= headers or {}
        return fetch(
            self.origin + "/v1" + path + query,
            {key: value for key, value in sent.items() if value is not None},
            method,
        )

    def rows(self, name, **more):
        """Return all rows of a list, page by page, in an order that pages can rely on."""
        if name != "services":
            more.setdefault("sort", "id")
        rows, page = [], 1
        while True:
            body = self.get(f"/{name}", per_page=100, page=page, **more).json()
            rows += body[name]
            if "next" not in body["links"]:
                return rows
            page += 1


def fetch(url, headers=None, method="GET"):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())
    finally:
        connection.close()


@pytest.fixture(scope="session")
def demo():
    """The demo clinic, shared by tests that only read."""
    with running(cliniko_per_minute=100_000) as sandbox:
        yield sandbox


@pytest.fixture
def scratch():
    """A small clinic of its own, for tests that change something."""
    with running(patients=40, cliniko_per_minute=100_000) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def cliniko(demo: Running):
    return Caller(demo.cliniko)


@pytest.fixture(scope="session")
def caller():
    """Make a caller of any origin with any key."""
    return Caller


@pytest.fixture
def get():
    """Send one plain GET."""
    return fetch
