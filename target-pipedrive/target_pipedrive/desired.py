"""What a source record shall become in Pipedrive, with references still symbolic.

The mapping makes these, the engine resolves and writes them. Values in `Desired.body` are
JSON values; anywhere among them may stand a `Ref` or an `Owner`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Ref:
    """The Pipedrive object made from the record `id` of `stream`; resolved through the ledger."""

    object: str
    stream: str
    id: str


@dataclass(frozen=True, slots=True)
class Owner:
    """The Pipedrive user with this e-mail.

    Args:
        email: Login e-mail, or None when Cliniko knows none.
        source: Who it stands for, such as `practitioners/12`; empty for the default owner.
    """

    email: str | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Custom:
    """A custom field's value under its label.

    Args:
        type: Pipedrive's `field_type`.
        value: None for nothing; a string for text, `date` (YYYY-MM-DD), `time` (HH:MM:SS) and
            `phone`; an int or Decimal for `double`; a label for `enum`; a tuple of labels for
            `set`; `{"value": Decimal, "currency": str}` for `monetary`; `{"value", "until"}` for
            `daterange` and `timerange`; a dict with at least `value` for `address`; times may be
            a dict with `timezone_name` too; an `Owner` for `user`; a `Ref` for `org` and `people`.
    """

    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class File:
    """Content of a file: bytes at hand, or a place to read them from.

    Args:
        name: File name as it shall stand in Pipedrive.
        size: Bytes.
        sha256: Hex digest of the content.
        uri: fsspec URL of the content, or None when `data` holds it.
        data: The content itself, for small generated files.
    """

    name: str
    size: int
    sha256: str
    uri: str | None = None
    data: bytes | None = field(default=None, repr=False)


class Found(StrEnum):
    """How an object that we made is recognised when it is met again."""

    FIELD = "field"  # a custom field holds the key
    LINE = "line"  # a labelled line at the end of its HTML holds the key
    ORIGIN = "origin"  # a lead's `origin_id` holds the key
    NAME = "name"  # by its name alone


@dataclass(frozen=True, slots=True)
class Mark:
    """The sign by which an object of ours is found again.

    Args:
        found: Kind of sign.
        label: Label of the custom field or of the line; empty for `NAME`.
        key: The key as it stands there, such as `123` or `product 123`.
    """

    found: Found
    label: str
    key: str


@dataclass(slots=True)
class Desired:
    """One Pipedrive object as it shall stand.

    Args:
        object: Name in the registry of objects, such as `person`.
        stream: Source stream.
        id: Key of the source record.
        part: Empty, or which of several objects of this kind the record becomes
            (`1`, `2` … for parts of a long note; a file's name for a generated file).
        body: Pipedrive's own keys → values; None means "shall be empty".
        custom: Custom fields, by label.
        mark: How it is found again.
        match: Keys by which an object made by others is adopted (all must be equal, folded),
            such as `{"email": "a@b.example", "name": "Ann Bee"}`; empty never adopts.
        file: Content, for files.
        truncated: Labels of fields whose text was cut to fit.
    """

    object: str
    stream: str
    id: str
    part: str
    body: dict[str, Any]
    custom: dict[str, Custom]
    mark: Mark
    match: dict[str, str] = field(default_factory=dict)
    file: File | None = None
    truncated: tuple[str, ...] = ()


@dataclass(slots=True)
class Evaluation:
    """What one rule makes of one record.

    Args:
        pieces: Objects that shall stand, parents first; whatever an earlier run made of this
            record and is not among them shall go.
        reason: Why there are none: `removed`, `skipped`, or `merged`; empty otherwise.
        merged_into: Key of the record that took this one's place, for `merged`.
    """

    pieces: list[Desired]
    reason: str = ""
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A custom field that the mapping needs.

    Args:
        object: Name in the registry of objects.
        label: The field's name in Pipedrive.
        type: Pipedrive's `field_type`.
        options: Labels fixed by the mapping, for `enum` and `set`.
        from_source: Options come from the data; the field is made with its first value.
    """

    object: str
    label: str
    type: str
    options: tuple[str, ...] = ()
    from_source: bool = False
