"""The comparison as a whole: reads a dump, asks every object's module, collects the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check import (
    appointment_types,
    appointments,
    communications,
    countries,
    fields,
    files,
    notes,
    optional,
    people,
    products,
    strangers,
)
from sandbox.check.account import Account
from sandbox.check.clinic import Clinic
from sandbox.check.optional import contacts
from sandbox.check.report import Report
from sandbox.check.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sandbox.check.values import Row


def compare(  # noqa: PLR0913 - the settings of the run that is judged, one by one
    dump: Row,
    now: datetime,
    *,
    default_owner: str | None = None,
    currency: str | None = None,
    note_format: str = "html",
    when_removed: str = "delete",
    max_file_mb: float = 50,
    optional_files: Collection[str] = (),
    baseline: Row | None = None,
) -> Report:
    """Compare what stands in Pipedrive with what Cliniko's records ask for.

    Args:
        dump: `{"cliniko": {...}, "pipedrive": {...}}` as the sandbox's control API gives it.
        now: When the run took place; aware.
        default_owner: The target's setting: e-mail of an active user, None for the token's user.
        currency: The target's setting; None derives it from the account's country.
        note_format: The target's setting, `html` or `text`.
        when_removed: The target's setting, `delete` or `keep`.
        max_file_mb: The target's setting, in megabytes.
        optional_files: Optional mapping files that are switched on, such as `recalls`.
        baseline: The Pipedrive half of a dump taken before the migration. Its rows are other
            people's: never surplus, and unchanged unless adopted by the match rule. Without it
            only rows that bear our marker can be told to be surplus.

    Returns:
        The report; `ok` when nothing is missing, surplus, twice or different.

    Raises:
        ValueError: A setting that cannot be judged by: `now` without a zone, an unknown word,
            a default owner who is no active user, a currency that cannot be derived.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone, e.g. datetime.now(UTC).")
    _one_of("note_format", note_format, ("html", "text"))
    _one_of("when_removed", when_removed, ("delete", "keep"))
    clinic = Clinic(dump["cliniko"])
    account = Account(dump["pipedrive"], baseline)
    money = currency or countries.currency(clinic.country)
    if money is None:
        raise ValueError("No currency is known for the account's country: pass currency.")
    for name in optional_files:
        _one_of("each of optional_files", name, tuple(sorted(optional.NAMES)))
    chosen = frozenset(optional_files)
    settings = Settings(now, default_owner, money, note_format, when_removed, max_file_mb, chosen)
    signs = optional.Signs(account, chosen)
    adopted = contacts.adopted(account) if "contacts" in chosen else set()
    persons, standing = people.compare(clinic, account, settings, signs)
    return Report(
        [
            persons,
            appointment_types.compare(clinic, account),
            appointments.compare(clinic, account, settings, standing, signs),
            notes.compare(clinic, account, settings, standing, signs),
            products.compare(clinic, account, settings),
            files.compare(clinic, account, settings, standing),
            communications.compare(clinic, account, standing),
            *optional.compare(clinic, account, settings, standing),
            fields.compare(clinic, account, settings, standing, signs),
            strangers.compare(account, standing, adopted),
        ]
    )


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}.")
