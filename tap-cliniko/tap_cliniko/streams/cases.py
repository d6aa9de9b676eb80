"""Why patients come, and come again: cases and recalls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.errors import RefusedQueryError
from tap_cliniko.links import linked_id
from tap_cliniko.paging import by_number
from tap_cliniko.sample.part import OF_PATIENTS
from tap_cliniko.schemas import (
    ARCHIVED,
    day,
    decimal,
    flag,
    ids,
    link,
    record,
    stamp,
    text,
    whole,
)
from tap_cliniko.streams.base import ClinikoStream, IncrementalStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cliniko.paging import Row


class PatientCases(IncrementalStream):
    """Cases: what a patient is treated for, often on a referral."""

    name = "patient_cases"
    hidden = ("archived_at",)
    patient_filter = "patient_id"
    schema = record(
        ids("attendee_ids", "Attendees that belong to it."),
        flag("closed", "Superseded by closed_at."),
        stamp("closed_at", "When it was closed; null while it is open."),
        day("expiry_date", "Until when it counts."),
        flag("include_cancelled_attendees", "Whether cancelled ones count as sessions."),
        flag("include_dna_attendees", "Whether those who stayed away count as sessions."),
        day("issue_date", "Since when it counts."),
        decimal("max_invoiceable_amount", "Most that may be invoiced."),
        whole("max_sessions", "Most sessions."),
        text("name", "Name."),
        text("notes", "Notes."),
        flag("referral", "Whether the patient was referred."),
        text("referral_type", "Scheme of the referral.", "dva", "medicare"),
        link("contact", "The contact who referred the patient."),
        link("patient", "The patient."),
        ARCHIVED,
    )


class _NewerThanTheDocs(ClinikoStream):
    """A list that Cliniko serves since 2026 but does not describe; not every account has it.

    It is taken to know the filters that all lists know; should it refuse them, it is read by page
    numbers, and then without archived rows.
    """

    not_everywhere = True
    hidden = ("archived_at",)

    def pages(self) -> Iterator[list[Row]]:
        """Read the whole list, page by page."""
        try:
            yield from super().pages()
        except RefusedQueryError:
            self.logger.info("%s: read by page numbers, without archived rows", self.name)
            self.is_whole = False
            yield from self._by_number()

    def having(self, column: str, values: Sequence[str]) -> Iterator[list[Row]]:
        """Read the rows with some ids; out of all rows when the list refuses the filter."""
        try:
            yield from super().having(column, values)
        except RefusedQueryError:
            name, wanted = column.removesuffix("_id"), set(values)
            for page in self._by_number():
                yield [row for row in page if linked_id(row.get(name) or {}) in wanted]

    def _by_number(self) -> Iterator[list[Row]]:
        return by_number(self.fetch, lambda row: row["id"])


class RecallTypes(_NewerThanTheDocs):
    """Reasons for calling a patient in again."""

    name = "recall_types"
    schema = record(text("name", "Name."), ARCHIVED)


class Recalls(_NewerThanTheDocs):
    """Days on which patients are to be called in again, the past ones included."""

    name = "recalls"
    in_sample = OF_PATIENTS
    schema = record(
        text("notes", "Notes."),
        day("recall_at", "The day."),
        stamp("recalled_at", "When the patient was called in; null until then."),
        link("patient", "The patient."),
        link("recall_type", "Why."),
        ARCHIVED,
    )
