"""Communications: text messages, e-mails in HTML, calls, memos, and mail of the account itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.clinic.builder import moment
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.cliniko.resource import Row

SMS, EMAIL, CALL, OTHER = 1, 2, 3, 4
TYPES = {SMS: "SMS", EMAIL: "Email", CALL: "Phone call", OTHER: "Other"}
SENT, RECEIVED = 1, 2
DIRECTIONS = {SENT: "Sent", RECEIVED: "Received"}
CATEGORIES = {
    1: "Appointment Reminder",
    3: "Invoice",
    4: "Appointment Confirmation",
    5: "Letter",
    7: "SMS Message",
    8: "Reply from Patient",
    12: "Memo",
    14: "Payment Receipt",
    15: "Bulk Email",
    26: "Data export complete notification",
    45: "Reset password instructions",
    47: "Email OTP code",
}
DESK = "desk@harbourside.example.com"
_MEMO = 12

_CONFIRMATION = (
    "<html><body><p>Dear patient,</p><p>See you <b>soon</b> &amp; take care.<br>The team</p>"
    '<p><a href="https://harbourside.example.com">Our site</a></p></body></html>'
)
# category, type, direction, subject, content
_USUAL: tuple[tuple[int, int, int, str | None, str], ...] = (
    (1, SMS, SENT, None, "Reminder: you have an appointment tomorrow. Reply Y to confirm."),
    (8, SMS, RECEIVED, None, "Y thanks"),
    (
        4,
        EMAIL,
        SENT,
        "Your appointment is confirmed",
        _CONFIRMATION,
    ),
    (
        3,
        EMAIL,
        SENT,
        "Invoice",
        "<p>Please find your invoice attached.</p><ul><li>Due now</li></ul>",
    ),
    (14, EMAIL, SENT, "Receipt for your payment", "<div>Thank you.</div><div>Paid in full.</div>"),
    (_MEMO, CALL, RECEIVED, None, "Asked whether to keep icing. Told yes, twice a day."),
    (_MEMO, OTHER, SENT, None, "Left a message with the neighbour,\r\nwill try again on Friday."),
)
# What a spreadsheet would run, one for each sign; and text that a careless CSV writer breaks on.
_TRAPS: tuple[tuple[int, int, int, str | None, str], ...] = (
    (8, SMS, RECEIVED, None, '=HYPERLINK("https://evil.example.com","click")'),
    (8, SMS, RECEIVED, None, "+1 for Friday"),
    (8, SMS, RECEIVED, None, "- cannot come"),
    (8, SMS, RECEIVED, None, "@desk please ring"),
    (15, EMAIL, SENT, '=1+1, "quoted" subject', "<p>Line one</p>\r\n<p>a, b; c \u201cd\u201d</p>"),
    (7, SMS, SENT, None, "\tTabbed"),
    (1, SMS, SENT, None, "Kia ora Āniwaniwa, see you at 9 \u2013 Harbourside"),
)
_ACCOUNT = (
    (47, "Your code", "Code 000000"),
    (45, "Reset your password", "Follow the link"),
    (26, "", ""),
)


def build(b: Builder, patients: list[Row]) -> None:
    """Add communications to about every second patient, and some of the account."""
    for number, patient in enumerate(patients):
        texts = _TRAPS if number == 0 else _USUAL if number == 1 else ()
        for text in texts or _chosen(b):
            _message(b, patient, text)
        if number in {2, 3}:
            _message(b, patient, _USUAL[5], confidential=True)
        if number == 4:  # noqa: PLR2004 - one archived memo
            row = _message(b, patient, _USUAL[6])
            b.state.change("communications", row["id"], archived_at=stamp(b.now))
    for code, subject, content in _ACCOUNT:
        b.add(
            "communications",
            b.ago(30),
            category_code=code,
            category=CATEGORIES[code],
            type_code=EMAIL,
            type=TYPES[EMAIL],
            direction_code=SENT,
            direction_description=DIRECTIONS[SENT],
            to="owner@harbourside.example.com",
            content_subject=subject,
            content=content,
        )


def _chosen(b: Builder) -> list[tuple[int, int, int, str | None, str]]:
    if b.chance(0.3):
        return []
    return [b.pick(_USUAL) for _ in range(b.pick((1, 2, 2, 3, 4, 5)))]


def _message(
    b: Builder,
    patient: Row,
    text: tuple[int, int, int, str | None, str],
    *,
    confidential: bool = False,
) -> Row:
    code, kind, direction, subject, content = text
    numbers = patient.get("patient_phone_numbers") or [{"number": ""}]
    theirs = patient.get("email") if kind == EMAIL else numbers[0]["number"]
    ours = DESK if kind == EMAIL else "HARBOURSIDE"
    since = b.between(moment(patient["created_at"]), b.now)
    values: dict[str, Any] = {
        "category_code": code,
        "category": CATEGORIES[code],
        "type_code": kind,
        "type": TYPES[kind],
        "direction_code": direction,
        "direction_description": DIRECTIONS[direction],
        "from": ours if direction == SENT else theirs,
        "to": theirs if direction == SENT else ours,
        "content_subject": subject,
        "content": content,
        "patient_id": patient["id"],
    }
    if code == _MEMO:
        values["confidential"] = confidential
    return b.add("communications", since, **values)
