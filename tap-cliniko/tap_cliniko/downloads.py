"""Files in Cliniko's storage: fetched without the key, and continued where they broke."""

from __future__ import annotations

import re
import weakref
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin

from tap_cliniko.answers import REDIRECTS, retry_after
from tap_cliniko.errors import NotVisibleError, RefusedQueryError
from tap_cliniko.retrying import Retrier, TransientError
from tap_cliniko.settings import is_safe
from tap_cliniko.transport import chunks_of, new_session, no_auth, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from requests import Response

MAX_SECONDS = 900.0
"""Longest time for one request to storage; what came until then is kept."""

MAX_REDIRECTS = 3
PROGRESS_BYTES = 1_000_000
"""A try that brought so much further than any before it does not count as failed."""

_STARTS_AT = re.compile(r"bytes (\d+)-")


class SizeError(TransientError):
    """More or fewer bytes came than the record says; perhaps the download broke off."""


class Receiver(Protocol):
    """What takes a file in.

    Attributes:
        have: Bytes it has so far.
        tag: What storage called this version of the file (its ``ETag``), if it did.
    """

    have: int
    tag: str | None

    def begin(self, tag: str | None) -> None:
        """Forget the bytes there are; a file begins that storage calls so."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""


class Downloads:
    """Fetches files. Safe to use from several threads.

    The key stays with Cliniko: storage has a session of its own and gets no Authorization header
    (and would answer 400 to one).

    Args:
        ask: Opens a path of the API, which answers with the file or a redirect to it.
        retrier: Repeats what fails.
        agent: The User-Agent.
    """

    def __init__(
        self, ask: Callable[[str], AbstractContextManager[Response]], retrier: Retrier, agent: str
    ) -> None:
        self._ask = ask
        self._retrier = retrier
        self._session = new_session(agent, MAX_SECONDS)
        weakref.finalize(self, self._session.close)

    def fetch(self, path: str, into: Receiver, size: int | None) -> None:
        """Fetch a file, going on behind what the receiver has.

        The address in the redirect expires, so each try asks for a new one.

        Args:
            path: Path below ``/v1`` that redirects to the file.
            into: Takes the bytes.
            size: Bytes there must be; None if unknown.

        Raises:
            NotVisibleError: When Cliniko or its storage has no such file.
            TapClinikoError: Another of its kinds, as the answers were.
        """
        furthest = into.have

        def attempt() -> None:
            nonlocal furthest
            try:
                self._attempt(path, into)
                _check_size(into.have, size)
            except SizeError:
                into.begin(None)
                raise
            except TransientError as fault:
                if into.have >= furthest + PROGRESS_BYTES:
                    furthest, fault.progress = into.have, True
                raise

        if not (into.have and into.have == size):  # else only its being kept is missing
            self._retrier.run(f"downloading {path}", attempt)

    def _attempt(self, path: str, into: Receiver) -> None:
        with self._ask(path) as response:
            if response.status_code == HTTPStatus.OK:
                _take(response, into)
                return
            address = urljoin(response.url, response.headers.get("Location", ""))
            for _ in chunks_of(response):  # a body read to its end leaves the connection usable
                pass
        with self._stored(path, address, _wanted(into)) as stored:
            if stored.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
                raise NotVisibleError(path, stored.status_code)
            if stored.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise SizeError(f"storage has nothing behind the first {into.have} bytes")
            if stored.status_code not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                raise TransientError(
                    f"storage answered HTTP {stored.status_code}", retry_after(stored)
                )
            _take(stored, into)

    @contextmanager
    def _stored(self, path: str, address: str, headers: dict[str, str]) -> Iterator[Response]:
        """The answer of storage, a few redirects further at most."""
        for _ in range(MAX_REDIRECTS + 1):
            if not is_safe(address):
                raise RefusedQueryError(f"{path} leads to an address that is not https")
            with opened(self._session, address, auth=no_auth, headers=headers) as stored:
                if stored.status_code not in REDIRECTS:
                    yield stored
                    return
                address = urljoin(address, stored.headers.get("Location", ""))
        raise TransientError("storage redirects without end")


def _check_size(count: int, size: int | None) -> None:
    if size is not None and count != size:
        raise SizeError(f"{count} bytes came where {size} are on record")


def _wanted(into: Receiver) -> dict[str, str]:
    """The headers that ask for the bytes behind those there are."""
    headers = {"Accept-Encoding": "identity"}  # the bytes as they are kept
    if into.have:
        headers["Range"] = f"bytes={into.have}-"
        if into.tag is not None:
            headers["If-Range"] = into.tag
    return headers


def _take(response: Response, into: Receiver) -> None:
    tag = response.headers.get("ETag")
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        begins = _STARTS_AT.match(response.headers.get("Content-Range", ""))
        same = into.tag is None or tag in {None, into.tag}
        if begins is None or int(begins[1]) != into.have or not same:
            into.begin(None)
            raise TransientError("storage went on with something else than was asked for")
    else:
        # A weak tag may stay the same while bytes change (RFC 9110, section 13.1.5).
        into.begin(None if tag is None or tag.startswith("W/") else tag)
    for chunk in chunks_of(response):
        into.write(chunk)
