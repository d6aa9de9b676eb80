"""Checks of JSON values as API v2 makes them: strict about types, never converting.

A check takes the state and a value, and returns what is to be kept; it raises `Invalid`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from sandbox.pipedrive.errors import ApiError, Invalid

if TYPE_CHECKING:
    from sandbox.pipedrive.state import PipedriveState

Check: TypeAlias = Callable[["PipedriveState", Any], Any]

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_DURATION = re.compile(r"\d\d:[0-5]\d(:[0-5]\d)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a request body.

    Attributes:
        check: What its value must be.
        nullable: Whether null is taken.
        required: Whether a create must carry it.
        create: Whether creates take it.
        update: Whether updates take it.
    """

    check: Check
    nullable: bool = False
    required: bool = False
    create: bool = True
    update: bool = True


def integer(_: PipedriveState, value: Any) -> int:
    """Take an integer; neither true nor "1" is one."""
    if type(value) is not int:
        raise Invalid("must be an integer")
    return value


def number(_: PipedriveState, value: Any) -> int | float:
    """Take a number; a numeric string is none."""
    if type(value) not in {int, float} or not math.isfinite(value):
        raise Invalid("must be a number")
    return value  # type: ignore[no-any-return] # the set above is the proof


def boolean(_: PipedriveState, value: Any) -> bool:
    """Take true or false; 0 and 1 are neither."""
    if type(value) is not bool:
        raise Invalid("must be a boolean")
    return value


def text(*, longest: int | None = None, shortest: int = 0) -> Check:
    """Return a check for a string of so many characters."""

    def check(_: PipedriveState, value: Any) -> str:
        if type(value) is not str:
            raise Invalid("must be a string")
        if len(value.strip() if shortest else value) < shortest:
            raise Invalid("is not allowed to be empty")
        if longest is not None and len(value) > longest:
            raise Invalid(f"length must be at most {longest} characters")
        return value

    return check


def one_of(*allowed: str) -> Check:
    """Return a check for one of some strings."""

    def check(_: PipedriveState, value: Any) -> str:
        if type(value) is not str or value not in allowed:
            raise Invalid(f"must be one of [{', '.join(allowed)}]")
        return value

    return check


def day(_: PipedriveState, value: Any) -> str:
    """Take `YYYY-MM-DD`."""
    if type(value) is not str or not _DAY.fullmatch(value) or not _is_date(value):
        raise Invalid("must be a date in format YYYY-MM-DD")
    return value


def moment(_: PipedriveState, value: Any) -> str:
    """Take an RFC 3339 time in whole seconds; keep it as UTC with `Z`."""
    if type(value) is str and _MOMENT.fullmatch(value):
        try:
            return stamp(datetime.fromisoformat(value))
        except (ValueError, OverflowError):
            pass
    raise Invalid("must be in RFC3339 format, whole seconds, e.g. 2025-01-01T10:20:00Z")


def clock(_: PipedriveState, value: Any) -> str:
    """Take `HH:MM` or `HH:MM:SS` of a day; keep the seconds."""
    return _padded(_CLOCK, value)


def duration(_: PipedriveState, value: Any) -> str:
    """Take `HH:MM` or `HH:MM:SS`, up to 99 hours; keep the seconds."""
    return _padded(_DURATION, value)


def currency(state: PipedriveState, value: Any) -> str:
    """Take the code of a currency that is enabled in the account."""
    if type(value) is not str or value not in state.enabled_currencies:
        raise Invalid("must be a currency that is enabled in the account")
    return value


def active_user(state: PipedriveState, value: Any) -> int:
    """Take the id of an active user."""
    user = state.users.get(integer(state, value))
    if user is None or not user["active_flag"]:
        raise Invalid("must be the id of an active user")
    return int(user["id"])


def user(state: PipedriveState, value: Any) -> int:
    """Take the id of a user, active or not."""
    if integer(state, value) not in state.users:
        raise Invalid("must be the id of a user")
    return int(value)


def reference(kind: str) -> Check:
    """Return a check for the id of a row of a kind that stands and is not deleted."""

    def check(state: PipedriveState, value: Any) -> int:
        row = state.tables[kind].get(integer(state, value))
        if row is None or row["is_deleted"]:
            raise Invalid(f"no such item in {kind}")
        return int(row["id"])

    return check


def lead(state: PipedriveState, value: Any) -> str:
    """Take the UUID of a lead that stands and is not deleted."""
    row = state.tables["leads"].rows.get(value) if type(value) is str else None
    if row is None or row["is_deleted"]:
        raise Invalid("no such item in leads")
    return str(row["id"])


def nothing_there(kind: str) -> Check:
    """Return a check for links to things of which the sandbox has none."""

    def check(_: PipedriveState, __: Any) -> Any:
        raise Invalid(f"no such item in {kind}")

    return check


def read_only(instead: str) -> Check:
    """Return a check that refuses any value and says what to send instead."""

    def check(_: PipedriveState, __: Any) -> Any:
        raise Invalid(f"is read only, {instead}")

    return check


def feature(name: str) -> Check:
    """Return a check for keys that exist only after the account switched a feature on."""

    def check(_: PipedriveState, __: Any) -> Any:
        raise ApiError(403, f"The feature {name} is not enabled in this account")

    return check


def visibility(state: PipedriveState, value: Any) -> int:
    """Take a visibility that the plan knows; another one is a 403."""
    if integer(state, value) not in state.plan.visibilities:
        raise ApiError(403, "This visibility is not available in the plan of this account")
    return int(value)


def option_of(entity: str, code: str) -> Check:
    """Return a check for the id of an option of a built-in field."""

    def check(state: PipedriveState, value: Any) -> int:
        if integer(state, value) not in state.fields[entity][code].labels:
            raise Invalid("must be the id of an existing option")
        return int(value)

    return check


def listing(of: Check, *, longest: int | None = None) -> Check:
    """Return a check for an array."""

    def check(state: PipedriveState, value: Any) -> list[Any]:
        if type(value) is not list:
            raise Invalid("must be an array")
        if longest is not None and len(value) > longest:
            raise Invalid(f"must contain at most {longest} items")
        return [of(state, item) for item in value]

    return check


def shape(keys: Mapping[str, Key], blank: Mapping[str, Any]) -> Check:
    """Return a check for an object: known keys only; those left out become as in `blank`."""

    def check(state: PipedriveState, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Invalid("must be an object")
        kept: dict[str, Any] = dict(blank)
        for name, given in value.items():
            key = keys.get(name)
            if key is None:
                raise Invalid(f"{name} is not allowed")
            if given is None and key.nullable:
                continue
            try:
                kept[name] = key.check(state, given)
            except Invalid as fault:
                raise Invalid(f"{name} {fault}") from fault
        for name, key in keys.items():
            if key.required and name not in value:
                raise Invalid(f"{name} is required")
        return kept

    return check


def stamp(at: datetime) -> str:
    """Return a time as v2 answers it: UTC, whole seconds, `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_v1(at: datetime) -> str:
    """Return a time as v1 answers it: UTC, `YYYY-MM-DD HH:MM:SS`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _padded(pattern: re.Pattern[str], value: Any) -> str:
    if type(value) is not str or not (match := pattern.fullmatch(value)):
        raise Invalid("must be in format HH:MM or HH:MM:SS")
    return value if match.group(match.re.groups) else f"{value}:00"


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
