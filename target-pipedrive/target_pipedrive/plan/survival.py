"""What cannot survive a move into Pipedrive, and why: by the registry's flags and the mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive import OBJECTS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_pipedrive.mapping import MappingSet, ObjectRule
    from target_pipedrive.pipedrive import ObjectType

_NEVER_EMPTY = {Kind.FLAG, Kind.BIT, Kind.USER}
"""Kinds of values that are always something: nobody's belongs to the default owner."""


def truths(mapping: MappingSet) -> list[dict[str, Any]]:
    """Return what each kind of object can carry, kind by kind that the mapping makes."""
    return [
        {
            "object": kind.name,
            "from": _streams(mapping, kind),
            "original_creation_date": kind.carries_date,
            "original_change_date": False,
            "custom_fields": kind.custom_fields,
            "dates": dict(kind.dates),
            "only_when_created": sorted(_keys(rules) & kind.create_only),
            "never_emptied": _stuck(rules, kind),
            "rewritten_by_pipedrive": sorted(_keys(rules) & kind.html),
        }
        for kind, rules in _kinds(mapping)
    ]


def losses(mapping: MappingSet, *, is_admin: bool) -> list[dict[str, str]]:
    """Return what is lost of each kind of object, and why.

    Args:
        mapping: The mapping files.
        is_admin: Whether the token is an administrator's.
    """
    return [
        {"object": kind.name, "what": what, "why": why}
        for kind, rules in _kinds(mapping)
        for what, why in _lost(kind, rules, is_admin=is_admin)
    ]


def _lost(
    kind: ObjectType, rules: Sequence[ObjectRule], *, is_admin: bool
) -> Iterator[tuple[str, str]]:
    keys = _keys(rules)
    if not kind.carries_date:
        others = ", ".join(f"{key} {how}".strip() for key, how in kind.dates.items())
        yield (
            "when it was made at the source",
            "Pipedrive writes the time of the load"
            + (f"; what can tell a time of the past: {others}" if others else ""),
        )
    elif "add_time" not in keys:
        yield "when it was made at the source", "the mapping fills no `add_time`"
    yield "when it was changed last at the source", "Pipedrive writes the time of its own writes"
    if not kind.custom_fields:
        yield (
            "fields of its own",
            "Pipedrive takes no custom fields here; what has no key goes into the text, or stays",
        )
    if once := sorted(keys & kind.create_only - {*kind.parents}):
        yield (
            f"later changes of {', '.join(once)}",
            "Pipedrive takes it when it is made, and never again",
        )
    if stuck := _stuck(rules, kind):
        yield (
            f"that {', '.join(stuck)} became empty at the source",
            "Pipedrive cannot empty it: the old value stays",
        )
    if html := sorted(keys & kind.html):
        yield f"the very HTML of {', '.join(html)}", "Pipedrive rewrites HTML; the text stays"
    if not is_admin and (refused := sorted(keys & kind.admin_only)):
        yield ", ".join(refused), "the token's user is no administrator"


def _kinds(mapping: MappingSet) -> Iterator[tuple[ObjectType, list[ObjectRule]]]:
    """Yield the kinds of objects that the mapping makes, with the rules that do."""
    rules = list(mapping.all_rules())
    made = {obj for rule in rules for obj in rule.objects()}
    for name, kind in OBJECTS.items():
        if name in made:
            yield kind, [rule for rule in rules if rule.object == name]


def _keys(rules: Sequence[ObjectRule]) -> set[str]:
    return {key for rule in rules for key in rule.fields}


def _stuck(rules: Sequence[ObjectRule], kind: ObjectType) -> list[str]:
    """Return the keys that may hold nothing at the source and cannot be emptied."""
    free = kind.clearable | kind.empties.keys() | kind.create_only | kind.by_status
    fixed = {*kind.required, *kind.parents}
    found = {
        key
        for rule in rules
        for key, value in rule.fields.items()
        if kind.keys.get(key, Kind.FLAG) not in _NEVER_EMPTY and value.value is None
    }
    return sorted(found - free - fixed)


def _streams(mapping: MappingSet, kind: ObjectType) -> list[str]:
    """Return the streams whose records become such objects, or the content of such files."""
    rules = list(mapping.all_rules())
    found = {rule.stream for rule in rules if rule.object == kind.name}
    if kind.name == "file":
        found |= {collate.stream for rule in rules for collate in rule.collates}
    return sorted(found)
