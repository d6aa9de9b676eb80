"""The vocabulary stream schemas are written in.

Every field may be null or absent but the id, since Cliniko leaves fields out by age of the account
and by permission; objects are open, so a field that Cliniko adds tomorrow passes through.
"""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

Field = th.Property[Any]
Schema = dict[str, Any]


def text(name: str, description: str, *values: str) -> Field:
    """A text; values are the ones known, for the reader alone (new ones must not break a run)."""
    return th.Property(name, th.StringType, description=_with_values(description, values))


def flag(name: str, description: str) -> Field:
    """A boolean."""
    return th.Property(name, th.BooleanType, description=description)


def whole(name: str, description: str) -> Field:
    """An integer."""
    return th.Property(name, th.IntegerType, description=description)


def decimal(name: str, description: str) -> Field:
    """An exact decimal in text, such as ``"50.0"``, even where an account sends a number."""
    return th.Property(name, th.SingerDecimalType, description=description)


def stamp(name: str, description: str) -> Field:
    """A moment in UTC, whole seconds."""
    return th.Property(name, th.DateTimeType, description=description)


def day(name: str, description: str) -> Field:
    """A date without a zone."""
    return th.Property(name, th.DateType, description=description)


def link(name: str, description: str) -> Field:
    """The id a to-one link leads to, under ``<name>_id``; null when there is no link."""
    return th.Property(f"{name}_id", th.StringType, description=description)


def key_link(name: str, description: str) -> Field:
    """The id of a to-one link that is part of the key, and so always there."""
    return th.Property(f"{name}_id", th.StringType, required=True, description=description)


def ids(name: str, description: str) -> Field:
    """A list of ids."""
    return th.Property(name, th.ArrayType(th.StringType), description=description)


def texts(name: str, description: str) -> Field:
    """A list of texts."""
    return th.Property(name, th.ArrayType(th.StringType), description=description)


def wholes(name: str, description: str) -> Field:
    """A list of integers."""
    return th.Property(name, th.ArrayType(th.IntegerType), description=description)


def group(name: str, description: str, *fields: Field) -> Field:
    """An object with some known fields."""
    return th.Property(name, th.ObjectType(*fields), description=description)


def groups(name: str, description: str, *fields: Field) -> Field:
    """A list of objects with some known fields."""
    return th.Property(name, th.ArrayType(th.ObjectType(*fields)), description=description)


def anything(name: str, description: str) -> Field:
    """A value of no known type."""
    return th.Property(
        name,
        th.CustomType({"type": ["string", "integer", "boolean", "array", "object", "null"]}),
        description=description,
    )


def with_fields(schema: Schema, fields: tuple[Field, ...]) -> Schema:
    """A copy of a schema with further fields, none of them required."""
    further: Schema = th.PropertiesList(*fields).to_dict()["properties"]
    return {**schema, "properties": {**schema["properties"], **further}}


ID = th.Property("id", th.StringType, required=True, description="Id, an int64 in text.")
ARCHIVED = stamp("archived_at", "When it was archived; null while it is in use.")
CANCELLED = stamp("cancelled_at", "When it was cancelled; null while it stands.")
DELETED = stamp("deleted_at", "When it was deleted; the older name of archiving.")


def record(*fields: Field) -> Schema:
    """The schema of a list's records: id, the given fields, creation and last change."""
    return th.PropertiesList(
        ID,
        *fields,
        stamp("created_at", "When it was created."),
        stamp("updated_at", "When it was last changed; removal need not count as change."),
    ).to_dict()


def phone_numbers(name: str) -> Field:
    """Phone numbers, without ids and without a primary one."""
    return groups(
        name,
        "Phone numbers, in the order they were entered.",
        text("number", "As typed."),
        text("normalized_number", "Digits with country code."),
        text("phone_type", "Kind.", "Fax", "Home", "Mobile", "Other", "Work"),
    )


def repeat_rule() -> Field:
    """The rule of a series of appointments."""
    return group(
        "repeat_rule",
        "How the series repeats; null or empty for a single one.",
        whole("number_of_repeats", "How many follow."),
        text("repeat_type", "Unit.", "Daily", "Weekly", "Monthly"),
        whole("repeating_interval", "Units between two."),
    )


def sections(name: str, description: str, *item: Field) -> Field:
    """A tree of sections, each holding questions or fields of kinds that Cliniko may add to."""
    return group(name, description, groups("sections", "Sections in order.", *item))


def _with_values(description: str, values: tuple[str, ...]) -> str:
    return f"{description} One of: {', '.join(values)}." if values else description
