"""What a rehearsed load would have changed in Pipedrive, as far as it would look at it again."""

from __future__ import annotations

import math
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from target_pipedrive.pipedrive.paging import Row

FIRST = 10**12
"""Ids from here on are imagined; real ones are far below."""


class Imagined:
    """Rows made, changed and deleted.

    Of most kinds no more than ids is known: whoever lists them in the same run knows by a link
    whose they are. Custom fields and activity types are read again, so they are kept whole.
    """

    def __init__(self) -> None:
        self._ids = count(FIRST)
        self._made: Counter[str] = Counter()
        self._changed: dict[str, set[str]] = {}
        self._gone: dict[str, set[str]] = {}
        self._fields: dict[str, list[Row]] = {}
        self._options: dict[str, list[Row]] = {}
        self._types: dict[str, Row] = {}

    # what is done

    def create(self, kind: str, body: Mapping[str, Any]) -> Row:
        """Return the row of a new object."""
        number = next(self._ids)
        self._made[kind] += 1
        row = {"id": number, **body}
        if kind == "activity_type":
            row |= {"key_string": f"imagined_{number}", "active_flag": True}
            self._types[str(number)] = row
        return row

    def create_field(self, path: str, body: Mapping[str, Any]) -> Row:
        """Return the row of a new custom field.

        Args:
            path: Where it is made, such as `personFields`.
            body: What is sent.
        """
        row = {
            "field_code": f"{next(self._ids):040x}",
            "field_name": body["field_name"],
            "field_type": body["field_type"],
            "options": self._new_options(body.get("options") or ()),
            "is_custom_field": True,
        }
        self._fields.setdefault(path, []).append(row)
        return row

    def add_options(self, code: str, options: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Return the rows of new options of a field."""
        made = self._new_options(options)
        self._options.setdefault(code, []).extend(made)
        return made

    def _new_options(self, options: Sequence[Mapping[str, Any]]) -> list[Row]:
        return [{"id": next(self._ids), "label": one["label"]} for one in options]

    def update(self, kind: str, row_id: str, body: Mapping[str, Any]) -> Row:
        """Return the row of a changed object, as far as it is known."""
        self._changed.setdefault(kind, set()).add(row_id)
        if kind == "activity_type":
            self._types[row_id] = {**self._types.get(row_id, {}), **body}
        return {"id": row_id, **body}

    def delete(self, kind: str, row_id: str) -> None:
        """An object is deleted, or merged away."""
        if self.is_imagined(row_id):
            self._made[kind] -= 1
        self._gone.setdefault(kind, set()).add(row_id)

    # what stands

    @staticmethod
    def is_imagined(row_id: object) -> bool:
        """Return whether an id is none of Pipedrive's."""
        text = str(row_id)
        return text.isdigit() and int(text) >= FIRST

    def is_gone(self, kind: str, row_id: str) -> bool:
        """Return whether an object was deleted, or merged away."""
        return row_id in self._gone.get(kind, ())

    def standing(self, kind: str, rows: Sequence[Row]) -> list[Row]:
        """Return those of real rows that still stand."""
        gone = self._gone.get(kind)
        return [row for row in rows if str(row.get("id")) not in gone] if gone else list(rows)

    def types(self, rows: Sequence[Row]) -> list[Row]:
        """Return all activity types, given the real ones."""
        real = {str(row["id"]): row for row in rows}
        found = [row | self._types.get(row_id, {}) for row_id, row in real.items()]
        found += [row for row_id, row in self._types.items() if self.is_imagined(row_id)]
        return self.standing("activity_type", found)

    def fields(self, rows: Sequence[Row]) -> list[Row]:
        """Return custom fields with the options that they would have."""
        return [
            row | {"options": [*(row.get("options") or ()), *self._options[row["field_code"]]]}
            if row.get("field_code") in self._options
            else row
            for row in rows
        ]

    def new_fields(self, path: str) -> list[Row]:
        """Return the custom fields that were made."""
        return self.fields(self._fields.get(path, ()))

    def more(self, kind: str, *, changed: bool) -> tuple[list[Row], int]:
        """Return what a list holds beside the real rows.

        Args:
            kind: Kind of object.
            changed: It lists what changed of late.

        Returns:
            Rows that hold their id alone, and how many rows there are beside them.
        """
        ids: Collection[str] = self._changed.get(kind, ()) if changed else ()
        real = sorted(row for row in ids if not self.is_imagined(row))
        return [{"id": row} for row in real if not self.is_gone(kind, row)], self._made[kind]


def pages(rows: int, page: int) -> int:
    """Return how many pages a list has; an empty list has one."""
    return max(1, math.ceil(rows / page))


def field_names(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Yield hash key and name of the custom fields among rows."""
    for row in rows:
        if row.get("is_custom_field"):
            yield str(row["field_code"]), str(row["field_name"])
