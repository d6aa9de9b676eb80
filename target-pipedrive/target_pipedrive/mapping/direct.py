"""Streams that bear the name of a Pipedrive object load without a mapping file.

The rule of such a stream is made of its SCHEMA: properties that are Pipedrive's own keys fill
them, others fill the custom field of the same label, and a property such as `person_id` names a
record of the stream that becomes persons.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import FieldSpec, Owner, Ref
from target_pipedrive.errors import MappingError
from target_pipedrive.mapping import content, markup
from target_pipedrive.mapping.expression import Expression
from target_pipedrive.mapping.faults import Place
from target_pipedrive.mapping.jsontype import field_type, json_type
from target_pipedrive.mapping.notetext import TEXT_KEY
from target_pipedrive.mapping.rules import ObjectRule
from target_pipedrive.mapping.shapes import names
from target_pipedrive.mapping.text import text
from target_pipedrive.mapping.values import FIELD_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_pipedrive.mapping.context import ObjectKeys, Options
    from target_pipedrive.mapping.frame import Frame

DIRECT = {
    "person": "persons",
    "organization": "organizations",
    "deal": "deals",
    "deal_product": "deal_products",
    "lead": "leads",
    "activity": "activities",
    "note": "notes",
    "product": "products",
    "file": "files",
}
"""Objects → the streams of their name; the object's own name is taken as well."""

OWN_ID = "pipedrive_"
"""Before the name of a reference: it holds an id of Pipedrive's own, such as
`pipedrive_person_id`."""

YES_NO = ("Yes", "No")
_ALIASES = {
    "person": {"email": "emails", "phone": "phones"},
    "lead": {"org_id": "organization_id"},
    "deal": {"organization_id": "org_id"},
    "activity": {"organization_id": "org_id"},
    "note": {"organization_id": "org_id"},
    "file": {"organization_id": "org_id"},
}
_OWNER_KEYS = {"note": "user_id"}
_FILE_PARTS = {part: part for part in ("name", "size", "sha256", "uri")} | {"file_name": "name"}

_Run = Callable[["Frame"], Any]


class Property(Place):
    """A property of a stream, where a mapping file would have a place."""

    def __str__(self) -> str:
        return self.file


@dataclass(frozen=True, slots=True)
class AccountField:
    """A custom field that stands in the account."""

    label: str
    type: str


@dataclass(frozen=True, slots=True)
class Stream:
    """What the SCHEMA message of a stream says.

    Args:
        name: Its name.
        schema: Its JSON schema.
        keys: Its `key_properties`.
    """

    name: str
    schema: Mapping[str, Any]
    keys: Sequence[str]

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its properties and their JSON schemas."""
        found: Mapping[str, Any] = self.schema.get("properties", {})
        return found


@dataclass(frozen=True, slots=True)
class Choices:
    """How such streams are read.

    Args:
        key_field: Label of the custom field, or of the line, that holds a record's key.
        create: Properties without a custom field get one.
    """

    key_field: str
    create: bool


@dataclass(slots=True)
class Made:
    """A rule and what it needs.

    Args:
        rule: The rule.
        specs: Custom fields that must be there.
        left_out: Properties that go nowhere.
    """

    rule: ObjectRule
    specs: list[FieldSpec] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def object_of(stream: str) -> str | None:
    """The object that a stream of this name becomes; None for any other name."""
    wanted = stream.casefold()
    return next((one for one, many in DIRECT.items() if wanted in (one, many)), None)


def key_places(obj: str, keys: ObjectKeys, label: str) -> tuple[str | None, str | None]:
    """Labels of the custom field and of the line that hold a record's key; None for neither.

    Args:
        obj: What the record becomes.
        keys: What that takes.
        label: The label that was chosen for both.
    """
    by_field = keys.custom_fields and obj != "lead"  # which has its `origin_id`
    return (label if by_field else None), (label if obj in TEXT_KEY else None)


def make_rule(
    stream: Stream,
    keys: ObjectKeys,
    parents: Mapping[str, str],
    fields: Mapping[str, AccountField],
    choices: Choices,
    options: Options,
    source: Callable[[str], str],
) -> Made:
    """Make the rule of a stream that is named after an object.

    Args:
        stream: The stream.
        keys: What its object takes.
        parents: Reference keys → the objects they name.
        fields: Custom fields of the account, by folded label.
        choices: How such streams are read.
        options: Settings of the target.
        source: The stream whose records become an object.

    Raises:
        MappingError: The stream has not exactly one key, or lacks what its object needs.
    """
    return _Maker(stream, keys, parents, fields, choices, options, source).made()


def folded(label: str) -> str:
    """A label as it is compared: `date_of_birth` is "Date of birth"."""
    return " ".join(label.replace("_", " ").split()).casefold()


@dataclass(slots=True)
class _Maker:
    stream: Stream
    keys: ObjectKeys
    parents: Mapping[str, str]
    account: Mapping[str, AccountField]
    choices: Choices
    options: Options
    source: Callable[[str], str]
    object: str = ""
    fields: dict[str, Expression] = field(default_factory=dict)
    file: dict[str, Expression] = field(default_factory=dict)
    custom: list[tuple[FieldSpec, Expression]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def made(self) -> Made:
        self.object = object_of(self.stream.name) or ""
        if len(self.stream.keys) != 1:
            raise self._fault(
                f"has {len(self.stream.keys) or 'no'} key properties, and one is needed: name it "
                "with `__key_properties__` of `stream_maps`"
            )
        key = self.stream.keys[0]
        for name in self.stream.properties:
            if not self._own(name) and name != key and not name.startswith("_sdc_"):
                self._custom_field(name)
        self._complete()
        key_field, key_line = key_places(self.object, self.keys, self.choices.key_field)
        rule = ObjectRule(
            object=self.object,
            stream=self.stream.name,
            place=self._place(key),
            options=self.options,
            key_name=key,
            key_field=key_field,
            key_line=key_line,
            remove_when=self._value("_sdc_deleted_at"),
            fields=self.fields,
            custom_fields=self.custom,
            file=self.file,
            kinds=self.keys.kinds,
        )
        specs = [FieldSpec(self.object, key_field, "varchar")] if key_field else []
        return Made(rule, specs + [spec for spec, _ in self.custom], self.left_out)

    def _own(self, name: str) -> bool:
        """Let a property fill what is Pipedrive's own; False when it is nothing of the kind."""
        if self.object == "file" and name in _FILE_PARTS:
            self.file[_FILE_PARTS[name]] = self._value(name)
            return True
        if name == "owner_email":
            self.fields[_OWNER_KEYS.get(self.object, "owner_id")] = self._owner(name)
            return self.object != "file"
        bare = name.removeprefix(OWN_ID)
        key = _ALIASES.get(self.object, {}).get(bare, bare)
        if self.object == "activity" and key == "person_id":
            self.fields["participants"] = self._participants(name, own_id=bare != name)
            return True
        if key not in self.keys.writable:
            return False
        if key in self.parents and bare == name:
            self.fields[key] = self._reference(name, self.parents[key])
        elif bare == name or key in self.parents:
            self.fields[key] = self._text(name) if self._is_text(key) else self._value(name)
        else:
            return False
        return True

    def _complete(self) -> None:
        """Fill what an object needs and a stream seldom has."""
        if self.object == "person":
            parts = ("first_name", "last_name")
            if "name" not in self.fields and any(part in self.fields for part in parts):
                self.fields["name"] = self._run("name", _full_name)
            for part in parts:  # refused beside a name
                self.fields.pop(part, None)
        text_key = TEXT_KEY.get(self.object)
        if text_key == "note":
            self.fields.setdefault(text_key, self._run(text_key, lambda _frame: None))
        if self.object == "file":
            if "uri" not in self.file or "name" not in self.file:
                raise self._fault("needs the properties `name` and `uri`, for files")
            self.file.setdefault("sha256", self._run("uri", content.digest))
            self.file.setdefault("size", self._run("uri", content.size))
        else:
            lacking = [name for name in self.keys.required if name not in self.fields]
            if lacking:
                raise self._fault(
                    f"lacks {', '.join(f'`{name}`' for name in lacking)}, which {self.object} "
                    "needs: name a property so, with `stream_maps` if need be"
                )
        if self.keys.parents and not set(self.keys.parents) & set(self.fields):
            raise self._fault(
                f"tells no parent: one of {', '.join(f'`{key}`' for key in self.keys.parents)}"
            )

    def _custom_field(self, name: str) -> None:
        """Let a property fill the custom field of its label, if there is or shall be one."""
        if not self.keys.custom_fields:
            self.left_out.append(name)
            return
        schema = self.stream.properties[name]
        known = self.account.get(folded(name))
        if known is not None and known.type in FIELD_TYPES:
            options = known.type in ("enum", "set")
            spec = FieldSpec(self.object, known.label, known.type, (), from_source=options)
        elif known is None and self.choices.create and (found := field_type(schema)):
            yes_no = YES_NO if json_type(schema) == "boolean" else ()
            options = found in ("enum", "set") and not yes_no
            spec = FieldSpec(self.object, name, found, yes_no, from_source=options)
        else:
            self.left_out.append(name)
            return
        listed = spec.type == "set"

        def run(frame: Frame) -> Any:
            value = frame.record.get(name)
            if isinstance(value, bool):
                return YES_NO[not value]
            return names(value) if listed and value is not None else value

        self.custom.append((spec, self._run(name, run)))

    # expressions

    def _value(self, name: str) -> Expression:
        return self._run(name, lambda frame: frame.record.get(name))

    def _text(self, name: str) -> Expression:
        """Text that Pipedrive reads as HTML: what has no tag in it is plain."""

        def run(frame: Frame) -> Any:
            shown = text(frame.record.get(name))
            if shown is None or markup.is_html(shown):
                return shown
            return f"<p>{markup.escape_lines(shown)}</p>"

        return self._run(name, run)

    def _is_text(self, key: str) -> bool:
        return TEXT_KEY.get(self.object) == key and self.object != "deal_product"

    def _reference(self, name: str, parent: str) -> Expression:
        def run(frame: Frame) -> Any:
            key = text(frame.record.get(name))
            return None if key is None else Ref(parent, self.source(parent), key)

        return self._run(name, run)

    def _participants(self, name: str, *, own_id: bool) -> Expression:
        def run(frame: Frame) -> Any:
            key = text(frame.record.get(name))
            if key is None:
                return None
            person = int(key) if own_id else Ref("person", self.source("person"), key)
            return [{"person_id": person, "primary": True}]

        return self._run(name, run)

    def _owner(self, name: str) -> Expression:
        stream = self.stream

        def run(frame: Frame) -> Any:
            email = text(frame.record.get(name)) or text(self.options.default_owner)
            return Owner(email, f"{stream.name}/{frame.record.get(stream.keys[0])}")

        return self._run(name, run)

    def _run(self, name: str, run: _Run) -> Expression:
        return Expression(None, self._place(name), run)

    def _place(self, name: str) -> Place:
        return Property(f"property {name} of {self.stream.name}", 1, 1)

    def _fault(self, what: str) -> MappingError:
        return MappingError(
            f"SCHEMA of {self.stream.name}: the stream bears the name of a Pipedrive object, but "
            f"{what}; or write a mapping file for it."
        )


def _full_name(frame: Frame) -> str | None:
    parts = (text(frame.record.get(part)) for part in ("first_name", "last_name"))
    return " ".join(part for part in parts if part) or None
