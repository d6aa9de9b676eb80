"""The tap's settings: their schema, and every fault in them at once."""

from __future__ import annotations

import difflib
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from tap_cliniko.errors import SettingsError
from tap_cliniko.stamps import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_PER_MINUTE = 200
"""What Cliniko allows one user (Cliniko docs, "Rate limiting")."""

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "api_key",
        th.StringType(nullable=False),
        required=True,
        secret=True,
        title="API key",
        description="API key of a Cliniko user, best an administrator: a key sees what its user "
        "may see.",
    ),
    th.Property(
        "api_url",
        th.StringType(nullable=False),
        title="API address",
        description="Address of the API, with or without /v1. Default: the shard at the end of "
        "the key, as in https://api.au1.cliniko.com.",
    ),
    th.Property(
        "contact_email",
        th.StringType(nullable=False),
        required=True,
        title="Contact e-mail",
        description="Where Cliniko can reach the person who runs this; sent in the User-Agent "
        "header, without which Cliniko may block requests.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType(nullable=False),
        title="Start date",
        description="The first read of the incremental streams leaves out what has not changed "
        "since. Default: everything is read.",
    ),
    th.Property(
        "requests_per_minute",
        th.IntegerType(nullable=False),
        default=MAX_PER_MINUTE,
        title="Requests per minute",
        description="Most requests in any rolling 60 seconds, 1 to 200. Lower it when other "
        "software uses keys of the same user: they share Cliniko's limit.",
    ),
    th.Property(
        "attachments_dir",
        th.StringType(nullable=False),
        default="output/attachments",
        title="Attachments folder",
        description="Where downloaded attachments are kept: a folder or any fsspec URL.",
    ),
    th.Property(
        "max_attachment_mb",
        th.NumberType(nullable=False),
        default=0,
        title="Largest attachment",
        description="Attachments over so many megabytes (10^6 bytes) are not downloaded; 0 means "
        "no limit.",
    ),
).to_dict()

_SHARD = re.compile(r"[a-z]{2}\d{1,2}", re.IGNORECASE)
_KEY = re.compile(r"[!-9;-~]+")  # printable ASCII but the colon, which ends a Basic user name
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")


def shard_of(api_key: str) -> str:
    """The shard an API key belongs to (Cliniko docs, "Authentication").

    It is what follows the last hyphen, if that looks like a shard; the oldest keys have none and
    belong to au1. New shards appear, so none is listed here.
    """
    suffix = api_key.rpartition("-")[2]
    return suffix.lower() if _SHARD.fullmatch(suffix) else "au1"


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_safe(url: str) -> bool:
    """Whether a URL may be called: https, or http to this machine itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


@dataclass(frozen=True)
class Settings:
    """Checked settings.

    Attributes:
        api_key: The secret; left out of ``repr``.
        api_url: Address ending in ``/v1``.
        contact_email: Person to reach.
        start_date: Moment in Cliniko's form, or None.
        requests_per_minute: Most requests in a rolling minute.
        attachments_dir: fsspec URL.
        max_attachment_bytes: Largest attachment to download; None for no limit.
    """

    api_key: str
    api_url: str
    contact_email: str
    start_date: str | None
    requests_per_minute: int
    attachments_dir: str
    max_attachment_bytes: int | None

    def __repr__(self) -> str:
        return f"Settings(api_url={self.api_url!r})"

    @property
    def shard(self) -> str:
        """The key's shard, for messages."""
        return shard_of(self.api_key)

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Settings:
        """Check a configuration.

        Args:
            config: Values by setting name; None counts as not given.

        Raises:
            SettingsError: With every fault there is. No value of a secret is in it.
        """
        given = _Given(config)
        key = given.matching("api_key", _KEY, "paste it from Cliniko: My Info, Manage API keys")
        email = given.matching("contact_email", _EMAIL, "type it as in jo@example.com")
        url = given.api_url(key)
        start_date = given.start_date()
        per_minute = given.number("requests_per_minute", 1, whole=True)
        if per_minute > MAX_PER_MINUTE and not is_loopback(urlsplit(url).hostname):
            given.faults.append(
                f"requests_per_minute is {per_minute:g}: Cliniko allows {MAX_PER_MINUTE} at most"
            )
        folder = given.text("attachments_dir")
        megabytes = given.number("max_attachment_mb", 0)
        if given.faults:
            raise SettingsError(given.faults)
        return cls(
            api_key=key,
            api_url=url,
            contact_email=email,
            start_date=start_date,
            requests_per_minute=int(per_minute),
            attachments_dir=folder,
            max_attachment_bytes=round(megabytes * 1_000_000) or None,
        )


def unknown_settings(config: Iterable[str], known: Iterable[str]) -> list[str]:
    """One sentence for each setting that does not exist, with the likeliest one meant."""
    names = sorted(known)
    return [
        f"unknown setting {name} is ignored"
        + "".join(f"; did you mean {near}?" for near in difflib.get_close_matches(name, names, 1))
        for name in sorted(config)
        if name not in names
    ]


class _Given:
    """The given values, read one by one; faults are gathered instead of raised."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self.faults: list[str] = []

    def _value(self, name: str) -> object:
        value = self._config.get(name)
        return SCHEMA["properties"][name].get("default") if value is None else value

    def text(self, name: str) -> str:
        value = self._value(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.faults.append(
            f"{name} is missing: set TAP_CLINIKO_{name.upper()}"
            if value is None or value == ""
            else f"{name} is not a text: put it in quotes"
        )
        return ""

    def matching(self, name: str, pattern: re.Pattern[str], what_to_do: str) -> str:
        value = self.text(name)
        if value and not pattern.fullmatch(value):
            self.faults.append(f"{name} is malformed: {what_to_do}")
        return value

    def api_url(self, key: str) -> str:
        if self._config.get("api_url") is None:
            return f"https://api.{shard_of(key)}.cliniko.com/v1"
        url = self.text("api_url").rstrip("/")
        if not url:
            return ""
        if not is_safe(url):
            self.faults.append(
                "api_url is neither https:// nor http:// on this machine itself: "
                "type it as in https://api.au1.cliniko.com"
            )
        elif urlsplit(url).username is not None or "?" in url or "#" in url:
            self.faults.append(
                "api_url carries more than host and path: type it as in https://api.au1.cliniko.com"
            )
        return url if url.endswith("/v1") else f"{url}/v1"

    def start_date(self) -> str | None:
        if self._config.get("start_date") is None:
            return None
        value = self.text("start_date")
        try:
            return normal(value)
        except ValueError:
            if value:
                self.faults.append("start_date is no date: type it as in 2024-01-31")
            return None

    def number(self, name: str, least: int, *, whole: bool = False) -> float:
        value = self._value(name)
        kinds = int if whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and value >= least:
            return value
        kind = "a whole number" if whole else "a number"
        self.faults.append(f"{name} is not {kind} of at least {least}")
        return least
