"""Which fields of the source feed which of Pipedrive's, and which feed none, by the mapping."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping import Why
from target_pipedrive.mapping.frame import GIVEN, WHOLE_RECORD
from target_pipedrive.mapping.notetext import TEXT_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from target_pipedrive.mapping import MappingSet, ObjectRule
    from target_pipedrive.mapping.expression import Expression

CONTENT = "content"
"""Key under which the content of a file is told."""

_CUSTOM = "custom_fields"
"""Field of a source record that expressions read through the record as a whole."""


def origins(mapping: MappingSet) -> dict[tuple[str, str], list[str]]:
    """Return (object, key or label) → fields that feed it, such as `patients.first_name`."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for rule in mapping.all_rules():
        for obj, key, stream, expressions in _fed(rule):
            names = found.setdefault((obj, key), {})
            names |= dict.fromkeys(_named(stream, expressions))
    return {place: list(names) for place, names in found.items()}


def _fed(rule: ObjectRule) -> Iterator[tuple[str, str, str, list[Expression | None]]]:
    """Yield object, key, stream and expressions of all that a rule fills."""
    obj, stream = rule.object, rule.stream
    text = TEXT_KEY.get(obj)
    for key, value in rule.fields.items():
        more = [rule.title, *rule.footer.values()] if key == text else []
        yield obj, key, stream, [value, *more]
    for spec, value in rule.custom_fields:
        yield obj, spec.label, stream, [value]
    if rule.key_field:
        yield obj, rule.key_field, stream, [rule.key_text]
    for rollup in rule.rollups:
        for part in rollup.aggregations:
            yield obj, part.spec.label, rollup.stream, [part.value, part.where, rollup.where]
    if rule.file:
        yield obj, "name", stream, [rule.file["name"]]
        yield obj, CONTENT, stream, [rule.file["uri"]]
    for collate in rule.collates:
        yield "file", CONTENT, collate.stream, [value for _, value in collate.columns]


def _named(stream: str, expressions: Iterable[Expression | None]) -> Iterator[str]:
    for expression in expressions:
        if expression is None:
            continue
        yield from (f"{stream}.{name}" for name in expression.names if name not in GIVEN)
        if expression.whole:
            yield f"{stream}.{_CUSTOM}"
        for call in expression.calls:
            if call.name == "lookup" and call.arguments and isinstance(call.arguments[0], str):
                yield f"{call.arguments[0]} (looked up)"


class Unread:
    """Counts the fields of source records that hold a value and that nothing reads.

    Args:
        mapping: The mapping files.
    """

    def __init__(self, mapping: MappingSet) -> None:
        self._mapping = mapping
        self._read: dict[str, frozenset[str] | None] = {}
        self._found: Counter[tuple[str, str]] = Counter()

    def record(self, stream: str, record: Mapping[str, Any]) -> None:
        """A record was read."""
        if stream not in self._read:
            self._read[stream] = self._fields_read(stream)
        read = self._read[stream]
        if read is None:
            return
        self._found.update(
            (stream, name)
            for name, value in record.items()
            if name not in read and value not in (None, "", [], {}) and value is not False
        )

    def counts(self) -> list[dict[str, Any]]:
        """Return stream, field and the number of records that hold a value there."""
        return [
            {"stream": stream, "field": name, "records": number}
            for (stream, name), number in sorted(self._found.items())
        ]

    def _fields_read(self, stream: str) -> frozenset[str] | None:
        """Return the fields that something reads; None when that cannot be told."""
        names: set[str] = set()
        for use in self._mapping.uses:
            if use.stream == stream:
                names |= {*use.expression.names}
                if use.expression.whole:
                    names.add(_CUSTOM)
        kept = self._mapping.kept(stream)
        if kept is not None:
            if kept.fields is None and kept.why is Why.LOOKUP:
                return None  # whoever looks a record up may read any of it
            names |= {kept.key_name, *(kept.fields or ())}
        names |= {rule.key_name for rule in self._mapping.rules(stream)}
        return frozenset(names - WHOLE_RECORD)
