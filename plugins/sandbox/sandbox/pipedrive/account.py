"""Users and currencies (API v1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive.errors import not_found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.table import Row


def present(user: Row, viewer: Row) -> Row:
    """Return a user as the API answers it to another one."""
    return user | {"is_you": user["id"] == viewer["id"]}


def list_users(call: Call) -> Mapping[str, Any]:
    """Answer all users, inactive ones too."""
    return {"data": [present(user, call.user) for user in call.state.users.values()]}


def get_user(call: Call) -> Mapping[str, Any]:
    """Answer one user."""
    user = call.state.users.get(call.id())
    if user is None:
        raise not_found("User")
    return {"data": present(user, call.user)}


def get_me(call: Call) -> Mapping[str, Any]:
    """Answer the token's user, with the company."""
    company = call.state.company
    return {
        "data": present(call.user, call.user)
        | {
            "company_id": company["id"],
            "company_name": company["name"],
            "company_domain": company["domain"],
            "company_country": company["country"],
            "company_industry": "Health care",
            "language": {"language_code": "en", "country_code": "AU"},
        }
    }


def list_currencies(call: Call) -> Mapping[str, Any]:
    """Answer the currencies, those not enabled too; `term` narrows by code and name."""
    term = call.query.get("term", "").casefold()
    rows = [
        row
        for row in call.state.currencies
        if term in row["code"].casefold() or term in row["name"].casefold()
    ]
    return {"data": rows or None}
