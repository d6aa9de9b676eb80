"""What the optional mapping files ask for, in words of their own, as `sandbox.check` has it.

Each file that is switched on adds its sections to the report; the rows that bear its sign are then
no strangers. What a file leaves to Pipedrive, such as a deal's value, is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check.optional import billed, cases, contacts, forms, recalls, relationships
from sandbox.check.optional.signs import NAMES, Signs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.people import People
    from sandbox.check.report import Section
    from sandbox.check.settings import Settings

__all__ = ["NAMES", "Signs", "compare"]


def compare(
    clinic: Clinic, account: Account, settings: Settings, people: People
) -> Iterator[Section]:
    """Compare what the files that are switched on ask for; nothing when none is."""
    on = settings.optional
    if "contacts" in on:
        yield from contacts.compare(clinic, account, settings)
    if "patient_cases" in on:
        yield from cases.compare(clinic, account, settings, people)
    if "deal_products" in on:
        yield billed.compare(clinic, account, settings, people)
    if "recalls" in on:
        yield recalls.compare(clinic, account, settings, people)
    if "patient_forms" in on:
        yield forms.compare(clinic, account, settings, people)
    if "relationships" in on:
        yield relationships.compare(clinic, account, settings, people)
