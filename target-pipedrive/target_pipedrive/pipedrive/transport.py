"""One request over HTTP: sent once; it stays known whether it may have been carried out."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import truststore
from yarl import URL

from target_pipedrive.errors import Rejected
from target_pipedrive.pipedrive.address import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class NoAnswer(Exception):
    """No usable answer came.

    Args:
        cause: What came instead.
        sent: Whether the request may have been carried out.
    """

    def __init__(self, cause: str, *, sent: bool) -> None:
        super().__init__(cause)
        self.cause = cause
        self.sent = sent


class _Lost(aiohttp.ClientError):
    """The connection was lost under a request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer, whatever it says.

    Args:
        status: HTTP status.
        headers: By name, in any case.
        content: The body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


class Transport:
    """Connections to one host.

    Args:
        host: Name or address in the URLs to come.
        headers: Sent with every request.
        timeout: Seconds without a sign of life before a request is given up.
        max_connections: Connections at the same time; further requests wait for one.
    """

    def __init__(
        self, host: str, headers: Mapping[str, str], *, timeout: float, max_connections: int
    ) -> None:
        self._host = host
        self._headers = headers
        self._timeout = timeout
        self._max_connections = max_connections
        self._opened: aiohttp.ClientSession | None = None
        self._proxy = _proxy(host)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.close()

    async def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: bytes | Mapping[str, str] | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request once; follow no redirect, for the token would travel along.

        Args:
            method: HTTP method.
            url: Without a query.
            params: The query.
            body: JSON as bytes, a form as a mapping, or a stream whose headers tell its length.
            headers: Beside those of every request.

        Raises:
            NoAnswer: No complete answer came.
            Rejected: The stream broke off: the server cannot have taken it for whole.
        """
        session = self._session()
        try:
            # Beyond `sock_read`: a stream that no longer moves is no sign of life.
            async with asyncio.timeout(None) as limit:
                if isinstance(body, AsyncIterator):
                    body = self._moving(body, limit)
                async with session.request(
                    method,
                    URL(url, encoded=True),
                    params=params,
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                    proxy=self._proxy,
                ) as response:
                    return Reply(response.status, response.headers, await response.read())
        except _NEVER_SENT as error:
            raise NoAnswer(type(error).__name__, sent=False) from None
        except (aiohttp.ClientError, OSError) as error:
            for cause in (error.__cause__, getattr(error.__cause__, "__cause__", None)):
                if isinstance(cause, Rejected):
                    raise cause from None
            raise NoAnswer(
                str(error) if isinstance(error, _Lost) else type(error).__name__, sent=True
            ) from None

    async def _moving(
        self, chunks: AsyncIterator[bytes], limit: asyncio.Timeout
    ) -> AsyncIterator[bytes]:
        """Yield the chunks; each has the whole time to go through."""
        loop = asyncio.get_running_loop()
        async for chunk in chunks:
            limit.reschedule(loop.time() + self._timeout)
            yield chunk
        limit.reschedule(loop.time() + self._timeout)

    def _session(self) -> aiohttp.ClientSession:
        """Return the connections; they belong to the loop that is running now."""
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._max_connections,
                    ssl=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                ),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._timeout, sock_read=self._timeout
                ),
                middlewares=(_once,),
            )
        return self._opened


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Hide a lost connection from aiohttp, which would send some requests again, uncounted."""
    try:
        return await handler(request)
    except _NEVER_SENT:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Lost(type(error).__name__) from error


def _proxy(host: str) -> str | None:
    """Return the proxy that the environment names for a host; none reaches a loopback."""
    name = urlsplit(f"//{host}").hostname or ""
    if is_loopback(name) or proxy_bypass(name):
        return None
    return getproxies().get("https")
