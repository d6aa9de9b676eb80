"""What an answer of Pipedrive means, and what of it may be repeated in an error.

Sources: official docs, "HTTP status codes", "Rate limiting"; changelog on plan caps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Blocked, NotAllowed, Refused, SettingsError, UnknownOutcome
from target_pipedrive.pipedrive.registry import KNOWN_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.pipedrive.operations import Operation

LONGEST_REASON = 300
SHORTEST_VALUE = 3

_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'|`([^`]*)`|“([^”]*)”")
_HASH_KEY = re.compile(r"[0-9a-f]{40}")
_E_MAIL = re.compile(r"\S+@\S+")
_LONG_NUMBER = re.compile(r"(?<![0-9a-f])\+?\d[\d .()-]{4,}\d(?![0-9a-f])")
_CAPS = {
    "feature_capping_custom_fields_limit": (
        "custom fields that its subscription allows",
        "Delete fields in Pipedrive, take fields out of the mapping, or change the subscription",
    ),
    "feature_capping_deals_limit": (
        "open deals and leads that its subscription allows",
        "Close deals in Pipedrive, or change the subscription",
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer.

    Args:
        data: The envelope's `data`.
        additional: The envelope's `additional_data`, {} without any.
        status: HTTP status.
        headers: Of the answer, names in lower case.
    """

    data: Any
    additional: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]


def failure(
    operation: Operation, host: str, status: int, envelope: Mapping[str, Any] | None, body: object
) -> Exception:
    """The exception for a bad answer below 500, other than 401 and 429.

    Args:
        operation: What was asked.
        host: Of the API.
        status: HTTP status.
        envelope: The answer's JSON object, None when it was a page.
        body: What was sent; none of its values are repeated.
    """
    reason = "it answered with a page instead of JSON"
    if envelope is not None:
        reason = clean(str(envelope.get("error") or "no reason given"), body)
    match status:
        case 402:
            return NotAllowed(
                f"Pipedrive says that the account at {host} is not open (HTTP 402: {reason}): "
                "its owner must settle the subscription."
            )
        case 403 if envelope is None:
            return Blocked(
                f"Pipedrive's firewall blocked this computer's address at {host} (HTTP 403 with a "
                "page). Asking again makes it worse: wait an hour, find out what else uses the "
                "token, lower `burst`, then run again; it goes on where this run stopped."
            )
        case 403:
            return _cap(envelope, reason) or NotAllowed(
                f"Pipedrive does not allow {operation.name} to this token (HTTP 403: {reason}): "
                "use an administrator's token, or give its user this right, and an OAuth app the "
                "scope."
            )
        case _ if status in range(300, 400):
            return SettingsError(
                f"{host} answers with a redirect (HTTP {status}): put the address that the "
                "browser shows in Pipedrive, https://COMPANY.pipedrive.com, into api_url."
            )
        case _:
            return Refused(status, reason)


def clean(text: str, body: object = None) -> str:
    """Pipedrive's words about a refusal, without any value.

    Parameter names and field keys stay; what was sent, and whatever looks like a value, goes.

    Args:
        text: Pipedrive's words.
        body: What was sent.
    """
    text = _QUOTED.sub(_keep_names, text)
    for value in sorted(set(_values(body)), key=len, reverse=True):
        if value.isdigit():  # a field key may hold the same digits
            text = re.sub(rf"(?<!\w){value}(?!\w)", "…", text)
        else:
            text = text.replace(value, "…")
    text = _LONG_NUMBER.sub("…", _E_MAIL.sub("…", text))
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"


def _keep_names(match: re.Match[str]) -> str:
    quoted = next(group for group in match.groups() if group is not None)
    return match[0] if quoted in KNOWN_KEYS or _HASH_KEY.fullmatch(quoted) else "…"


def _values(body: object) -> Iterator[str]:
    """Every value in a body that is long enough to give something away, and no name of a key."""
    if isinstance(body, int | float | Decimal):
        yield from _values(str(body))
    elif isinstance(body, str):
        for value in (body, body.strip()):
            if len(value) >= SHORTEST_VALUE and value not in KNOWN_KEYS:
                yield value
    elif isinstance(body, Mapping):
        for value in body.values():
            yield from _values(value)
    elif isinstance(body, list | tuple):
        for value in body:
            yield from _values(value)


def _cap(envelope: Mapping[str, Any] | None, reason: str) -> SettingsError | None:
    """A 403 that speaks of a cap of the subscription, by its code or by its words."""
    code = str((envelope or {}).get("code") or "")
    if code in _CAPS:
        what, todo = _CAPS[code]
        return SettingsError(f"The account already has all the {what}. {todo}; then run again.")
    if code.startswith("feature_capping_") or "per company limit" in reason:
        return SettingsError(
            f"The account has reached a limit of its subscription ({code or reason}). Make room "
            "in Pipedrive or change the subscription; then run again."
        )
    return None


def as_row(data: object) -> dict[str, Any]:
    """Return an answer's row; an empty one when it holds none."""
    return data if isinstance(data, dict) else {}


def with_id(data: object, operation: Operation) -> dict[str, Any]:
    """Return an answer's row.

    Raises:
        UnknownOutcome: It has no id, so nothing is known of what became of the request.
    """
    row = as_row(data)
    if not row.get("id"):
        raise UnknownOutcome(operation.name, "an answer without the new object's ID")
    return row
