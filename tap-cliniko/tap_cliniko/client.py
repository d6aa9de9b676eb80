"""The one module that speaks HTTP: address, key, pacing, retries, and what each answer means.

It is not built on the SDK's ``RESTStream``: that has one session per stream and pages by number,
and writes answers' bodies (here: patients) into its errors. Here one session and one pacer serve
all streams and the download threads.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urljoin

import requests

from tap_cliniko.errors import (
    KeyRefusedError,
    NotVisibleError,
    RefusedQueryError,
    ServerFaultError,
)
from tap_cliniko.pacing import Pacer
from tap_cliniko.paging import Page, Query
from tap_cliniko.settings import Settings, is_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_cliniko.stopping import Stopper

T = TypeVar("T")

TRIES = 6
FIRST_CONTACT_TRIES = 3
TIMEOUT_SECONDS = (10.0, 60.0)
"""To connect, and between two bytes. Cliniko itself gives up on a query after about 30 s."""

THROTTLE_SECONDS = 60.0
"""How long to wait after a 429 that does not say."""

MAX_THROTTLES = 10
MAX_THROTTLE_SECONDS = 900.0
MAX_CONNECTIONS = 16

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

logger = logging.getLogger("tap-cliniko.client")


class TransientError(Exception):
    """One try failed in a way that another may not. Its text names the cause alone."""


@dataclass(frozen=True)
class Account:
    """What is known after the first contact.

    Attributes:
        role: Role of the key's user, such as ``administrator``.
        clock: The server's clock at that moment, seconds since 1970.
    """

    role: str
    clock: float


class Client:
    """Reads from one Cliniko account. Safe to use from several threads.

    Args:
        settings: Checked settings.
        stopper: Ends every wait when the run is to stop.
        version: Version of the tap, for the User-Agent.
        patience: Seconds before the first repetition; doubles with each.

    Attributes:
        requests: Number of API requests sent so far.
    """

    def __init__(
        self, settings: Settings, stopper: Stopper, version: str, patience: float = 1.0
    ) -> None:
        self._settings = settings
        self._stopper = stopper
        self._patience = patience
        self._pacer = Pacer(settings.requests_per_minute, stopper.sleep)
        self._session = requests.Session()
        # Cookies are the only thing requests would change in a session while threads share it.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=MAX_CONNECTIONS)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._session.headers["User-Agent"] = f"tap-cliniko/{version} ({settings.contact_email})"
        self._auth = requests.auth.HTTPBasicAuth(settings.api_key, "")
        self._lock = threading.Lock()
        self._account: Account | None = None
        self.requests = 0
        weakref.finalize(self, self._session.close)

    @property
    def account(self) -> Account:
        """The first contact with the account, made when first asked for.

        ``/user`` answers every working key (official OpenAPI), so a failure here is the key's or
        the network's and not a matter of permissions.
        """
        if self._account is None:
            path = "/user"

            def ask() -> Account:
                with self._opened(path) as response:
                    role = _json(response).get("role")
                    return Account(str(role or "unknown"), _server_clock(response))

            self._account = self._patiently(
                f"the first contact with {self._settings.api_url}",
                ask,
                FIRST_CONTACT_TRIES,
                f"check the network, the shard at the end of api_key ({self._settings.shard}), and "
                "api_url if you set it",
            )
        return self._account

    def get(self, path: str, filters: Sequence[str] = ()) -> dict[str, Any]:
        """Read one object.

        Args:
            path: Path below ``/v1``, as in ``/settings/public``.
            filters: Values of ``q[]``; those on a stamp show an object that it hides.

        Raises:
            TapClinikoError: One of its kinds, as the answer was.
        """

        def ask() -> dict[str, Any]:
            with self._opened(path, [("q[]", text) for text in filters]) as response:
                return _json(response)

        return self._patiently(f"reading {path}", ask)

    def page(self, path: str, key: str, query: Query) -> Page:
        """Read one page of what a query matches.

        Args:
            path: Path of the list below ``/v1``.
            key: Key of the rows in the answer.
            query: Filters, order and which page.

        Raises:
            TapClinikoError: One of its kinds, as the answer was.
        """
        params = [("per_page", str(query.per_page))]
        params += [("page", str(query.page))] if query.page > 1 else []
        params += [("sort", query.sort)] if query.sort else []
        params += [("q[]", text) for text in query.filters]

        def ask() -> Page:
            with self._opened(path, params) as response:
                body = _json(response)
            rows, links = body.get(key), body.get("links")
            if not isinstance(rows, list):
                raise TransientError(f"an answer without its list {key}")
            # A link to the next page is there only when there is one (Cliniko docs, "Pagination").
            more = "next" in links if isinstance(links, dict) else len(rows) >= query.per_page
            if more and not rows:
                raise TransientError("an empty page that is not the last")
            return Page(rows, more, _count(body.get("total_entries")))

        return self._patiently(f"reading {path} ({', '.join(query.filters) or 'from start'})", ask)

    def download(self, path: str, consume: Callable[[Iterator[bytes]], T]) -> T:
        """Read a file that Cliniko keeps in its storage.

        The address in the redirect expires, so each try asks for a new one. The key stays with
        Cliniko: storage gets no Authorization header (and would answer 400 to one).

        Args:
            path: Path below ``/v1`` that redirects to the file.
            consume: Reads all chunks; called again from the start when a try failed. It may raise
                TransientError when what came is not what was expected.

        Raises:
            NotVisibleError: When Cliniko or its storage has no such file.
            TapClinikoError: Another of its kinds, as the answers were.
        """

        def fetch() -> T:
            with self._opened(path, redirect=True) as response:
                if response.status_code == HTTPStatus.OK:
                    return consume(_chunks(response))
                address = urljoin(response.url, response.headers.get("Location", ""))
                for _ in _chunks(response):  # a body read to its end leaves the connection usable
                    pass
            if not is_safe(address):
                raise RefusedQueryError(f"{path} leads to an address that is not https")
            try:
                with self._session.get(
                    address,
                    auth=_no_auth,
                    headers={"Accept-Encoding": "identity"},  # the bytes as they are kept
                    stream=True,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                ) as stored:
                    if stored.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
                        raise NotVisibleError(path, stored.status_code)
                    if stored.status_code != HTTPStatus.OK:
                        raise TransientError(f"storage answered HTTP {stored.status_code}")
                    return consume(_chunks(stored))
            except requests.RequestException as fault:
                raise TransientError(_cause(fault)) from None

        return self._patiently(f"downloading {path}", fetch)

    @contextmanager
    def _opened(
        self, path: str, params: list[tuple[str, str]] | None = None, *, redirect: bool = False
    ) -> Iterator[requests.Response]:
        """One request to the API, answered with 200 (or, if asked for, a redirect)."""
        for _ in range(MAX_THROTTLES):
            with self._pacer.slot():
                with self._lock:
                    self.requests += 1
                try:
                    with self._session.get(
                        f"{self._settings.api_url}{path}",
                        params=params,
                        auth=self._auth,
                        headers={"Accept": "application/json"},
                        stream=True,
                        timeout=TIMEOUT_SECONDS,
                        allow_redirects=False,
                    ) as response:
                        status = response.status_code
                        if status == HTTPStatus.OK or (redirect and status in _REDIRECTS):
                            yield response
                            return
                        if status != HTTPStatus.TOO_MANY_REQUESTS:
                            self._refuse(path, response)
                        pause = _throttle_seconds(response)
                except requests.RequestException as fault:
                    raise TransientError(_cause(fault)) from None
            logger.info("Cliniko asks to wait (HTTP 429): going on in %.0f s", pause)
            self._pacer.close_for(pause)
        raise ServerFaultError(
            f"{path}: Cliniko answered HTTP 429 {MAX_THROTTLES} times in a row; lower "
            "requests_per_minute, since other software seems to use keys of the same user"
        )

    def _refuse(self, path: str, response: requests.Response) -> NoReturn:
        """Raise what a status other than 200 means (Cliniko docs, "Errors")."""
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            raise KeyRefusedError(
                f"the API key is refused by {self._settings.api_url} (HTTP 401), its shard being "
                f"{self._settings.shard}: check api_key, and api_url if you set it; an account "
                "that moved to another region has new keys"
            )
        html = "html" in response.headers.get("Content-Type", "")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or html:
            # Cliniko itself never answers in HTML: that is a proxy on the way.
            raise TransientError(f"HTTP {status}{' in HTML' if html else ''}")
        if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
            raise NotVisibleError(path, status)
        if status in _REDIRECTS:
            raise RefusedQueryError(
                f"{self._settings.api_url}{path} redirects elsewhere (HTTP {status}): check api_url"
            )
        raise RefusedQueryError(f"{path}: Cliniko does not accept this query (HTTP {status})")

    def _patiently(
        self,
        what: str,
        call: Callable[[], T],
        tries: int = TRIES,
        advice: str = "run again to go on from the last state",
    ) -> T:
        """Repeat a call that may fail for the moment, waiting longer each time."""
        for attempt in range(1, tries + 1):
            try:
                return call()
            except TransientError as fault:
                last = fault
            if attempt < tries:
                delay = self._patience * 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing
                logger.warning("%s: %s; trying again in %.1f s", what, last, delay)
                self._stopper.sleep(delay)
        raise ServerFaultError(
            f"{what} failed {tries} times, last with: {last}; {advice}"
        ) from last


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An explicit nothing: without it requests looks for credentials in ~/.netrc."""
    return request


def _json(response: requests.Response) -> dict[str, Any]:
    """The object in an answer; numbers with a point stay the text they are, so exact."""
    try:
        body = json.loads(response.content, parse_float=str)
    except ValueError:  # a proxy's page, or an answer that broke off
        raise TransientError("HTTP 200 with something that is not JSON") from None
    if not isinstance(body, dict):
        raise TransientError("HTTP 200 with JSON that is not an object")
    return body


def _count(value: object) -> int | None:
    """A number of rows; an old example of Cliniko's shows it as text."""
    text = str(value)
    return int(text) if text.isdecimal() else None


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body in pieces; a break on the way is told apart from a fault of whoever reads them."""
    try:
        yield from response.iter_content(64 * 1024)
    except requests.RequestException as fault:
        raise TransientError(_cause(fault)) from None


def _server_clock(response: requests.Response) -> float:
    """The answer's Date header in seconds since 1970; our own clock if it has none."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


def _throttle_seconds(response: requests.Response) -> float:
    """How long a 429 asks to wait.

    ``X-RateLimit-Reset`` is a moment in UNIX seconds (Cliniko docs, "Rate limiting"), so it is
    compared with the server's clock, not ours.
    """
    reset, after = response.headers.get("X-RateLimit-Reset"), response.headers.get("Retry-After")
    try:
        if reset is not None:
            seconds = float(reset) - _server_clock(response) + 1
        else:
            seconds = float(after) if after is not None else THROTTLE_SECONDS
    except ValueError:
        seconds = THROTTLE_SECONDS
    return min(max(seconds, 1.0), MAX_THROTTLE_SECONDS)


def _cause(fault: requests.RequestException) -> str:
    """What went wrong on the wire, without URL or headers."""
    if isinstance(fault, requests.ConnectTimeout):
        return f"no connection within {TIMEOUT_SECONDS[0]:.0f} s"
    if isinstance(fault, requests.Timeout):
        return f"no answer within {TIMEOUT_SECONDS[1]:.0f} s"
    if isinstance(fault, requests.exceptions.SSLError):
        return "the server's certificate is not trusted"
    text = str(fault)
    if "NameResolutionError" in text:
        return "the host name cannot be found"
    if "Connection refused" in text:
        return "the connection was refused"
    return "the connection broke off"
