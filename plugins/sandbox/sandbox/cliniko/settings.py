"""The account's settings: which part of `GET /settings` every user may read."""

from __future__ import annotations

from typing import Any

PRIVATE: dict[str, frozenset[str]] = {
    "account": frozenset({"compliance", "email_from", "first_name", "last_name"}),
    "integrations": frozenset({"medipass"}),
    "online_bookings": frozenset({"adroll", "google_analytics", "google_tag_manager"}),
    "patient_privacy": frozenset(
        {
            "anonymise_appointments_on_deletion",
            "anonymise_booking_notifications",
            "anonymise_invoices_and_payments_on_deletion",
            "baa_requested",
        }
    ),
}
"""Keys by block that only roles with the right to view settings are shown."""


def public_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what `GET /settings/public` shows of the full settings."""
    return {
        block: {key: value for key, value in keys.items() if key not in PRIVATE.get(block, ())}
        for block, keys in settings.items()
    }
