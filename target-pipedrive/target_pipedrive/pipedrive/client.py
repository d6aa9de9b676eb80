"""One request to Pipedrive: sent, repeated where that is safe, its failure told apart."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import stamina
import stamina.instrumentation

from target_pipedrive.errors import NotAllowed, SettingsError, UnknownOutcome, Unreachable
from target_pipedrive.json_codec import decode
from target_pipedrive.pipedrive.address import address_fault
from target_pipedrive.pipedrive.answers import Answer, failure
from target_pipedrive.pipedrive.encoding import encode
from target_pipedrive.pipedrive.transport import NoAnswer, Transport
from target_pipedrive.pipedrive.witness import done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from target_pipedrive.pipedrive.credentials import Credentials
    from target_pipedrive.pipedrive.files import Multipart
    from target_pipedrive.pipedrive.limits import Limits
    from target_pipedrive.pipedrive.operations import Operation
    from target_pipedrive.pipedrive.transport import Reply
    from target_pipedrive.pipedrive.witness import Witness

logger = logging.getLogger(__name__)

THROTTLED_TRIES = 10
_JSON = {"content-type": "application/json"}
_T = TypeVar("_T")
CLOCK_SECONDS = 60.0  # how long a comparison with Pipedrive's clock is good


class Client:
    """Talks to one Pipedrive account.

    Args:
        api_url: `https://COMPANY.pipedrive.com`; `/api/v1` and `/api/v2` are appended.
        credentials: By what Pipedrive knows who asks; they go nowhere but to `api_url`.
        limits: What may be sent when.
        timeout: Seconds without a sign of life before a request is given up.
        tries: How often a request that is safe to repeat is sent before it fails.
        max_connections: Connections at the same time.
        first_wait: Seconds before the first repetition; each next one waits twice as long.
        transport: How requests travel; over HTTP by default.

    Raises:
        SettingsError: `api_url` is no https address.
    """

    def __init__(
        self,
        api_url: str,
        credentials: Credentials,
        limits: Limits,
        *,
        timeout: float = 30.0,
        tries: int = 5,
        max_connections: int = 32,
        first_wait: float = 0.5,
        transport: Callable[..., Transport] = Transport,
    ) -> None:
        # stamina's own hooks may print to stdout, which belongs to Singer's messages.
        stamina.instrumentation.set_on_retry_hooks([_log_repetition])
        if fault := address_fault(api_url):
            raise SettingsError(fault)
        base = api_url.strip().rstrip("/")
        self.origin = base
        self.host: str = urlsplit(base).netloc.rpartition("@")[2]
        self.limits = limits
        self.witness: Witness | None = None
        """Told of every write that was carried out."""
        self._credentials = credentials
        self._tries = tries
        self._first_wait = first_wait
        self._base = {1: f"{base}/api/v1", 2: f"{base}/api/v2"}
        self._ahead = timedelta(0)
        self._clock_read_at = float("-inf")
        self._transport = transport(
            self.host,
            {
                "accept": "application/json",
                "user-agent": f"target-pipedrive/{version('target-pipedrive')}",
            },
            timeout=timeout,
            max_connections=max_connections,
        )

    def __repr__(self) -> str:
        return f"Client({self.host!r}, {self._credentials!r})"

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    def server_time(self) -> datetime:
        """The time by Pipedrive's clock, in UTC, good to about a second."""
        return datetime.now(UTC) + self._ahead

    async def call(
        self,
        operation: Operation,
        *,
        ids: Mapping[str, object] | None = None,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        files: Multipart | None = None,
        safe: bool | None = None,
    ) -> Answer:
        """Send a request and return its good answer.

        Args:
            operation: What to ask.
            ids: Values for the places in its path.
            params: Query parameters.
            json: Body as JSON.
            data: Body as a form.
            files: Body as a multipart upload.
            safe: Whether it may be sent again after an unknown outcome; True for anything but
                POST when None.

        Raises:
            UnknownOutcome: An unsafe request got no usable answer; it is not sent again.
            Unreachable: A safe request got no usable answer, however often it was sent.
            Refused: Pipedrive refused it (4xx).
            NotAllowed: 401, 402, or 403.
            Blocked: 403 from the firewall.
            BudgetSpent: The day's tokens do not suffice.
            SettingsError: A cap of the subscription, or a redirect.
        """
        path = operation.path.format_map(ids) if ids else operation.path
        url = self._base[operation.version] + path
        content = None if json is None else encode(json)
        if safe is None:
            safe = operation.method != "POST"

        async def ask() -> tuple[int, Mapping[str, str], dict[str, Any] | None]:
            return await self._answer(operation, url, params, content, data, files)

        try:
            status, headers, payload = await self._repeated(ask, safe=safe)
        except NoAnswer as cause:
            if cause.sent and not safe:
                raise UnknownOutcome(operation.name, cause.cause) from None
            raise self._unreachable(operation, cause) from None
        if status == 401:  # noqa: PLR2004 - unauthorized
            raise NotAllowed(self._credentials.refusal(self.host))
        if status >= 300 or payload is None or payload.get("success") is False:  # noqa: PLR2004
            raise failure(operation, self.host, status, payload, json or data)
        if operation.writes and self.witness is not None:
            for told in done(operation, ids, payload.get("data")):
                self.witness(*told)
        return Answer(payload.get("data"), payload.get("additional_data") or {}, status, headers)

    def _unreachable(self, operation: Operation, cause: NoAnswer) -> Unreachable:
        return Unreachable(
            f"Pipedrive gave no usable answer at {self.host} to {operation.name}, asked "
            f"{self._tries} times (last: {cause.cause}): check the network, api_url and "
            "Pipedrive's status page, then run again; it goes on where this run stopped."
        )

    async def _repeated(self, ask: Callable[[], Awaitable[_T]], *, safe: bool) -> _T:
        """Ask until there is an answer, as long as asking again can do no harm.

        Raises:
            NoAnswer: None came.
        """

        def harmless(cause: Exception) -> bool:
            return isinstance(cause, NoAnswer) and (safe or not cause.sent)

        try:
            return await ask()  # all but a few are answered; the rest below costs time of its own
        except NoAnswer as cause:
            if not harmless(cause) or self._tries == 1:
                raise
            logger.info("no usable answer from Pipedrive (%s); trying again", cause)
        await asyncio.sleep(self._first_wait)
        async for attempt in stamina.retry_context(
            on=harmless,
            attempts=self._tries - 1,
            timeout=None,
            wait_initial=self._first_wait * 2,
            wait_max=self._first_wait * 40,
            wait_jitter=self._first_wait,
        ):
            with attempt:
                return await ask()
        raise AssertionError("the last attempt returns or raises")

    async def _answer(
        self,
        operation: Operation,
        url: str,
        params: Mapping[str, str | int] | None,
        content: bytes | None,
        data: Mapping[str, str] | None,
        files: Multipart | None,
    ) -> tuple[int, Mapping[str, str], dict[str, Any] | None]:
        """One usable answer: status below 500, its JSON object or None for a 4xx page.

        Raises:
            NoAnswer: None came.
        """
        response = await self._reply(operation, url, params, content, data, files)
        status = response.status
        payload = _envelope(response.content)
        if payload is None:
            if status < 300:  # noqa: PLR2004 - a success
                raise NoAnswer("an answer that is no complete JSON", sent=True)
            if "json" in response.headers.get("content-type", ""):
                payload = {}  # cut off, yet no page: its status tells enough
        return status, response.headers, payload

    async def content(self, operation: Operation, ids: Mapping[str, object]) -> bytes | None:
        """Return the bytes of a file; None when it is gone, or Pipedrive sends elsewhere for it.

        Raises:
            Unreachable: No usable answer came.
            NotAllowed: 401 or 403.
            Blocked: 403 from the firewall.
        """
        url = self._base[operation.version] + operation.path.format_map(ids)

        async def ask() -> Reply:
            return await self._reply(operation, url, None, None, None, None)

        try:
            reply = await self._repeated(ask, safe=True)
        except NoAnswer as cause:
            raise self._unreachable(operation, cause) from None
        if reply.status == 401:  # noqa: PLR2004 - unauthorized
            raise NotAllowed(self._credentials.refusal(self.host))
        if reply.status == 403:  # noqa: PLR2004 - forbidden
            raise failure(operation, self.host, 403, _envelope(reply.content), None)
        return reply.content if reply.status == 200 else None  # noqa: PLR2004 - OK

    async def _reply(
        self,
        operation: Operation,
        url: str,
        params: Mapping[str, str | int] | None,
        content: bytes | None,
        data: Mapping[str, str] | None,
        files: Multipart | None,
    ) -> Reply:
        """One reply with a status below 500, whatever it holds.

        Raises:
            NoAnswer: None came.
        """
        throttled, renewed = 0, False
        while throttled < THROTTLED_TRIES:
            shown = await self._credentials.headers()
            response = await self._send(operation, url, params, content, data, files, shown)
            self.limits.on_headers(response.headers, search=operation.search)
            if response.status == 401 and not renewed:  # noqa: PLR2004 - unauthorized
                # Never carried out, either.
                renewed = await self._credentials.renew(shown)
                if renewed:
                    continue
            if response.status != 429:  # noqa: PLR2004 - too many requests
                break
            # Never carried out, whatever its method.
            throttled += self.limits.on_429(response.headers) is not None
        else:
            raise Unreachable(
                f"Pipedrive answered {THROTTLED_TRIES} times in a row that there are too many "
                "requests: something else uses this token. Stop it, or lower `burst`; then run "
                "again."
            )
        if response.status >= 500 or response.status == 408:  # noqa: PLR2004 - server errors, timeout
            raise NoAnswer(f"HTTP {response.status}", sent=True)
        return response

    async def _send(
        self,
        operation: Operation,
        url: str,
        params: Mapping[str, str | int] | None,
        content: bytes | None,
        data: Mapping[str, str] | None,
        files: Multipart | None,
        shown: Mapping[str, str],
    ) -> Reply:
        headers = shown
        body: bytes | Mapping[str, str] | AsyncIterator[bytes] | None = data
        if content is not None:
            headers, body = {**shown, **_JSON}, content
        elif files is not None:
            headers, body = {**shown, **files.headers}, files.stream()
        left = await self.limits.admit(operation)
        began = time.perf_counter()
        answered = False
        outcome: object = "no answer"
        try:
            reply = await self._transport.send(
                operation.method, url, params=params, body=body, headers=headers
            )
            outcome, answered = reply.status, True
        finally:
            self.limits.answered(operation, left if answered else None)
            if logger.isEnabledFor(logging.DEBUG):
                logger.debug(
                    "%s %s: %s in %.0f ms, %d tokens",
                    operation.name,
                    url.removeprefix(self._base[operation.version]),
                    outcome,
                    (time.perf_counter() - began) * 1000,
                    operation.cost,
                )
        self._read_clock(reply.headers)
        return reply

    def _read_clock(self, headers: Mapping[str, str]) -> None:
        now = time.monotonic()
        if now - self._clock_read_at < CLOCK_SECONDS:
            return
        try:
            date = parsedate_to_datetime(headers["date"])
        except (KeyError, ValueError):
            return
        self._ahead = date - datetime.now(UTC)
        self._clock_read_at = now


def _envelope(content: bytes) -> dict[str, Any] | None:
    """The JSON object of an answer; None when it is a page, or cut off."""
    try:
        payload = decode(content)
    except ValueError:
        return None
    return payload if isinstance(payload, dict) else None


def _log_repetition(details: stamina.instrumentation.RetryDetails) -> None:
    logger.info(
        "no usable answer from Pipedrive (%s); try %d follows in %.1f s",
        details.caused_by,
        details.retry_num + 1,
        details.wait_for,
    )
