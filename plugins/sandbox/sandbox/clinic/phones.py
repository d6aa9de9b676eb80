"""Phone numbers as people type them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clinic.words import AU_MOBILES

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder

Phone = dict[str, str]


def phone(kind: str, number: str, normalized: str | None = None) -> Phone:
    """Return a phone number object; what cannot be read has no normal form."""
    found = {"number": number, "phone_type": kind}
    return found if normalized is None else {**found, "normalized_number": normalized}


def australian_mobile(b: Builder, kind: str = "Mobile") -> Phone:
    """Return an Australian mobile number in one of the ways people type it."""
    digits = b.pick(AU_MOBILES)
    groups = (digits[:3], digits[3:6], digits[6:])
    usual_forms = (
        f"0{groups[0]} {groups[1]} {groups[2]}",
        f"0{digits}",
        f"+61 {groups[0]} {groups[1]} {groups[2]}",
        f"(0{groups[0]}) {groups[1]}-{groups[2]}",
    )
    typed = b.pick((*usual_forms, None))
    if typed is None:
        typed = f"0011 61 {digits}" if b.chance(0.2) else f"+61{digits}"
    return phone(kind, typed, f"61{digits}")


def australian_landline(b: Builder, kind: str) -> Phone:
    """Return an Australian landline number of the range for fiction."""
    line = f"{b.rng.randrange(100):02d}"
    if b.chance(0.5):
        return phone(kind, f"(03) 7010 00{line}", f"613701000{line}")
    return phone(kind, f"08 5550 00{line}", f"618555000{line}")


def usual(b: Builder) -> list[Phone]:
    """Return the phone numbers of an ordinary patient: none to three."""
    numbers: list[Phone] = []
    if b.chance(0.88):
        numbers.append(australian_mobile(b))
    if b.chance(0.3):
        numbers.append(australian_landline(b, "Home"))
    if b.chance(0.15):
        numbers.append(australian_landline(b, b.pick(("Work", "Work", "Fax", "Other"))))
    if b.chance(0.05):
        numbers.reverse()
    return numbers
