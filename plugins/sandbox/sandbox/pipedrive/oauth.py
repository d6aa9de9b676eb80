"""OAuth of an app: authorization codes, access tokens that expire, refresh tokens that change.

Pipedrive docs, "OAuth authorization": authorization codes and refresh tokens are exchanged with
HTTP Basic authentication of the app and a form as body. Pipedrive hands the same refresh token out
again; the sandbox hands out another one unless told not to, as OAuth 2.1 advises: a client that
holds with the stricter reading holds with both.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import math
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from starlette.responses import JSONResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - a demo credential, published in the docs
REFRESH_TOKEN = "sandbox-refresh-token"  # noqa: S105 - the same
CODE_SECONDS = 300.0
PREFIX = "/oauth/"


class _Refused(Exception):
    """A request for tokens that is refused, with its code (RFC 6749, 5.2)."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass
class _Grant:
    """What a user allowed the app.

    Attributes:
        user: Whose rights the app has.
        refresh: The newest refresh token.
        newest: The access token that came with it.
        former: The refresh token before; good until the newer pair is used, since its answer may
            have been lost.
        revoked: Whether it was taken back.
    """

    user: int
    refresh: str
    newest: str = ""
    former: str = ""
    revoked: bool = False


@dataclass
class OAuth:
    """The app's grants.

    Attributes:
        user: Who consents.
        seconds: How long an access token is good.
        rotates: Whether a refresh hands out another refresh token.
    """

    user: int
    seconds: float = 3600.0
    rotates: bool = True
    _grants: list[_Grant] = field(default_factory=list)
    _access: dict[str, tuple[_Grant, float]] = field(default_factory=dict)
    _codes: dict[str, tuple[str, float]] = field(default_factory=dict)
    _dead: dict[str, _Grant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._grants.append(_Grant(self.user, REFRESH_TOKEN))

    def configure(self, seconds: object, rotates: object) -> None:
        """Change how tokens are handed out.

        Raises:
            ValueError: A value makes no sense; nothing is changed.
        """
        if type(seconds) not in {int, float} or not 0 < seconds < math.inf:  # type: ignore[operator] # a number by the first half
            raise ValueError(f"oauth_seconds must be a number above 0, not {seconds!r}")
        if type(rotates) is not bool:
            raise ValueError("oauth_rotates must be true or false")
        self.seconds, self.rotates = float(seconds), rotates  # type: ignore[arg-type] # as above

    def user_of(self, access: str) -> int | None:
        """Return whose access token it is; None when it is no good (any more)."""
        grant, until = self._access.get(access, (None, 0.0))
        if grant is None or grant.revoked or time.time() >= until:
            return None
        if access == grant.newest:  # its answer arrived, so the former refresh token is done with
            self._bury(grant)
        return grant.user

    async def answer(self, request: Request) -> Response:
        """Answer a request to `/oauth/authorize`, `/oauth/token` or `/oauth/revoke`."""
        match request.method, request.url.path.removeprefix(PREFIX):
            case "GET", "authorize":
                return self._authorize(request)
            case "POST", ("token" | "revoke") as what:
                try:
                    _identify(request.headers.get("authorization", ""))
                    async with request.form() as form:
                        if what == "revoke":
                            return self._revoke(form)
                        return JSONResponse(self._tokens(form, _origin(request)))
                except _Refused as refused:
                    told = {"success": False, "error": refused.code}
                    return JSONResponse(told, refused.status)
            case _:
                return JSONResponse({"success": False, "error": "Not found"}, 404)

    def _authorize(self, request: Request) -> Response:
        """Consent at once, as the user in front of the browser would by a click."""
        query = request.query_params
        redirect = query.get("redirect_uri", "")
        if query.get("client_id") != CLIENT_ID or not urlsplit(redirect).scheme:
            return JSONResponse({"success": False, "error": "invalid_request"}, 400)
        code = secrets.token_hex(20)
        self._codes[code] = (redirect, time.time() + CODE_SECONDS)
        back = {"code": code} | ({"state": query["state"]} if "state" in query else {})
        return RedirectResponse(f"{redirect}?{urlencode(back)}", 302)

    def _tokens(self, form: FormData, origin: str) -> dict[str, Any]:
        match form.get("grant_type"):
            case "authorization_code":
                redirect, until = self._codes.pop(str(form.get("code")), ("", 0.0))
                if time.time() >= until or form.get("redirect_uri") != redirect:
                    raise _Refused("invalid_grant")
                grant = _Grant(self.user, secrets.token_hex(20))
                self._grants.append(grant)
            case "refresh_token":
                grant = self._renewed(str(form.get("refresh_token")))
            case _:
                raise _Refused("unsupported_grant_type")
        grant.newest = secrets.token_hex(20)
        self._access[grant.newest] = (grant, time.time() + self.seconds)
        return {
            "access_token": grant.newest,
            "token_type": "Bearer",
            "refresh_token": grant.refresh,
            "scope": "base admin",
            "expires_in": max(1, round(self.seconds)),
            "api_domain": origin,
        }

    def _renewed(self, refresh: str) -> _Grant:
        if (grant := self._dead.get(refresh)) is not None:
            grant.revoked = True  # somebody else may hold it
        for grant in self._grants:
            if grant.revoked or refresh not in {grant.refresh, grant.former}:
                continue
            if refresh == grant.refresh:
                self._bury(grant)
            if self.rotates:
                grant.former, grant.refresh = refresh, secrets.token_hex(20)
            return grant
        raise _Refused("invalid_grant")

    def _bury(self, grant: _Grant) -> None:
        if grant.former:
            self._dead[grant.former] = grant
            grant.former = ""

    def _revoke(self, form: FormData) -> Response:
        for grant in self._grants:
            if form.get("token") in {grant.refresh, grant.former, grant.newest}:
                grant.revoked = True
        return Response(status_code=200)


def _identify(header: str) -> None:
    """See that it is the app.

    Raises:
        _Refused: It is not.
    """
    scheme, _, encoded = header.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        given = b""
    known = f"{CLIENT_ID}:{CLIENT_SECRET}".encode()
    if scheme.casefold() != "basic" or not hmac.compare_digest(given, known):
        raise _Refused("invalid_client", 401)


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
