"""The account's schema at one moment, and what moved since: custom fields, options, types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive.registry import fields_home
from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.ledger.bindings import Bindings
    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.pipedrive import Fields, Pipedrive

Schema = dict[str, Any]
"""{"fields": {object: {hash key: {"name", "type", "options": {id: label}}}}, "types": {id: name}};
`types` only where the mapping makes some."""


async def schema_of(pipedrive: Pipedrive, fields: Fields, mapping: MappingSet) -> Schema:
    """Return what stands of all that the mapping uses.

    Custom fields are as the run listed them when it began, which costs nothing more; activity
    types are listed.
    """
    found: Schema = {"fields": {}}
    for home in sorted({fields_home(spec.object) for spec in mapping.field_specs()}):
        found["fields"][home] = {
            str(row["field_code"]): {
                "name": str(row["field_name"]),
                "type": str(row["field_type"]),
                "options": {str(one["id"]): str(one["label"]) for one in row["options"] or ()},
            }
            for row in await fields.rows(home)
        }
    if any(rule.object == "activity_type" for rule in mapping.all_rules()):
        pages = pipedrive.rows("activity_type")
        rows = [row async for page in pages for row in page]
        found["types"] = {str(row["id"]): str(row["name"]) for row in rows}
    return found


def moves(then: Schema, now: Schema, foreseen: Mapping[str, Any], ledger: Ledger) -> Iterator[str]:
    """Yield what moved, but for what the plan foresaw and what the loader itself made or took.

    Args:
        then: The schema that was planned for.
        now: The schema that stands.
        foreseen: What the plan would make, as it stands there.
        ledger: Tells which fields, options and types are the loader's.
    """
    for home, fields in then["fields"].items():
        yield from _moved_fields(
            home, fields, now["fields"].get(home, {}), foreseen, ledger.bindings
        )
    ours = ledger.links.ids("activity_type")
    names = {fold(one["name"]) for one in foreseen["activity_types"]}
    types, there = then.get("types", {}), now.get("types", {})
    removed = {
        row.pipedrive_id for row in ledger.audit.rows(object={"activity_type"}, action={"removed"})
    }
    for key, name in types.items():
        if key in removed:
            continue
        if key not in there:
            yield f'the activity type "{name}" was deleted'
        elif there[key] != name and key not in ours:
            yield f'the activity type "{name}" was renamed "{there[key]}"'
    for key, name in there.items():
        if key not in types and key not in ours and fold(name) not in names:
            yield f'the activity type "{name}" was made'


def _moved_fields(
    home: str,
    then: Mapping[str, Any],
    now: Mapping[str, Any],
    foreseen: Mapping[str, Any],
    bindings: Bindings,
) -> Iterator[str]:
    planned = {
        (fold(one["label"]), one["type"]): {fold(label) for label in one["options"]}
        for one in foreseen["custom_fields"]
        if fields_home(one["object"]) == home
    }
    bound = {binding.code: label for label, binding in bindings.fields(home).items()}
    for code, field in then.items():
        if code not in now:
            yield f'the custom field "{field["name"]}" of {home} was deleted'
        elif now[code]["name"] != field["name"]:
            yield f'the custom field "{field["name"]}" of {home} was renamed "{now[code]["name"]}"'
    for code, field in now.items():
        kind = (fold(field["name"]), field["type"])
        if code not in then and code not in bound and kind not in planned:
            yield f'the custom field "{field["name"]}" of {home} was made'
        if code in then:
            ours = set(bindings.options(home, bound[code]).values()) if code in bound else set()
            yield from _moved_options(home, then[code], field, planned.get(kind, set()), ours)


def _moved_options(
    home: str, then: Mapping[str, Any], now: Mapping[str, Any], planned: set[str], ours: set[str]
) -> Iterator[str]:
    where = f'of the custom field "{now["name"]}" of {home}'
    for key, label in then["options"].items():
        if key not in now["options"]:
            yield f'the option "{label}" {where} was deleted'
        elif now["options"][key] != label:
            yield f'the option "{label}" {where} was renamed "{now["options"][key]}"'
    for key, label in now["options"].items():
        if key not in then["options"] and key not in ours and fold(label) not in planned:
            yield f'the option "{label}" {where} was made'
