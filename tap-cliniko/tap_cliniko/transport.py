"""The wire: sessions, a bound on the whole time of a request, and what broke in plain words."""

from __future__ import annotations

import http.client
import io
import time
from contextlib import contextmanager
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ContentDecodingError, SSLError
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from tap_cliniko.retrying import TransientError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0
"""Longest time between two bytes. Cliniko itself gives up on a query after about 30 s."""

CHUNK_BYTES = 64 * 1024
MAX_CONNECTIONS = 16


class TooSlowError(TimeoutError):
    """An answer that came, but not to its end in time."""


class _Deadline(io.RawIOBase):
    """What comes from a socket, up to a moment.

    A socket's own time-out begins anew with every byte, so that a server that sends one byte a
    minute would hold the reader for ever.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        self._raw = raw
        self._sock = sock
        self._silence = sock.gettimeout()
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TooSlowError
        if self._silence is None or left < self._silence:
            self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            if time.monotonic() >= self._end:
                raise TooSlowError from None
            raise

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, seconds: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Deadline(raw, sock, seconds))


class _Bounded:
    """Mixed into urllib3's connections."""

    seconds: float

    def request(self, *args: Any, **options: Any) -> None:
        self.response_class = partial(_BoundedResponse, seconds=self.seconds)
        super().request(*args, **options)  # type: ignore[misc] # the connection's own


class _Adapter(HTTPAdapter):
    """Puts the bounded connections in place of urllib3's own, behind proxies too."""

    def __init__(self, seconds: float) -> None:
        self._pools = {
            scheme: type(
                f"Bounded{pool.__name__}",
                (pool,),
                {
                    "ConnectionCls": type(
                        "BoundedConnection", (_Bounded, pool.ConnectionCls), {"seconds": seconds}
                    )
                },
            )
            for scheme, pool in (("http", HTTPConnectionPool), ("https", HTTPSConnectionPool))
        }
        super().__init__(pool_maxsize=MAX_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager


def new_session(agent: str, seconds: float) -> requests.Session:
    """A session that threads may share.

    Args:
        agent: The User-Agent.
        seconds: Longest time from sending a request to the end of its answer.
    """
    session = requests.Session()
    # Cookies are the only thing requests would change in a session while threads share it.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(seconds)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = agent
    return session


@contextmanager
def opened(session: requests.Session, url: str, **options: Any) -> Iterator[requests.Response]:
    """Send a GET and hold its answer open; redirects are not followed.

    Args:
        session: Which session.
        url: Where to.
        **options: Of ``requests.get``.

    Raises:
        TransientError: When the connection breaks, before, at or inside the block.
    """
    try:
        with session.get(
            url,
            stream=True,
            timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
            allow_redirects=False,
            **options,
        ) as response:
            yield response
    except requests.RequestException as fault:
        raise TransientError(cause_of(fault)) from None


def chunks_of(response: requests.Response) -> Iterator[bytes]:
    """The body in pieces; a break on the way is told apart from a fault of whoever reads them."""
    try:
        yield from response.iter_content(CHUNK_BYTES)
    except requests.RequestException as fault:
        raise TransientError(cause_of(fault)) from None


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An explicit nothing: without it requests looks for credentials in ~/.netrc."""
    return request


def cause_of(fault: requests.RequestException) -> str:
    """What went wrong on the wire, without URL or headers."""
    text = str(fault)
    causes = (
        (_has(fault, TooSlowError), "the answer did not come to its end in time"),
        (
            isinstance(fault, requests.ConnectTimeout),
            f"no connection within {CONNECT_SECONDS:.0f} s",
        ),
        (
            isinstance(fault, requests.Timeout) or "Read timed out" in text,
            f"no answer within {SILENCE_SECONDS:.0f} s",
        ),
        (isinstance(fault, SSLError), "the server's certificate is not trusted"),
        (isinstance(fault, ContentDecodingError), "the answer's compression is damaged"),
        ("NameResolutionError" in text, "the host name cannot be found"),
        ("Connection refused" in text, "the connection was refused"),
    )
    return next((said for holds, said in causes if holds), "the connection broke off")


def _has(fault: BaseException, kind: type[BaseException]) -> bool:
    """Whether a fault is, or was caused by, one of a kind."""
    error: BaseException | None = fault
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error is not None
