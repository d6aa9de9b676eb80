"""The Cliniko half of a dump, indexed: rows by id, links as ids, merged patients followed."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.check import countries
from sandbox.check.values import Row, full_name, text

if TYPE_CHECKING:
    from collections.abc import Iterable


def link(row: Row, name: str) -> str | None:
    """Return the id a to-one link points to (the path ends in it); None for none or to-many."""
    target = row.get(name)
    if not isinstance(target, dict):
        return None
    href = (target.get("links") or {}).get("self") or ""
    parts = urlsplit(str(href))
    match = re.search(r"/(\d+)/?$", parts.path)
    return match[1] if match and not parts.query else None


def removed(row: Row) -> bool:
    """Whether a record is archived or deleted; either stamp counts (Cliniko API, stamps)."""
    return bool(row.get("archived_at") or row.get("deleted_at"))


class Clinic:
    """Reads the Cliniko half of a dump.

    Args:
        half: `dump["cliniko"]`: `streams` by list name with rows as the API serves them,
            `settings` as the public settings, `attachments` by id with `sha256` and `size`.
    """

    def __init__(self, half: Row) -> None:
        self._streams: dict[str, list[Row]] = {
            name: sorted(rows, key=lambda row: int(row.get("id") or 0))
            for name, rows in half["streams"].items()
        }
        self._by_id: dict[str, dict[str, Row]] = {
            name: {str(row.get("id")): row for row in rows} for name, rows in self._streams.items()
        }
        self.settings: Row = half.get("settings") or {}
        self.attachments: dict[str, Row] = half.get("attachments") or {}

    def rows(self, stream: str) -> list[Row]:
        """Return all rows of a list, the hidden ones too, by ascending id."""
        return self._streams.get(stream, [])

    def live(self, stream: str) -> list[Row]:
        """Return the rows of a list that are neither archived nor deleted."""
        return [row for row in self.rows(stream) if not removed(row)]

    def get(self, stream: str, key: str | None) -> Row | None:
        """Return one row by id, or None."""
        return self._by_id.get(stream, {}).get(key or "")

    def linked(self, row: Row, name: str, stream: str) -> Row | None:
        """Return the row a to-one link points to, or None when it is absent or unknown."""
        return self.get(stream, link(row, name))

    def grouped(self, rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
        """Group rows by the id in one of their links; those without it are left out."""
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            key = link(row, name)
            if key:
                groups[key].append(row)
        return groups

    def of_patients(self, rows: Iterable[Row]) -> dict[str, list[Row]]:
        """Group rows by the patient they belong to, merged patients' rows on the survivor."""
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            key = self.patient(row)
            if key:
                groups[key].append(row)
        return groups

    def patient(self, row: Row) -> str | None:
        """Return the id of the patient a row hangs on, merges followed; None when unknown."""
        key = link(row, "patient")
        return self.survivor(key) if key else None

    def survivor(self, patient: str) -> str | None:
        """Follow merges to their end; None when a patient on the way is unknown."""
        seen = {patient}
        while True:
            row = self.get("patients", patient)
            if row is None:
                return None
            into = link(row, "merged_with_patient")
            if into is None or into in seen:
                return patient
            seen.add(into)
            patient = into

    @cached_property
    def patients(self) -> list[Row]:
        """The patients that stand for themselves: all but those merged away."""
        return [row for row in self.rows("patients") if not link(row, "merged_with_patient")]

    @cached_property
    def losers(self) -> dict[str, list[Row]]:
        """The patients merged away, by the id of the one that stands for them now."""
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows("patients"):
            if link(row, "merged_with_patient"):
                groups[self.survivor(str(row["id"])) or ""].append(row)
        return groups

    @cached_property
    def country(self) -> str | None:
        """ISO code of the account's country."""
        account = self.settings.get("account") or {}
        return countries.code(account.get("country_code"), account.get("country"))

    @cached_property
    def countries(self) -> list[str]:
        """ISO codes of the businesses' countries (oldest business first), then the account's."""
        found = [
            countries.code(row.get("country_code"), row.get("country"))
            for row in self.rows("businesses")
        ]
        return list(dict.fromkeys(code for code in [*found, self.country] if code))

    @cached_property
    def zones(self) -> list[ZoneInfo]:
        """The time zones of the businesses, each once."""
        found = [self._zone(row) for row in self.rows("businesses")]
        return list({zone.key: zone for zone in found if zone}.values())

    def zones_of(self, business: Row | None) -> list[ZoneInfo]:
        """Return a business's zone; without one every zone the account uses is as good."""
        zone = self._zone(business) if business else None
        return [zone] if zone else self.zones or [ZoneInfo("UTC")]

    def patient_name(self, patient: str | None) -> str | None:
        """Return the name of a patient, after merges."""
        row = self.get("patients", self.survivor(patient) if patient else None)
        return full_name(row) if row else None

    @staticmethod
    def _zone(row: Row) -> ZoneInfo | None:
        key = text(row.get("time_zone_identifier"))
        try:
            return ZoneInfo(key) if key else None
        except (ZoneInfoNotFoundError, ValueError):
            return None
