"""Joining rules across files: children with parents, labels, references and what is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from target_pipedrive.mapping.children import Collate, Rollup
from target_pipedrive.mapping.faults import instead
from target_pipedrive.mapping.kept import Kept, Why
from target_pipedrive.pipedrive.registry import fields_home
from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from target_pipedrive.desired import FieldSpec
    from target_pipedrive.mapping.building import Builder, Labelled
    from target_pipedrive.mapping.children import ChildRule
    from target_pipedrive.mapping.faults import Place
    from target_pipedrive.mapping.rules import ObjectRule


def link(builder: Builder) -> None:
    """Join everything that was read, and note the faults that only the whole shows."""
    _link_children(builder)
    _link_labels(builder)
    _tell_all(builder)
    _name_custom(builder)
    _keep(builder)
    _check_calls(builder)


def _link_children(builder: Builder) -> None:
    mapping = builder.mapping
    known = {*mapping.object_rules, *(lookup.stream for lookup in builder.lookups)}
    parents: dict[str, str] = {}
    for place, rule in builder.child_rules:
        if rule.parent not in known:
            builder.faults.add(
                place,
                f"unknown parent {rule.parent!r}: no document has this stream; "
                f"{instead(rule.parent, known)}",
            )
        elif parents.setdefault(rule.stream, rule.parent) != rule.parent:
            builder.faults.add(
                place, f"{rule.stream} already belongs to {parents[rule.stream]}; use one parent"
            )
        else:
            children = mapping.children.setdefault(rule.parent, [])
            if rule.stream not in children:
                children.append(rule.stream)
            _hang(builder, place, rule)


def _hang(builder: Builder, place: Place, child: ChildRule) -> None:
    """Give a rule of children to the object rules of its parent."""
    rules = builder.mapping.rules(child.parent)
    if isinstance(child, Rollup):
        for rule in rules:
            if child.stream in _names(builder, rule):
                rule.lists = [*rule.lists, child]
    if not _makes_fields(child):
        return
    targets = [rule for rule in rules if child.onto in (None, rule.object)]
    if len(targets) != 1:
        builder.faults.add(
            place,
            f"{child.parent} becomes {len(targets)} objects; say which one takes it: `onto: …`",
        )
    elif isinstance(child, Collate):
        targets[0].collates = [*targets[0].collates, child]
    elif isinstance(child, Rollup):
        targets[0].rollups = [*targets[0].rollups, child]


def _makes_fields(child: ChildRule) -> bool:
    """Whether the children become something of their own: a file or aggregates."""
    return isinstance(child, Collate) or (isinstance(child, Rollup) and bool(child.aggregations))


def _names(builder: Builder, rule: ObjectRule) -> set[str]:
    """Field names that the expressions of a rule's stream read."""
    return {
        name
        for use in builder.mapping.uses
        if use.stream == rule.stream
        for name in use.expression.names
    }


def _link_labels(builder: Builder) -> None:
    """Give every custom field its object; each label means one field of an object.

    Objects made of several streams may share a field (products, billable items), and so do deals
    and leads; within one stream a second rule for a label would overwrite the first.
    """
    seen: dict[tuple[str, str], tuple[Labelled, FieldSpec]] = {}
    for labelled in builder.labels:
        spec = _owned(builder, labelled)
        if spec is None:
            continue
        at = (fields_home(spec.object), fold(spec.label))
        earlier, same = seen.setdefault(at, (labelled, spec))
        if spec not in builder.mapping.specs:
            builder.mapping.specs.append(spec)
        if earlier is labelled:
            continue
        if (labelled.stream, spec.object) == (earlier.stream, same.object):
            builder.faults.add(
                labelled.place,
                f"{spec.object} already has a field {spec.label!r} in {earlier.place}; "
                "choose another label",
            )
        elif replace(spec, object=same.object) != same:
            builder.faults.add(
                labelled.place,
                f"{spec.label!r} is written otherwise in {earlier.place}; "
                "use the same label, type and options",
            )


def _owned(builder: Builder, labelled: Labelled) -> FieldSpec | None:
    """The field with its object; None when an earlier fault has left it without one."""
    spec = labelled.spec
    if spec.object:
        return spec
    rules = builder.mapping.object_rules.get(labelled.stream, [])
    owners = [rule for rule in rules if labelled.onto in (None, rule.object)]
    if len(owners) != 1:
        return None
    keys = builder.objects.get(owners[0].object)
    if keys is not None and not keys.custom_fields:
        builder.faults.add(
            labelled.place, f"Pipedrive takes no custom fields on {owners[0].object}; remove it"
        )
    return replace(spec, object=owners[0].object)


def _tell_all(builder: Builder) -> None:
    """Tell every rule what it must know of others."""
    everyone = [rule for rules in builder.mapping.object_rules.values() for rule in rules]
    merging = frozenset(rule.stream for rule in everyone if rule.merged_into is not None)
    for rule in everyone:
        rule.users = builder.mapping.users
        rule.merging = merging


def _name_custom(builder: Builder) -> None:
    """Tell the patients' rule which account-defined fields are named by some expression."""
    named = frozenset(
        (call.arguments[1].strip(), call.arguments[2].strip())
        for _, call in builder.calls
        if call.name == "custom"
        and len(call.arguments) > 2  # noqa: PLR2004 - record, section, field
        and isinstance(call.arguments[1], str)
        and isinstance(call.arguments[2], str)
    )
    for rule in builder.mapping.object_rules.get("patients", ()):
        if rule.object == "person":
            rule.named_custom = named
            rule.create_other_fields = builder.mapping.other_custom_fields == "create"


def _keep(builder: Builder) -> None:
    mapping = builder.mapping
    rules: dict[str, list[ChildRule]] = {}
    for _, rule in builder.child_rules:
        rules.setdefault(rule.stream, []).append(rule)
    lookups = {lookup.stream: lookup for lookup in builder.lookups}
    waiting = {stream for stream in mapping.object_rules if mapping.waits(stream)}
    for stream in {*rules, *lookups, *mapping.children, *waiting}:
        key_name = lookups[stream].key_name if stream in lookups else "id"
        key_name = next((rule.key_name for rule in mapping.rules(stream)), key_name)
        mine = rules.get(stream, [])
        is_parent = bool(mapping.children.get(stream)) and bool(mapping.rules(stream))
        is_parent = is_parent or mapping.waits(stream)
        fields = _fields(builder, stream, key_name, mine)
        why = Why.PARENT if is_parent else Why.CHILDREN if mine else Why.LOOKUP
        mapping.kept_streams[stream] = Kept(
            stream,
            why,
            key_name,
            tuple(mine),
            None if is_parent else fields,
            always=is_parent or stream in lookups,
        )


def _fields(
    builder: Builder, stream: str, key_name: str, rules: list[ChildRule]
) -> frozenset[str] | None:
    """Fields of a stream that are kept; None for all."""
    kept: list[frozenset[str] | None] = [
        lookup.keep for lookup in builder.lookups if lookup.stream == stream
    ]
    kept += [_fields_of_children(builder, rule) for rule in rules]
    fields = {"id", key_name}
    for some in kept:
        if some is None:
            return None
        fields |= some
    return frozenset(fields)


def _fields_of_children(builder: Builder, rule: ChildRule) -> frozenset[str] | None:
    """Fields that a rule of children needs; None for all."""
    uses = [use.expression for use in builder.mapping.uses if use.stream == rule.stream]
    read = frozenset(name for use in uses for name in use.names)
    if rule.keep is not None:
        return read | rule.keep
    listed = any(rule in parent.lists for parent in builder.mapping.rules(rule.parent))
    if listed or not _makes_fields(rule) or any(use.whole for use in uses):
        return None
    return read


def _check_calls(builder: Builder) -> None:
    """Streams and objects that functions name must exist."""
    kept = builder.mapping.kept_streams
    rules = builder.mapping.object_rules
    for place, call in builder.calls:
        if call.name == "lookup" and call.arguments and isinstance(call.arguments[0], str):
            stream = call.arguments[0]
            if stream not in kept:
                builder.faults.add(
                    place,
                    f"no document says `lookup: true` for {stream!r}; {instead(stream, kept)}",
                )
        if call.name == "children" and isinstance(call.arguments[0], str):
            stream = call.arguments[0]
            children, parent = builder.mapping.children, str(call.arguments[1])
            parents = {name for name, streams in children.items() if stream in streams}
            if parent not in parents:
                builder.faults.add(
                    place,
                    f"no document rolls {stream!r} up into {parent!r}; {instead(parent, parents)}",
                )
        if call.name == "ref" and all(isinstance(word, str) for word in call.arguments[:2]):
            wanted, stream = call.arguments[:2]
            made = {rule.object for rule in rules.get(stream, ())}
            if wanted not in made:
                what = instead(wanted, made) if made else instead(stream, rules)
                builder.faults.add(place, f"no document makes {wanted!r} of {stream!r}; {what}")
        if call.name == "user" and builder.mapping.users is None:
            builder.faults.add(
                place, "user() needs a document with `user:`, such as practitioners.yml"
            )
