"""What the JSON schema of a property says of its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_VARCHAR = 255


def field_type(schema: Mapping[str, Any]) -> str | None:
    """The type of a custom field that can hold what a JSON schema allows; None for nothing."""
    kind = json_type(schema)
    if kind == "string":
        if schema.get("enum"):
            return "enum"
        if schema.get("format") == "date":
            return "date"
        return "text" if schema.get("maxLength", 0) > _LONGEST_VARCHAR else "varchar"
    if kind == "array":
        return "set"
    return {"number": "double", "integer": "double", "boolean": "enum"}.get(kind or "")


def json_type(schema: Mapping[str, Any]) -> str | None:
    """The one type of a JSON schema beside null."""
    given = schema.get("type")
    kinds = given if isinstance(given, list) else [given] if given else []
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        kinds = [*kinds, json_type(part)]
    found = [kind for kind in kinds if kind not in (None, "null")]
    return found[0] if len(found) == 1 else "string" if not given else None
