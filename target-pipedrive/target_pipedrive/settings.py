"""The target's settings, checked, and what they mean for a run; `declared` lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_pipedrive.access import Access
from target_pipedrive.access import faults as access_faults
from target_pipedrive.errors import SettingsError
from target_pipedrive.mapping import Options
from target_pipedrive.pipedrive.choosing import CAPS, FieldChoices
from target_pipedrive.pipedrive.registry import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked settings; see `declared.SCHEMA` for their meaning."""

    access: Access
    mapping: Path | None
    key_field: str
    create_custom_fields: bool
    ledger: str
    mode: str
    require_plan: bool
    show_values: bool
    verify_files: bool
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
    fields: FieldChoices
    currency: str | None
    output_dir: Path
    review_file: Path
    files_from: Sequence[str]
    max_file_bytes: int
    max_rejects: int | None

    @property
    def options(self) -> Options:
        """Those that the mapping needs."""
        return Options(
            note_format=self.note_format,
            currency=self.currency,
            default_owner=self.default_owner,
        )

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Settings:
        """Check what a JSON schema cannot, and give the settings their types.

        Raises:
            SettingsError: All faults at once.
        """
        faults = list(_faults(config))
        if faults:
            raise SettingsError(*faults)
        access = Access.parse(config) if _asks(config) else Access(None, None, None)
        return cls(
            access=access,
            mapping=Path(config["mapping"]) if config["mapping"].strip() else None,
            key_field=config["key_field"].strip(),
            create_custom_fields=config["create_custom_fields"],
            ledger=config["ledger"],
            mode=config["mode"],
            require_plan=config["require_plan"],
            show_values=config["show_values"],
            verify_files=config["verify_files"],
            subscription=config["subscription"],
            seats=config["seats"],
            burst=config.get("burst") or access.burst(config["subscription"]),
            daily_tokens=config.get("daily_tokens"),
            reserve_tokens=config["reserve_tokens"],
            wait_for_tokens=config["when_budget_spent"] == "wait",
            default_owner=config.get("default_owner") or None,
            stop_on_unmatched=config["unmatched_practitioners"] == "stop",
            note_format=config["note_format"],
            remove=config["when_removed"] == "delete",
            fields=FieldChoices(
                codes=dict(_codes(config)),
                recreate=config["when_field_deleted"] == "recreate",
                most=config.get("max_custom_fields") or CAPS[config["subscription"]],
            ),
            currency=(config.get("currency") or "").upper() or None,
            output_dir=Path(config["output_dir"]),
            review_file=Path(config.get("review_file") or f"{config['output_dir']}/review.yml"),
            files_from=tuple(_folders(config)),
            max_file_bytes=int(config["max_file_mb"] * 1_000_000),
            max_rejects=config.get("max_rejects"),
        )


_HASH_KEY = re.compile(r"[0-9a-f]{40}")


def _codes(config: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the hash keys chosen for custom fields, by object and label."""
    for place, code in (config.get("custom_field_codes") or {}).items():
        obj, _, label = str(place).partition("/")
        yield (obj.strip(), label.strip()), str(code).strip()


def _folders(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the folders that files may come from."""
    given = [folder.strip() for folder in (config.get("files_from") or "").split(",")]
    yield from filter(None, given) if any(given) else [f"{config['output_dir']}/attachments"]


def _asks(config: Mapping[str, Any]) -> bool:
    """Return whether a run asks anything of Pipedrive."""
    return bool(config["mode"] != "reference")


def _faults(config: Mapping[str, Any]) -> Iterator[str]:
    if _asks(config):
        yield from access_faults(config)
    currency = config.get("currency") or ""
    if currency and (len(currency) != 3 or not currency.isalpha()):  # noqa: PLR2004 - ISO 4217
        yield "`currency` is no ISO 4217 code. Type one such as AUD."
    for (obj, label), code in _codes(config):
        if obj not in FIELDS or not label:
            yield (
                f'`custom_field_codes` names "{obj}/{label}". Type an object, a slash and the '
                f"field's label, such as person/Occupation; objects are {', '.join(FIELDS)}."
            )
        elif not _HASH_KEY.fullmatch(code):
            yield (
                f'`custom_field_codes` gives "{obj}/{label}" no hash key. Type the 40 letters and '
                "digits that Pipedrive shows under Settings, Data fields, API key."
            )
