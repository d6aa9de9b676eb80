"""Stored rows as the JSON that Cliniko serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.cliniko.catalog import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cliniko.resource import Resource, Row

HOST = "https://api.au1.cliniko.com/v1"
"""Links in records name the public host: a reader takes their path and never dials them."""


def link(path: str) -> dict[str, dict[str, str]]:
    """Return a link object to a path of the API."""
    return {"links": {"self": HOST + path}}


def record(resource: Resource, row: Row) -> dict[str, Any]:
    """Return one record as the API serves it: ids as text, no link that leads nowhere."""
    if resource.name == "services":
        return _service(row)
    if resource.name == "bookings":
        kind = RESOURCES[booking_kind(row)]
        return {**record(kind, row), **link(f"/bookings/{row['id']}")}
    out: dict[str, Any] = {"id": str(row["id"])}
    for name in resource.fields:
        found = row.get(name)
        out[name] = resource.defaults.get(name) if found is None else found
    out.update(_links(resource, row))
    if extra := _EXTRAS.get(resource.name):
        out.update(extra(row))
    if resource.name == "communications":
        for name in _unshaped(row):
            del out[name]
    out["links"] = {"self": HOST + resource.path.format(**row)}
    return out


def _links(resource: Resource, row: Row) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, target in resource.one.items():
        if (key := row.get(f"{name}_id")) is not None:
            out[name] = link(f"/{target}/{key}")
    for name, path in resource.many.items():
        if name in resource.null_links and not _PRESENT[name](row):
            out[name] = None
        else:
            out[name] = link(path.format(id=row["id"]))
    return out


def booking_kind(row: Row) -> str:
    """Return the list a booking belongs to; the union itself names no type."""
    if "max_attendees" in row:
        return "group_appointments"
    return "individual_appointments" if "appointment_type_id" in row else "unavailable_blocks"


def content_ready(row: Row) -> bool:
    """Say whether the content of an attachment can be fetched: processed and not archived."""
    return bool(row.get("processing_completed")) and row.get("archived_at") is None


_PRESENT: dict[str, Callable[[Row], bool]] = {
    "conflicts": lambda _row: True,
    "repeats": lambda row: bool(row.get("repeat_rule")),
    "referrers": lambda row: row.get("referrer_type") == "Patient",
}


MEMO, EMAIL = 12, 2
"""Codes of `category_code` and `type_code` that give a communication its shape."""


def _unshaped(row: Row) -> tuple[str, ...]:
    """Return the fields that a communication of this shape lacks: memo, e-mail or text message."""
    if row.get("category_code") == MEMO:
        return ("content_subject",)
    if row.get("type_code") == EMAIL:
        return ("confidential",)
    return ("confidential", "content_subject")


def _attachment(row: Row) -> dict[str, Any]:
    path = f"/patient_attachments/{row['id']}/content"
    return {"content": link(path) if content_ready(row) else None}


def _form(row: Row) -> dict[str, Any]:
    signature = row.get("signature_id")
    path = f"/patient_forms/{row['id']}/signatures/{signature}"
    return {"signatures": link(path) if signature else None}


def _product(row: Row) -> dict[str, Any]:
    supplier = row.get("product_supplier_id")
    return {"product_supplier_id": str(supplier)} if supplier else {}


def _referral(row: Row) -> dict[str, Any]:
    referrer = row.get("referrer_id")
    if not referrer:
        return {"referrer": None}
    place = "patients" if row["referrer_type"] == "Patient" else "contacts"
    return {"referrer": link(f"/{place}/{referrer}")}


def _service(row: Row) -> dict[str, Any]:
    return {
        "appointment_type": link(f"/appointment_types/{row['appointment_type_id']}"),
        "business": link(f"/businesses/{row['business_id']}"),
        "practitioners": [link(f"/practitioners/{key}") for key in row["practitioner_ids"]],
    }


_EXTRAS: dict[str, Callable[[Row], dict[str, Any]]] = {
    "patient_attachments": _attachment,
    "patient_forms": _form,
    "products": _product,
    "referral_sources": _referral,
}
