"""Field definitions: the built-in ones and the custom ones, which have random codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.pipedrive.values import SUBFIELDS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator

MOST_OPTIONS = 10_000


@dataclass
class Field:
    """One field of an entity.

    Attributes:
        code: What bodies call it: 40 hexadecimal digits when custom, else a plain name.
        name: What people call it; not unique.
        type: One of `values.TYPES`, or a system type when built in.
        custom: Whether somebody of the account made it.
        labels: Option labels by option id, in order; empty for types without options.
        shown: Settings of the web application, kept as given.
        description: What its makers say of it.
    """

    code: str
    name: str
    type: str
    custom: bool = False
    labels: dict[int, str] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    description: str | None = None

    @property
    def has_options(self) -> bool:
        """Whether values are option ids."""
        return self.type in {"enum", "set"}

    def as_json(self, include: Iterable[str] = ()) -> dict[str, Any]:
        """Return the record of API v2, with the optional parts named in `include`."""
        options = [{"id": key, "label": label} for key, label in self.labels.items()]
        parts = SUBFIELDS.get(self.type)
        return {
            "field_name": self.name,
            "field_code": self.code,
            "field_type": self.type,
            "options": options if self.has_options else None,
            "subfields": [
                {"field_code": code, "field_name": f"{code} of {self.name}", "field_type": kind}
                for code, kind in parts
            ]
            if parts
            else None,
            "is_custom_field": self.custom,
            "is_optional_response_field": False,
        } | {part: self.shown.get(part, _SHOWN[part]) for part in include}


class FieldSet:
    """The live fields of one entity, by code.

    Attributes:
        custom: The custom ones among them.
    """

    def __init__(self, built_in: Iterable[Field]) -> None:
        self._fields = {one.code: one for one in built_in}
        self.custom: dict[str, Field] = {}

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())

    def __getitem__(self, code: str) -> Field:
        return self._fields[code]

    def get(self, code: str) -> Field | None:
        """Return a live field."""
        return self._fields.get(code)

    def add(self, made: Field) -> None:
        """Add a custom field."""
        self._fields[made.code] = self.custom[made.code] = made

    def remove(self, code: str) -> None:
        """Delete a custom field; its values vanish from answers with it."""
        del self._fields[code], self.custom[code]


class Codes:
    """Hands out field codes and option ids, as Pipedrive alone does."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._next_option = chance.randrange(20, 400)

    def code(self) -> str:
        """Return a new 40-digit hexadecimal code."""
        return f"{self._chance.getrandbits(160):040x}"

    def options(self, labels: Iterable[str]) -> dict[int, str]:
        """Return labels by new option ids."""
        made = {}
        for label in labels:
            made[self._next_option] = label
            self._next_option += 1
        return made


_SHOWN: dict[str, Any] = {
    "ui_visibility": {"add_visible_flag": False, "details_visible_flag": True},
    "important_fields": {"enabled": False, "stage_ids": []},
    "required_fields": {"enabled": False},
}
