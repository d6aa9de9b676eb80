"""The practice itself: its settings, its people and its places."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from singer_sdk import typing as th

from tap_cliniko.paging import Page, Query, Row, by_id
from tap_cliniko.schemas import (
    ARCHIVED,
    DELETED,
    ID,
    Field,
    flag,
    group,
    ids,
    link,
    phone_numbers,
    record,
    sections,
    text,
    texts,
    whole,
)
from tap_cliniko.streams.base import ClinikoStream

if TYPE_CHECKING:
    from collections.abc import Iterator


def _switch(name: str, description: str) -> Field:
    return group(name, description, flag("enabled", "Whether it is connected."))


class PublicSettings(ClinikoStream):
    """Settings of the account that every user may see, as one record."""

    name = "public_settings"
    path = "/settings/public"
    schema = th.PropertiesList(
        ID,
        group(
            "account",
            "The account.",
            text("id", "Id of the account."),
            text("name", "Name of the practice."),
            text("subdomain", "Its name in Cliniko's addresses."),
            text("country", "Country by name."),
            text("country_code", "Country, ISO 3166-1 alpha-2."),
            text("currency_symbol", "Sign of the currency; no ISO code is given."),
            flag("has_time_travelers", "Whether people of several time zones use it."),
            flag("time_zone_support", "Whether several time zones are in use."),
        ),
        group(
            "calendar",
            "Look of the calendar.",
            whole("start_hour", "First hour shown."),
            whole("end_hour", "Last hour shown."),
            flag("multiple_appointments_gap", "Whether a gap is left beside appointments."),
            flag("show_current_time_indicator", "Whether the present moment is marked."),
            whole("timeslot_height_in_pixels", "Height of a slot."),
            whole("timeslot_size_in_minutes", "Length of a slot."),
        ),
        group(
            "documents_and_printing",
            "Print-outs.",
            whole("logo_height", "Height of the logo."),
            text("logo_url", "Address of the logo."),
        ),
        group(
            "integrations",
            "Connected products.",
            _switch("mail_chimp", "Mailchimp."),
            _switch("xero", "Xero."),
        ),
        group(
            "online_bookings",
            "Rules of booking online.",
            flag("enabled", "Whether patients may book online."),
            whole("allow_bookings_days_in_advance", "How far ahead, in days."),
            flag("allow_online_bookings_time_zone_choice", "Whether patients choose a time zone."),
            whole("booking_reservation_minutes", "How long a slot is held while booking."),
            text("calendar_info", "Text beside the calendar."),
            whole("daily_bookings_limit", "Most bookings a day."),
            text("disabled_text", "Text shown while switched off."),
            text("disabled_title", "Title shown while switched off."),
            text("logo_url", "Address of the logo."),
            whole("max_appointments_per_day_segment", "Most appointments shown per part of a day."),
            whole("min_hours_advance_required_to_book", "Least notice for a booking, hours."),
            whole("min_hours_notice_for_patient_cancellation", "Least notice to cancel, hours."),
            flag("notice_enabled", "Whether the notice is shown."),
            text("notice_text", "Text of the notice."),
            text("notice_title", "Title of the notice."),
            flag("notify_practitioner_by_email", "Whether practitioners get an e-mail."),
            flag("notify_practitioner_by_sms", "Whether practitioners get an SMS."),
            text("policy", "Text patients accept."),
            texts("practitioner_order", "Order in which practitioners are shown."),
            text("privacy_policy_url", "Address of the privacy policy."),
            flag("require_patient_address", "Whether an address must be given."),
            flag("show_appointment_duration", "Whether durations are shown."),
            flag("show_prices", "Whether prices are shown."),
        ),
        group(
            "online_payments", "Payments online.", flag("activated", "Whether they are possible.")
        ),
        sections(
            "patient_custom_fields_definition",
            "The account's own patient fields: order, kinds and options.",
            text("name", "Title."),
            text("token", "What identifies the section; names can be edited and repeated."),
            flag("archived", "Whether it is out of use."),
        ),
        group(
            "patient_privacy",
            "Privacy.",
            text("browser_title_name_format", "How patients are named in window titles."),
            text("ical_patient_name_option", "How patients are named in calendar feeds."),
            flag("prevent_sending_financial_data_by_email", "Whether amounts stay out of e-mail."),
            flag("requires_hipaa_compliance", "Whether HIPAA applies."),
        ),
        group(
            "reminders",
            "Reminders.",
            text(
                "default_reminder_type",
                "Preference of a new patient.",
                "None",
                "SMS",
                "Email",
                "SMS & Email",
            ),
        ),
        group(
            "sms",
            "Text messages.",
            flag("alphanumeric_source_number_required", "Whether a sender name is needed."),
            text("default_alphanumeric_source_number", "The sender name."),
            whole("max_message_length", "Most characters."),
            whole("number_of_usable_characters_per_message", "Characters in one part."),
            flag("replies_supported", "Whether patients can answer."),
        ),
        group(
            "terminology",
            "Words in use.",
            text("patient", "What a patient is called.", "patient", "client"),
            texts("titles", "Titles to choose from."),
        ),
        group(
            "wait_list",
            "Waiting list.",
            whole("default_wait_list_expiry_period", "How long an entry stays."),
        ),
    ).to_dict()

    def read(self) -> Iterator[Row]:
        """Read the one object; its account's id becomes its own."""
        settings = self._cliniko.client.get(self.path)
        yield self.shape({"id": settings["account"]["id"], **settings})

    def peek(self, sort: str = "", filters: tuple[str, ...] | None = None) -> Page:  # noqa: ARG002 - there is one
        """The one object."""
        return Page([self._cliniko.client.get(self.path)], more=False, total=1)


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
