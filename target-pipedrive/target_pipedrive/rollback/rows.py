"""Rows of Pipedrive as a rollback sees them: what they hang on, and whether they are ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.marks import View, field_marks, line_marks, other_marks, views
from target_pipedrive.pipedrive import OBJECTS, PARENTS
from target_pipedrive.pipedrive.objecttype import Kind
from target_pipedrive.pipedrive.registry import fields_home

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import MappingSet

Place = tuple[str, str]
"""Kind and id of an object."""

ORDER = (
    "file",
    "note",
    "deal_product",
    "activity",
    "lead",
    "deal",
    "person",
    "organization",
    "product",
)
"""Children before what they hang on."""


def hangs_on(obj: str) -> set[str]:
    """Return the kinds of objects that a kind may hang on."""
    keys = OBJECTS[obj].keys
    found = {PARENTS[key] for key, what in keys.items() if what is Kind.REFERENCE}
    return found | ({"person"} if Kind.PEOPLE in keys.values() else set())


def parents(obj: str, row: Mapping[str, Any]) -> Iterator[Place]:
    """Yield what a row hangs on."""
    for key, what in OBJECTS[obj].keys.items():
        value = row.get(key)
        if not value:
            continue
        if what is Kind.REFERENCE:
            yield PARENTS[key], str(value)
        elif what is Kind.PEOPLE:
            yield from (("person", str(one["person_id"])) for one in value)


def custom_values(obj: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the custom fields of a row that hold something, by hash key."""
    if not OBJECTS[obj].custom_fields:
        return {}
    custom = row.get("custom_fields")
    if custom is None:  # of a lead, which holds them beside its own keys
        custom = {key: value for key, value in row.items() if key not in OBJECTS[obj].keys}
    return {code: value for code, value in custom.items() if value not in (None, "", [])}


class Marks:
    """By what rows of ours are recognised that no link tells of.

    Args:
        ledger: Knows the fields that hold our keys.
        mapping: Says how objects are marked.
    """

    def __init__(self, ledger: Ledger, mapping: MappingSet) -> None:
        rules = [rule for stream in mapping.streams() for rule in mapping.rules(stream)]
        self._views = views(rules)
        self._ledger = ledger
        self._codes: dict[str, dict[str, str]] = {}

    def of(self, obj: str, row: dict[str, Any]) -> list[str]:
        """Return the marks of a row that nothing but a row of ours bears."""
        view = self._views.get(obj, View())
        custom = custom_values(obj, row)
        keys = {label: custom.get(code) for label, code in self._bound(obj, view).items()}
        told = {label: None if value is None else str(value) for label, value in keys.items()}
        return field_marks(told) + line_marks(row, view.lines)

    def every(self, obj: str, row: dict[str, Any]) -> list[str]:
        """Return all marks of a row; a file's, its name, any other file may bear, too."""
        return self.of(obj, row) + other_marks(obj, row)

    def _bound(self, obj: str, view: View) -> dict[str, str]:
        if obj not in self._codes:
            bound = self._ledger.bindings.fields(fields_home(obj))
            self._codes[obj] = {label: bound[label].code for label in view.fields if label in bound}
        return self._codes[obj]
