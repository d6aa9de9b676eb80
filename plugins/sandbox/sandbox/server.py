"""Four services in one process and one event loop, on loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox import control, faults, record
from sandbox.cliniko import app as cliniko
from sandbox.cliniko import storage
from sandbox.pipedrive import app as pipedrive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from starlette.types import ASGIApp

    from sandbox.world import World

HOST = "127.0.0.1"
SERVICES = ("control", "cliniko", "pipedrive", "storage")
"""The services in the order of their ports."""
_KEEP_ALIVE_SECONDS = 75
_SHUTDOWN_SECONDS = 1


class PortTakenError(Exception):
    """A port cannot be had; the text names it and says what to do."""


class _Protocol(H11Protocol):
    """HTTP over a transport that requests can get at, so that a fault can cut the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in H11Protocol
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """A server that leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: four servers share the process."""
        yield


def listen(port: int) -> dict[str, socket.socket]:
    """Open the sockets of all services.

    Args:
        port: The first of four ports in a row; 0 takes any free ones.

    Raises:
        PortTakenError: A port is in use.
    """
    sockets: dict[str, socket.socket] = {}
    for number, name in enumerate(SERVICES):
        wanted = port + number if port else 0
        # asyncio turns Nagle's delay off only where the protocol is named: without it every second
        # write of an answer waits some 40 ms for the client's acknowledgement.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted))
        except OSError as error:
            listener.close()
            for opened in sockets.values():
                opened.close()
            raise PortTakenError(
                f"port {wanted} ({name}) is taken; choose four others with --port N, or free ones "
                "with --port 0"
            ) from error
        sockets[name] = listener
    return sockets


def _origins(sockets: dict[str, socket.socket]) -> dict[str, str]:
    return {name: f"http://{HOST}:{opened.getsockname()[1]}" for name, opened in sockets.items()}


def applications(
    world: World, origins: dict[str, str], recording: TextIO | None = None
) -> dict[str, ASGIApp]:
    """Return every service over a world; faults, log and recording wrap the simulated ones."""
    inner: dict[str, ASGIApp] = {
        "cliniko": cliniko.create(world.cliniko, lambda: origins["storage"]),
        "pipedrive": pipedrive.create(world.pipedrive),
        "storage": storage.create(world.cliniko),
    }
    if recording is not None:
        for name in ("cliniko", "pipedrive"):
            inner[name] = record.asgi(inner[name], name, recording)
    wrapped = {
        name: faults.asgi(app, name, world.faults, world.journal) for name, app in inner.items()
    }
    return {"control": control.create(world, origins), **wrapped}


async def serve(
    world: World,
    sockets: dict[str, socket.socket],
    *,
    snapshot: Path | None = None,
    recording: TextIO | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; then save a snapshot if one is wanted.

    Prints one line of JSON with the URL of each service when all of them answer.
    """
    origins = _origins(sockets)
    servers = {
        name: _Server(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
        )
        for name, app in applications(world, origins, recording).items()
    }

    def stop() -> None:
        for server in servers.values():
            server.should_exit = True

    # What stands now stays: without it in every collection, dumps take half as long.
    gc.collect()
    gc.freeze()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    tasks = [
        asyncio.create_task(server.serve(sockets=[sockets[name]]))
        for name, server in servers.items()
    ]
    while not all(server.started for server in servers.values()):
        if any(task.done() for task in tasks):
            break
        await asyncio.sleep(0.01)
    else:
        _announce(origins)
    await asyncio.gather(*tasks)
    if snapshot is not None:
        world.save(snapshot)


def _announce(origins: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(origins) + "\n")
    sys.stdout.flush()
