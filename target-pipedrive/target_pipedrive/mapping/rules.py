"""Object rules: one source record → the Pipedrive objects that shall stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Custom, Desired, Evaluation, File, Found, Mark, Ref
from target_pipedrive.errors import Rejected
from target_pipedrive.mapping.context import Context
from target_pipedrive.mapping.guard import Guard, value_of
from target_pipedrive.mapping.notetext import TEXT_KEY, activity_note, comments, note_parts
from target_pipedrive.mapping.othercustom import other_answers
from target_pipedrive.mapping.text import record_key
from target_pipedrive.mapping.text import text as trimmed
from target_pipedrive.mapping.values import Fitter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_pipedrive.desired import FieldSpec
    from target_pipedrive.mapping.children import Collate, Rollup
    from target_pipedrive.mapping.context import Options, World
    from target_pipedrive.mapping.expression import Expression
    from target_pipedrive.mapping.faults import Place
    from target_pipedrive.mapping.users import UserRule


@dataclass(slots=True)
class ObjectRule:
    """How the records of one stream become objects of one kind.

    Args:
        object: Pipedrive object, such as `person`.
        stream: Source stream.
        place: Where the rule begins.
        options: Settings of the target.
    """

    object: str
    stream: str
    place: Place
    options: Options
    key_name: str
    key_text: Expression | None = None
    key_field: str | None = None
    key_line: str | None = None
    match: Sequence[str] = ()
    merged_into: Expression | None = None
    remove_when: Expression | None = None
    skip_when: Expression | None = None
    reject_when: Mapping[str, Expression] = field(default_factory=dict)
    wait: bool = False
    """Records are looked at when all streams were read: what they look up comes after them."""
    title: Expression | None = None
    fields: Mapping[str, Expression] = field(default_factory=dict)
    footer: Mapping[str, Expression] = field(default_factory=dict)
    custom_fields: Sequence[tuple[FieldSpec, Expression]] = ()
    file: Mapping[str, Expression] = field(default_factory=dict)
    # Filled when all files are read.
    lists: Sequence[Rollup] = ()
    """Children that the expressions name."""
    rollups: Sequence[Rollup] = ()
    """Children whose aggregates become fields of this object."""
    collates: Sequence[Collate] = ()
    users: UserRule | None = None
    merging: frozenset[str] = frozenset()
    """Streams whose records may be merged away."""
    create_other_fields: bool = False
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Key of Pipedrive's own → what its value is."""
    named_custom: frozenset[tuple[str, str]] = frozenset()
    """Section and field of every account-defined field that an expression names."""

    def key(self, record: dict[str, Any]) -> str | None:
        """The record's own key; None when it has no value."""
        return record_key(record, self.key_name)

    def objects(self) -> frozenset[str]:
        """Kinds of objects that a record becomes."""
        return frozenset({self.object, "file"} if self.collates else {self.object})

    def former(self, record: dict[str, Any], world: World) -> list[Desired]:
        """All that may ever have stood for a record, the object itself first.

        Removed and merged records count as if they were not, tables without rows as empty ones.

        Raises:
            Rejected: The record cannot be mapped.
        """
        key = self.key(record)
        if key is None:
            raise Rejected("no_key")
        context = Context(world, self.options, self.users, self.merging)
        scope = record
        if self.lists:
            scope = record | {rule.stream: rule.rows(key, context) for rule in self.lists}
        tables = [self._table(key, File(rule.file, 0, "", data=b"")) for rule in self.collates]
        return [*self._objects(key, scope, context), *tables]

    def evaluate(self, record: dict[str, Any], world: World) -> Evaluation:
        """The objects that shall stand for a record.

        Raises:
            Rejected: The record cannot be mapped; with its code and the place of the cause.
        """
        key = self.key(record)
        if key is None:
            raise Rejected("no_key")
        context = Context(world, self.options, self.users, self.merging)
        scope = record
        if self.lists:
            scope = record | {rule.stream: rule.rows(key, context) for rule in self.lists}
        if self.merged_into is not None:
            survivor = trimmed(value_of(self.merged_into, scope, context))
            if survivor is not None:
                return Evaluation([], "merged", survivor)
        if value_of(self.remove_when, scope, context):
            return Evaluation([], "removed")
        if value_of(self.skip_when, scope, context):
            return Evaluation([], "skipped")
        for code, test in self.reject_when.items():
            if value_of(test, scope, context):
                raise Rejected(code)
        return Evaluation([*self._objects(key, scope, context), *self._tables(key, context)])

    def _objects(self, key: str, scope: dict[str, Any], context: Context) -> list[Desired]:
        """The object, or the parts of a long note."""
        fitter = Fitter(context, self.kinds)
        body: dict[str, Any] = {}
        for name, value in self.fields.items():
            with Guard(value.place):
                body[name] = fitter.own(name, value(scope, context))
        key_text = trimmed(value_of(self.key_text, scope, context)) or key
        custom = self._custom(key, scope, context, fitter)
        file = self._file(scope, context)
        if self.key_field is not None:
            custom = {self.key_field: Custom("varchar", key_text), **custom}
            mark = Mark(Found.FIELD, self.key_field, key_text)
        elif self.key_line is not None:
            mark = Mark(Found.LINE, self.key_line, key_text)
        elif self.object == "lead":
            mark = Mark(Found.ORIGIN, "", body.get("origin_id") or f"{self.stream}/{key_text}")
            body["origin_id"] = mark.key
        else:
            mark = Mark(Found.NAME, "", file.name if file else body.get("name") or key)
        texts = self._texts(body, key_text, scope, context, fitter)
        return [
            Desired(
                self.object,
                self.stream,
                key,
                part="" if len(texts) == 1 else str(number),
                body=body | text,
                custom=custom,
                mark=mark,
                match=self._match(body),
                file=file,
                truncated=tuple(fitter.truncated),
            )
            for number, text in enumerate(texts, 1)
        ]

    def _custom(
        self, key: str, scope: dict[str, Any], context: Context, fitter: Fitter
    ) -> dict[str, Custom]:
        custom: dict[str, Custom] = {}
        for spec, value in self.custom_fields:
            with Guard(value.place):
                custom[spec.label] = fitter.custom(spec.label, spec.type, value(scope, context))
        for rollup in self.rollups:
            rows = rollup.rows(key, context)
            for part in rollup.aggregations:
                spec = part.spec
                with Guard(part.place):
                    custom[spec.label] = fitter.custom(
                        spec.label, spec.type, part.of(rows, context, scope)
                    )
        if self.create_other_fields:
            for label, (field_type, answer) in other_answers(scope, self.named_custom).items():
                with Guard(self.place):
                    custom[label] = fitter.custom(label, field_type, answer)
        return custom

    def _file(self, scope: dict[str, Any], context: Context) -> File | None:
        if not self.file:
            return None
        values = {name: value_of(part, scope, context) for name, part in self.file.items()}
        if not (values["name"] and values["sha256"] and values["uri"]):
            raise Rejected("file_missing", "the record tells no content")
        with Guard(self.file["size"].place):
            size = int(values["size"] or 0)
        return File(str(values["name"]), size, values["sha256"], uri=values["uri"])

    def _match(self, body: dict[str, Any]) -> dict[str, str]:
        """Values to adopt by; none at all when one of them is missing."""
        found: dict[str, str] = {}
        for name in self.match:
            value = body.get(f"{name}s") if name in ("email", "phone") else body.get(name)
            if isinstance(value, list):
                value = next((row["value"] for row in value if row.get("primary")), None)
            if not isinstance(value, str):
                return {}
            found[name] = value
        return found

    def _texts(
        self,
        body: dict[str, Any],
        key_text: str,
        scope: dict[str, Any],
        context: Context,
        fitter: Fitter,
    ) -> list[dict[str, str]]:
        """The object's HTML text under its key; several when a note is too long for one."""
        text_key = TEXT_KEY.get(self.object)
        if text_key is None or (text_key not in self.fields and self.object != "deal_product"):
            return [{}]
        lines = {label: value_of(part, scope, context) for label, part in self.footer.items()}
        if self.key_line is not None:
            lines[self.key_line] = key_text
        if self.object == "deal_product":
            return [{text_key: comments(body.get(text_key), lines)}]
        html = body[text_key] or ""
        with Guard(self.fields[text_key].place):
            if self.object == "activity":
                limit = self.options.max_note_bytes
                text, was_cut = activity_note(html, lines, limit)
                if was_cut:
                    fitter.truncated.append(text_key)
                return [{text_key: text}]
            title = fitter.short("title", trimmed(value_of(self.title, scope, context)))
            limit = self.options.max_note_bytes
            contents = note_parts(title, html, lines, self.options.note_format, limit)
        return [{text_key: content} for content in contents]

    def _tables(self, key: str, context: Context) -> list[Desired]:
        """Generated files that hang on the object."""
        pieces: list[Desired] = []
        for collate in self.collates:
            file = collate.table(key, context)
            if file is not None:
                pieces.append(self._table(key, file))
        return pieces

    def _table(self, key: str, file: File) -> Desired:
        body = {f"{self.object}_id": Ref(self.object, self.stream, key)}
        mark = Mark(Found.NAME, "", file.name)
        return Desired("file", self.stream, key, file.name, body, {}, mark, file=file)
