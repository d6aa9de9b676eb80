"""The practice itself: its people, its places and what is offered there."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from singer_sdk import typing as th

from tap_cliniko.links import is_link, linked_id
from tap_cliniko.paging import Page, Query, Row, by_id, by_number
from tap_cliniko.schemas import (
    ARCHIVED,
    DELETED,
    flag,
    ids,
    key_link,
    link,
    phone_numbers,
    record,
    text,
)
from tap_cliniko.streams.base import ClinikoStream

if TYPE_CHECKING:
    from collections.abc import Iterator


class Users(ClinikoStream):
    """People who log in. The only place where a practitioner's e-mail stands."""

    name = "users"
    schema = record(
        flag("active", "False once deactivated."),
        text("email", "Login e-mail."),
        text("first_name", "First name."),
        text("last_name", "Last name."),
        phone_numbers("phone_numbers"),
        text(
            "role",
            "What the user may do.",
            "administrator",
            "bookkeeper",
            "power receptionist",
            "practitioner",
            "receptionist",
            "scheduler",
        ),
        text("time_zone", "Time zone by its label."),
        text("time_zone_identifier", "Time zone, IANA."),
        text("title", "Title."),
        flag("user_active", "Same as active."),
    )


class User(Users):
    """The user whose API key this is, alone."""

    name = "user"

    def read(self) -> Iterator[Row]:
        """Read the one object."""
        yield self.shape(self._cliniko.client.get("/user"))

    def peek(self, sort: str = "", filters: tuple[str, ...] | None = None) -> Page:  # noqa: ARG002 - there is one
        """The one object."""
        return Page([self._cliniko.client.get("/user")], more=False, total=1)


class Practitioners(ClinikoStream):
    """People who treat. The plain list leaves out the inactive ones; they have their own."""

    name = "practitioners"
    path = "/practitioners"
    schema = record(
        flag("active", "False once deactivated."),
        text("description", "Introduction shown to patients."),
        text("designation", "Profession."),
        text("display_name", "Name as shown."),
        text("first_name", "First name."),
        text("label", "Full name with title."),
        text("last_name", "Last name."),
        flag("show_in_online_bookings", "Whether patients may book online."),
        text("title", "Title."),
        link("default_appointment_type", "Appointment type offered first."),
        link("user", "Login of this practitioner."),
    )

    def read(self) -> Iterator[Row]:
        """Read both lists; whoever changes sides in between is met once."""
        seen: set[str] = set()
        pages = chain(by_id(self.fetch), by_id(self._fetch_inactive))
        for record_ in self.records(self.rows(pages)):
            if record_["id"] not in seen:
                seen.add(record_["id"])
                yield record_

    def peek(self, sort: str = "", filters: tuple[str, ...] | None = None) -> Page:
        """The first row of each list, and how many there are in both."""
        pages = [
            fetch(Query(filters or (), sort, per_page=1))
            for fetch in (self.fetch, self._fetch_inactive)
        ]
        totals = [page.total for page in pages if page.total is not None]
        rows = [row for page in pages for row in page.rows]
        return Page(rows, more=False, total=sum(totals) if len(totals) == len(pages) else None)

    def _fetch_inactive(self, query: Query) -> Page:
        return self._cliniko.client.page(f"{self.path}/inactive", self.name, query)


class PractitionerReferenceNumbers(ClinikoStream):
    """Numbers of practitioners, such as provider numbers. Deleting one removes its row."""

    name = "practitioner_reference_numbers"
    schema = record(
        text("name", "What kind of number it is."),
        text("reference_number", "The number."),
        link("business", "Where it counts; null for everywhere."),
        link("practitioner", "Whose it is."),
    )


class Businesses(ClinikoStream):
    """Places where the practice works."""

    name = "businesses"
    hidden = ("archived_at", "deleted_at")
    schema = record(
        text("additional_information", "More about the place."),
        text("additional_invoice_information", "Text for invoices."),
        text("address_1", "Street, first line."),
        text("address_2", "Street, second line."),
        flag("appointment_reminders_enabled", "Whether reminders are sent."),
        ids("appointment_type_ids", "Appointment types offered here."),
        text("business_name", "Name."),
        text("business_registration_name", "Kind of registration, such as ABN."),
        text("business_registration_value", "Registration number."),
        text("city", "City."),
        text("contact_information", "How to reach it."),
        text("country", "Country by name."),
        text("country_code", "Country, ISO 3166-1 alpha-2."),
        text("display_name", "Name as shown."),
        text("email_reply_to", "Where answers to its e-mail go."),
        text("label", "Label."),
        text("post_code", "Post code."),
        flag("show_in_online_bookings", "Whether patients may book online."),
        text("state", "State."),
        text("time_zone", "Time zone by its label."),
        text("time_zone_identifier", "Time zone, IANA."),
        text("website_address", "Website."),
        ARCHIVED,
        DELETED,
    )


class Services(ClinikoStream):
    """Who offers which appointment type where, as it is now. The rows have no id and no stamps."""

    name = "services"
    primary_keys = ("appointment_type_id", "business_id")
    schema = th.PropertiesList(
        key_link("appointment_type", "What is offered."),
        key_link("business", "Where."),
        ids("practitioner_ids", "Who offers it there."),
    ).to_dict()

    def pages(self) -> Iterator[list[Row]]:
        """Read by page numbers: this list knows neither filters nor an order."""
        self.is_whole = yield from by_number(self.fetch, self._key)

    def _key(self, row: Row) -> tuple[str, ...]:
        record_ = self.shape(row)
        return tuple(record_[name] for name in self.primary_keys)

    def shape(self, row: Row) -> Row:
        """Shape a row, its list of links becoming a list of ids."""
        record_ = super().shape(row)
        links = record_.get("practitioners", 0)
        if links is None or (isinstance(links, list) and all(map(is_link, links))):
            del record_["practitioners"]
            record_["practitioner_ids"] = links and [linked_id(link) for link in links]
        return record_
