"""The account's own patient fields, and in how many patients each is filled in.

Fields are told apart by their token: names can be edited and repeated (Cliniko docs, "Patients").
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_cliniko.inventory.model import CustomField

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Section = dict[str, Any]
    Field = dict[str, Any]


def described(definition: dict[str, Any], held: Sequence[dict[str, Any]]) -> list[CustomField]:
    """Describe all fields: those of the settings, then others that patients still hold.

    Args:
        definition: ``patient_custom_fields_definition`` of the settings.
        held: ``custom_fields`` of some patients.
    """
    filled: Counter[str] = Counter()
    known = {token: (section, field, True) for token, section, field in _fields(definition)}
    for patient in held:
        for token, section, field in _fields(patient):
            known.setdefault(token, (section, field, False))
            filled[token] += is_filled(field)
    return [
        CustomField(
            section=str(section.get("name") or ""),
            name=str(field.get("name") or ""),
            token=token,
            type=str(field.get("type") or ""),
            options=list(_options(field)),
            archived=bool(section.get("archived") or field.get("archived")),
            defined=defined,
            filled=filled[token],
        )
        for token, (section, field, defined) in known.items()
    ]


def is_filled(field: Field) -> bool:
    """Whether a patient's field holds an answer."""
    chosen = [*(field.get("options") or []), field.get("other") or {}]
    return bool(field.get("value")) or any(option.get("selected") for option in chosen)


def _fields(content: dict[str, Any]) -> Iterator[tuple[str, Section, Field]]:
    sections: Iterable[Section] = content.get("sections") or []
    for section in sections:
        for field in section.get("fields") or []:
            yield str(field.get("token")), section, field


def _options(field: Field) -> Iterator[str]:
    """Names of what can be chosen; never what somebody wrote into the free answer."""
    for option in field.get("options") or []:
        out_of_use = " (archived)" if option.get("archived") else ""
        yield f"{option.get('name')}{out_of_use}"
    if (field.get("other") or {}).get("enabled"):
        yield "(free answer)"
