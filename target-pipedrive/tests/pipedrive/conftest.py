from __future__ import annotations

import pytest

from target_pipedrive.pipedrive import Client, Limits, Pipedrive
from target_pipedrive.pipedrive.credentials import ApiToken

from .faulty import Server


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def server():
    async with Server().running() as running:
        yield running


@pytest.fixture
async def client(server):
    made = Client(
        server.url,
        ApiToken("secret-token"),
        Limits("ultimate", 1),
        timeout=0.3,
        tries=3,
        first_wait=0.01,
    )
    yield made
    await made.aclose()


@pytest.fixture
def pipedrive(client):
    return Pipedrive(client)
