"""The streams, in the order in which they are read: what others refer to comes first.

What sums up into a record comes before it, so that a reader can write it once and whole: the items
of an appointment type before the type, invoices and communications before the patients. What hangs
on patients comes after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.streams.appointments import (
    AppointmentTypeBillableItems,
    AppointmentTypeProducts,
    AppointmentTypes,
    Attendees,
    GroupAppointments,
    IndividualAppointments,
)
from tap_cliniko.streams.billing import BillableItems, ConcessionTypes, Invoices, Products, Taxes
from tap_cliniko.streams.clinical import MedicalAlerts, PatientAttachments, TreatmentNotes
from tap_cliniko.streams.people import (
    Communications,
    Contacts,
    Patients,
    ReferralSources,
    ReferralSourceTypes,
)
from tap_cliniko.streams.practice import Businesses, Practitioners, PublicSettings, Users

if TYPE_CHECKING:
    from tap_cliniko.streams.base import ClinikoStream

STREAMS: tuple[type[ClinikoStream], ...] = (
    PublicSettings,
    Users,
    Practitioners,
    Businesses,
    Taxes,
    ConcessionTypes,
    ReferralSourceTypes,
    Contacts,
    Products,
    BillableItems,
    AppointmentTypeBillableItems,
    AppointmentTypeProducts,
    AppointmentTypes,
    Invoices,
    Communications,
    MedicalAlerts,
    ReferralSources,
    Patients,
    Attendees,
    IndividualAppointments,
    GroupAppointments,
    TreatmentNotes,
    PatientAttachments,
)
