"""The shape of one list of the Cliniko API: fields, links, filters, what is hidden by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]
"""A stored record: `id` and `*_id` columns are ints, stamps are text, nulls are left out."""


COMPUTED = frozenset(
    {
        *("availabilities", "category", "content", "custom_fields", "label", "patient_name"),
        *("has_patient_appointment_notes", "patient_phone_numbers", "phone_numbers", "pronouns"),
        *("print_settings", "repeat_rule", "subcategories", "type", "url"),
    }
)
"""Fields of a record that no column of its table holds as they are served."""
_NO_COLUMN = ("_channels", "_description", "_ids", "_url")


@dataclass(frozen=True)
class Resource:
    """One list of the API.

    Attributes:
        name: The list's path and the key of its body.
        fields: The plain fields of a record, without `id` and links.
        one: Links to one record: name of the link to the list it points into; the column is
            `<link>_id`, and the link is left out when that is empty.
        many: Links to many records: name to path, with `{id}` for the record's own.
        null_links: Links of `many` that are served as null when there is nothing behind them.
        filters: What `q[]` may name, with its type.
        hides: Stamps that keep a record out of lists unless `q[]` names them.
        defaults: What is served for a field that a record does not store, other than null.
        columns: Filters whose column bears another name; the first that is set counts.
        path: The self link.
    """

    name: str
    fields: tuple[str, ...]
    one: Mapping[str, str]
    many: Mapping[str, str]
    null_links: frozenset[str]
    filters: Mapping[str, str]
    hides: tuple[str, ...]
    defaults: Mapping[str, Any]
    columns: Mapping[str, tuple[str, ...]]
    path: str

    def value(self, row: Row, field: str) -> Any:
        """Return what a filter or sort on `field` sees."""
        for column in self.columns.get(field, (field,)):
            if (found := row.get(column)) is not None:
                return found
        return self.defaults.get(field)

    @property
    def default_sort(self) -> str:
        """The column of lists that name none; services know no stamps and keep their order."""
        return "created_at" if self.filters else "id"

    def sortable(self, field: str) -> bool:
        """Say whether `field` is a column that lists can be sorted by.

        What is computed for an answer, or held in a structure, is none.
        """
        if not self.filters or field in self.columns or self.filters.get(field) == "array":
            return False
        if field in self.filters:
            return True
        return field in self.fields and field not in COMPUTED and not field.endswith(_NO_COLUMN)


def resource(  # noqa: PLR0913 - the columns of a table
    name: str,
    *,
    fields: str,
    one: str = "",
    many: Mapping[str, str] | None = None,
    null_links: str = "",
    filters: str = "",
    hides: str = "",
    defaults: Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
    path: str = "",
) -> Resource:
    """Read the compact notation of the tables: names divided by spaces, pairs by a colon."""
    return Resource(
        name=name,
        fields=tuple(fields.split()),
        one=_pairs(one),
        many=many or {},
        null_links=frozenset(null_links.split()),
        filters=_pairs(filters),
        hides=tuple(hides.split()),
        defaults=defaults or {},
        columns={key: tuple(names.split()) for key, names in (columns or {}).items()},
        path=path or f"/{name}/{{id}}",
    )


def _pairs(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (pair.partition(":") for pair in text.split())}
