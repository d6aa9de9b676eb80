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
from tap_cliniko.streams.availability import (
    AvailabilityBlocks,
    DailyAvailabilities,
    UnavailableBlocks,
    UnavailableBlockTypes,
)
from tap_cliniko.streams.billing import (
    BillableItems,
    ConcessionPrices,
    ConcessionTypes,
    InvoiceItems,
    Invoices,
    Taxes,
)
from tap_cliniko.streams.cases import PatientCases, Recalls, RecallTypes
from tap_cliniko.streams.clinical import MedicalAlerts, PatientAttachments, TreatmentNotes
from tap_cliniko.streams.communications import Communications
from tap_cliniko.streams.forms import PatientForms, PatientFormTemplates, TreatmentNoteTemplates
from tap_cliniko.streams.goods import Products, ProductSuppliers, StockAdjustments
from tap_cliniko.streams.people import (
    Contacts,
    Patients,
    ReferralSources,
    ReferralSourceTypes,
    Relationships,
)
from tap_cliniko.streams.practice import (
    Businesses,
    PractitionerReferenceNumbers,
    Practitioners,
    Services,
    User,
    Users,
)
from tap_cliniko.streams.settings import PublicSettings, Settings

if TYPE_CHECKING:
    from tap_cliniko.streams.base import ClinikoStream

STREAMS: tuple[type[ClinikoStream], ...] = (
    PublicSettings,
    Settings,
    User,
    Users,
    Practitioners,
    Businesses,
    PractitionerReferenceNumbers,
    Taxes,
    ConcessionTypes,
    ReferralSourceTypes,
    RecallTypes,
    TreatmentNoteTemplates,
    PatientFormTemplates,
    UnavailableBlockTypes,
    UnavailableBlocks,
    AvailabilityBlocks,
    DailyAvailabilities,
    Contacts,
    ProductSuppliers,
    Products,
    StockAdjustments,
    BillableItems,
    ConcessionPrices,
    AppointmentTypeBillableItems,
    AppointmentTypeProducts,
    AppointmentTypes,
    Services,
    Invoices,
    InvoiceItems,
    Communications,
    MedicalAlerts,
    ReferralSources,
    Patients,
    Relationships,
    PatientCases,
    Recalls,
    Attendees,
    IndividualAppointments,
    GroupAppointments,
    PatientForms,
    TreatmentNotes,
    PatientAttachments,
)
