# ruff: noqa: INP001 - used by scripts beside it
"""A network between the target and the simulated Pipedrive: a proxy on loopback that takes time."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def distant(url: str, seconds: float, jitter: float = 0.0, seed: int = 1) -> Iterator[str]:
    """Put a server at a distance while the block lasts.

    Args:
        url: The server.
        seconds: The way there and back, half of it each.
        jitter: By what part of it each half varies, up and down.
        seed: Of the variation.

    Yields:
        The URL under which it can be reached.
    """
    ready: list[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = []
    told = threading.Event()

    async def serve() -> None:
        network = _Network(url, seconds / 2, jitter, random.Random(seed))  # noqa: S311 - no secret
        server = await asyncio.start_server(network.connect, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        end = asyncio.Event()
        ready.append((f"http://127.0.0.1:{port}", asyncio.get_running_loop(), end))
        told.set()
        await end.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    told.wait()
    address, loop, end = ready[0]
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(5)


class _Network:
    def __init__(self, url: str, half: float, jitter: float, chance: random.Random) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._half = half
        self._jitter = jitter
        self._chance = chance

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._server)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        writer.close()
        back.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand on what comes, late; what was sent first comes first."""
        loop = asyncio.get_running_loop()
        arrives = 0.0
        while data := await reader.read(65536):
            way = self._half * (1 + self._chance.uniform(-self._jitter, self._jitter))
            arrives = max(arrives + 1e-5, loop.time() + way)  # equal times would lose their order
            loop.call_at(arrives, writer.write, data)
        await asyncio.sleep(max(0.0, arrives - loop.time()))
        writer.close()
