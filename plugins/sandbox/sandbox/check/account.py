"""The Pipedrive half of a dump, indexed: live rows, users, custom fields by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.check.values import Row, folded, number, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal


def is_live(row: Row) -> bool:
    """Whether a row stands: not deleted (v2), not inactive (v1), not merged away."""
    return not row.get("is_deleted") and row.get("active_flag", True) and not row.get("merged_into")


@dataclass(frozen=True)
class Money:
    """A monetary value: an exact amount and its ISO 4217 currency."""

    amount: Decimal | None
    currency: str | None


class Account:
    """Reads the Pipedrive half of a dump.

    Args:
        half: `dump["pipedrive"]`: lists of rows by kind (`persons`, `activities` …).
        baseline: The same half before the migration, or None when it is not known.

    Raises:
        ValueError: No user stands in the dump.
    """

    def __init__(self, half: Row, baseline: Row | None) -> None:
        self._half = half
        self._baseline = baseline
        self._old = {
            kind: {str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row}
            for kind, rows in (baseline or {}).items()
            if isinstance(rows, list)
        }
        if not self.live("users"):
            raise ValueError("The dump shows no active Pipedrive user: dump a running sandbox.")

    @property
    def has_baseline(self) -> bool:
        """Whether it is known what stood here before the migration."""
        return self._baseline is not None

    def rows(self, kind: str) -> list[Row]:
        """Return all rows of a kind, deleted ones too."""
        return list(self._half.get(kind) or [])

    def live(self, kind: str) -> list[Row]:
        """Return the rows of a kind that stand."""
        return [row for row in self.rows(kind) if is_live(row)]

    def before(self, kind: str) -> dict[str, Row]:
        """Return the rows that stood before the migration, by id."""
        rows = (self._baseline or {}).get(kind) or []
        return {str(row["id"]): row for row in rows if is_live(row) and "id" in row}

    def before_fields(self, kind: str) -> list[Row]:
        """Return the field rows that stood before the migration."""
        return list((self._baseline or {}).get(kind) or [])

    def is_new(self, kind: str, row: Row) -> bool:
        """Whether a row is known to have come after the baseline."""
        return self.has_baseline and str(row["id"]) not in self._old.get(kind, set())

    @cached_property
    def token_user(self) -> int:
        """Id of the user whose token writes: marked `is_you`, else the founder, else the oldest."""
        users = sorted(self.live("users"), key=lambda row: int(row["id"]))
        for mark in ("is_you", "has_created_company"):
            marked = [int(row["id"]) for row in users if row.get(mark)]
            if marked:
                return marked[0]
        return int(users[0]["id"])

    def user(self, email: object) -> int | None:
        """Return the active user with this e-mail, whatever its case; None when there is none."""
        wanted = (text(email) or "").casefold()
        for row in self.live("users"):
            if wanted and (text(row.get("email")) or "").casefold() == wanted:
                return int(row["id"])
        return None

    def default_owner(self, email: str | None) -> int:
        """Return the default owner's id.

        Raises:
            ValueError: `email` belongs to no active user.
        """
        if email is None:
            return self.token_user
        found = self.user(email)
        if found is None:
            raise ValueError("default_owner is not the e-mail of an active Pipedrive user.")
        return found

    @cached_property
    def person_fields(self) -> Fields:
        """The custom fields of persons."""
        return Fields(self.rows("personFields"))

    @cached_property
    def organization_fields(self) -> Fields:
        """The custom fields of organizations."""
        return Fields(self.rows("organizationFields"))

    @cached_property
    def deal_fields(self) -> Fields:
        """The custom fields of deals."""
        return Fields(self.rows("dealFields"))

    @cached_property
    def product_fields(self) -> Fields:
        """The custom fields of products."""
        return Fields(self.rows("productFields"))

    @cached_property
    def type_names(self) -> dict[str, str]:
        """Names of active activity types by the key an activity carries."""
        return {str(row["key_string"]): str(row["name"]) for row in self.live("activityTypes")}


class Fields:
    """The custom fields of one object.

    Args:
        rows: Field rows as v2 answers them (Pipedrive API, fields).
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.custom = [row for row in rows if row.get("is_custom_field") and is_live(row)]
        self._by_name: dict[str, list[Row]] = {}
        for row in self.custom:
            self._by_name.setdefault(str(row.get("field_name")), []).append(row)

    def named(self, name: str) -> list[Row]:
        """Return every custom field of this very name."""
        return self._by_name.get(name, [])

    def read(self, name: str, row: Row) -> object:
        """Return a row's value: option labels for ids, exact numbers, None for unset.

        Returns:
            str for varchar, text and date; str label for enum; a tuple of labels in label order
            for set; Decimal for double; `Money` for monetary; the object itself for address.
        """
        fields = self.named(name)
        if not fields:
            return None
        field = fields[0]
        value = (row.get("custom_fields") or {}).get(field["field_code"])
        if value is None or value == "":
            return None
        reader = _READERS.get(str(field.get("field_type")))
        return reader(field, value) if reader else text(value)


def _read_set(field: Row, value: Any) -> object:
    return tuple(sorted(_label(field, each) for each in value)) or None


def _read_money(_: Row, value: Any) -> object:
    return Money(number(value.get("value")), value.get("currency"))


def option_labels(field: Row) -> list[str]:
    """Return the labels of a field's options, as they stand."""
    return [str(option.get("label")) for option in field.get("options") or []]


def folded_labels(field: Row) -> set[str]:
    """Return the labels of a field's options, folded."""
    return {folded(label) for label in option_labels(field)}


def _label(field: Row, value: object) -> str:
    key = value.get("id") if isinstance(value, dict) else value
    for option in field.get("options") or []:
        if str(option.get("id")) == str(key):
            return str(option.get("label"))
    return f"unknown option {key}"


_READERS: dict[str, Callable[[Row, Any], object]] = {
    "enum": _label,
    "set": _read_set,
    "monetary": _read_money,
    "double": lambda _, value: number(value),
    "address": lambda _, value: value,
}
