"""From Cliniko's link objects to plain ids.

Cliniko sends a relation as ``{"patient": {"links": {"self": "https://…/patients/123"}}}`` and
leaves it out when it is empty (Cliniko docs, "Links"). A link that ends in an id leads to one
record and becomes ``patient_id``; any other leads to a list and says nothing a reader of that list
would not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_cliniko.paging import Row

SENSITIVE = frozenset(
    {
        "booking_ip_address",  # says where a patient was
        "cancellation_url",  # cancels for whoever holds it
        "online_payment_url",  # opens the invoice for whoever holds it
        "telehealth_url",  # admits whoever holds it
    }
)
"""Fields that no list emits unless asked to: a copy of them is a key to somebody's appointment."""

TO_MANY = frozenset(
    {"attendees", "conflicts", "invoices", "referrers", "repeats", "reversed_invoices"}
)
"""Links to lists that may come as null, where they cannot be told from an ordinary field."""


def is_link(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a link object and not a field that happens to be an object."""
    return (
        isinstance(value, dict)
        and value.keys() == {"links"}
        and (value["links"] is None or isinstance(value["links"], dict))
    )


def linked_id(link: dict[str, Any]) -> str | None:
    """The id a link object leads to; None when it leads to a list."""
    found = leads_to(link)
    return found[1] if found else None


def leads_to(link: dict[str, Any]) -> tuple[str, str] | None:
    """The list and the id a link object leads to; None when it leads to a whole list.

    Only the path counts: hosts differ between shards, and a query may end in digits too.
    """
    url = (link.get("links") or {}).get("self")
    if not isinstance(url, str):
        return None
    path, _, number = url.partition("?")[0].removesuffix("/").rpartition("/")
    name = path.rpartition("/")[2]
    return (name, number) if name and number.isascii() and number.isdecimal() else None


def flatten(row: Row, id_fields: Collection[str] = (), dropped: Collection[str] = SENSITIVE) -> Row:
    """Flatten a record's to-one links, drop its to-many links and its sensitive fields.

    Fields keep Cliniko's order; links that are not there follow at the end, in the order given.

    Args:
        row: A record as Cliniko sent it; not changed.
        id_fields: Names ending in ``_id`` that must be there, null when there is no link.
        dropped: Fields to leave out.
    """
    record: Row = {}
    linked: set[str] = set()
    for name, value in row.items():
        if name == "links" or name in dropped:
            continue
        if isinstance(value, dict) and is_link(value):
            if (target := linked_id(value)) is not None:
                record[f"{name}_id"] = target
                linked.add(f"{name}_id")
        elif name in linked:
            continue  # a plain id beside its link says the same, or less
        elif value is not None or (name not in TO_MANY and f"{name}_id" not in id_fields):
            record[name] = value
    for name in id_fields:
        record.setdefault(name, None)
    return record
