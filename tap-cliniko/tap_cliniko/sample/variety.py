"""What makes a patient worth having in a sample: rules about Cliniko's rows, without any reading.

A trait is a kind and a value, such as ("appointment types", id). Kinds are named for the log; the
values may be a patient's own words and never leave the program.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_cliniko.links import linked_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cliniko.paging import Row

Trait: TypeAlias = tuple[str, Any]
Order: TypeAlias = Callable[[object], bytes]

WEIGHTS = {
    "merged patients": 20,
    "survivors of merges": 20,
    "archived patients": 20,
    "group appointments": 20,
    "longest notes": 20,
    "large files": 20,
    "appointment types": 10,
    "practitioners": 10,
    "businesses": 6,
    "invoice states": 6,
    "shared e-mails": 6,
    "patients without e-mail": 6,
    "referral source types": 4,
    "note templates": 4,
    "custom fields": 4,
    "states of records": 4,
    "referrers": 4,
    "questions": 3,
    "phone types": 3,
    "files": 3,
    "relations": 3,
    "categories": 2,
    "options of custom fields": 1,
    "fields in use": 1,
}
"""How much each kind tells; when there are more traits than places, the most telling win."""

LARGE_FILES = (50_000_000, 10_000_000, 1_000_000)
"""Bytes. Only the first size that occurs is looked for further."""

_NOT_FIELDS = frozenset({"id", "links", "custom_fields", "created_at", "updated_at"})
_STATES = (
    "archived_at",
    "cancelled_at",
    "deleted_at",
    "closed_at",
    "completed_at",
    "finalized_at",
    "pinned_at",
    "did_not_arrive",
    "patient_arrived",
    "draft",
    "repeat_rule",
)
_KINDS_OF_LINKS = {
    "appointment_type": "appointment types",
    "practitioner": "practitioners",
    "business": "businesses",
    "treatment_note_template": "note templates",
    "referral_source_type": "referral source types",
}
_KINDS_OF_VALUES = {
    "status": "invoice states",
    "category_code": "categories",
    "type_code": "categories",
    "relation": "relations",
    "referrer_type": "referrers",
    "content_type": "files",
}


def of_patient(row: Row) -> Iterator[Trait]:
    """What a patient's own row shows."""
    if linked_id(row.get("merged_with_patient") or {}):
        yield "merged patients", True
    elif row.get("archived_at"):
        yield "archived patients", True
    if not row.get("email"):
        yield "patients without e-mail", True
    for phone in row.get("patient_phone_numbers") or ():
        yield "phone types", phone.get("phone_type")
    for section in (row.get("custom_fields") or {}).get("sections") or ():
        for field in section.get("fields") or ():
            yield from _of_custom_field((section.get("token"), field.get("token")), field)
    for name, value in row.items():
        if name not in _NOT_FIELDS and value not in (None, "", [], {}):
            # Consents and the like are three-valued: yes, no, never asked.
            yield "fields in use", (name, value) if isinstance(value, bool) else name


def of_record(list_name: str, row: Row) -> Iterator[Trait]:
    """What a row of a list that hangs on patients shows of its patient."""
    yield "states of records", (list_name, None)
    for name in _STATES:
        if row.get(name):
            yield "states of records", (list_name, name)
    for name, kind in _KINDS_OF_LINKS.items():
        if (target := linked_id(row.get(name) or {})) is not None:
            yield kind, target
    for name, kind in _KINDS_OF_VALUES.items():
        if row.get(name) is not None:
            yield kind, (list_name, name, row[name])
    if "patient_ids" in row:
        yield "group appointments", True
    yield from _of_content(list_name, row.get("content"))
    if not row.get("archived_at"):  # Cliniko keeps no content of an archived file
        large = (least for least in LARGE_FILES if (row.get("size") or 0) > least)
        if (least := next(large, None)) is not None:
            yield "large files", least


def patients_of(row: Row) -> list[str]:
    """Ids of the patients a row hangs on: one, or those of a group."""
    if row.get("patient_ids"):
        return [str(number) for number in row["patient_ids"]]
    patient = linked_id(row.get("patient") or {})
    return [patient] if patient is not None else []


def length(row: Row) -> int:
    """How long the content of a note is, in characters."""
    return len(json.dumps(row.get("content"), ensure_ascii=False))


def sharing_an_email(rows: Iterable[Row], order: Order) -> list[str]:
    """Ids of two patients with one e-mail address, as in families; none when nobody shares."""
    addressed = [(row["email"].casefold(), str(row["id"])) for row in rows if row.get("email")]
    counts = Counter(address for address, _ in addressed)
    shared = min((a for a, number in counts.items() if number > 1), key=order, default=None)
    return sorted((who for address, who in addressed if address == shared), key=order)[:2]


def shuffled(seed: int) -> Order:
    """A sort key that puts things into an order of chance, the same for the same seed."""
    return lambda thing: sha256(f"{seed}:{thing}".encode()).digest()


def _of_custom_field(token: tuple[Any, Any], field: dict[str, Any]) -> Iterator[Trait]:
    options = [option for option in field.get("options") or () if option.get("selected")]
    other = field.get("other") or {}
    if field.get("value") or options or other.get("selected"):
        yield "custom fields", token
    for option in options:
        yield "options of custom fields", (*token, option.get("token"))
    if other.get("selected"):
        yield "options of custom fields", (*token, None)


def _of_content(list_name: str, content: object) -> Iterator[Trait]:
    """Notes and forms have sections of questions; messages have text, and files a link."""
    for section in (content.get("sections") if isinstance(content, dict) else None) or ():
        for question in section.get("questions") or ():
            yield "questions", (list_name, question.get("type"))
