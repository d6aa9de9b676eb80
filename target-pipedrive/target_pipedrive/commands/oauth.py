"""`target-pipedrive oauth`: an administrator allows the app, and the loader keeps its tokens."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import click

from target_pipedrive.access import app as named
from target_pipedrive.commands.given import configured
from target_pipedrive.endings import Typed, after
from target_pipedrive.errors import NotAllowed, SettingsError
from target_pipedrive.pipedrive.address import is_loopback
from target_pipedrive.pipedrive.oauth import exchange
from target_pipedrive.pipedrive.tokenfile import TokenFile

if TYPE_CHECKING:
    from target_pipedrive.commands.given import Given

CALLBACK = "http://localhost:8934/callback"
SECONDS = 600.0
"""How long somebody may take to allow the app."""


@click.command()
@click.option(
    "--callback",
    default=CALLBACK,
    show_default=True,
    metavar="URL",
    help="The callback URL that the app is registered with.",
)
@click.option(
    "--paste",
    is_flag=True,
    help="Ask for the address to which the browser was sent, instead of listening there: for a "
    "browser on another machine.",
)
@configured
def oauth(given: Given, callback: str, *, paste: bool) -> None:
    """Let an administrator allow the OAuth app, and keep its tokens for the loader.

    Needs oauth_client_id and oauth_client_secret (Pipedrive, Developer Hub).
    """
    app = named(given.config)
    state = secrets.token_urlsafe(24)
    asked = urlencode({"client_id": app.client_id, "redirect_uri": callback, "state": state})
    place = urlsplit(callback)
    paste = paste or not is_loopback(place.hostname or "") or place.scheme != "http"
    catcher = None if paste else _listening(callback)
    click.echo(f"Callback URL of the app: {callback}")
    click.echo("Open this address as an administrator of the Pipedrive account, and allow the app:")
    click.echo(f"\n  {app.url}/authorize?{asked}\n")
    if catcher is None:
        answer = click.prompt("Address to which the browser was sent then", hide_input=True)
        told = urlsplit(str(answer).strip()).query
    else:
        told = catcher.wait(state)
    form = {
        "grant_type": "authorization_code",
        "code": _code(told, state),
        "redirect_uri": callback,
    }
    tokens = asyncio.run(exchange(app, form))
    if not tokens.refresh_token:
        raise NotAllowed("Pipedrive gave no refresh token: check the app's type and scopes.")
    TokenFile(app.file).write(tokens)
    click.echo(f"The account at {tokens.api_domain} allowed the app. Its tokens: {app.file}")
    click.echo(after("oauth", "done", Typed.here()))


def _code(query: str, state: str) -> str:
    """Return the authorization code in a callback's query.

    Raises:
        NotAllowed: There is none, or it answers another question.
    """
    told = {name: values[0] for name, values in parse_qs(query).items()}
    if not hmac.compare_digest(told.get("state", "").encode(), state.encode()):
        raise NotAllowed(
            "The answer belongs to another question: run the command again, and open the address "
            "that it prints."
        )
    if not told.get("code"):
        raise NotAllowed("The app was not allowed: run the command again to ask once more.")
    return told["code"]


class _Catcher(HTTPServer):
    """Waits on this machine for the browser to come back."""

    timeout = 1.0
    path = "/"
    state = ""
    query: str | None = None

    def wait(self, state: str) -> str:
        """Return the query with which the browser came back.

        Raises:
            NotAllowed: It did not.
        """
        self.state = state
        until = time.monotonic() + SECONDS
        with self:
            while self.query is None:
                if time.monotonic() > until:
                    raise NotAllowed(
                        f"Nobody allowed the app within {SECONDS / 60:.0f} minutes: run the "
                        "command again, with --paste if the browser is on another machine."
                    )
                self.handle_request()
        return self.query


class _Callback(BaseHTTPRequestHandler):
    server: _Catcher
    timeout = 5.0

    def do_GET(self) -> None:
        """Take the browser's answer if it is one to our question."""
        place = urlsplit(self.path)
        stated = parse_qs(place.query).get("state", [""])[0]
        ours = hmac.compare_digest(stated.encode(), self.server.state.encode())
        if place.path == self.server.path and ours:
            self.server.query = place.query
            self._say(200, "Back to the command line: this window can be closed.")
        else:
            self._say(404, "Nothing here.")

    def _say(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("content-length", str(len(content)))
        self.send_header("referrer-policy", "no-referrer")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Write nothing: the line would hold the code."""


def _listening(callback: str) -> _Catcher:
    """Listen at the callback URL, on this machine alone.

    Raises:
        SettingsError: The port is taken.
    """
    place = urlsplit(callback)
    try:
        catcher = _Catcher(("127.0.0.1", place.port or 80), _Callback)
    except OSError as error:
        raise SettingsError(
            f"Nothing can listen at {callback}: {error.strerror}. Register another callback URL "
            "for the app and name it with --callback, or use --paste."
        ) from error
    catcher.path = place.path
    return catcher
