"""Changes a clinic makes while it runs: what people type into Cliniko between two migrations.

Each edit takes an optional `id` and else chooses a fitting record, the same one each time. Stamps
are the server's clock. `updated_at` moves as the Cliniko docs show it: archiving notes, invoices,
alerts, patients and appointment types leaves it alone, and so does cancelling, of which nothing is
known; `bump: true` or `false` says otherwise.
"""

from __future__ import annotations

from sandbox.edits import (
    appointments,
    clinical,
    groups,
    messages,
    money,
    people,
    practice,
    records,
    removal,
)
from sandbox.edits.core import EDITS, Change, EditError, apply

__all__ = [
    "EDITS",
    "Change",
    "EditError",
    "apply",
    "appointments",
    "clinical",
    "groups",
    "messages",
    "money",
    "people",
    "practice",
    "records",
    "removal",
]
