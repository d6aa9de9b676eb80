"""Who may ask what: key, User-Agent, requests per minute, permissions of a role."""

from __future__ import annotations

import base64
import binascii
import math
import re
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.cliniko.resource import Row
    from sandbox.cliniko.state import ClinikoState

_AGENT = re.compile(r"\S.*\([^()\s]+@[^()\s]+\.[^()\s]+\)")
_SHARD = re.compile(r"(?P<key>.+)-(?P<shard>[a-z]{2}\d{1,2})", re.IGNORECASE)

_NOTES = frozenset({"treatment_notes", "treatment_note_templates"})
_CLINICAL = _NOTES | {"patient_attachments"}
_FINANCE = frozenset({"invoices", "invoice_items", "billable_items", "products"})
_ADMINISTRATION = frozenset({"users", "settings"})
FORBIDDEN: dict[str, frozenset[str]] = {
    "administrator": frozenset(),
    "bookkeeper": _ADMINISTRATION | _CLINICAL | {"patient_forms", "medical_alerts"},
    "power receptionist": _ADMINISTRATION | _NOTES,
    "receptionist": _ADMINISTRATION | _CLINICAL,
    "scheduler": _ADMINISTRATION | _CLINICAL | _FINANCE | {"communications"},
    "practitioner": _ADMINISTRATION,
}
"""Lists that a role is refused with 403; settings of the account add finance for practitioners."""

MISSING: dict[str, frozenset[str]] = {
    role: frozenset() if role == "administrator" else frozenset({"appointment_types"})
    for role in FORBIDDEN
}
"""Lists that answer 404 to a role: what one without the right to view settings is told."""


class Refusal(Exception):
    """A request that is answered with an error.

    Attributes:
        status: The HTTP status.
        message: The `message` of the body; an empty body when left out.
        headers: Further headers.
    """

    def __init__(
        self, status: int, message: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse a caller who does not say who it is, or does not take JSON.

    Raises:
        Refusal: 403 without `NAME (mail)` as User-Agent, 406 when JSON is not accepted.
    """
    if not _AGENT.fullmatch(headers.get("user-agent", "")):
        raise Refusal(403, "Blocked: set User-Agent to NAME (contact e-mail)")
    accepted = headers.get("accept", "application/json")
    if not any(kind in accepted for kind in ("application/json", "application/*", "*/*")):
        raise Refusal(406, "Set Accept to application/json")


def authenticate(state: ClinikoState, headers: Mapping[str, str]) -> Row:
    """Return the user to whom the key of the request belongs.

    Raises:
        Refusal: 401 for no key, an unknown key, a password, a key of another shard.
    """
    scheme, _, given = headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user = password = ""
    key, shard = user, state.shard
    if match := _SHARD.fullmatch(user):
        key, shard = match["key"], match["shard"].lower()
    owner = state.keys.get(key)
    if scheme.lower() != "basic" or password or shard != state.shard or owner is None:
        raise Refusal(401, headers={"www-authenticate": 'Basic realm="Cliniko"'})
    row = state.row("users", owner)
    if not row.get("active"):
        raise Refusal(401, headers={"www-authenticate": 'Basic realm="Cliniko"'})
    return row


class Pace:
    """The limit of requests a user may send in any rolling window."""

    def __init__(self) -> None:
        """Start with no request counted."""
        self._sent: dict[int, deque[float]] = {}

    def count(self, user: int, limit: int, seconds: float) -> None:
        """Count a request; refuse it when there were `limit` in the last `seconds`.

        Raises:
            Refusal: 429 with `X-RateLimit-Reset` in UNIX seconds when there were too many.
        """
        sent = self._sent.setdefault(user, deque())
        now = time.monotonic()
        while sent and sent[0] <= now - seconds:
            sent.popleft()
        if len(sent) >= limit:
            wait = sent[0] + seconds - now if sent else seconds
            reset = math.ceil(time.time() + wait)
            raise Refusal(429, "Too many requests", {"x-ratelimit-reset": str(reset)})
        sent.append(now)


def check_permission(state: ClinikoState, user: Row, resource: str, key: int | None = None) -> None:
    """Refuse what the role of the user does not allow.

    Raises:
        Refusal: 403 with an empty body, or 404 where Cliniko hides the list itself.
    """
    role = user["role"]
    if resource == "users" and key == user["id"]:
        return
    barred = role == "practitioner" and not state.practitioner_finance and resource in _FINANCE
    if barred or resource in FORBIDDEN[role]:
        raise Refusal(403)
    if resource in MISSING[role]:
        raise Refusal(404, "Not Found")


def sees_own_notes_only(state: ClinikoState, user: Row) -> bool:
    """Say whether the account shows a user the treatment notes of nobody else."""
    return state.own_notes_only and user["role"] == "practitioner"


def visible(state: ClinikoState, user: Row, resource: str, row: Row) -> bool:
    """Say whether a role is shown a row of a list it may read; others are silently left out."""
    role = user["role"]
    if resource == "treatment_notes" and sees_own_notes_only(state, user):
        owner = state.row("practitioners", row["practitioner_id"])
        return bool(owner.get("user_id") == user["id"])
    if resource == "communications" and role != "administrator":
        return not row.get("confidential")
    if resource == "patient_forms" and role not in {"administrator", "practitioner"}:
        return not row.get("restricted_to_practitioner")
    return True
