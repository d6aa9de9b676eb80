"""All mapping files together, as the engine uses them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.faults import Faults, instead
from target_pipedrive.mapping.frame import GIVEN
from target_pipedrive.mapping.kept import Why
from target_pipedrive.mapping.othercustom import other_specs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from target_pipedrive.desired import FieldSpec
    from target_pipedrive.mapping.direct import Made
    from target_pipedrive.mapping.expression import Expression
    from target_pipedrive.mapping.faults import Place
    from target_pipedrive.mapping.kept import Kept
    from target_pipedrive.mapping.listing import ReferenceRule
    from target_pipedrive.mapping.rules import ObjectRule
    from target_pipedrive.mapping.users import UserRule


@dataclass(frozen=True, slots=True)
class Use:
    """An expression and the stream whose fields it reads."""

    stream: str
    expression: Expression
    places: dict[str, Place]
    """Field name → where the expression reads it."""


@dataclass(slots=True)
class MappingSet:
    """The rules of a folder of mapping files; made by `load`."""

    object_rules: dict[str, list[ObjectRule]] = field(default_factory=dict)
    kept_streams: dict[str, Kept] = field(default_factory=dict)
    users: UserRule | None = None
    children: dict[str, list[str]] = field(default_factory=dict)
    """Parent stream → streams of its children."""
    specs: list[FieldSpec] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    other_custom_fields: str = "plan"
    """`plan`, `create` or `ignore`: what becomes of patient fields that no rule names."""
    references: list[ReferenceRule] = field(default_factory=list)
    """What is listed in the workflow reference, in the order of the files; no part of a load."""
    digest: bytes = b""
    """Of all files, and of the settings that the mapping needs."""

    def add(self, made: Made) -> None:
        """Take in the rule of a stream that no file speaks of, in place of an earlier one."""
        self.object_rules[made.rule.stream] = [made.rule]
        self.specs += [spec for spec in made.specs if spec not in self.specs]

    def source_of(self, obj: str, by_name: Mapping[str, str]) -> str:
        """The stream that references mean whose records become this object.

        The only one there is; of several, and of none so far, the one of the object's name.

        Args:
            obj: The object.
            by_name: Object → stream of its name.
        """
        streams = [
            stream
            for stream, rules in self.object_rules.items()
            if any(rule.object == obj for rule in rules)
        ]
        return streams[0] if len(streams) == 1 else by_name[obj]

    def streams(self) -> frozenset[str]:
        """Streams that some document speaks of."""
        return frozenset(self.object_rules) | frozenset(self.kept_streams)

    def all_rules(self) -> Iterator[ObjectRule]:
        """All object rules, stream by stream."""
        for rules in self.object_rules.values():
            yield from rules

    def rules(self, stream: str) -> Sequence[ObjectRule]:
        """Object rules of a stream, in the order of its file."""
        return self.object_rules.get(stream, ())

    def kept(self, stream: str) -> Kept | None:
        """What must be kept of a stream; None for nothing."""
        return self.kept_streams.get(stream)

    def whole(self, stream: str) -> bool:
        """Whether a stream's records are kept whole, so that they can be mapped again."""
        kept = self.kept(stream)
        return kept is not None and kept.why is Why.PARENT

    def waits(self, stream: str) -> bool:
        """Whether a stream's records are looked at only when all streams were read."""
        return any(rule.wait for rule in self.rules(stream))

    def user_rule(self) -> UserRule | None:
        """How practitioners are matched with Pipedrive users."""
        return self.users

    def children_of(self, stream: str) -> Sequence[str]:
        """Streams that are rolled up or collated into a stream."""
        return self.children.get(stream, ())

    def field_specs(self) -> Sequence[FieldSpec]:
        """Custom fields that the mapping needs, in the order of the files, keys included."""
        return tuple(self.specs)

    def other_fields(self, settings: dict[str, Any]) -> Sequence[FieldSpec]:
        """Custom fields that the account's own patient fields named by no rule would become.

        Args:
            settings: The record of the stream `public_settings`.
        """
        return [
            spec
            for rules in self.object_rules.values()
            for rule in rules
            if rule.object == "person" and rule.stream == "patients"
            for spec in other_specs(rule.object, settings, rule.named_custom)
        ]

    def stages_named(self) -> Iterator[list[tuple[Place, str | None, str | None]]]:
        """Pipelines and stages that the files name in so many words, for a check beforehand.

        Yields:
            For each rule where, the pipeline's name and the stage's: the pipeline alone before
            the two together. None stands for what is not named.
        """
        for rule in (rule for rules in self.object_rules.values() for rule in rules):
            pipeline, stage = rule.fields.get("pipeline"), rule.fields.get("stage")
            if pipeline is not None and pipeline.value is None:
                continue  # which stages there are depends on the data
            name = None if pipeline is None else str(pipeline.value)
            steps: list[tuple[Place, str | None, str | None]] = []
            if pipeline is not None:
                steps.append((pipeline.place, name, None))
            if stage is not None and stage.value is not None:
                steps.append((stage.place, name, str(stage.value)))
            yield steps

    def check_schema(self, stream: str, properties: Collection[str]) -> None:
        """Hold the field names that a load reads against those that a stream has.

        Args:
            stream: The stream.
            properties: Names of its top-level fields, from its SCHEMA message.

        Raises:
            MappingError: Names that the stream does not have, each with its place.
        """
        self._check_uses(self.uses, stream, {*properties, *self.children_of(stream)})

    def check_references(self, stream: str, properties: Collection[str]) -> None:
        """Do the same for what the workflow reference reads.

        Raises:
            MappingError: Names that the stream does not have, each with its place.
        """
        uses = [use for rule in self.references for use in rule.uses]
        self._check_uses(uses, stream, {*properties})

    @staticmethod
    def _check_uses(uses: Sequence[Use], stream: str, known: set[str]) -> None:
        faults = Faults()
        for use in uses:
            if use.stream != stream:
                continue
            for name in use.expression.names:
                if name not in known:
                    faults.add(
                        use.places[name],
                        f"{stream} has no field {name!r}; {instead(name, known | GIVEN)}",
                    )
        faults.raise_if_any()
