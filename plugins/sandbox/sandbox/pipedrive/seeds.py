"""What an account in use already holds before anybody migrates into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive.fields import Codes, Field, FieldSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.pipedrive.table import Row

USERS: tuple[Mapping[str, Any], ...] = (
    {"name": "Ada Admin", "email": "admin@clinic.example", "active_flag": True},
    {"name": "Bo Practitioner", "email": "Bo.Practitioner@Clinic.example", "active_flag": True},
    {"name": "Cy Former", "email": "cy.former@clinic.example", "active_flag": False},
)
PERSONS: tuple[Mapping[str, Any], ...] = (
    {"name": "Walk-in enquiry", "email": None},
    {"name": "Supplier Contact", "email": "orders@supplier.example"},
)
CURRENCIES = (
    ("AUD", "Australian Dollar", "A$", True),
    ("CAD", "Canadian Dollar", "CA$", True),
    ("EUR", "Euro", "€", True),
    ("GBP", "British Pound Sterling", "£", True),
    ("NZD", "New Zealand Dollar", "NZ$", True),
    ("USD", "US Dollar", "$", True),
    ("SEK", "Swedish Krona", "kr", False),
)
ICONS = tuple(
    """task email meeting deadline call lunch calendar downarrow document smartphone camera
    scissors cogs bubble uparrow checkbox signpost shuffle addressbook linegraph picture car world
    search clip sound brush key padlock pricetag suitcase finish plane loop wifi truck cart bulb
    bell presentation""".split()  # noqa: SIM905 - reads as a list of names
)

_COMMON = (("add_time", "Created", "date"), ("update_time", "Updated", "date"))
_OWNED = (("owner_id", "Owner", "user"), ("visible_to", "Visible to", "visible_to"), *_COMMON)
_BUILT_IN: dict[str, tuple[tuple[str, str, str], ...]] = {
    "persons": (
        ("name", "Name", "varchar"),
        ("first_name", "First name", "varchar"),
        ("last_name", "Last name", "varchar"),
        ("phones", "Phone", "phone"),
        ("emails", "Email", "varchar"),
        ("org_id", "Organization", "org"),
        ("label_ids", "Labels", "set"),
        ("picture_id", "Picture", "picture"),
        *_OWNED,
    ),
    "organizations": (
        ("name", "Name", "varchar"),
        ("address", "Address", "address"),
        ("label_ids", "Labels", "set"),
        *_OWNED,
    ),
    "deals": (
        ("title", "Title", "varchar"),
        ("value", "Value", "monetary"),
        ("status", "Status", "status"),
        ("stage_id", "Stage", "stage"),
        ("pipeline_id", "Pipeline", "int"),
        ("person_id", "Contact person", "people"),
        ("org_id", "Organization", "org"),
        ("expected_close_date", "Expected close date", "date"),
        ("lost_reason", "Lost reason", "varchar_options"),
        ("label_ids", "Labels", "set"),
        *_OWNED,
    ),
    "activities": (
        ("subject", "Subject", "varchar"),
        ("type", "Type", "enum"),
        ("due_date", "Due date", "date"),
        ("due_time", "Due time", "time"),
        ("duration", "Duration", "time"),
        ("busy", "Free/busy", "boolean"),
        ("done", "Done", "boolean"),
        ("note", "Note", "text"),
        ("location", "Location", "address"),
        ("priority", "Priority", "enum"),
        *_COMMON,
    ),
    "products": (
        ("name", "Name", "varchar"),
        ("code", "Product code", "varchar"),
        ("description", "Description", "text"),
        ("unit", "Unit", "varchar"),
        ("tax", "Tax", "double"),
        ("category", "Category", "enum"),
        ("is_linkable", "Active", "boolean"),
        ("prices", "Unit prices", "price_list"),
        *_OWNED,
    ),
}
_OPTIONS = {
    ("persons", "label_ids"): ("Customer", "Hot lead", "Warm lead", "Cold lead"),
    ("organizations", "label_ids"): ("Customer", "Supplier"),
    ("deals", "label_ids"): ("Hot", "Warm", "Cold"),
    ("activities", "priority"): ("High", "Medium", "Low"),
    ("products", "category"): ("Service", "Retail"),
}
_BY_HAND = {"persons": (("How did they find us", "varchar"),)}
ACTIVITY_TYPES = ("call", "meeting", "task", "deadline", "email", "lunch")
LEAD_LABELS = (("Hot", "red"), ("Warm", "yellow"), ("Cold", "blue"))
STAGES = ("Qualified", "Contact made", "Booked", "In treatment", "Discharged")


def currencies() -> list[Row]:
    """Return the currencies of the account, v1 shape."""
    return [
        {
            "id": index,
            "code": code,
            "name": name,
            "decimal_points": 2,
            "symbol": symbol,
            "active_flag": enabled,
            "is_custom_flag": False,
        }
        for index, (code, name, symbol, enabled) in enumerate(CURRENCIES, start=1)
    ]


def user(user_id: int, person: Mapping[str, Any], currency: str, admin: bool) -> Row:  # noqa: FBT001 - a column
    """Return a user, v1 shape."""
    active = bool(person.get("active_flag", True))
    return {
        "id": user_id,
        "name": person["name"],
        "default_currency": currency,
        "locale": "en_AU",
        "lang": 1,
        "email": person["email"],
        "phone": None,
        "activated": active,
        "last_login": "2026-01-05 08:45:56",
        "created": "2024-11-13 09:16:26",
        "modified": "2026-01-05 08:45:56",
        "has_created_company": admin,
        "access": [
            {"app": app, "admin": admin, "permission_set_id": f"set-{app}-{int(admin)}"}
            for app in ("sales", "global", "account_settings")
        ],
        "active_flag": active,
        "timezone_name": "Australia/Sydney",
        "timezone_offset": "+10:00",
        "role_id": 1,
        "icon_url": None,
        "is_deleted": False,
    }


def fields(codes: Codes) -> dict[str, FieldSet]:
    """Return the fields of each kind: built-in ones, and those somebody made by hand."""
    sets = {}
    for kind, built_in in _BUILT_IN.items():
        sets[kind] = FieldSet(
            Field(code, name, type_, labels=codes.options(_OPTIONS.get((kind, code), ())))
            for code, name, type_ in built_in
        )
        for name, type_ in _BY_HAND.get(kind, ()):
            sets[kind].add(Field(codes.code(), name, type_, custom=True))
    return sets
