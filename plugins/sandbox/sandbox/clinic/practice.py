"""The practice: its settings, people, places, types, products and prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.clinic import settings
from sandbox.clinic.phones import australian_mobile
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.cliniko.resource import Row

FOUNDED_DAYS_AGO = 2600


@dataclass
class Practice:
    """What later parts refer to."""

    users: dict[str, Row] = field(default_factory=dict)
    practitioners: list[Row] = field(default_factory=list)
    businesses: list[Row] = field(default_factory=list)
    closed_business: Row = field(default_factory=dict)
    types: list[Row] = field(default_factory=list)
    old_types: list[Row] = field(default_factory=list)
    group_types: list[Row] = field(default_factory=list)
    taxes: list[Row] = field(default_factory=list)
    billable_items: list[Row] = field(default_factory=list)
    products: list[Row] = field(default_factory=list)

    @property
    def active(self) -> list[Row]:
        """The practitioners who see patients today."""
        return [row for row in self.practitioners if row["active"]]


# login, title, first name, last name, role, practitioner's designation, active
_PEOPLE = (
    ("owner", "Dr", "Miriam", "Castellan", "administrator", "Physiotherapist", True),
    ("jonas", "Mr", "Jonas", "Eriksen", "practitioner", "Osteopath", True),
    ("thuy", "Ms", "Thùy", "Đặng", "practitioner", "Psychologist", True),
    ("rawiri", "Mr", "Rāwiri", "Ngata", "practitioner", "Massage therapist", True),
    ("locum", "Dr", "Agnes", "Whitlock", "practitioner", "Podiatrist", True),
    ("retired", "Mr", "Colin", "Prewett", "practitioner", "Physiotherapist", False),
    ("desk", "Ms", "Dana", "Holloway", "receptionist", None, True),
    ("books", "Mr", "Pavel", "Marek", "bookkeeper", None, True),
)
_STAFF = (
    ("lead", "Beatriz", "Sá", "power receptionist"),
    ("calls", "Femke", "de Wit", "scheduler"),
)
UNMATCHED_LOGIN = "locum"
"""The active practitioner who has no user in Pipedrive."""


def build(b: Builder) -> Practice:
    """Add the practice to the account."""
    practice = Practice()
    _people(b, practice)
    _businesses(b, practice)
    b.state.settings = settings.build(b, practice.practitioners)
    return practice


def more_staff(b: Builder, practice: Practice) -> None:
    """Add those who joined last: the roles that nobody else has."""
    for login, first, last, role in _STAFF:
        practice.users[login] = b.add(
            "users",
            b.ago(400),
            first_name=first,
            last_name=last,
            email=f"{login}@harbourside.example.com",
            role=role,
            active=True,
            user_active=True,
            time_zone="Melbourne",
            time_zone_identifier="Australia/Melbourne",
            phone_numbers=[],
        )


def _people(b: Builder, practice: Practice) -> None:
    for number, (login, title, first, last, role, designation, active) in enumerate(_PEOPLE):
        joined = b.ago(FOUNDED_DAYS_AGO - 300 * number)
        changed = joined + timedelta(days=90 + number)
        west = login in {"rawiri", "locum"}
        user = b.add(
            "users",
            joined,
            changed,
            title=title,
            first_name=first,
            last_name=last,
            email=f"{login.capitalize() if number % 2 else login}@harbourside.example.com",
            role=role,
            active=active,
            user_active=active,
            time_zone="Perth" if west else "Melbourne",
            time_zone_identifier="Australia/Perth" if west else "Australia/Melbourne",
            phone_numbers=[australian_mobile(b)] if number % 2 == 0 else [],
        )
        practice.users[login] = user
        if designation is None:
            continue
        practitioner = b.add(
            "practitioners",
            joined,
            changed,
            title=title,
            first_name=first,
            last_name=last,
            label=f"{title} {first} {last}",
            display_name=f"{first} {last}",
            designation=designation,
            description=f"{designation} at Harbourside." if number % 2 else "",
            active=active,
            show_in_online_bookings=active,
            user_id=user["id"],
        )
        practice.practitioners.append(practitioner)
        b.add(
            "practitioner_reference_numbers",
            joined,
            name="Provider number",
            reference_number=f"{4000000 + number}X",
            practitioner_id=practitioner["id"],
        )


def _businesses(b: Builder, practice: Practice) -> None:
    places = (
        ("Harbourside Fitzroy", "Fitzroy", "VIC", "3065", "Melbourne", "Australia/Melbourne"),
        ("Harbourside Fremantle", "Fremantle", "WA", "6160", "Perth", "Australia/Perth"),
        ("Harbourside Ponsonby", "Auckland", "", "1011", "Auckland", "Pacific/Auckland"),
    )
    for number, (name, city, state, post_code, label, zone) in enumerate(places):
        closed = zone == "Pacific/Auckland"
        since = b.ago(FOUNDED_DAYS_AGO - 200 * number)
        row = b.add(
            "businesses",
            since,
            since + timedelta(days=30),
            business_name=name,
            display_name=name,
            label=name,
            business_registration_name="NZBN" if closed else "ABN",
            business_registration_value="00 000 000 000",
            address_1=f"{12 + number} Station Street",
            address_2="",
            city=city,
            state=state,
            post_code=post_code,
            country="New Zealand" if closed else "Australia",
            country_code="NZ" if closed else "AU",
            time_zone=label,
            time_zone_identifier=zone,
            email_reply_to="desk@harbourside.example.com",
            website_address="https://harbourside.example.com",
            contact_information="Ring the bell twice.",
            additional_information="",
            appointment_reminders_enabled=not closed,
            show_in_online_bookings=not closed,
            archived_at=stamp(b.ago(1500)) if closed else None,
        )
        if closed:
            practice.closed_business = row
        else:
            practice.businesses.append(row)
