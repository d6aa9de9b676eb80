"""Building the rules from documents, and the checks that look at several documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_pipedrive.desired import FieldSpec
from target_pipedrive.mapping import documents
from target_pipedrive.mapping.children import Aggregation, ChildRule, Collate, Rollup
from target_pipedrive.mapping.compiling import Compiler
from target_pipedrive.mapping.faults import instead
from target_pipedrive.mapping.labelchecks import label_faults, option_faults
from target_pipedrive.mapping.linking import link
from target_pipedrive.mapping.listing import ReferenceRule
from target_pipedrive.mapping.mappingset import MappingSet
from target_pipedrive.mapping.objectchecks import check_object
from target_pipedrive.mapping.rules import ObjectRule
from target_pipedrive.mapping.users import UserRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_pipedrive.mapping.context import ObjectKeys, Options
    from target_pipedrive.mapping.expression import Expression
    from target_pipedrive.mapping.faults import Faults, Place
    from target_pipedrive.mapping.frame import Call
    from target_pipedrive.mapping.yamlfile import Source


@dataclass(slots=True)
class Lookup:
    """A stream whose records are kept for `lookup()`."""

    stream: str
    key_name: str
    keep: frozenset[str] | None


@dataclass(slots=True)
class Labelled:
    """A custom field and where it is asked for."""

    spec: FieldSpec
    place: Place
    stream: str
    """Stream whose object carries it."""
    onto: str | None = None
    """For aggregates: which object of that stream, when it becomes several."""


@dataclass(slots=True)
class Builder:
    """Gathers rules document by document.

    Args:
        options: Settings of the target.
        objects: What may be written into each kind of Pipedrive object.
        faults: Where faults go.
    """

    options: Options
    objects: Mapping[str, ObjectKeys]
    faults: Faults
    mapping: MappingSet = field(default_factory=MappingSet)
    child_rules: list[tuple[Place, ChildRule]] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    labels: list[Labelled] = field(default_factory=list)
    calls: list[tuple[Place, Call]] = field(default_factory=list)
    account: Place | None = None
    optional: list[tuple[Place, str]] = field(default_factory=list)
    """Optional files that are chosen, and where."""

    def add(self, source: Source, document: documents.Document) -> None:
        """Take in one valid document."""
        if isinstance(document, documents.AccountDocument):
            if self.account is not None:
                self.faults.add(
                    source.place(),
                    f"account-wide choices already stand in {self.account}; remove one",
                )
            self.account = source.place()
            self.mapping.other_custom_fields = document.other_custom_fields
            self.optional += [
                (source.place(["optional", at]), name)
                for at, name in enumerate(document.optional or ())
            ]
            return
        compiler = Compiler(source, document.stream, self.faults)
        match document:
            case documents.ObjectDocument():
                self._object(source, document, compiler)
            case documents.RollupDocument():
                self._rollup(source, document, compiler)
            case documents.CollateDocument():
                self._collate(source, document, compiler)
            case documents.LookupDocument():
                keep = None if document.keep is None else frozenset(document.keep)
                self.lookups.append(Lookup(document.stream, document.key, keep))
            case documents.UserDocument():
                self._user(source, document, compiler)
            case documents.ReferenceDocument():
                self.mapping.references.append(_reference(document, compiler))
                return  # a load never reads it
        self.mapping.uses.extend(compiler.uses)
        self.calls.extend(compiler.calls)

    def finish(self) -> MappingSet:
        """Join the rules, and check what only all files together can tell."""
        link(self)
        return self.mapping

    def _object(
        self, source: Source, document: documents.ObjectDocument, compiler: Compiler
    ) -> None:
        rules = self.mapping.object_rules.setdefault(document.stream, [])
        twin = next((rule for rule in rules if rule.object == document.object), None)
        if twin is not None:
            self.faults.add(
                source.place(["object"]),
                f"{document.stream} already becomes {document.object} in {twin.place}; "
                "remove one, or set `off: true` in it",
            )
        keys = self.objects.get(document.object)
        if keys is None:
            self.faults.add(
                source.place(["object"]),
                f"unknown object {document.object!r}; {instead(document.object, self.objects)}",
            )
        else:
            check_object(source, document, keys, self.faults)
        specs = self._specs(source, document, compiler)
        rules.append(
            ObjectRule(
                object=document.object,
                stream=document.stream,
                place=source.place(),
                options=self.options,
                key_name=document.key,
                key_text=compiler.optional("key_text"),
                key_field=document.key_field,
                key_line=document.key_line,
                match=tuple(document.match),
                merged_into=compiler.optional("merged_into"),
                remove_when=compiler.optional("remove_when"),
                skip_when=compiler.optional("skip_when"),
                reject_when=compiler.mapping("reject_when"),
                wait=document.wait,
                title=compiler.optional("title"),
                fields=compiler.mapping("fields"),
                footer=compiler.mapping("footer"),
                custom_fields=specs,
                file=compiler.mapping("file"),
                kinds=keys.kinds if keys is not None else {},
            )
        )

    def _specs(
        self, source: Source, document: documents.ObjectDocument, compiler: Compiler
    ) -> list[tuple[FieldSpec, Expression]]:
        specs = []
        if document.key_field is not None:
            for fault in label_faults(document.key_field):
                self.faults.add(source.place(["key_field"]), fault)
            spec = FieldSpec(document.object, document.key_field, "varchar")
            self.labels.append(Labelled(spec, source.place(["key_field"]), document.stream))
        for label, custom in document.custom_fields.items():
            path = ("custom_fields", label)
            spec = self._spec(source, path, document.object, label, custom)
            self.labels.append(Labelled(spec, source.place(path, key=True), document.stream))
            specs.append((spec, compiler.required(*path, "value")))
        return specs

    def _spec(
        self,
        source: Source,
        path: tuple[str, ...],
        object_name: str,
        label: str,
        custom: documents.CustomField | documents.Aggregate,
    ) -> FieldSpec:
        options = custom.options
        if custom.type in ("enum", "set"):
            if not options:
                self.faults.add(
                    source.place([*path, "type"]),
                    f"{custom.type} needs options; add `options: [A, B]` or `options: from_source`",
                )
        elif options is not None:
            self.faults.add(
                source.place([*path, "options"], key=True),
                f"{custom.type} takes no options; remove them, or write `type: enum`",
            )
        labels = tuple(options) if isinstance(options, list) else ()
        for fault in label_faults(label):
            self.faults.add(source.place(path, key=True), fault)
        for fault in option_faults(labels):
            self.faults.add(source.place([*path, "options"]), fault)
        return FieldSpec(object_name, label, custom.type, labels, options == "from_source")

    def _rollup(
        self, source: Source, document: documents.RollupDocument, compiler: Compiler
    ) -> None:
        aggregations = []
        for label, part in document.custom_fields.items():
            path = ("custom_fields", label)
            spec = self._spec(source, path, "", label, part)
            self.labels.append(
                Labelled(spec, source.place(path, key=True), document.rollup, document.onto)
            )
            hows = [name for name in documents.AGGREGATES if getattr(part, name) is not None]
            hows += ["count"] if part.count else []
            if len(hows) != 1:
                self.faults.add(
                    source.place(path, key=True),
                    "write exactly one of: " + ", ".join((*documents.AGGREGATES, "count: true")),
                )
                continue
            aggregations.append(
                Aggregation(
                    spec,
                    hows[0],
                    None if part.count else compiler.required(*path, hows[0]),
                    compiler.optional(*path, "where"),
                    compiler.sequence(*path, "order"),
                    compiler.optional(*path, "empty"),
                    source.place(path, key=True),
                )
            )
        rule = Rollup(
            document.stream,
            document.rollup,
            *self._common(document, compiler),
            aggregations=tuple(aggregations),
        )
        self.child_rules.append((source.place(["rollup"]), rule))

    def _collate(
        self, source: Source, document: documents.CollateDocument, compiler: Compiler
    ) -> None:
        for at, heading in enumerate(document.phone_columns):
            if heading not in document.columns:
                self.faults.add(
                    source.place(["phone_columns", at]),
                    f"there is no column {heading!r}; {instead(heading, document.columns)}",
                )
        rule = Collate(
            document.stream,
            document.collate,
            *self._common(document, compiler),
            file=document.file,
            columns=tuple(compiler.mapping("columns").items()),
            phone_columns=frozenset(document.phone_columns),
        )
        self.child_rules.append((source.place(["collate"]), rule))

    @staticmethod
    def _common(
        document: documents.RollupDocument | documents.CollateDocument, compiler: Compiler
    ) -> tuple[
        Expression, Expression | None, Sequence[Expression], frozenset[str] | None, str | None
    ]:
        """What both kinds of children have: by, where, order, keep and onto."""
        return (
            compiler.required("by", alone=True),
            compiler.alone("where"),
            compiler.sequence("order"),
            None if document.keep is None else frozenset(document.keep),
            document.onto,
        )

    def _user(self, source: Source, document: documents.UserDocument, compiler: Compiler) -> None:
        if self.mapping.users is not None:
            self.faults.add(source.place(["user"]), "two documents say `user:`; remove one")
        self.mapping.users = UserRule(
            document.stream, compiler.required("user"), document.overrides
        )
        self.lookups.append(Lookup(document.stream, "id", None))


def _reference(document: documents.ReferenceDocument, compiler: Compiler) -> ReferenceRule:
    return ReferenceRule(
        stream=document.stream,
        title=document.reference,
        key_name=document.key,
        name=compiler.required("name", alone=True),
        skip_when=compiler.alone("skip_when"),
        fields={label: compiler.required("fields", label, alone=True) for label in document.fields},
        uses=tuple(compiler.uses),
    )
