"""Which custom field a label means, and whether the account has room for more: pure rules.

Pipedrive gives every custom field a random key of 40 hex digits, and keeps no rule against two
fields of one name, or against the name of a built-in (official docs, "Custom fields").
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import SettingsError
from target_pipedrive.pipedrive.registry import fields_home
from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from target_pipedrive.desired import FieldSpec
    from target_pipedrive.ledger.bindings import Binding

    Row = dict[str, Any]

_SHOWN = 5
"""Options that a message names."""

CAPS: Mapping[str, int] = MappingProxyType(
    {"lite": 30, "growth": 100, "premium": 300, "ultimate": 500}
)
"""Custom fields of all objects together, by subscription (Pipedrive's help pages)."""


@dataclass(frozen=True, slots=True)
class FieldChoices:
    """What the user chose about custom fields.

    Args:
        codes: (object, label) → hash key, where a label fits several fields.
        recreate: A field or an option that was deleted in Pipedrive is made again; otherwise the
            run ends.
        most: Custom fields the account may hold.
    """

    codes: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    recreate: bool = True
    most: int = max(CAPS.values())


def choose(
    spec: FieldSpec,
    rows: Sequence[Row],
    *,
    bound: Binding | None,
    code: str | None,
    taken: Collection[str],
) -> Row | None:
    """The field of a label: the one chosen, else the one bound before, else that of its name.

    Args:
        spec: What the mapping needs.
        rows: The object's custom fields.
        bound: What the label was bound to.
        code: Hash key that the user chose.
        taken: Hash keys of fields that belong to other labels.

    Returns:
        The field; None when there is none.

    Raises:
        SettingsError: There are several, or one of another type.
    """
    where = f'custom field "{spec.label}" of {spec.object}'
    if code is not None:
        return _chosen(spec, rows, code, where)
    if bound is not None and bound.type == spec.type:
        for row in rows:
            if row["field_code"] == bound.code:
                return _writable(row, where)
    named = [
        row
        for row in rows
        if fold(str(row["field_name"])) == fold(spec.label) and row["field_code"] not in taken
    ]
    fitting = [row for row in named if row["field_type"] == spec.type]
    exact = [row for row in fitting if str(row["field_name"]).strip() == spec.label.strip()]
    found = exact if len(exact) == 1 else fitting
    if len(found) == 1:
        return _writable(found[0], where)
    if found:
        codes = [row["field_code"] for row in found]
        raise SettingsError(
            f"Pipedrive has the {where} {len(found)} times ({' and '.join(codes)}): rename or "
            "delete all but one in Pipedrive under Settings, Data fields; or choose one in the "
            f'settings: custom_field_codes: {{"{spec.object}/{spec.label}": "{codes[0]}"}}.'
        )
    if named:
        there = named[0]["field_type"]
        raise SettingsError(
            f"The {where} is of type {there} in Pipedrive, the mapping wants {spec.type}, and a "
            f"field's type cannot be changed: write `type: {there}` in the mapping, or another "
            "label, or rename the field in Pipedrive; then run again."
        )
    return None


def _chosen(spec: FieldSpec, rows: Sequence[Row], code: str, where: str) -> Row:
    row = next((row for row in rows if row["field_code"] == code), None)
    if row is None:
        raise SettingsError(
            f"`custom_field_codes` names {code} for the {where}, but Pipedrive has no custom field "
            "of this key there: take the line out of the settings, or mend the key."
        )
    if row["field_type"] != spec.type:
        raise SettingsError(
            f"`custom_field_codes` names {code} for the {where}: it is of type "
            f"{row['field_type']}, the mapping wants {spec.type}. Choose another field, or write "
            f"`type: {row['field_type']}` in the mapping."
        )
    return _writable(row, where)


def _writable(row: Row, where: str) -> Row:
    if row.get("is_writable") is False:
        raise SettingsError(
            f"Pipedrive lets nobody write the {where} ({row['field_code']}): give it another "
            "label in the mapping, or rename the field in Pipedrive."
        )
    return row


def deleted(spec: FieldSpec, code: str) -> str:
    """What to say of a field that earlier runs filled and that is gone."""
    return (
        f'The custom field "{spec.label}" of {spec.object}, which earlier runs filled, was '
        f"deleted in Pipedrive ({code}). Take it out of the mapping; or make it again: yourself "
        "in Pipedrive, under the same name and type, or by the setting `when_field_deleted: "
        "recreate`."
    )


def deleted_options(spec: FieldSpec, labels: Sequence[str]) -> str:
    """What to say of options that earlier runs filled in and that are gone."""
    shown = ", ".join(f'"{label}"' for label in labels[:_SHOWN])
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return (
        f'Options of the custom field "{spec.label}" of {spec.object}, which earlier runs filled '
        f"in, were deleted in Pipedrive ({shown}{more}). Make them again: yourself in Pipedrive, "
        "under the same names, or by the setting `when_field_deleted: recreate`."
    )


def shortage(most: int, used: Mapping[str, int], wanted: Iterable[FieldSpec]) -> str | None:
    """What to say when fields do not fit into the account; None when they do.

    Args:
        most: Custom fields that the account may hold, of all objects together.
        used: How many each object has.
        wanted: Fields to be made.
    """
    needed = Counter(fields_home(spec.object) for spec in wanted)
    room = max(most - sum(used.values()), 0)
    if needed.total() <= room:
        return None
    return (
        f"The account has no room for the custom fields of the mapping: {needed.total()} more are "
        f"needed ({_listed(needed)}), {room} can be made. The subscription allows {most} for all "
        f"objects together, {sum(used.values())} are in use ({_listed(used)}). Take fields out of "
        "the mapping, delete some in Pipedrive under Settings, Data fields, or set the right "
        "`subscription` or `max_custom_fields`; then run again."
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"
