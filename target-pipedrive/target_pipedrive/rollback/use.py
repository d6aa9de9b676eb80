"""Which fields, options, labels and activity types the rows that stay use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.ledger.undo import LEAD_LABELS
from target_pipedrive.pipedrive.registry import OBJECTS, fields_home
from target_pipedrive.rollback.rows import custom_values

if TYPE_CHECKING:
    from collections.abc import Mapping

CARRIERS = ("activity", "lead", "deal", "person", "organization", "product")
"""Objects that can use something of the kind."""


class Use:
    """What is used."""

    def __init__(self) -> None:
        self._used: set[tuple[str, str, str]] = set()
        """Path of fields, hash key, and an option's id; each may be empty."""
        self._types: set[str] = set()

    def note(self, obj: str, row: Mapping[str, Any]) -> None:
        """A row stays."""
        if obj == "activity":
            self._types.add(str(row.get("type")))
        path = OBJECTS[fields_home(obj)].fields_object
        for code, value in custom_values(obj, row).items():
            self._used.add((path, code, ""))
            self._used.update((path, code, option) for option in _options(value))
        of_labels = LEAD_LABELS if obj == "lead" else path
        self._used.update((of_labels, "", str(one)) for one in row.get("label_ids") or ())

    def of_type(self, key_string: str) -> bool:
        """Return whether an activity has this type."""
        return key_string in self._types

    def of_field(self, path: str, code: str) -> bool:
        """Return whether a row has a value in this field."""
        return (path, code, "") in self._used

    def of_option(self, path: str, code: str, option: str) -> bool:
        """Return whether a row has this option; `code` is empty for a label."""
        return (path, code, option) in self._used


def _options(value: Any) -> list[str]:
    """Return what may be ids of options in a value; leads list several in one text."""
    if isinstance(value, list):
        return [str(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return [str(value)]
    return value.split(",") if isinstance(value, str) else []
