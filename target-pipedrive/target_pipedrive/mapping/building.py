"""Building the rules from documents, and the checks that look at several documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_pipedrive.desired import FieldSpec
from target_pipedrive.errors import REJECTS
from target_pipedrive.mapping import documents
from target_pipedrive.mapping.children import Aggregation, ChildRule, Collate, Rollup
from target_pipedrive.mapping.compiling import Compiler
from target_pipedrive.mapping.faults import instead
from target_pipedrive.mapping.linking import link
from target_pipedrive.mapping.mappingset import MappingSet
from target_pipedrive.mapping.notetext import TEXT_KEY
from target_pipedrive.mapping.rules import ObjectRule
from target_pipedrive.mapping.users import UserRule

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pydantic import BaseModel

    from target_pipedrive.mapping.context import ObjectKeys, Options
    from target_pipedrive.mapping.expression import Call
    from target_pipedrive.mapping.faults import Faults, Place
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

    def add(self, source: Source, document: BaseModel) -> None:
        """Take in one valid document."""
        if isinstance(document, documents.AccountDocument):
            if self.account is not None:
                self.faults.add(
                    source.place(), f"account-wide choices already stand in {self.account}"
                )
            self.account = source.place()
            self.mapping.other_custom_fields = document.other_custom_fields
            return
        if not isinstance(document, documents.Document):  # pragma: no cover - KINDS is closed
            raise TypeError(type(document).__name__)
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
            self._check_keys(source, document, keys)
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
                title=compiler.optional("title"),
                fields=compiler.mapping("fields"),
                footer=compiler.mapping("footer"),
                custom_fields=specs,
                file=compiler.mapping("file"),
            )
        )

    def _specs(
        self, source: Source, document: documents.ObjectDocument, compiler: Compiler
    ) -> list[tuple[FieldSpec, object]]:
        specs = []
        if document.key_field is not None:
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
        if len({option.casefold() for option in labels}) < len(labels):
            self.faults.add(source.place([*path, "options"]), "an option stands twice; remove one")
        return FieldSpec(object_name, label, custom.type, labels, options == "from_source")

    def _check_keys(
        self, source: Source, document: documents.ObjectDocument, keys: ObjectKeys
    ) -> None:
        for name in document.fields:
            if name not in keys.writable:
                self.faults.add(
                    source.place(["fields", name], key=True),
                    f"{document.object} has no key {name!r}; {instead(name, keys.writable)}",
                )
        if not keys.custom_fields:
            for path in (["key_field"], ["custom_fields"]):
                if source.data.get(path[0]):
                    self.faults.add(
                        source.place(path, key=True),
                        f"Pipedrive takes no custom fields on {document.object}; "
                        + ("use `key_line`" if document.object in TEXT_KEY else "remove them"),
                    )
        self._check_text_keys(source, document)
        if (document.object == "file") is (document.file is None):
            self.faults.add(
                source.place(["object"]),
                "an object `file` needs `file:` with name, size, sha256 and uri; "
                "no other object has it",
            )
        for code in document.reject_when:
            if code not in REJECTS:
                self.faults.add(
                    source.place(["reject_when", code], key=True),
                    f"unknown reject code {code!r}; {instead(code, REJECTS)}",
                )
        matchable = {*document.fields, "email", "phone"}
        for at, name in enumerate(document.match):
            if name not in matchable:
                self.faults.add(
                    source.place(["match", at]),
                    f"cannot match by {name!r}; {instead(name, matchable)}",
                )

    def _check_text_keys(self, source: Source, document: documents.ObjectDocument) -> None:
        """`key_line`, `footer` and `title` are part of an object's text."""
        text_key = TEXT_KEY.get(document.object)
        for name in ("key_line", "footer"):
            if getattr(document, name) and text_key is None:
                self.faults.add(
                    source.place([name], key=True),
                    f"{document.object} has no text for {name}; only "
                    + " and ".join(sorted(TEXT_KEY))
                    + " have",
                )
            elif getattr(document, name) and text_key not in document.fields:
                self.faults.add(
                    source.place([name], key=True),
                    f"{name} ends the text of {text_key!r}; add `{text_key}:` to fields",
                )
        if document.title is not None and document.object != "note":
            self.faults.add(source.place(["title"], key=True), "only a note has a title")
        if document.key_field and document.key_line:
            self.faults.add(
                source.place(["key_line"], key=True),
                "the key stands in a field or in a line; remove key_field or key_line",
            )

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
                )
            )
        rule = Rollup(
            **self._children(document, document.rollup, compiler),
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
            **self._children(document, document.collate, compiler),
            file=document.file,
            columns=tuple(compiler.mapping("columns").items()),
            phone_columns=frozenset(document.phone_columns),
        )
        self.child_rules.append((source.place(["collate"]), rule))

    @staticmethod
    def _children(
        document: documents.RollupDocument | documents.CollateDocument,
        parent: str,
        compiler: Compiler,
    ) -> dict[str, object]:
        keep: Collection[str] | None = document.keep
        return {
            "stream": document.stream,
            "parent": parent,
            "by": compiler.required("by", alone=True),
            "where": compiler.alone("where"),
            "order": compiler.sequence("order"),
            "keep": None if keep is None else frozenset(keep),
            "onto": document.onto,
        }

    def _user(self, source: Source, document: documents.UserDocument, compiler: Compiler) -> None:
        if self.mapping.users is not None:
            self.faults.add(source.place(["user"]), "two documents say `user:`; remove one")
        self.mapping.users = UserRule(
            document.stream, compiler.required("user"), document.overrides
        )
        self.lookups.append(Lookup(document.stream, "id", None))
