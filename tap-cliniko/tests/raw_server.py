"""A server on loopback that sends exactly the bytes it is told to, and breaks where it is told."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager

RESET = object()
"""Ends the connection with a reset instead of an orderly close."""


class RawServer:
    """Plays one script for each request; the last one again and again.

    A script is a list of what happens after a request was read: bytes are sent, a number of seconds
    is waited, ``RESET`` resets. Then the connection is closed.
    """

    def __init__(self, *scripts: list) -> None:
        self.scripts = list(scripts)
        self.requests: list[bytes] = []
        self.times: list[float] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                if not (more := connection.recv(65536)):
                    return
                request += more
            script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
            self.requests.append(request)
            self.times.append(time.monotonic())
            try:
                for step in script:
                    if step is RESET:
                        linger = struct.pack("ii", 1, 0)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        return
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    else:
                        time.sleep(step)
            except OSError:
                return  # the client has gone


def answer(
    status: int = 200, body: bytes = b"", kind: str = "application/json", **headers
) -> bytes:
    named = {"Content-Type": kind, "Content-Length": len(body), "Connection": "close", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items() if value != ""]
    return "\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode() + body
