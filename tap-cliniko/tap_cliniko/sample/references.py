"""What a row leads to: rules about Cliniko's rows, without any reading.

A link tells the list it leads into by its path, so no table of names is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.links import leads_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cliniko.paging import Row

SEVERAL = {
    # Any booking has the id of the appointment it is (Cliniko docs, "Bookings").
    "bookings": ("individual_appointments", "group_appointments"),
    "appointments": ("individual_appointments",),
}
"""Lists that have no stream of their own, with those that hold their rows."""


def lists(name: str) -> tuple[str, ...]:
    """The lists that hold the rows a link into the named list leads to."""
    return SEVERAL.get(name, (name,))


def references(row: Row) -> Iterator[tuple[str, str]]:
    """The lists and ids a row leads to.

    Args:
        row: As Cliniko sent it: links are objects, lists of ids bear the singular of their list.
    """
    for name, value in row.items():
        if isinstance(value, dict):
            if name != "links" and (target := leads_to(value)) is not None:
                yield target
        elif name.endswith("_ids"):
            for number in value or ():
                yield f"{name.removesuffix('_ids')}s", str(number)


def without(row: Row, cut: Callable[[str, str], bool]) -> Row:
    """The row without the references that are to be cut.

    Args:
        row: As Cliniko sent it; not changed.
        cut: Says of a list and an id whether no reference may lead there.
    """
    kept: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            target = leads_to(value) if name != "links" else None
            if target is None or not cut(*target):
                kept[name] = value
        elif name.endswith("_ids") and value:
            other = f"{name.removesuffix('_ids')}s"
            kept[name] = [number for number in value if not cut(other, str(number))]
        else:
            kept[name] = value
    return kept
