"""The account's settings: single objects, as one record each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk import typing as th

from tap_cliniko.errors import ServerFaultError
from tap_cliniko.paging import Page
from tap_cliniko.schemas import (
    ID,
    Field,
    Schema,
    flag,
    group,
    ids,
    text,
    texts,
    whole,
)
from tap_cliniko.streams.base import ClinikoStream
from tap_cliniko.streams.content import custom_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cliniko.paging import Row


def _switch(name: str, description: str) -> Field:
    return group(name, description, flag("enabled", "Whether it is connected."))


_HOLDER: tuple[Field, ...] = (
    group(
        "compliance",
        "What keeps the account from a compliance it is set to.",
        flag("has_hipaa_compliance_conflicts", "Whether there is something."),
        texts("hipaa_compliance-conflict_messages", "What it is."),
    ),
    text("email_from", "Sender of the account's mail."),
    text("first_name", "First name of the account's holder."),
    text("last_name", "Last name of the account's holder."),
)

_TRACKERS: tuple[Field, ...] = (
    group(
        "adroll",
        "AdRoll.",
        text("advertiser_id", "Advertiser."),
        text("pixel_id", "Pixel."),
    ),
    group("google_analytics", "Google Analytics.", text("tracking_id", "Property.")),
    group("google_tag_manager", "Google Tag Manager.", text("container_id", "Container.")),
)

_ANONYMITY: tuple[Field, ...] = (
    flag("anonymise_appointments_on_deletion", "Whether deleting a patient blurs appointments."),
    flag("anonymise_booking_notifications", "Whether notices of bookings leave out names."),
    flag(
        "anonymise_invoices_and_payments_on_deletion",
        "Whether deleting a patient blurs invoices and payments.",
    ),
    flag("baa_requested", "Whether a business associate agreement was asked for."),
)


def _blocks(*, private: bool) -> Schema:
    """The schema of the settings.

    Args:
        private: Whether with what only roles that may view settings are shown.
    """
    return th.PropertiesList(
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
            *(_HOLDER if private else ()),
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
            *((_switch("medipass", "Medipass."),) if private else ()),
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
            ids("practitioner_order", "Order in which practitioners are shown."),
            text("privacy_policy_url", "Address of the privacy policy."),
            flag("require_patient_address", "Whether an address must be given."),
            flag("show_appointment_duration", "Whether durations are shown."),
            flag("show_prices", "Whether prices are shown."),
            *(_TRACKERS if private else ()),
        ),
        group(
            "online_payments", "Payments online.", flag("activated", "Whether they are possible.")
        ),
        custom_fields(
            "patient_custom_fields_definition",
            "The account's own patient fields: order, kinds and options.",
            answered=False,
        ),
        group(
            "patient_privacy",
            "Privacy.",
            text("browser_title_name_format", "How patients are named in window titles."),
            text("ical_patient_name_option", "How patients are named in calendar feeds."),
            flag("prevent_sending_financial_data_by_email", "Whether amounts stay out of e-mail."),
            flag("requires_hipaa_compliance", "Whether HIPAA applies."),
            *(_ANONYMITY if private else ()),
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


class PublicSettings(ClinikoStream):
    """Settings of the account that every user may see, as one record."""

    name = "public_settings"
    path = "/settings/public"
    schema = _blocks(private=False)

    def read(self) -> Iterator[Row]:
        """Read the one object; its account's id becomes its own."""
        settings = self._cliniko.client.get(self.path)
        account = settings.get("account")
        if not isinstance(account, dict) or account.get("id") is None:
            raise ServerFaultError(f"{self.path}: Cliniko answered without the account's id")
        yield self.shape({"id": account["id"], **settings})

    def peek(self, sort: str = "", filters: tuple[str, ...] | None = None) -> Page:  # noqa: ARG002 - there is one
        """The one object."""
        return Page([self._cliniko.client.get(self.path)], more=False, total=1)


class Settings(PublicSettings):
    """All settings of the account, as one record; only some roles may see them."""

    name = "settings"
    path = "/settings"
    schema = _blocks(private=True)
