"""Writes an inventory as tables for a terminal, as Markdown or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tap_cliniko.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cliniko.inventory.model import Attachments, CustomField, Inventory, Resource

WORKS = {
    "full_read": "Reading everything",
    "delta": "A later run that finds nothing new",
    "attachments": "Downloading attachments",
}


@dataclass(frozen=True)
class _Section:
    title: str
    lines: tuple[str, ...] = ()
    table: Table | None = None


def as_json(inventory: Inventory) -> str:
    """Everything, for programs."""
    return json.dumps(asdict(inventory), indent=2, ensure_ascii=False)


def as_text(inventory: Inventory) -> str:
    """For a terminal."""
    blocks = [_title(inventory)]
    for section in _sections(inventory):
        table = [section.table.text()] if section.table else []
        blocks.append("\n".join([section.title.upper(), *section.lines, *table]))
    return "\n\n".join(blocks)


def as_markdown(inventory: Inventory) -> str:
    """For a page."""
    blocks = [f"# {_title(inventory)}"]
    for section in _sections(inventory):
        blocks += [f"## {section.title}", *section.lines]
        if section.table:
            blocks.append(section.table.markdown())
    return "\n\n".join(blocks)


FORMATS: dict[str, Callable[[Inventory], str]] = {
    "table": as_text,
    "json": as_json,
    "markdown": as_markdown,
}


def _title(inventory: Inventory) -> str:
    return f"Inventory of {inventory.subdomain or 'the account'}"


def _sections(inventory: Inventory) -> list[_Section]:
    return [
        _about(inventory),
        _resources(inventory),
        _practitioners(inventory),
        _users(inventory),
        _custom_fields(inventory),
        _attachments(inventory.attachments),
        _efforts(inventory),
    ]


def _about(inventory: Inventory) -> _Section:
    lines = [
        f"Account {inventory.account_id}, country {inventory.country_code}.",
        f"Looked at {inventory.taken_at}, with {inventory.requests} requests.",
        f"Role of the key's user: {inventory.role}.",
    ]
    if inventory.warning:
        lines.append(f"Beware: {inventory.warning}.")
    return _Section("Account", tuple(lines))


def _resources(inventory: Inventory) -> _Section:
    head = ("Stream", "Rows", "Of these hidden", "Created from", "Changed until", "Remark")
    rows = [
        (
            resource.stream,
            resource.rows,
            resource.hidden,
            _day(resource.oldest),
            _day(resource.newest),
            resource.problem or _hidden_by(resource),
        )
        for resource in inventory.resources
    ]
    readable = [resource.rows or 0 for resource in inventory.resources]
    line = f"{sum(readable):,} rows. Hidden ones are those that Cliniko's own lists leave out."
    return _Section("Resources", (line,), Table(head, rows))


def _hidden_by(resource: Resource) -> str:
    counts = resource.hidden_by or {}
    return ", ".join(
        f"{count:,} {stamp.removesuffix('_at')}" for stamp, count in counts.items() if count
    )


def _practitioners(inventory: Inventory) -> _Section:
    if inventory.practitioners is None:
        return _Section("Practitioners", ("Not visible to this key.",))
    rows = [
        (person.name, person.email, _yes(person.active), _yes(person.user_active), person.id)
        for person in inventory.practitioners
    ]
    hint = () if inventory.users else ("Their e-mails are those of users, which are not visible.",)
    return _Section(
        "Practitioners", hint, Table(("Name", "Login e-mail", "Active", "May log in", "Id"), rows)
    )


def _users(inventory: Inventory) -> _Section:
    if inventory.users is None:
        return _Section("Users", ("Not visible to this key.",))
    rows = [(group.role, group.active, group.inactive) for group in inventory.users]
    return _Section("Users", (), Table(("Role", "Active", "Inactive"), rows))


def _custom_fields(inventory: Inventory) -> _Section:
    title = "Patient fields of the account"
    custom = inventory.custom_fields
    if custom is None:
        return _Section(title, ("Not visible to this key.",))
    if not custom.fields:
        return _Section(title, ("None.",))
    sample = f"Looked at {custom.patients_sampled:,} of {custom.patients:,} patients."
    rows = [
        (
            field.section,
            field.name,
            field.type,
            field.filled,
            f"{100 * field.filled / custom.patients_sampled:.0f} %"
            if custom.patients_sampled
            else None,
            _remark(field),
            " · ".join(field.options),
        )
        for field in custom.fields
    ]
    head = ("Section", "Field", "Type", "Filled in", "Share", "Remark", "Options")
    return _Section(title, (sample,), Table(head, rows))


def _remark(field: CustomField) -> str:
    return ", ".join(
        remark
        for remark, holds in (
            ("archived", field.archived),
            ("no longer defined", not field.defined),
        )
        if holds
    )


def _attachments(attachments: Attachments | None) -> _Section:
    if attachments is None:
        return _Section("Attachments", ("Not visible to this key.",))
    how = (
        "added up" if attachments.exact else f"reckoned from {attachments.files_sampled:,} of them"
    )
    lines = (
        f"{attachments.files:,} files, {_megabytes(attachments.bytes)} ({how}).",
        f"The largest has {_megabytes(attachments.largest or 0)}.",
        f"Larger than {_megabytes(attachments.large_bytes)}: {attachments.large:,}.",
    )
    return _Section("Attachments", lines)


def _efforts(inventory: Inventory) -> _Section:
    rows = [
        (WORKS[effort.work], effort.requests, f"{effort.minutes:.1f}")
        for effort in inventory.efforts
    ]
    line = f"About, at {inventory.requests_per_minute} requests a minute."
    return _Section(
        "What it asks of Cliniko", (line,), Table(("Work", "Requests", "Minutes"), rows)
    )


def _day(stamp: str | None) -> str | None:
    return stamp[:10] if stamp else None


def _yes(value: bool | None) -> str | None:  # noqa: FBT001 - it is what is shown
    return None if value is None else "yes" if value else "no"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
