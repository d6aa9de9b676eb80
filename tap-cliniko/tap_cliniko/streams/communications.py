"""What passed between the practice and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cliniko.schemas import ARCHIVED, flag, link, record, text, whole
from tap_cliniko.streams.base import IncrementalStream

if TYPE_CHECKING:
    from tap_cliniko.paging import Row

LOGIN_MAIL = {
    "11": "auth code",
    "25": "password changed",
    "42": "user email confirmation instructions",
    "43": "user email changed",
    "44": "unlock instructions",
    "45": "reset password instructions",
    "46": "account ownership information updated",
    "47": "email otp code",
}
"""Categories whose mail may hold a login secret, by code (official OpenAPI, communications)."""


class Communications(IncrementalStream):
    """E-mails, SMS and memos, sent and received, those of the account itself included."""

    name = "communications"
    hidden = ("archived_at",)
    patient_filter = "patient_id"
    schema = record(
        text("category", "What it is about."),
        whole("category_code", "What it is about, by number."),
        flag("confidential", "Whether a memo is confidential."),
        text("content", "Body; null where it could hold a login secret."),
        text("content_subject", "Subject of an e-mail; null where it could hold a login secret."),
        whole("direction_code", "1 sent, 2 received."),
        text("direction_description", "Direction.", "Received", "Sent"),
        text("from", "Sender's address or number."),
        text("to", "Receiver's address or number."),
        text("type", "Kind.", "Email", "Other", "Phone call", "SMS"),
        whole("type_code", "1 SMS, 2 e-mail, 3 phone call, 4 other."),
        link("attendee", "The attendee it is about."),
        link("booking", "The booking it is about."),
        link("invoice", "The invoice it is about."),
        link("letter", "The letter sent; letters cannot be read."),
        link("patient", "The patient; null for mail of the account itself."),
        link("payment", "The payment it is about; payments cannot be read."),
        ARCHIVED,
    )

    def shape(self, row: Row) -> Row:
        """Shape a row; mail that may hold a staff member's login secret loses its words."""
        shaped = super().shape(row)
        if shaped["patient_id"] is None and _is_login_mail(shaped):
            shaped["content"] = None  # and a code may stand in the subject
            shaped["content_subject"] = None
        return shaped


def _is_login_mail(record: Row) -> bool:
    code, label = str(record.get("category_code")), str(record.get("category"))
    return code in LOGIN_MAIL or label.strip().lower() in LOGIN_MAIL.values()
