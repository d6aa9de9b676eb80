"""Recalls as activities that last all day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.check import footer, html_text
from sandbox.check.clinic import removed
from sandbox.check.optional import rows
from sandbox.check.optional.rows import Wanted
from sandbox.check.optional.signs import ACTIVITIES
from sandbox.check.values import OneOf, Row, instant, squeezed, text

if TYPE_CHECKING:
    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.people import People
    from sandbox.check.report import Section
    from sandbox.check.settings import Settings

_LABELS = ("Status", ACTIVITIES["recalls"])


def compare(clinic: Clinic, account: Account, settings: Settings, people: People) -> Section:
    """Compare all recalls with the activities they became."""
    kept: set[str] = set()
    if settings.when_removed == "keep":
        kept = {str(row["id"]) for row in clinic.rows("recalls") if removed(row)}
    wanted = []
    for recall in clinic.live("recalls"):
        patient = clinic.patient(recall)
        if not people.takes(patient):
            continue
        kind = clinic.linked(recall, "recall_type", "recall_types") or {}
        wanted.append(
            Wanted(
                str(recall["id"]),
                {
                    "subject": squeezed(kind.get("name")) or "Recall",
                    "type": "call",
                    "due": (text(recall.get("recall_at")), None, None),
                    "done": bool(recall.get("recalled_at")),
                    "busy": False,
                    "owner_id": settings.owner(account),
                    "participants": ((people.ids.get(patient or "", "missing"), True),),
                    "note": _lines(recall),
                    "Status": _status(clinic, recall),
                },
            )
        )
    found = rows.by_line(account.live("activities"), "note", ACTIVITIES["recalls"])
    return rows.compare("recall", wanted, found, _activity, kept)


def _lines(recall: Row) -> tuple[str, ...]:
    notes = text(recall.get("notes")) or ""
    return tuple(squeezed(line) for line in notes.split("\n") if line.strip())


def _status(clinic: Clinic, recall: Row) -> OneOf:
    called = instant(recall.get("recalled_at"))
    if called is None:
        return OneOf(("Due",))
    days = {called.astimezone(zone).date().isoformat() for zone in clinic.zones_of(None)}
    return OneOf(tuple(f"Recalled {day}" for day in sorted(days)))


def _activity(row: Row) -> dict[str, object]:
    read = footer.read(html_text.lines(row.get("note")), _LABELS)
    people = row.get("participants") or []
    return {
        "subject": row.get("subject"),
        "type": row.get("type"),
        "due": tuple(text(row.get(name)) for name in ("due_date", "due_time", "duration")),
        "done": row.get("done"),
        "busy": row.get("busy"),
        "owner_id": row.get("owner_id"),
        "participants": tuple((str(one["person_id"]), bool(one["primary"])) for one in people),
        "note": read.body,
        "Status": read.values.get("Status"),
    }
