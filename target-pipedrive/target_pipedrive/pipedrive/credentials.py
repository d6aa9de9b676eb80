"""By what Pipedrive knows who asks: an API token, or the access tokens of an OAuth app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Credentials(Protocol):
    """What a client shows with each request."""

    async def headers(self) -> Mapping[str, str]:
        """Return the headers to send now.

        Raises:
            NotAllowed: There are none any more.
            Unreachable: They cannot be had at the moment.
        """

    async def renew(self, refused: Mapping[str, str]) -> bool:
        """Return whether there are others than those that Pipedrive refused with 401.

        Raises:
            NotAllowed: Nor can there be.
            Unreachable: They cannot be had at the moment.
        """

    def refusal(self, host: str) -> str:
        """What to do when Pipedrive refuses them for good."""


class ApiToken:
    """A user's API token (official OpenAPI, header `x-api-token`).

    Args:
        token: The token.
    """

    def __init__(self, token: str) -> None:
        self._headers = {"x-api-token": token}

    def __repr__(self) -> str:
        return "ApiToken(…)"

    async def headers(self) -> Mapping[str, str]:
        """Return the header with the token."""
        return self._headers

    async def renew(self, refused: Mapping[str, str]) -> bool:
        """Return False: nothing follows an API token."""
        del refused
        return False

    def refusal(self, host: str) -> str:
        """What to do when Pipedrive refuses the token."""
        return (
            f"Pipedrive refused the token at {host}: check TARGET_PIPEDRIVE_API_TOKEN; "
            "a wrong company name in api_url looks the same."
        )
