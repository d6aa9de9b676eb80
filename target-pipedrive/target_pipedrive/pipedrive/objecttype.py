"""What is to be known of a kind of object in Pipedrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.pipedrive.operations import Operation


class Kind(StrEnum):
    """What a key's value is."""

    TEXT = "text"
    HTML = "html"  # rewritten by the server, so it is never compared
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"  # true or false
    BIT = "bit"  # 0 or 1, as old endpoints want it
    DAY = "day"  # YYYY-MM-DD
    CLOCK = "clock"  # HH:MM:SS, UTC
    SPAN = "span"  # HH:MM
    MOMENT = "moment"  # RFC 3339, UTC, whole seconds
    STAMP = "stamp"  # YYYY-MM-DD HH:MM:SS, UTC
    USER = "user"
    REFERENCE = "reference"  # an object of `PARENTS`
    CONTACTS = "contacts"  # [{"value", "label", "primary"}]
    ADDRESS = "address"  # {"value", …}
    AMOUNT = "amount"  # {"amount", "currency"}
    PRICES = "prices"  # [{"price", "currency"}]
    PEOPLE = "people"  # [{"person_id", "primary"}]
    IDS = "ids"  # of labels
    NAMES = "names"  # of labels


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of object in Pipedrive.

    Args:
        name: Our name for it, such as `person`.
        plural: The name of many of them, such as `persons`.
        keys: Built-in keys that a body may hold → what they hold.
        names: Keys of ours that hold names and stand for ids: → what they hold.
        create_only: Those of `keys` that only a create takes.
        required: Keys without which a create is refused.
        fields_object: Path of its custom fields, such as `personFields`; empty without any.
        list: Operation, or None where Pipedrive has none; so for the next nine.
        archived: Lists what `list` leaves out; see `list`.
        get: See `list`.
        create: See `list`.
        create_many: Creates up to 100 at once; see `list`.
        update: See `list`.
        delete: See `list`.
        delete_many: Deletes up to 100 at once; see `list`.
        merge: See `list`.
        files: Lists the files of one object; see `list`.
        admin_only: Those of `keys` that are refused unless the token is an administrator's.
        clearable: Built-in keys that take null.
        empties: What empties a built-in that refuses null.
        defaults: Keys that Pipedrive fills in itself when nothing is sent for them.
        by_status: Keys that Pipedrive itself empties when the status that they go with is left.
        parents: Body keys that name the object it hangs on; at least one must be given.
        dates: Keys that can tell when something was in the past, and what must be known of them.
        page: Rows in a page.
    """

    name: str
    plural: str
    keys: Mapping[str, Kind]
    names: Mapping[str, Kind] = field(default_factory=lambda: MappingProxyType({}))
    create_only: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    fields_object: str = ""
    list: Operation | None = None
    archived: Operation | None = None
    get: Operation | None = None
    create: Operation | None = None
    create_many: Operation | None = None
    update: Operation | None = None
    delete: Operation | None = None
    delete_many: Operation | None = None
    merge: Operation | None = None
    files: Operation | None = None
    admin_only: frozenset[str] = frozenset()
    clearable: frozenset[str] = frozenset()
    empties: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    defaults: frozenset[str] = frozenset()
    by_status: frozenset[str] = frozenset()
    parents: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    page: int = 500

    @property
    def writable(self) -> frozenset[str]:
        """Built-in keys that a body may hold."""
        return frozenset(self.keys)

    @property
    def html(self) -> frozenset[str]:
        """Keys whose HTML the server rewrites, so that they are never compared."""
        return frozenset(key for key, kind in self.keys.items() if kind is Kind.HTML)

    @property
    def custom_fields(self) -> bool:
        """Whether it can carry custom fields."""
        return bool(self.fields_object)

    @property
    def flat(self) -> bool:
        """Whether custom fields stand at the root of a body or row, as on v1."""
        return self.create is not None and self.create.version == 1

    @property
    def carries_date(self) -> bool:
        """Whether `add_time` can hold a date of the past."""
        return "add_time" in self.dates
