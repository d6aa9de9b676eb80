"""Appointments, their kinds, and who attends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.paging import by_id
from tap_cliniko.sample.part import linked
from tap_cliniko.schemas import (
    ARCHIVED,
    CANCELLED,
    DELETED,
    Field,
    decimal,
    flag,
    ids,
    link,
    record,
    repeat_rule,
    stamp,
    text,
    whole,
)
from tap_cliniko.streams.base import ClinikoStream, IncrementalStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cliniko.paging import Row

_CANCELLATION: tuple[Field, ...] = (
    text("cancellation_note", "Note made on cancelling."),
    whole(
        "cancellation_reason",
        "10 feeling better, 20 condition worse, 30 sick, 31 COVID-19 related, 40 away, 50 other, "
        "60 work.",
    ),
    text("cancellation_reason_description", "The same in words; empty when not cancelled."),
)

_IP_ADDRESS = text("booking_ip_address", "Where it was booked online from.")

_PRACTITIONERS_CALL = text("telehealth_url", "The practitioner's way into the video call.")

_SETTLEMENT: tuple[Field, ...] = (
    whole("invoice_status", "10 open, 20 paid, 30 closed, 40 open credit; null without invoice."),
    whole("treatment_note_status", "10 draft, 90 final; null without note. More codes exist."),
)

_DISCOUNT: tuple[Field, ...] = (
    decimal("discount_percentage", "Discount in percent."),
    decimal("discounted_amount", "Discount as an amount."),
    flag("is_monetary_discount", "Whether the amount counts, and not the percentage."),
    decimal("quantity", "How many."),
)


class AppointmentTypes(ClinikoStream):
    """Kinds of appointment."""

    name = "appointment_types"
    hidden = ("archived_at",)
    schema = record(
        flag("add_deposit_to_account_credit", "Whether a deposit becomes credit."),
        ids("appointment_confirmation_template_ids", "Templates of confirmations."),
        ids("appointment_follow_up_template_ids", "Templates of follow-ups."),
        ids("appointment_reminder_template_ids", "Templates of reminders."),
        text("category", "Group it is listed under."),
        text("color", "Colour, hexadecimal."),
        decimal("deposit_price", "Deposit."),
        text("description", "Description."),
        whole("duration_in_minutes", "Length in minutes."),
        whole("max_attendees", "Most attendees; more than 1 makes it a group."),
        text("name", "Name."),
        whole("online_bookings_lead_time_hours", "Least notice for a booking online, hours."),
        flag("online_payments_enabled", "Whether it can be paid online."),
        text("online_payments_mode", "How.", "deposit_required", "optional", "required"),
        flag("show_in_online_bookings", "Whether it can be booked online."),
        flag("telehealth_enabled", "Whether it is held by video."),
        link("billable_item", "Superseded by appointment_type_billable_items."),
        link("product", "Superseded by appointment_type_products."),
        link("treatment_note_template", "Template of its notes."),
        ARCHIVED,
    )


class AppointmentTypeBillableItems(ClinikoStream):
    """What an appointment type bills. Deleting one removes its row."""

    name = "appointment_type_billable_items"
    schema = record(
        *_DISCOUNT,
        link("appointment_type", "The appointment type."),
        link("billable_item", "What is billed."),
    )


class AppointmentTypeProducts(ClinikoStream):
    """What an appointment type sells. Deleting one removes its row."""

    name = "appointment_type_products"
    schema = record(
        *_DISCOUNT,
        link("appointment_type", "The appointment type."),
        link("product", "What is sold."),
    )


class Attendees(IncrementalStream):
    """One patient in one appointment, individual or group."""

    name = "attendees"
    hidden = ("archived_at", "cancelled_at", "deleted_at")
    patient_filter = "patient_id"
    sensitive = (
        _IP_ADDRESS,
        text("cancellation_url", "Where it can be cancelled, by whoever holds the address."),
        text("telehealth_url", "The patient's way into the video call; admits whoever holds it."),
    )
    in_sample = linked(patients="patient_id", group_appointments="booking_id")
    schema = record(
        flag("arrived", "True once arrived; null until somebody says."),
        *_CANCELLATION,
        flag("email_reminder_sent", "Superseded by sent_email_reminders_count."),
        text("notes", "Notes."),
        flag("online_booking_policy_accepted", "Whether the policy was accepted on booking."),
        whole("sent_email_follow_ups_count", "Follow-ups sent by e-mail."),
        whole("sent_email_reminders_count", "Reminders sent by e-mail."),
        whole("sent_sms_follow_ups_count", "Follow-ups sent by SMS."),
        whole("sent_sms_reminders_count", "Reminders sent by SMS."),
        flag("sms_reminder_sent", "Superseded by sent_sms_reminders_count."),
        *_SETTLEMENT,
        link("booking", "The appointment: same id as the individual or group one."),
        link("patient", "The patient."),
        link("patient_case", "The case."),
        ARCHIVED,
        CANCELLED,
        DELETED,
    )


class IndividualAppointments(IncrementalStream):
    """Appointments of one patient."""

    name = "individual_appointments"
    hidden = ("archived_at", "cancelled_at", "deleted_at")
    patient_filter = "patient_id"
    sensitive = (_IP_ADDRESS, _PRACTITIONERS_CALL)
    schema = record(
        *_CANCELLATION,
        flag("did_not_arrive", "Whether the patient stayed away."),
        flag("email_reminder_sent", "Whether a reminder was sent by e-mail."),
        stamp("ends_at", "End."),
        flag("has_patient_appointment_notes", "Whether the patient has appointment notes."),
        text("notes", "Notes."),
        flag("online_booking_policy_accepted", "Whether the policy was accepted on booking."),
        flag("patient_arrived", "Whether the patient arrived."),
        text("patient_name", "The patient's name."),
        repeat_rule(),
        flag("sms_reminder_sent", "Whether a reminder was sent by SMS."),
        stamp("starts_at", "Start."),
        *_SETTLEMENT,
        link("appointment_type", "Its kind."),
        link("business", "Where."),
        link("patient", "The patient."),
        link("patient_case", "The case."),
        link("practitioner", "Who treats."),
        link("repeated_from", "The first of its series."),
        ARCHIVED,
        CANCELLED,
        DELETED,
    )


class GroupAppointments(IncrementalStream):
    """Appointments of several patients; each of them is an attendee."""

    name = "group_appointments"
    hidden = ("archived_at", "deleted_at")
    patient_filter = "patient_ids"
    sensitive = (_PRACTITIONERS_CALL,)
    in_sample = linked(found_in="attendees")
    schema = record(
        stamp("ends_at", "End."),
        whole("max_attendees", "Most attendees."),
        text("notes", "Notes."),
        ids("patient_ids", "Patients booked."),
        repeat_rule(),
        stamp("starts_at", "Start."),
        link("appointment_type", "Its kind."),
        link("business", "Where."),
        link("practitioner", "Who treats."),
        link("repeated_from", "The first of its series."),
        ARCHIVED,
        DELETED,
    )

    def of_patients(self, patients: Sequence[str]) -> Iterator[list[Row]]:
        """Read the appointments some patients are booked in, patient by patient."""
        for number in patients:
            yield from by_id(self.fetch, (*self.lifted(), f"{self.patient_filter}:~{number}"))
