"""All lists of the simulated Cliniko, and the lists under a parent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.cliniko.tables import appointments, billing, clinical, people, practice

if TYPE_CHECKING:
    from sandbox.cliniko.resource import Resource

RESOURCES: dict[str, Resource] = {
    table.name: table
    for module in (practice, people, appointments, clinical, billing)
    for table in module.TABLES
}


@dataclass(frozen=True)
class Nested:
    """A list under a parent: `/{parent}/{id}/{key}` shows rows of `source` whose `column` is it."""

    parent: str
    key: str
    source: str
    column: str


NESTED: dict[tuple[str, str], Nested] = {
    (parent, key): Nested(parent, key, source, column)
    for parent, key, source, column in (
        ("group_appointments", "attendees", "attendees", "booking_id"),
        ("individual_appointments", "attendees", "attendees", "booking_id"),
        ("patient_cases", "attendees", "attendees", "patient_case_id"),
        ("patient_cases", "bookings", "bookings", "patient_case_id"),
        ("businesses", "daily_availabilities", "daily_availabilities", "business_id"),
        ("practitioners", "daily_availabilities", "daily_availabilities", "practitioner_id"),
        ("appointments", "invoices", "invoices", "appointment_id"),
        ("attendees", "invoices", "invoices", "attendee_id"),
        ("patient_cases", "invoices", "invoices", "patient_case_id"),
        ("patients", "invoices", "invoices", "patient_id"),
        ("practitioners", "invoices", "invoices", "practitioner_id"),
        ("invoices", "invoice_items", "invoice_items", "invoice_id"),
        ("patients", "medical_alerts", "medical_alerts", "patient_id"),
        ("patient_cases", "patient_attachments", "patient_attachments", "patient_case_id"),
        ("patients", "patient_attachments", "patient_attachments", "patient_id"),
        ("attendees", "patient_forms", "patient_forms", "attendee_id"),
        (
            "practitioners",
            "practitioner_reference_numbers",
            "practitioner_reference_numbers",
            "practitioner_id",
        ),
        ("businesses", "services", "services", "business_id"),
        ("patients", "treatment_notes", "treatment_notes", "patient_id"),
        # Undocumented since 2018, yet records still link to them:
        ("patients", "appointments", "individual_appointments", "patient_id"),
        ("practitioners", "appointments", "individual_appointments", "practitioner_id"),
        ("businesses", "appointments", "individual_appointments", "business_id"),
    )
}

PARENT_ALIASES = {"appointments": "individual_appointments"}
"""Parents and lists of an old name, with the list that holds their rows."""
