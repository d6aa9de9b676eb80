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
from tap_cliniko.given import Given

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
    th.Property(
        "when_not_visible",
        th.StringType(nullable=False, allowed_values=["skip", "stop"]),
        default="skip",
        title="When a stream is not visible",
        description="What a stream does that the key's user may not read: skip (a warning; the "
        "others go on) or stop (the run ends with exit code 3).",
    ),
    th.Property(
        "sweep_days",
        th.IntegerType(nullable=False),
        default=0,
        title="Days between sweeps",
        description="After so many days an incremental stream is read whole once more, which finds "
        "rows that were deleted for good or changed without a sign; 0 means never.",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType(nullable=False),
        default=True,
        title="Report vanished rows",
        description="Whether an ACTIVATE_VERSION message follows a stream that was read whole, by "
        "which a target knows the rows that are gone.",
    ),
    th.Property(
        "sample_patients",
        th.IntegerType(nullable=False),
        default=0,
        title="Patients in the sample",
        description="Read so many patients only, chosen for variety, with all that hangs on them "
        "and all they refer to; 0 means everybody. A sample leaves no state.",
    ),
    th.Property(
        "sample_seed",
        th.IntegerType(nullable=False),
        default=1,
        title="Seed of the sample",
        description="Another number chooses other patients; the same number the same ones.",
    ),
    th.Property(
        "keep_sensitive_links",
        th.BooleanType(nullable=False),
        default=False,
        title="Keep sensitive links",
        description="Whether fields stay in that admit whoever holds them (video calls, "
        "cancellation, online payment, patient forms) or say where a patient was.",
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
        stop_when_not_visible: Whether a stream that may not be read ends the run.
        sweep_days: Days between whole reads of incremental streams; 0 for never.
        tells_vanished: Whether targets are told which rows are gone.
        sample_patients: Patients in the sample; 0 for everybody.
        sample_seed: Chooses among possible samples.
        keep_sensitive_links: Whether fields stay in that admit whoever holds them.
    """

    api_key: str
    api_url: str
    contact_email: str
    start_date: str | None
    requests_per_minute: int
    attachments_dir: str
    max_attachment_bytes: int | None
    stop_when_not_visible: bool
    sweep_days: int
    tells_vanished: bool
    sample_patients: int
    sample_seed: int
    keep_sensitive_links: bool

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
        given = Given(config, SCHEMA)
        key = given.matching("api_key", _KEY, "paste it from Cliniko: My Info, Manage API keys")
        email = given.matching("contact_email", _EMAIL, "type it as in jo@example.com")
        url = _api_url(given, key)
        start_date = given.moment("start_date")
        per_minute = given.number("requests_per_minute", 1, whole=True)
        if per_minute > MAX_PER_MINUTE and not is_loopback(urlsplit(url).hostname):
            given.faults.append(
                f"requests_per_minute is {per_minute:g}: Cliniko allows {MAX_PER_MINUTE} at most"
            )
        folder = given.text("attachments_dir")
        megabytes = given.number("max_attachment_mb", 0)
        when_not_visible = given.choice("when_not_visible")
        sweep_days = given.number("sweep_days", 0, whole=True)
        patients = given.number("sample_patients", 0, whole=True)
        seed = given.number("sample_seed", 0, whole=True)
        keep = given.boolean("keep_sensitive_links")
        tells_vanished = given.boolean("emit_activate_version_messages")
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
            stop_when_not_visible=when_not_visible == "stop",
            sweep_days=int(sweep_days),
            tells_vanished=tells_vanished,
            sample_patients=int(patients),
            sample_seed=int(seed),
            keep_sensitive_links=keep,
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


def _api_url(given: Given, key: str) -> str:
    if given.is_left_out("api_url"):
        return f"https://api.{shard_of(key)}.cliniko.com/v1"
    url = given.text("api_url").rstrip("/")
    if not url:
        return ""
    if not is_safe(url):
        given.faults.append(
            "api_url is neither https:// nor http:// on this machine itself: "
            "type it as in https://api.au1.cliniko.com"
        )
    elif urlsplit(url).username is not None or "?" in url or "#" in url:
        given.faults.append(
            "api_url carries more than host and path: type it as in https://api.au1.cliniko.com"
        )
    return url if url.endswith("/v1") else f"{url}/v1"
