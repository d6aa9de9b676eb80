"""The people the practice deals with, and how they are related."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

from tap_cliniko.errors import NotVisibleError
from tap_cliniko.links import linked_id
from tap_cliniko.paging import PER_PAGE
from tap_cliniko.sample.part import linked
from tap_cliniko.schemas import (
    ARCHIVED,
    DELETED,
    anything,
    day,
    flag,
    group,
    link,
    phone_numbers,
    record,
    stamp,
    text,
    texts,
    whole,
    wholes,
)
from tap_cliniko.streams.base import ClinikoStream, IncrementalStream
from tap_cliniko.streams.content import custom_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cliniko.paging import Row


class Patients(IncrementalStream):
    """Patients, merged-away ones included: these are archived and name their survivor."""

    name = "patients"
    hidden = ("archived_at",)
    patient_filter = "id"
    in_sample = linked()
    schema = record(
        flag("accepted_email_marketing", "Consent to marketing by e-mail; null is no answer."),
        flag("accepted_privacy_policy", "Consent to the privacy policy; null is no answer."),
        flag("accepted_sms_marketing", "Consent to marketing by SMS; null is no answer."),
        text("address_1", "Street, first line."),
        text("address_2", "Street, second line."),
        text("address_3", "Street, third line."),
        text("appointment_notes", "Note shown with every appointment."),
        text("city", "City."),
        text("country", "Country by name; superseded by country_code."),
        text("country_code", "Country, ISO 3166-1 alpha-2."),
        custom_fields(
            "custom_fields",
            "Answers to the account's own fields; null when there are none.",
            answered=True,
        ),
        day("date_of_birth", "Date of birth."),
        text("dva_card_number", "Australian veterans' card."),
        text("email", "E-mail; families may share one."),
        text("emergency_contact", "Whom to call, as free text."),
        text("first_name", "First name."),
        text("gender", "Superseded by gender_identity, sex and pronouns."),
        text("gender_identity", "Gender identity, as free text."),
        text("invoice_default_to", "Addressee of invoices, often an insurer."),
        text("invoice_email", "Where invoices go if not to the patient's e-mail."),
        text("invoice_extra_information", "Text for invoices, such as a claim number."),
        text("label", "Full name as shown."),
        text("last_name", "Last name."),
        text("medicare", "Australian Medicare card number."),
        text("medicare_reference_number", "Position on the Medicare card."),
        stamp("merged_at", "When it was merged into another patient."),
        text("notes", "Notes."),
        text("occupation", "Occupation."),
        text("old_reference_id", "Id in the system used before Cliniko."),
        phone_numbers("patient_phone_numbers"),
        text("post_code", "Post code."),
        text("preferred_first_name", "Name to use."),
        group(
            "pronouns",
            "Pronouns.",
            text("nominative", "As in they."),
            text("accusative", "As in them."),
            text("pronominal_possessive", "As in their."),
            text("predicative_possessive", "As in theirs."),
            text("reflexive", "As in themself."),
        ),
        flag("receives_cancellation_emails", "Whether cancellations are mailed."),
        flag("receives_confirmation_emails", "Whether confirmations are mailed."),
        text("referral_source", "Where the patient came from, by label; see referral_sources."),
        text("reminder_type", "Kind of reminders.", "None", "SMS", "Email", "SMS & Email"),
        wholes("reminders_communication_channels", "Ways of reminding: 1 SMS, 2 Email."),
        anything("reminders_communication_channels_description", "The same in words."),
        wholes("follow_ups_communication_channels", "Ways of following up: 1 SMS, 2 Email."),
        anything("follow_ups_communication_channels_description", "The same in words."),
        text("sex", "Sex, as free text."),
        text("state", "State."),
        text("time_zone", "Time zone, IANA, if not the practice's."),
        text("title", "Title."),
        link("concession_type", "Concession."),
        link("latest_booking", "Booking made last."),
        link("merged_with_patient", "The patient this one was merged into."),
        link("referring_doctor", "The contact who referred the patient."),
        ARCHIVED,
        DELETED,
    )


class Relationships(IncrementalStream):
    """Relations between two patients, seen from one of them.

    Cliniko does not filter by the other one, so a merge makes the whole list be read again.
    """

    name = "relationships"
    hidden = ("archived_at",)
    patient_filter = "patient_id"
    whole_after_merges = True
    schema = record(
        whole(
            "relation",
            "What the related patient is: 10 parent, 20 child, 30 sibling, 40 spouse, 50 partner, "
            "60 relative, 70 other.",
        ),
        text("relation_description", "The same in words."),
        link("patient", "The patient."),
        link("related_patient", "The related patient."),
        ARCHIVED,
    )


class Contacts(IncrementalStream):
    """Doctors, payers and others."""

    name = "contacts"
    hidden = ("archived_at", "deleted_at")
    in_sample = linked()
    schema = record(
        text("address_1", "Street, first line."),
        text("address_2", "Street, second line."),
        text("address_3", "Street, third line."),
        text("city", "City."),
        text("company_name", "Company."),
        text("country", "Country by name."),
        text("country_code", "Country, ISO 3166-1 alpha-2."),
        text("doctor_type", "Kind of doctor.", "general_practitioner", "specialist"),
        text("email", "E-mail."),
        text("first_name", "First name."),
        text("last_name", "Last name."),
        text("notes", "Notes."),
        text("occupation", "Occupation."),
        phone_numbers("phone_numbers"),
        text("post_code", "Post code."),
        text("preferred_name", "Name to use."),
        text("provider_number", "Number as a health provider."),
        text("state", "State."),
        text("title", "Title."),
        text("type", "Kind.", "Doctor", "3rd Party Payer", "Standard"),
        whole("type_code", "Kind: 0 standard, 1 doctor, 2 payer."),
        ARCHIVED,
        DELETED,
    )


class ReferralSourceTypes(ClinikoStream):
    """Ways patients find the practice."""

    name = "referral_source_types"
    hidden = ("archived_at",)
    schema = record(
        text("name", "Name."),
        text("referrer_type", "Who can be named as referrer.", "Contact", "Patient"),
        texts("subcategories", "Finer choices."),
        ARCHIVED,
    )


class ReferralSources(IncrementalStream):
    """How each patient found the practice."""

    name = "referral_sources"
    hidden = ("archived_at",)
    patient_filter = "patient_id"
    in_sample = linked(patients="patient_id")
    schema = record(
        text("notes", "Notes."),
        text("referrer_type", "What referrer_id leads to.", "Patient", "Contact"),
        text("subcategory", "Finer choice."),
        link("patient", "The patient who was referred."),
        link("referral_source_type", "The way."),
        link("referrer", "The patient or contact who referred."),
        ARCHIVED,
    )

    def having(self, column: str, values: Sequence[str]) -> Iterator[list[Row]]:
        """Read the sources of some patients: the list has no filter for them."""
        if column != "patient_id":
            yield from super().having(column, values)
        elif math.ceil((self.peek().total or 0) / PER_PAGE) <= len(values):
            wanted = set(values)
            for page in self.pages():
                yield [row for row in page if linked_id(row.get("patient") or {}) in wanted]
        else:
            for number in values:
                with suppress(NotVisibleError):  # HTTP 404: nothing is known of this one
                    path = f"/patients/{number}/referral_source"
                    yield [self._cliniko.client.get(path, self.lifted())]

    def of_patients(self, patients: Sequence[str]) -> Iterator[list[Row]]:
        """Read the sources of some patients, and those that name one of them as referrer."""
        yield from super().of_patients(patients)
        yield from self.having("referrer_id", patients)
