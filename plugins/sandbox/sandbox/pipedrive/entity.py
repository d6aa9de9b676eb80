"""What the machinery needs to know about one kind of v2 object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.checks import Key
    from sandbox.pipedrive.table import Row


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of v2 object.

    Attributes:
        kind: Name of its path and its table.
        noun: What error texts call one.
        keys: What bodies take.
        blank: Makes the row that a create starts from.
        settle: Holds rules over several keys; changes what is to be written.
        filters: List parameters that compare a column, and how its text is read.
        sorts: What lists sort by.
        extras: Optional response fields that are simulated.
        other_extras: Optional response fields of the real API that are not.
        created: Status of a create.
        custom: Whether it carries custom fields.
        admin: Whether only an admin may write it.
        prices: Tokens of list, get, create, update, delete.
        kept_readable: Whether a deleted one still answers by id.
        links: Columns that the table indexes.
    """

    kind: str
    noun: str
    keys: Mapping[str, Key]
    blank: Callable[[Call], Row]
    settle: Callable[[Call, Row, Row], None]
    filters: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ("id", "update_time", "add_time")
    extras: tuple[str, ...] = ()
    other_extras: tuple[str, ...] = ()
    created: int = 200
    custom: bool = True
    admin: bool = False
    prices: tuple[int, int, int, int, int] = (10, 1, 5, 5, 3)
    kept_readable: bool = False
    links: tuple[str, ...] = ()
