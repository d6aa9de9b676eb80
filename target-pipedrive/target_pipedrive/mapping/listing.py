"""The rule by which records are listed in the workflow reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.guard import value_of
from target_pipedrive.mapping.text import record_key
from target_pipedrive.mapping.text import text as trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_pipedrive.mapping.context import Context
    from target_pipedrive.mapping.expression import Expression
    from target_pipedrive.mapping.mappingset import Use


@dataclass(frozen=True, slots=True)
class Entry:
    """One record in the workflow reference.

    Args:
        key: The record's own key; empty when it has none.
        name: What it is called; empty when it has no name.
        values: Label → value, as JSON would have it.
    """

    key: str
    name: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRule:
    """How the records of a stream are listed.

    Args:
        stream: The stream.
        title: Heading of their part.
        key_name: Field of the record's key.
        name: What a record is called.
        skip_when: The record is not listed.
        fields: Label → value.
        uses: The expressions, and where they read which field.
    """

    stream: str
    title: str
    key_name: str
    name: Expression
    skip_when: Expression | None
    fields: Mapping[str, Expression]
    uses: Sequence[Use]

    def entry(self, record: dict[str, Any]) -> Entry | None:
        """Return a record's entry; None when it is not listed.

        Raises:
            Rejected: An expression fails.
        """
        if value_of(self.skip_when, record, _WITHOUT_WORLD):
            return None
        return Entry(
            record_key(record, self.key_name) or "",
            trimmed(value_of(self.name, record, _WITHOUT_WORLD)) or "",
            {
                label: value_of(expression, record, _WITHOUT_WORLD)
                for label, expression in self.fields.items()
            },
        )


# Expressions that need other records are refused when the file is read.
_WITHOUT_WORLD: Context = None  # type: ignore[assignment]  # never read, see above
