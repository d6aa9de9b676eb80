"""Edits of the practice: its people, places, prices and what its appointment types are made of."""

# ruff: noqa: A002, FBT001, FBT002 - parameters are the JSON arguments of the control API

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.edits.core import EditError, edit, live

if TYPE_CHECKING:
    from sandbox.cliniko.resource import Row
    from sandbox.edits.core import Change


def _active(row: Row) -> bool:
    return bool(row["active"])


def _decimal(name: str, text: str) -> str:
    if not text.replace(".", "", 1).isdigit():
        raise EditError(f"{name} must be a decimal such as 99.0, not {text!r}")
    return text


@edit
def rename_practitioner(
    change: Change, id: str | None = None, last_name: str = "Renamed-Whitlock"
) -> None:
    """Give a practitioner another last name; the user behind it keeps the old one."""
    row = change.choose("practitioners", id, _active, "active practitioner")
    first = row["first_name"]
    change.set(
        "practitioners",
        row,
        last_name=last_name,
        display_name=f"{first} {last_name}",
        label=f"{row['title']} {first} {last_name}",
    )


@edit
def deactivate_practitioner(change: Change, id: str | None = None, bump: bool = True) -> None:
    """Deactivate a practitioner: it moves to the list of the inactive ones."""
    owner = change.state.keys.get("sandbox-key")
    row = change.choose(
        "practitioners",
        id,
        lambda row: _active(row) and row["user_id"] != owner,
        "active practitioner besides the owner",
    )
    change.set("practitioners", row, bump=bump, active=False, show_in_online_bookings=False)


@edit
def change_login(
    change: Change, id: str | None = None, email: str = "new.login@harbourside.example.com"
) -> None:
    """Change the e-mail of a user; the practitioner it stands for is not stamped."""
    row = change.choose("users", id, _active, "active user")
    change.set("users", row, email=email)


@edit
def change_business(
    change: Change, id: str | None = None, name: str = "Harbourside & Sons"
) -> None:
    """Rename a business."""
    row = change.choose("businesses", id, live, "open business")
    change.set("businesses", row, business_name=name, display_name=name, label=name)


@edit
def add_type_item(change: Change, id: str | None = None, quantity: str = "1.0") -> None:
    """Add a billable item to an appointment type (`id`), which is not stamped itself."""
    kind = change.choose("appointment_types", id, live, "live appointment type")
    item = change.choose("billable_items", None, live, "live billable item")
    change.add(
        "appointment_type_billable_items",
        quantity=_decimal("quantity", quantity),
        appointment_type_id=kind["id"],
        billable_item_id=item["id"],
    )


@edit
def change_product(change: Change, id: str | None = None, price: str = "47.5") -> None:
    """Change the price of a product."""
    row = change.choose("products", id, live, "live product")
    change.set("products", row, price_ex_tax=_decimal("price", price))


@edit
def change_tax(change: Change, id: str | None = None, rate: str = "12.5") -> None:
    """Change the rate of a tax; the items that bear it are not stamped."""
    row = change.choose("taxes", id, lambda _row: True, "tax")
    change.set("taxes", row, rate=_decimal("rate", rate), amount=rate)
