"""Appointment types as activity types: one active type for each name, folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check.report import Section
from sandbox.check.values import folded, text

if TYPE_CHECKING:
    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic

_ICON = "meeting"


def compare(clinic: Clinic, account: Account) -> Section:
    """Compare all appointment types, the archived ones too, with the active activity types."""
    section = Section("activity_type")
    names: dict[str, set[str]] = {}
    for row in clinic.rows("appointment_types"):
        if name := text(row.get("name")):
            names.setdefault(folded(name), set()).add(name)
    section.expected = len(names)
    before = account.before("activityTypes")
    for key, spellings in names.items():
        rows = [row for row in account.live("activityTypes") if folded(row.get("name")) == key]
        if not rows:
            section.missing.append(min(spellings))
            continue
        section.present += 1
        reused = [row for row in rows if str(row["id"]) in before]
        surplus = rows[1:] if not reused else [row for row in rows if row not in reused]
        section.duplicates += [f"{row.get('name')} (Pipedrive {row['id']})" for row in surplus]
        made = not reused and (account.has_baseline or rows[0].get("is_custom_flag"))
        if made and rows[0].get("icon_key") != _ICON:
            section.differ(None, rows[0]["id"], "icon_key", _ICON, rows[0].get("icon_key"))
        if made and text(rows[0].get("name")) not in spellings:
            section.differ(None, rows[0]["id"], "name", min(spellings), rows[0].get("name"))
    section.extra = [
        f"{row.get('name')} (Pipedrive {row['id']})"
        for row in account.live("activityTypes")
        if account.is_new("activityTypes", row) and folded(row.get("name")) not in names
    ]
    return section
