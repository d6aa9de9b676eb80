"""Access tokens of an OAuth app: renewed in time, once, whoever asks; kept before they are used.

Pipedrive docs, "OAuth authorization": tokens are handed out against a form and HTTP Basic
authentication of the app; an access token is good for about an hour; the answer names the
account's own origin as `api_domain`. Whether a refresh token changes is left to the server: the
newest one is kept.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import math
import re
import time
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from target_pipedrive.errors import NotAllowed, SettingsError, Unreachable
from target_pipedrive.pipedrive.address import domain_fault
from target_pipedrive.pipedrive.tokenfile import TokenFile, Tokens
from target_pipedrive.pipedrive.transport import NoAnswer, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from target_pipedrive.pipedrive.transport import Reply

logger = logging.getLogger(__name__)

URL = "https://oauth.pipedrive.com/oauth"
TRIES = 5
EARLY_SECONDS = 60.0
"""So long before its end an access token is renewed, or a fifth of its life if that is less."""

_FORM = "application/x-www-form-urlencoded"
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
"""What may stand in a header."""

AGAIN = (
    "Let an administrator of the account allow the app with `target-pipedrive oauth`, then run "
    "again; it goes on where this run stopped."
)


@dataclass(frozen=True, slots=True)
class App:
    """An OAuth app as registered at Pipedrive, and what a user gave it.

    Args:
        client_id: Its id.
        client_secret: Its secret.
        file: Where its tokens are kept.
        refresh_token: The first one; None when the file holds one.
        url: /authorize and /token are below it.
        api_url: The account's origin if it was given, to be held against Pipedrive's word.
    """

    client_id: str
    client_secret: str = field(repr=False)
    file: Path
    refresh_token: str | None = field(default=None, repr=False)
    url: str = URL
    api_url: str | None = None

    @property
    def given(self) -> str:
        """Digest of the refresh token in the settings."""
        return sha256(self.refresh_token.encode()).hexdigest() if self.refresh_token else ""


class OAuth:
    """The credentials of an app.

    Args:
        app: Whose.
        transport: How requests travel; over HTTP by default.
        first_wait: Seconds before a request for tokens is sent again; each next wait is twice as
            long.
    """

    def __init__(
        self,
        app: App,
        *,
        transport: Callable[..., Transport] = Transport,
        first_wait: float = 0.5,
    ) -> None:
        self._app = app
        self._transport = transport
        self._first_wait = first_wait
        self._file = TokenFile(app.file)
        self._tokens: Tokens | None = None
        self._headers: dict[str, str] = {}
        self._renewing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"OAuth({self._app.client_id!r}, …)"

    async def origin(self) -> str:
        """Return the origin of the account's API, as Pipedrive tells it.

        Raises:
            NotAllowed: The app has no rights (any more).
            SettingsError: The account is another one than `api_url`, or no usable address.
            Unreachable: Pipedrive gives no tokens at the moment.
        """
        await self.headers()
        if self._tokens is None:
            raise RuntimeError("headers without tokens")
        return self._tokens.api_domain

    async def headers(self) -> Mapping[str, str]:
        """Return the header with an access token that is still good for a while."""
        if self._tokens is None or time.time() >= self._tokens.renew_at:
            await self._renew(self._tokens.access_token if self._tokens else None)
        return self._headers

    async def renew(self, refused: Mapping[str, str]) -> bool:
        """Return True: there is another access token than the one that was refused."""
        await self._renew(refused["authorization"].removeprefix("Bearer "))
        return True

    def refusal(self, host: str) -> str:
        """What to do when Pipedrive refuses even a new access token."""
        return f"Pipedrive at {host} refused an access token that it had just handed out. {AGAIN}"

    async def _renew(self, old: str | None) -> None:
        """Have another access token than the old one, by this process or by another."""
        async with self._renewing:
            if self._tokens is not None and self._tokens.access_token != old:
                return
            async with self._file.locked():
                kept = self._kept()
                if kept and kept.access_token != old and time.time() < kept.renew_at:
                    self._take(kept)
                    return
                refresh = kept.refresh_token if kept else self._app.refresh_token
                if refresh is None:
                    raise NotAllowed(
                        f"There is no refresh token: neither in `oauth_refresh_token` nor in "
                        f"{self._app.file}. {AGAIN}"
                    )
                form = {"grant_type": "refresh_token", "refresh_token": refresh}
                tokens = await exchange(
                    self._app,
                    form,
                    transport=self._transport,
                    tries=TRIES,
                    first_wait=self._first_wait,
                )
                tokens = replace(
                    tokens,
                    refresh_token=tokens.refresh_token or refresh,
                    given=tokens.given or (kept.given if kept else ""),
                )
                # Once the new pair is used the former refresh token may be worth nothing.
                self._file.write(tokens)
                self._take(tokens)
                logger.info("The OAuth app has a new access token")

    def _kept(self) -> Tokens | None:
        """The tokens kept, unless the settings name another app or hold a newer refresh token."""
        kept = self._file.read()
        if kept is None or kept.client_id != self._app.client_id:
            return None
        return kept if self._app.given in {"", kept.given} else None

    def _take(self, tokens: Tokens) -> None:
        _check_domain(self._app, tokens.api_domain)
        if self._tokens is not None and self._tokens.api_domain != tokens.api_domain:
            raise SettingsError(
                f"The account moved from {self._tokens.api_domain} to {tokens.api_domain} in the "
                "middle of the run: run again; it goes on where this run stopped."
            )
        self._tokens = tokens
        self._headers = {"authorization": f"Bearer {tokens.access_token}"}


async def exchange(
    app: App,
    form: Mapping[str, str],
    *,
    transport: Callable[..., Transport] = Transport,
    tries: int = 1,
    first_wait: float = 0.5,
) -> Tokens:
    """Get tokens for a refresh token or an authorization code.

    Asking again for a refresh token whose answer was lost does no harm: what was handed out then
    was never used.

    Args:
        app: Who asks.
        form: What it shows.
        transport: How requests travel.
        tries: How often it is asked before it fails.
        first_wait: Seconds before it is asked again; each next wait is twice as long.

    Raises:
        NotAllowed: Pipedrive refuses app, code or refresh token.
        SettingsError: `api_domain` is no usable address.
        Unreachable: No usable answer came.
    """
    cause = ""
    host = urlsplit(app.url).netloc
    basic = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    connection = transport(host, {"accept": "application/json"}, timeout=30.0, max_connections=1)
    try:
        for attempt in range(tries):
            if attempt:
                await asyncio.sleep(first_wait * 2 ** (attempt - 1))
            asked_at = time.time()
            try:
                reply = await connection.send(
                    "POST",
                    f"{app.url}/token",
                    body=dict(form),
                    headers={"authorization": f"Basic {basic}", "content-type": _FORM},
                )
            except NoAnswer as lost:
                cause = lost.cause
            else:
                if tokens := _read(app, reply, asked_at):
                    return tokens
                cause = f"HTTP {reply.status}"
            logger.info("no tokens from %s (%s)", host, cause)
    finally:
        await connection.aclose()
    raise Unreachable(
        f"{host} gave no tokens, asked {tries} times (last: {cause}): check the network and "
        "Pipedrive's status page, then run again; it goes on where this run stopped."
    )


def _read(app: App, reply: Reply, asked_at: float) -> Tokens | None:
    """Tokens of an answer; None when asking again may help.

    Raises:
        NotAllowed: It is a refusal.
        SettingsError: It is a redirect, or names an unusable origin.
    """
    told = _object(reply.content)
    host = urlsplit(app.url).netloc
    if reply.status in {400, 401, 403}:
        if told.get("error") == "invalid_client":
            raise NotAllowed(
                f"{host} does not know the OAuth app: check `oauth_client_id` and "
                "`oauth_client_secret` (Pipedrive, Developer Hub)."
            )
        raise NotAllowed(
            f"{host} takes the refresh token no more (HTTP {reply.status}): the app was removed "
            f"from the account, or not used for 60 days. {AGAIN}"
        )
    if reply.status in range(300, 500) and reply.status not in {408, 429}:
        raise SettingsError(
            f"{host} has no token endpoint there (HTTP {reply.status}): check `oauth_url`, which "
            f"is {URL} unless a test has its own."
        )
    if reply.status != 200:  # noqa: PLR2004 - success
        return None
    access, refresh = str(told.get("access_token", "")), str(told.get("refresh_token") or "")
    try:
        seconds = float(told["expires_in"])
    except (KeyError, TypeError, ValueError):
        return None
    if not _TOKEN.fullmatch(access) or not 0 < seconds < math.inf:
        return None
    domain = str(told.get("api_domain") or app.api_url or "").rstrip("/")
    _check_domain(app, domain)
    return Tokens(
        client_id=app.client_id,
        access_token=access,
        refresh_token=refresh,
        renew_at=asked_at + seconds - min(EARLY_SECONDS, seconds / 5),
        api_domain=domain,
        given=app.given,
    )


def _check_domain(app: App, domain: str) -> None:
    """See that tokens go to Pipedrive alone, and to the account that was asked for."""
    if fault := domain_fault(domain, app.url):
        raise SettingsError(fault)
    if (
        app.api_url
        and urlsplit(app.api_url).netloc.casefold() != urlsplit(domain).netloc.casefold()
    ):
        raise SettingsError(
            f"`api_url` is {app.api_url}, but the account that allowed the OAuth app is {domain}. "
            "Leave `api_url` out, or let the right account allow it (`target-pipedrive oauth`)."
        )


def _object(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
