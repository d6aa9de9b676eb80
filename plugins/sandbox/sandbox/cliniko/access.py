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
MINUTE = 60.0

_CLINICAL = frozenset({"treatment_notes", "treatment_note_templates", "patient_attachments"})
_FINANCE = frozenset({"invoices", "invoice_items"})
FORBIDDEN: dict[str, frozenset[str]] = {
    "administrator": frozenset(),
    "bookkeeper": _CLINICAL | {"users", "settings", "patient_forms", "medical_alerts"},
    "power receptionist": _CLINICAL | {"users", "settings"},
    "receptionist": _CLINICAL | {"users", "settings"},
    "scheduler": _CLINICAL | _FINANCE | {"users", "settings", "communications"},
    "practitioner": _FINANCE | {"users", "settings"},
}
"""Lists that a role is refused with 403."""

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
    """The limit of requests a user may send in any rolling minute."""

    def __init__(self) -> None:
        """Start with no request counted."""
        self._sent: dict[int, deque[float]] = {}

    def count(self, user: int, per_minute: int) -> None:
        """Count a request.

        Raises:
            Refusal: 429 with `X-RateLimit-Reset` in UNIX seconds when there were too many.
        """
        sent = self._sent.setdefault(user, deque())
        now = time.monotonic()
        while sent and sent[0] <= now - MINUTE:
            sent.popleft()
        if len(sent) >= per_minute:
            wait = sent[0] + MINUTE - now if sent else MINUTE
            reset = math.ceil(time.time() + wait)
            raise Refusal(429, "Too many requests", {"x-ratelimit-reset": str(reset)})
        sent.append(now)


def check_permission(user: Row, resource: str, key: int | None = None) -> None:
    """Refuse what the role of the user does not allow.

    Raises:
        Refusal: 403 with an empty body, or 404 where Cliniko hides the list itself.
    """
    role = user["role"]
    if resource == "users" and key == user["id"]:
        return
    if resource in FORBIDDEN[role]:
        raise Refusal(403)
    if resource in MISSING[role]:
        raise Refusal(404, "Not Found")


def visible(state: ClinikoState, user: Row, resource: str, row: Row) -> bool:
    """Say whether a role is shown a row of a list it may read; others are silently left out."""
    role = user["role"]
    if resource == "treatment_notes" and role == "practitioner":
        owner = state.row("practitioners", row["practitioner_id"])
        return bool(owner.get("user_id") == user["id"])
    if resource == "communications" and role != "administrator":
        return not row.get("confidential")
    if resource == "patient_forms" and role not in {"administrator", "practitioner"}:
        return not row.get("restricted_to_practitioner")
    return True
