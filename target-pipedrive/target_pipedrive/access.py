"""Which account is written to, and by what right: a user's API token, or an OAuth app."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import SettingsError
from target_pipedrive.pipedrive import Client
from target_pipedrive.pipedrive.address import address_fault, oauth_fault
from target_pipedrive.pipedrive.credentials import ApiToken
from target_pipedrive.pipedrive.limits import APP_BURSTS
from target_pipedrive.pipedrive.oauth import URL, App, OAuth
from target_pipedrive.pipedrive.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from target_pipedrive.pipedrive import Limits

_APP = ("oauth_client_id", "oauth_client_secret")
_OF_OAUTH = (*_APP, "oauth_refresh_token")


@dataclass(frozen=True, slots=True)
class Access:
    """Checked settings of access.

    Args:
        api_url: The account's origin; None with an app, whose tokens tell it.
        token: The API token; None with an app.
        app: The OAuth app; None with a token.
    """

    api_url: str | None
    token: str | None = field(repr=False)
    app: App | None

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Access:
        """Read the settings, after `faults` found none."""
        url = _given(config, "api_url")
        url = url.rstrip("/") if url else None
        if token := _given(config, "api_token"):
            return cls(url, token, None)
        return cls(url, None, app(config))

    def burst(self, subscription: str) -> int | None:
        """Requests in any rolling 2 s; None for the subscription's with an API token."""
        return APP_BURSTS[subscription] if self.app else None

    async def connect(
        self,
        limits: Limits,
        *,
        transport: Callable[..., Transport] = Transport,
        **options: Any,
    ) -> Client:
        """Return a client of the account.

        Args:
            limits: What may be sent when.
            transport: How requests travel.
            options: Of the client.

        Raises:
            NotAllowed: Pipedrive gives the app no tokens.
            SettingsError: The app's account is not the one at `api_url`.
            Unreachable: Pipedrive does not answer.
        """
        if self.app is None:
            credentials = ApiToken(self.token or "")
            return Client(self.api_url or "", credentials, limits, transport=transport, **options)
        oauth = OAuth(self.app, transport=transport)
        return Client(await oauth.origin(), oauth, limits, transport=transport, **options)


def app(config: Mapping[str, Any]) -> App:
    """Return the OAuth app of the settings.

    Raises:
        SettingsError: They name none.
    """
    faults = [*_app_faults(config)]
    if faults:
        raise SettingsError(*faults)
    url = _given(config, "api_url")
    return App(
        client_id=_given(config, "oauth_client_id") or "",
        client_secret=_given(config, "oauth_client_secret") or "",
        file=Path(_given(config, "oauth_file") or f"{config['output_dir']}/oauth.json"),
        refresh_token=_given(config, "oauth_refresh_token"),
        url=(_given(config, "oauth_url") or URL).rstrip("/"),
        api_url=url.rstrip("/") if url else None,
    )


def faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the settings of access, and what to type instead."""
    token, url = _given(config, "api_token"), _given(config, "api_url")
    named = [name for name in _OF_OAUTH if _given(config, name)]
    if token and named:
        yield (
            f"`api_token` and {_and(named)} are both set. Choose one: the token of a user, or an "
            "OAuth app; take the other out."
        )
    elif named:
        yield from _app_faults(config)
    elif not token:
        yield (
            "`api_token` is empty. Set TARGET_PIPEDRIVE_API_TOKEN; or, for an OAuth app, "
            "TARGET_PIPEDRIVE_OAUTH_CLIENT_ID and TARGET_PIPEDRIVE_OAUTH_CLIENT_SECRET."
        )
    if url is None and not named:
        yield "`api_url` is empty. Type https://COMPANY.pipedrive.com"
    elif url is not None and (fault := address_fault(url)):
        yield fault


def _app_faults(config: Mapping[str, Any]) -> Iterator[str]:
    for name in _APP:
        if not _given(config, name):
            yield (
                f"`{name}` is empty: an OAuth app has an id and a secret (Pipedrive, Developer "
                f"Hub). Set TARGET_PIPEDRIVE_{name.upper()}."
            )
    if (url := _given(config, "oauth_url")) and (fault := oauth_fault(url)):
        yield fault


def _given(config: Mapping[str, Any], name: str) -> str | None:
    """A setting without the blanks around it; None when nothing is left."""
    return (config.get(name) or "").strip() or None


def _and(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)
