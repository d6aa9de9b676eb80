"""A load that wants a plan: it begins only with one that still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.endings import Typed
from target_pipedrive.errors import SettingsError
from target_pipedrive.plan import document
from target_pipedrive.plan.account import moves, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.rooms import Rooms
    from target_pipedrive.settings import Settings


async def require(settings: Settings, rooms: Rooms, ledger: Ledger) -> None:
    """See that there is a plan, and that what it was made for has not moved.

    Raises:
        SettingsError: There is none, it was changed, or something moved: everything that did.
    """
    path = settings.output_dir / document.NAME
    plan = document.read(path)
    moved = [*strange(plan, settings, rooms)]
    if not moved:
        now = await schema_of(rooms.pipedrive, rooms.fields, rooms.mapping)
        moved = [*moves(plan["account"]["schema"], now, plan["make"], ledger)]
    if moved:
        raise moved_since(path, moved)


def strange(plan: Mapping[str, Any], settings: Settings, rooms: Rooms) -> Iterator[str]:
    """Yield what a plan was made for and is otherwise now, but for the account's schema."""
    company = rooms.account.company_id
    if plan["account"]["company_id"] != company:
        yield f"it is for company {plan['account']['company_id']}, the token is of {company}"
    if plan["mapping"] != rooms.mapping.digest.hex():
        yield "the mapping was changed, or a setting that it needs"
    for name in ("subscription", "seats"):
        now = getattr(settings, name)
        if plan[name] != now:
            yield f"`{name}` was {plan[name]} and is {now}"


def moved_since(path: Path, moved: list[str]) -> SettingsError:
    """Return the error that tells what moved, and what to type."""
    return SettingsError(
        *(f"Since the plan {path} was made: {what}." for what in moved),
        f"Make a new plan and look at it: {Typed.here().run('plan')}",
    )
