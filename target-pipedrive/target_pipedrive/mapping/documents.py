"""The shape of mapping documents: what may stand in a file of `transforms/`.

Each YAML document is one rule of exactly one kind. The JSON Schema for editors is made from these
models.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Expr = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": ["string", "number", "boolean", "null"],
            "description": "An expression (text), or a literal number, true, false or null.",
        }
    ),
]
FieldType = Literal[
    "varchar",
    "varchar_auto",
    "text",
    "double",
    "monetary",
    "date",
    "daterange",
    "time",
    "timerange",
    "phone",
    "address",
    "enum",
    "set",
    "user",
    "org",
    "people",
]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    stream: Annotated[str, Field(min_length=1)]
    """Source stream, as the tap names it."""
    off: bool = False
    """`true` switches this document off."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class CustomField(_Part):
    """A custom field filled from one expression."""

    type: FieldType
    """Pipedrive's field type."""
    value: Expr
    """What it holds."""
    options: list[str] | Literal["from_source"] | None = None
    """For `enum` and `set`: the labels, or `from_source` to take them from the data."""


class Aggregate(_Part):
    """A custom field of the parent, computed from its children."""

    type: FieldType
    """Pipedrive's field type."""
    sum: Expr = None
    """Sum of this number over the children."""
    max: Expr = None
    """Greatest value."""
    min: Expr = None
    """Least value."""
    last: Expr = None
    """Value of the last child, by `order`."""
    first: Expr = None
    """Value of the first child, by `order`."""
    lines: Expr = None
    """Values of all children, one a line, by `order`."""
    count: Literal[True] | None = None
    """Number of children."""
    where: Expr = None
    """Only children for which this is true."""
    order: list[str] | None = None
    """Order for this field alone."""
    empty: Expr = None
    """Value when there is no child at all."""
    options: list[str] | Literal["from_source"] | None = None
    """For `enum` and `set`, as in an object document."""


class FileContent(_Part):
    """Where a file's name and content come from."""

    name: Expr
    """File name."""
    size: Expr
    """Bytes."""
    sha256: Expr
    """Hex digest of the content."""
    uri: Expr
    """URL of the content, as fsspec reads it."""


class ObjectDocument(_Document):
    """Each record becomes one Pipedrive object."""

    object: str
    """Kind of Pipedrive object, such as `person`."""
    key: str = "id"
    """Field that holds the record's own key."""
    key_text: Expr = None
    """The key as it stands in Pipedrive, when it differs."""
    key_field: str | None = None
    """Label of the custom field that holds the key."""
    key_line: str | None = None
    """Label of the line at the end of the text that holds the key (activity, note)."""
    match: list[str] = []
    """Keys that must all be equal for an object made by others to be adopted."""
    merged_into: Expr = None
    """Key of the record that took this one's place."""
    remove_when: Expr = None
    """The object shall not stand (any more)."""
    skip_when: Expr = None
    """No object is made of this record."""
    reject_when: dict[str, Expr] = {}
    """Reject code → when."""
    wait: bool = False
    """`true`: what it looks up may come after it. It is looked at when all streams were read, and
    again when a record that it looked up changes."""
    title: Expr = None
    """Heading of a note; its parts are numbered after it."""
    fields: dict[str, Expr]
    """Pipedrive's own keys → expressions."""
    footer: dict[str, Expr] = {}
    """Labelled lines at the end of the text (activity, note)."""
    custom_fields: dict[str, CustomField] = {}
    """Label → custom field."""
    file: FileContent | None = None
    """Content, when the object is a file."""


class _Children(_Document):
    by: Expr
    """Key of the parent."""
    where: Expr = None
    """Only records for which this is true."""
    order: list[str] = []
    """Expressions to sort by; ids are sorted as numbers."""
    keep: list[str] | None = None
    """Fields to keep in the ledger; by default those that the expressions read."""
    onto: str | None = None
    """Which object of the parent, when it becomes several."""


class RollupDocument(_Children):
    """Records are kept with their parent, and summed up into its fields."""

    rollup: str
    """Stream of the parent."""
    custom_fields: dict[str, Aggregate] = {}
    """Label → aggregate. With none, the list stands in the parent's expressions by its stream."""


class CollateDocument(_Children):
    """Records become the rows of one CSV file on the parent's object."""

    collate: str
    """Stream of the parent."""
    file: str
    """Name of the file."""
    columns: dict[str, Expr]
    """Heading → value."""
    phone_columns: list[str] = []
    """Headings of columns where a phone number may begin with +."""


class LookupDocument(_Document):
    """Records are kept for `lookup()`."""

    lookup: Literal[True]
    """Always true."""
    key: str = "id"
    """Field that holds the record's key."""
    keep: list[str] | None = None
    """Fields to keep in the ledger; by default all."""


class UserDocument(_Document):
    """Records stand for Pipedrive users, found by e-mail."""

    user: Expr
    """Login e-mail."""
    overrides: dict[str, str] = {}
    """Key → e-mail of the Pipedrive user, where they differ."""


class ReferenceDocument(_Document):
    """Records are listed in the workflow reference: what no API can move, to be rebuilt by hand."""

    reference: Annotated[str, Field(min_length=1)]
    """Heading of their part."""
    key: str = "id"
    """Field that holds the record's own key."""
    name: Expr
    """What a record is called."""
    skip_when: Expr = None
    """The record is not listed."""
    fields: dict[str, Expr]
    """Label → value, from the record alone."""


class AccountDocument(BaseModel):
    """Choices for the whole account."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    other_custom_fields: Literal["plan", "create", "ignore"]
    """Patient fields of the account that no rule names: list them in the plan, create them, or
    leave them out."""
    optional: list[str] | None = None
    """Files of the folder `optional` that count as well, by their names without `.yml`."""


Document = (
    ObjectDocument
    | RollupDocument
    | CollateDocument
    | LookupDocument
    | UserDocument
    | ReferenceDocument
    | AccountDocument
)
KINDS: dict[str, type[Any]] = {
    "object": ObjectDocument,
    "rollup": RollupDocument,
    "collate": CollateDocument,
    "lookup": LookupDocument,
    "user": UserDocument,
    "reference": ReferenceDocument,
    "other_custom_fields": AccountDocument,
}
"""The key that tells a document's kind → its model."""
AGGREGATES = ("sum", "max", "min", "last", "first", "lines")
