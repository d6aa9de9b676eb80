"""Asks Cliniko what an inventory says. Counts come from the envelopes of one-row pages.

No row of a patient leaves this module, but for what `custom_fields` counts in it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from tap_cliniko.errors import NotVisibleError, RefusedQueryError
from tap_cliniko.inventory.custom_fields import described
from tap_cliniko.inventory.effort import efforts
from tap_cliniko.inventory.model import (
    LARGE_BYTES,
    VERSION,
    Attachments,
    CustomFields,
    Inventory,
    Practitioner,
    Resource,
    UserGroup,
)
from tap_cliniko.paging import PER_PAGE, Query
from tap_cliniko.stamps import written
from tap_cliniko.streams.clinical import PatientAttachments
from tap_cliniko.streams.people import Patients
from tap_cliniko.streams.practice import Practitioners, Users
from tap_cliniko.visibility import Refusal, silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cliniko.paging import Page, Row
    from tap_cliniko.streams.base import ClinikoStream
    from tap_cliniko.tap import TapCliniko


def gather(tap: TapCliniko, sample_pages: int) -> Inventory:
    """Take the inventory of an account.

    Args:
        tap: The tap, for its settings, client and streams.
        sample_pages: Most pages of 100 rows to read of patients, and of attachments.

    Raises:
        TapClinikoError: One of its kinds, when Cliniko does not answer.
    """
    client = tap.client
    before = client.requests
    first_contact = client.account
    streams = cast("dict[str, ClinikoStream]", tap.streams)
    settings = client.get("/settings/public")  # those that every user may see
    account = settings.get("account") or {}
    resources = {name: _resource(stream, first_contact.role) for name, stream in streams.items()}
    users = _all(streams[Users.name], resources)
    roster = _roster(_all(streams[Practitioners.name], resources), users)
    if roster is not None:
        inactive = sum(person.active is False for person in roster)
        resources[Practitioners.name] = replace(
            resources[Practitioners.name], hidden=inactive, hidden_by={"inactive": inactive}
        )
    definition = settings.get("patient_custom_fields_definition") or {}
    fields = _custom_fields(streams[Patients.name], resources, definition, sample_pages)
    attachments = _attachments(streams[PatientAttachments.name], resources, sample_pages)
    return Inventory(
        version=VERSION,
        taken_at=written(datetime.fromtimestamp(first_contact.clock, UTC)),
        account_id=_text(account.get("id")),
        subdomain=account.get("subdomain"),
        country_code=account.get("country_code"),
        role=first_contact.role,
        warning=silence(first_contact.role),
        resources=list(resources.values()),
        practitioners=roster,
        users=_user_groups(users),
        custom_fields=fields,
        attachments=attachments,
        efforts=efforts(
            streams, resources, attachments, per_minute=tap.settings.requests_per_minute
        ),
        requests_per_minute=tap.settings.requests_per_minute,
        requests=client.requests - before,
    )


def _resource(stream: ClinikoStream, role: str) -> Resource:
    dated = "created_at" in stream.schema["properties"]
    try:
        first = (
            _unless_refused(stream, "created_at" if dated else "")
            or _unless_refused(stream)
            or stream.peek(filters=())
        )
    except NotVisibleError as fault:
        return Resource(stream.name, problem=Refusal.of(stream, fault, role).reason)
    if not first.total:
        return Resource(stream.name, rows=first.total, hidden=0, hidden_by={})
    last = _unless_refused(stream, "updated_at:desc") if dated else None
    hidden, by = _hidden(stream, first.total)
    return Resource(
        stream.name,
        rows=first.total,
        hidden=hidden,
        hidden_by=by,
        oldest=min(_stamps(first, "created_at"), default=None),
        newest=max(_stamps(last, "updated_at"), default=None),
    )


def _hidden(stream: ClinikoStream, total: int) -> tuple[int | None, dict[str, int] | None]:
    """How many rows are hidden, and by which stamp; None where Cliniko does not filter so."""
    by = {}
    for stamp in stream.hidden:
        page = _unless_refused(stream, "", (*stream.lifted(but=stamp), f"{stamp}:?"))
        if page is None or page.total is None:
            return None, None
        by[stamp] = page.total
    if sum(by.values()) and len(by) > 1:  # a row may bear several stamps
        return total - (stream.peek(filters=()).total or 0), by
    return sum(by.values()), by


def _unless_refused(
    stream: ClinikoStream, sort: str = "", filters: tuple[str, ...] | None = None
) -> Page | None:
    """The first row of an order; None when Cliniko does not sort or filter this list so."""
    try:
        return stream.peek(sort, filters)
    except RefusedQueryError:
        return None


def _stamps(page: Page | None, name: str) -> Iterator[str]:
    return (row[name] for row in (page.rows if page else ()) if row.get(name))


def _all(stream: ClinikoStream, resources: dict[str, Resource]) -> list[Row] | None:
    """All records of a small stream; None when it cannot be read."""
    return None if resources[stream.name].problem else list(stream.read())


def _roster(practitioners: list[Row] | None, users: list[Row] | None) -> list[Practitioner] | None:
    if practitioners is None:
        return None
    logins = {user["id"]: user for user in users or []}
    roster = []
    for row in practitioners:
        login = logins.get(row.get("user_id") or "", {})
        roster.append(
            Practitioner(
                id=row["id"],
                name=row.get("display_name") or row.get("label"),
                email=login.get("email"),
                active=row.get("active"),
                user_id=row.get("user_id"),
                user_active=login.get("active"),
            )
        )
    return sorted(roster, key=lambda person: (not person.active, person.name or ""))


def _user_groups(users: list[Row] | None) -> list[UserGroup] | None:
    if users is None:
        return None
    groups = Counter((user.get("role") or "unknown", bool(user.get("active"))) for user in users)
    return [
        UserGroup(role, groups[role, True], groups[role, False])
        for role in sorted({role for role, _ in groups})
    ]


def _custom_fields(
    stream: ClinikoStream,
    resources: dict[str, Resource],
    definition: dict[str, Any],
    sample_pages: int,
) -> CustomFields | None:
    resource = resources[stream.name]
    if resource.problem:
        return None
    rows = resource.rows or 0
    patients = _sample(stream, stream.lifted(), rows, sample_pages)
    held = [row["custom_fields"] for row in patients.values() if row.get("custom_fields")]
    return CustomFields(len(patients), rows, described(definition, held))


def _attachments(
    stream: ClinikoStream, resources: dict[str, Resource], sample_pages: int
) -> Attachments | None:
    """Sizes of the files that are there: Cliniko removes the content of archived ones."""
    if resources[stream.name].problem:
        return None
    files = stream.peek(filters=()).total or 0
    sampled = [row.get("size") or 0 for row in _sample(stream, (), files, sample_pages).values()]
    exact = files <= sample_pages * PER_PAGE
    size = sum(sampled) if exact else round(sum(sampled) / max(len(sampled), 1) * files)
    return Attachments(
        files=files,
        bytes=size,
        exact=exact,
        files_sampled=len(sampled),
        largest=max(sampled, default=None) if exact else _largest(stream, sampled),
        large=stream.peek(filters=(f"size:>{LARGE_BYTES}",)).total or 0,
    )


def _largest(stream: ClinikoStream, sampled: list[int]) -> int | None:
    """The largest file of all; that of the sample when Cliniko does not sort by size."""
    page = _unless_refused(stream, "size:desc", ("size:>0",))
    return max([*sampled, *(row["size"] for row in (page.rows if page else ()))], default=None)


def _sample(
    stream: ClinikoStream, filters: tuple[str, ...], rows: int, most: int
) -> dict[str, Row]:
    """Rows by id, out of pages spread evenly over a list: all of it when it is short.

    Pages are asked for by number, though rows may shift meanwhile: a sample may do that.
    """
    count = -(-rows // PER_PAGE)
    taken = {
        1 + number * (count - 1) // max(min(most, count) - 1, 1)
        for number in range(min(most, count))
    }
    found: dict[str, Row] = {}
    for number in sorted(taken):
        for row in stream.fetch(Query(filters, "id", page=number)).rows:
            found[row["id"]] = row
    return found


def _text(value: object) -> str | None:
    return None if value is None else str(value)
