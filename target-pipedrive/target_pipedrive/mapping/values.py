"""Fitting evaluated values to Pipedrive: types of custom fields, empty values, cut text."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Custom
from target_pipedrive.mapping.customvalues import fitted
from target_pipedrive.mapping.shapes import shaped
from target_pipedrive.mapping.text import ELLIPSIS, cut
from target_pipedrive.pipedrive.values import TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.mapping.context import Context

SHORT_KEYS = frozenset({"name", "title", "subject", "code"})
"""Pipedrive's own keys that are as short as a `varchar` field."""


class Fitter:
    """Fits the values of one object and remembers what it had to cut.

    Args:
        context: Currency and limits.
        kinds: Key of Pipedrive's own → what its value is.
    """

    def __init__(self, context: Context, kinds: Mapping[str, str]) -> None:
        self.context = context
        self.kinds = kinds
        self.truncated: list[str] = []

    def own(self, key: str, value: Any) -> Any:
        """A value for one of Pipedrive's own keys; None when it is empty."""
        shown = shaped(self.kinds.get(key, "text"), value, self.context)
        return self.short(key, shown) if key in SHORT_KEYS and isinstance(shown, str) else shown

    def custom(self, label: str, field_type: str, value: Any) -> Custom:
        """A value for a custom field.

        Raises:
            UnfitError: The value does not fit the field's type.
        """
        if value is None:  # as most are
            return _nothing(field_type)
        found = fitted(field_type, value, self.context)
        if field_type in _SHORT_TYPES:
            found = self.short(label, found)
        elif field_type == "text":
            found = self._long(label, found)
        elif field_type == "set" and found is not None:
            found = tuple(dict.fromkeys(self.short(label, option) for option in found))
        return Custom(field_type, found)

    def short(self, label: str, value: str | None) -> str | None:
        """Text that fits a `varchar`; what had to be cut is remembered under the label."""
        limit = self.context.options.max_varchar
        if value is None or len(value) <= limit:
            return value
        self.truncated.append(label)
        return cut(value, limit)

    def _long(self, label: str, value: str | None) -> str | None:
        """Text that fits a `text` field; so for what had to be cut."""
        limit = self.context.options.max_text_bytes
        if value is None or len(value) * 4 <= limit or len(value.encode()) <= limit:
            return value
        self.truncated.append(label)
        return value.encode()[: limit - len(ELLIPSIS.encode())].decode(errors="ignore") + ELLIPSIS


@cache
def _nothing(field_type: str) -> Custom:
    return Custom(field_type, None)


_SHORT_TYPES = frozenset({"varchar", "varchar_auto", "phone", "enum"})
"""Types of 255 characters; so are the options of a `set` (official OpenAPI v2)."""

FIELD_TYPES = frozenset(TYPES) - {"org", "people"}
"""Types of custom fields that a plain value can be fitted to; those two want references."""
