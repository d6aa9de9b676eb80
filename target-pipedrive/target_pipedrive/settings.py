"""The target's settings: their schema for Singer and Meltano, and their meaning for the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from target_pipedrive.errors import SettingsError
from target_pipedrive.pipedrive.address import address_fault
from target_pipedrive.pipedrive.limits import BURSTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEMA = th.PropertiesList(
    th.Property(
        "api_token",
        th.StringType(nullable=False),
        required=True,
        secret=True,
        title="API token",
        description="API token of a Pipedrive administrator (Settings → Personal preferences → "
        "API). Sent to `api_url` only.",
    ),
    th.Property(
        "api_url",
        th.StringType(nullable=False),
        required=True,
        title="API URL",
        description="Address of the account: `https://COMPANY.pipedrive.com`. /api/v1 and /api/v2 "
        "are appended. http:// is refused except for this machine itself.",
    ),
    th.Property(
        "mapping",
        th.StringType(nullable=False),
        default="transforms",
        title="Mapping",
        description="Folder with the mapping files.",
    ),
    th.Property(
        "ledger",
        th.StringType(nullable=False),
        default="sqlite:///output/ledger.db",
        secret=True,
        title="Ledger",
        description="SQLAlchemy URL of the ledger: what became what. Keep it as long as the two "
        "systems are kept in step. It holds health data; the SQLite file has mode 0600.",
    ),
    th.Property(
        "mode",
        th.StringType(nullable=False),
        default="apply",
        allowed_values=["apply"],
        title="Mode",
        description="`apply` writes to Pipedrive.",
    ),
    th.Property(
        "subscription",
        th.StringType(nullable=False),
        default="lite",
        allowed_values=[*BURSTS],
        title="Subscription",
        description="Pipedrive plan of the account; it sets the burst limit, the tokens a day and "
        "the number of custom fields.",
    ),
    th.Property(
        "seats",
        th.IntegerType(minimum=1, nullable=False),
        default=1,
        title="Seats",
        description="Paid seats; each adds to the tokens a day.",
    ),
    th.Property(
        "burst",
        th.IntegerType(minimum=1),
        title="Burst",
        description="Requests in any 2 seconds, instead of the plan's.",
    ),
    th.Property(
        "daily_tokens",
        th.IntegerType(minimum=1),
        title="Daily tokens",
        description="Tokens this loader may spend a day (UTC), instead of the plan's.",
    ),
    th.Property(
        "reserve_tokens",
        th.IntegerType(minimum=0, nullable=False),
        default=0,
        title="Reserved tokens",
        description="Tokens of the day that are left alone: for the company's other integrations, "
        "and for taking back what was loaded.",
    ),
    th.Property(
        "when_budget_spent",
        th.StringType(nullable=False),
        default="stop",
        allowed_values=["stop", "wait"],
        title="When the budget is spent",
        description="`stop` ends the run with exit code 4, to be run again the next day; `wait` "
        "waits for that day.",
    ),
    th.Property(
        "default_owner",
        th.StringType,
        title="Default owner",
        description="E-mail of the Pipedrive user who owns persons, and whatever belongs to "
        "nobody else. Empty: the token's user.",
    ),
    th.Property(
        "unmatched_practitioners",
        th.StringType(nullable=False),
        default="default_owner",
        allowed_values=["default_owner", "stop"],
        title="Unmatched practitioners",
        description="What to do about a practitioner whose e-mail no active Pipedrive user has.",
    ),
    th.Property(
        "note_format",
        th.StringType(nullable=False),
        default="html",
        allowed_values=["html", "text"],
        title="Note format",
        description="How treatment notes are written.",
    ),
    th.Property(
        "when_removed",
        th.StringType(nullable=False),
        default="delete",
        allowed_values=["delete", "keep"],
        title="When removed",
        description="What to do in Pipedrive when a record that we created there is archived or "
        "deleted at the source.",
    ),
    th.Property(
        "currency",
        th.StringType,
        title="Currency",
        description="ISO 4217 code of all amounts, such as AUD. Empty: that of the source "
        "account's country.",
    ),
    th.Property(
        "output_dir",
        th.StringType(nullable=False),
        default="output",
        title="Output folder",
        description="Folder for the run's summary and the list of rejected records.",
    ),
    th.Property(
        "review_file",
        th.StringType,
        title="Review file",
        description="File in which ambiguous matches are asked and answered. Empty: `review.yml` "
        "in `output_dir`; beside the mapping it can be committed, once all is answered.",
    ),
    th.Property(
        "max_file_mb",
        th.NumberType(minimum=0, nullable=False),
        default=50,
        title="Largest file (MB)",
        description="Larger files are not uploaded but listed for manual handling.",
    ),
    th.Property(
        "max_rejects",
        th.IntegerType(minimum=0),
        title="Most rejects",
        description="End the run when more records than this stand rejected. Empty: no limit.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked settings; see `SCHEMA` for their meaning."""

    api_token: str
    api_url: str
    mapping: Path
    ledger: str
    subscription: str
    seats: int
    burst: int | None
    daily_tokens: int | None
    reserve_tokens: int
    wait_for_tokens: bool
    default_owner: str | None
    stop_on_unmatched: bool
    note_format: str
    remove: bool
    currency: str | None
    output_dir: Path
    review_file: Path
    max_file_bytes: int
    max_rejects: int | None

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Settings:
        """Check what a JSON schema cannot, and give the settings their types.

        Raises:
            SettingsError: All faults at once.
        """
        faults = list(_faults(config))
        if faults:
            raise SettingsError(*faults)
        return cls(
            api_token=config["api_token"].strip(),
            api_url=config["api_url"].strip().rstrip("/"),
            mapping=Path(config["mapping"]),
            ledger=config["ledger"],
            subscription=config["subscription"],
            seats=config["seats"],
            burst=config.get("burst"),
            daily_tokens=config.get("daily_tokens"),
            reserve_tokens=config["reserve_tokens"],
            wait_for_tokens=config["when_budget_spent"] == "wait",
            default_owner=config.get("default_owner") or None,
            stop_on_unmatched=config["unmatched_practitioners"] == "stop",
            note_format=config["note_format"],
            remove=config["when_removed"] == "delete",
            currency=(config.get("currency") or "").upper() or None,
            output_dir=Path(config["output_dir"]),
            review_file=Path(config.get("review_file") or f"{config['output_dir']}/review.yml"),
            max_file_bytes=int(config["max_file_mb"] * 1_000_000),
            max_rejects=config.get("max_rejects"),
        )


def _faults(config: Mapping[str, Any]) -> Iterator[str]:
    if not config["api_token"].strip():
        yield "`api_token` is empty. Set TARGET_PIPEDRIVE_API_TOKEN."
    if fault := address_fault(config["api_url"]):
        yield fault
    currency = config.get("currency") or ""
    if currency and (len(currency) != 3 or not currency.isalpha()):  # noqa: PLR2004 - ISO 4217
        yield "`currency` is no ISO 4217 code. Type one such as AUD."
