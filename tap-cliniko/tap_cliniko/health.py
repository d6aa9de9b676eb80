"""What ``tap-cliniko --test`` does and says: whether the key works, and what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.errors import NotVisibleError
from tap_cliniko.tables import Table
from tap_cliniko.visibility import demand, look, silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cliniko.tap import TapCliniko


def check(tap: TapCliniko) -> Iterator[str]:
    """Contact the account and ask each selected stream for one row.

    Yields:
        Lines for the person who asked; nothing of a patient is in them.

    Raises:
        InvisibleStreamsError: At the end, when a stream is not visible and that is to stop a run.
        TapClinikoError: When there is no contact, or the attachments folder is not usable.
    """
    tap.try_out()
    role = tap.client.account.role
    yield f"Address  {tap.settings.api_url}"
    yield f"Account  {_account(tap)}"
    yield f"Role     {role}"
    yield ""
    sights = look(tap.selected(), role)
    yield Table(
        ("Stream", "Rows", "Remark"),
        [
            (sight.stream, sight.rows, sight.refusal.reason if sight.refusal else "")
            for sight in sights
        ],
    ).text()
    yield ""
    visible = sum(sight.refusal is None for sight in sights)
    yield f"The key works; {visible} of {len(sights)} selected streams can be read."
    if (warning := silence(role)) is not None:
        yield f"Beware: {warning}."
    if tap.settings.stop_when_not_visible:
        demand(sight.refusal for sight in sights if sight.refusal)


def _account(tap: TapCliniko) -> str:
    try:  # these are the settings that every user may see
        account = tap.client.get("/settings/public").get("account") or {}
    except NotVisibleError as fault:
        return str(fault)
    return f"{account.get('subdomain') or 'without subdomain'} (id {account.get('id')})"
