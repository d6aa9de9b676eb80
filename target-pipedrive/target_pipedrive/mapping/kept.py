"""What is kept of a stream's records, so that other records can be mapped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.guard import value_of
from target_pipedrive.mapping.text import record_key
from target_pipedrive.mapping.text import text as trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_pipedrive.mapping.children import ChildRule
    from target_pipedrive.mapping.context import Context


class Why(StrEnum):
    """Why a stream's records are kept."""

    LOOKUP = "lookup"
    """Other records look them up."""
    CHILDREN = "children"
    """A parent is computed from them; they may be looked up as well."""
    PARENT = "parent"
    """They are mapped again, whole, when a child comes or goes, or what they looked up changes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of the records of one stream.

    Args:
        stream: The stream.
        why: The strongest reason.
        key_name: Field of the record's key.
        rules: Rules that count them as children; all of one parent stream.
        fields: Fields to keep; None for the whole record.
        always: Whether a record is kept even when no rule of children counts it.
    """

    stream: str
    why: Why
    key_name: str
    rules: Sequence[ChildRule] = ()
    fields: frozenset[str] | None = None
    always: bool = True

    def key(self, record: Mapping[str, Any]) -> str:
        """Key of a record; empty when it has none."""
        return record_key(record, self.key_name) or ""

    def parent(self, record: dict[str, Any]) -> tuple[str, str] | None:
        """Stream and key of the parent; None for no parent.

        Raises:
            Rejected: The expression `by` fails.
        """
        for rule in self.rules:
            key = trimmed(value_of(rule.by, record, _WITHOUT_WORLD))
            if key is not None:
                return rule.parent, key
        return None

    def project(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """The part of a record to keep; None to keep nothing and drop what was kept before.

        Raises:
            Rejected: An expression of the rule fails.
        """
        if not self.always:
            if self.parent(record) is None:
                return None
            if not any(
                rule.where is None or value_of(rule.where, record, _WITHOUT_WORLD)
                for rule in self.rules
            ):
                return None
        if self.fields is None:
            return dict(record)
        return {name: record[name] for name in record if name in self.fields}


# `by` and `where` of children are refused at load when they need other records.
_WITHOUT_WORLD: Context = None  # type: ignore[assignment]  # never read, see above
