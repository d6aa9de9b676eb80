"""The account and its users, as far as a loader needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class User:
    """A user of the account; `email` in lower case."""

    id: int
    name: str
    email: str
    active: bool


@dataclass(frozen=True, slots=True)
class Account:
    """The company, and the user whose token is used.

    Args:
        company_id: ID of the company.
        company_name: Its name.
        company_domain: The COMPANY in `COMPANY.pipedrive.com`.
        user_id: ID of the token's user.
        user_email: Login e-mail of the token's user, in lower case.
        is_admin: Whether that user administrates the account or its sales app.
        currency: That user's default currency, ISO 4217; empty when none is given.
        timezone: That user's time zone, such as `Australia/Sydney`; empty when none is given.
    """

    company_id: int
    company_name: str
    company_domain: str
    user_id: int
    user_email: str
    is_admin: bool
    currency: str
    timezone: str


def user(row: Mapping[str, Any]) -> User:
    """A row of `GET /users` (official OpenAPI v1, BaseUser)."""
    return User(
        id=int(row["id"]),
        name=str(row.get("name") or ""),
        email=str(row.get("email") or "").strip().lower(),
        active=bool(row.get("active_flag")) and not row.get("is_deleted"),
    )


def account(row: Mapping[str, Any]) -> Account:
    """The answer of `GET /users/me` (official OpenAPI v1, BaseUserMe)."""
    return Account(
        company_id=int(row["company_id"]),
        company_name=str(row.get("company_name") or ""),
        company_domain=str(row.get("company_domain") or ""),
        user_id=int(row["id"]),
        user_email=str(row.get("email") or "").strip().lower(),
        is_admin=bool(row.get("is_admin"))
        or any(
            entry.get("admin") and entry.get("app") in {"sales", "global", "account_settings"}
            for entry in row.get("access") or ()
        ),
        currency=str(row.get("default_currency") or ""),
        timezone=str(row.get("timezone_name") or ""),
    )
