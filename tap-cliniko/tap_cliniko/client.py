"""The one module that asks Cliniko: with the key, at the permitted pace, and again when it fails.

It is not built on the SDK's ``RESTStream``: that has one session per stream and pages by number,
and writes answers' bodies (here: patients) into its errors. Here one session and one pacer serve
all streams and the download threads.
"""

from __future__ import annotations

import logging
import threading
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from requests.auth import HTTPBasicAuth

from tap_cliniko.answers import (
    REDIRECTS,
    object_of,
    page_of,
    refuse,
    server_clock,
    throttle_seconds,
)
from tap_cliniko.downloads import Downloads, Receiver
from tap_cliniko.errors import KeyRefusedError, ServerFaultError
from tap_cliniko.pacing import Pacer
from tap_cliniko.retrying import Retrier
from tap_cliniko.transport import new_session, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from requests import Response

    from tap_cliniko.paging import Page, Query
    from tap_cliniko.settings import Settings
    from tap_cliniko.stopping import Stopper

FIRST_CONTACT_TRIES = 3
MAX_SECONDS = 120.0
"""Longest time for one request to the API."""

MAX_THROTTLES = 10

logger = logging.getLogger("tap-cliniko.client")


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
        seconds: Longest time for one request.

    Attributes:
        requests: Number of API requests sent so far.
    """

    def __init__(
        self,
        settings: Settings,
        stopper: Stopper,
        version: str,
        patience: float = 1.0,
        seconds: float = MAX_SECONDS,
    ) -> None:
        agent = f"tap-cliniko/{version} ({settings.contact_email})"
        self._settings = settings
        self._retrier = Retrier(stopper, patience)
        self._pacer = Pacer(settings.requests_per_minute, stopper.sleep)
        self._session = new_session(agent, seconds)
        self._auth = HTTPBasicAuth(settings.api_key, "")
        self._downloads = Downloads(partial(self._opened, redirect=True), self._retrier, agent)
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

            def ask() -> Account:
                with self._opened("/user") as response:
                    role = object_of(response).get("role")
                    return Account(str(role or "unknown"), server_clock(response))

            self._account = self._retrier.run(
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
                return object_of(response)

        return self._retrier.run(f"reading {path}", ask)

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
                return page_of(response, key, query)

        where = ", ".join(query.filters) or "from start"
        number = f", page {query.page}" if query.page > 1 else ""
        return self._retrier.run(f"reading {path} ({where}{number})", ask)

    def download(self, path: str, into: Receiver, size: int | None = None) -> None:
        """Read a file that Cliniko keeps in its storage.

        Args:
            path: Path below ``/v1`` that redirects to the file.
            into: Takes the bytes, and may have the first of them already.
            size: Bytes there must be; None if unknown.

        Raises:
            NotVisibleError: When Cliniko or its storage has no such file.
            TapClinikoError: Another of its kinds, as the answers were.
        """
        self._downloads.fetch(path, into, size)

    @contextmanager
    def _opened(
        self, path: str, params: list[tuple[str, str]] | None = None, *, redirect: bool = False
    ) -> Iterator[Response]:
        """One request to the API, answered with 200 (or, if asked for, a redirect)."""
        for _ in range(MAX_THROTTLES):
            with self._pacer.slot():
                with self._lock:
                    self.requests += 1
                with opened(
                    self._session,
                    f"{self._settings.api_url}{path}",
                    params=params,
                    auth=self._auth,
                    headers={"Accept": "application/json"},
                ) as response:
                    status = response.status_code
                    if status == HTTPStatus.OK or (redirect and status in REDIRECTS):
                        yield response
                        return
                    if status == HTTPStatus.UNAUTHORIZED:
                        raise self._key_refused()
                    if status != HTTPStatus.TOO_MANY_REQUESTS:
                        refuse(path, self._settings.api_url, response)
                    pause = throttle_seconds(response)
            self._pacer.throttled(pause)
        raise ServerFaultError(
            f"{path}: Cliniko answered HTTP 429 {MAX_THROTTLES} times in a row; lower "
            "requests_per_minute, since other software seems to use keys of the same user"
        )

    def _key_refused(self) -> KeyRefusedError:
        return KeyRefusedError(
            f"the API key is refused by {self._settings.api_url} (HTTP 401), its shard being "
            f"{self._settings.shard}: check api_key, and api_url if you set it; an account "
            "that moved to another region has new keys"
        )
