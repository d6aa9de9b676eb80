"""Patient fields that the account defined and that no rule names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import FieldSpec
from target_pipedrive.mapping.functions.people import answers, custom_rows
from target_pipedrive.mapping.text import text as trimmed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

FIELD_TYPES = {
    "text": "varchar",
    "paragraph": "text",
    "date": "date",
    "checkboxes": "set",
    "radiobuttons": "enum",
}
"""Pipedrive's field type by Cliniko's type of a custom field."""


def _others(
    record: Any, named: Collection[tuple[str, str]]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Label, Pipedrive type and field of every field that is not named."""
    for section, row in custom_rows(record):
        name = trimmed(row.get("name"))
        field_type = FIELD_TYPES.get(str(row.get("type")))
        if section and name and field_type and (section, name) not in named:
            yield f"{section}: {name}", field_type, row


def other_answers(record: Any, named: Collection[tuple[str, str]]) -> dict[str, tuple[str, Any]]:
    """Label → field type and value of a patient's other fields; the first of a label counts."""
    found: dict[str, tuple[str, Any]] = {}
    for label, field_type, row in _others(record, named):
        values = answers(row)
        value = values if field_type == "set" else next(iter(values), None)
        found.setdefault(label, (field_type, value))
    return found


def other_specs(
    object_name: str, settings: Any, named: Collection[tuple[str, str]]
) -> list[FieldSpec]:
    """Fields that the account's other fields would become, from its settings record."""
    definition = {"custom_fields": settings.get("patient_custom_fields_definition")}
    specs: dict[str, FieldSpec] = {}
    for label, field_type, _ in _others(definition, named):
        from_source = field_type in ("enum", "set")
        specs.setdefault(label, FieldSpec(object_name, label, field_type, from_source=from_source))
    return list(specs.values())
