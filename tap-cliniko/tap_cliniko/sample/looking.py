"""Looking into a clinic's lists for patients worth having in a sample.

A look is a page or two, so what it shows need not be all there is in the clinic.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from tap_cliniko.links import linked_id
from tap_cliniko.paging import PER_PAGE, Query
from tap_cliniko.sample.variety import (
    LARGE_FILES,
    Trait,
    length,
    of_patient,
    of_record,
    patients_of,
    sharing_an_email,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cliniko.paging import Page, Row
    from tap_cliniko.sample.variety import Order
    from tap_cliniko.streams.base import ClinikoStream

PATIENT_PAGES = 3

PAGES = {
    "individual_appointments": 3,
    "group_appointments": 1,
    "invoices": 2,
    "treatment_notes": 2,
    "communications": 2,
    "referral_sources": 1,
    "medical_alerts": 1,
    "patient_cases": 1,
    "patient_forms": 1,
    "patient_attachments": 1,
    "relationships": 1,
    "recalls": 1,
}
"""How many pages to look at in each list that hangs on patients."""

INVOICE_STATES = (10, 20, 30, 40)
"""Open, paid, closed, open credit (official OpenAPI, invoice status)."""


class Findings:
    """What was seen of patients.

    Args:
        order: Order of chance, by which pages are taken that are as good as others.

    Attributes:
        rows: Rows of patients by id.
        traits: What speaks for a patient, by id.
        total: How many patients there are.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self.rows: dict[str, Row] = {}
        self.traits: defaultdict[str, set[Trait]] = defaultdict(set)
        self.total = 0

    def look_at_patients(self, stream: ClinikoStream, at_least: int) -> None:
        """Look at some pages of patients, and at archived ones, who are rare.

        Raises:
            NotVisibleError: When patients are not visible.
        """
        for number, page in enumerate(self._pages(stream), 1):
            self.total = max(self.total, page.total or len(page.rows))
            self.see(page.rows)
            if number >= PATIENT_PAGES and len(self.rows) >= at_least:
                break
        self.see(stream.fetch(Query(("archived_at:?",), "id")).rows)
        for patient in sharing_an_email(self.rows.values(), self._order):
            self.traits[patient].add(("shared e-mails", patient))

    def look_at_records(self, stream: ClinikoStream) -> None:
        """Look at some pages of a list that hangs on patients, and for what is rare in it.

        Raises:
            NotVisibleError: When the list is not visible.
        """
        rows = [
            row for page in islice(self._pages(stream), PAGES[stream.name]) for row in page.rows
        ]
        if stream.name == "invoices":
            for state in INVOICE_STATES:
                if all(row.get("status") != state for row in rows):
                    rows += self._one(stream, f"status:={state}", *stream.lifted())
        elif stream.name == "patient_attachments":
            found = (self._one(stream, f"size:>{least}") for least in LARGE_FILES)
            rows += next(filter(None, found), [])
        elif stream.name == "treatment_notes" and rows:
            longest = max(rows, key=lambda row: (length(row), int(row["id"])))
            self._note(longest, [("longest notes", True)])
        for row in rows:
            self._note(row, of_record(stream.name, row))

    def ask(self, stream: ClinikoStream, column: str, value: str) -> None:
        """Ask for one row with a value and note what it shows.

        Raises:
            NotVisibleError: When the list is not visible.
        """
        for row in self._one(stream, f"{column}:={value}", *stream.lifted()):
            self._note(row, of_record(stream.name, row))

    def see(self, patients: Iterable[Row]) -> None:
        """Note what rows of patients show."""
        for row in patients:
            number = str(row["id"])
            self.rows[number] = row
            self.traits[number].update(of_patient(row))
            if (survivor := linked_id(row.get("merged_with_patient") or {})) is not None:
                self.traits[survivor].add(("survivors of merges", True))

    def _note(self, row: Row, traits: Iterable[Trait]) -> None:
        shown = set(traits)
        for patient in patients_of(row):
            self.traits[patient] |= shown

    @staticmethod
    def _one(stream: ClinikoStream, *filters: str) -> list[Row]:
        return stream.peek("id", filters).rows

    def _pages(self, stream: ClinikoStream) -> Iterator[Page]:
        """The first page, the last, then the others as chance orders them."""
        first = stream.fetch(Query(stream.lifted(), "id"))
        yield first
        last = math.ceil((first.total or 0) / PER_PAGE)
        for number in [last, *sorted(range(2, last), key=self._order)] if last > 1 else []:
            yield stream.fetch(Query(stream.lifted(), "id", page=number))
