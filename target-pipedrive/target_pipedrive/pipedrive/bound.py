"""A custom field as it stands in Pipedrive, with its options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_pipedrive.pipedrive.paging import Row

LONGEST_LABEL = 255
"""Characters of a field's name and of an option's label (official OpenAPI v2)."""

MOST_OPTIONS = 10_000
"""Options of one field (official docs, "Working with labels")."""


@dataclass(slots=True)
class BoundField:
    """A field, and the options it has.

    Args:
        code: Its hash key.
        type: Pipedrive's `field_type`.
        ids: Folded label → option.
        labels: Option → label; ours where it was bound, though somebody renamed the option.
        kept: Labels that the ledger knows.
    """

    code: str
    type: str
    ids: dict[str, int | str] = field(default_factory=dict)
    labels: dict[int | str, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    def learn(self, options: Iterable[Row]) -> None:
        """Take in options as Pipedrive gives them; of two that fold alike, the first counts."""
        for option in options:
            label = str(option["label"])
            self.ids.setdefault(fold(label), option["id"])
            self.labels.setdefault(option["id"], label)

    def recall(self, known: Mapping[str, str]) -> None:
        """Take in what labels were bound to (label → id as text), whatever they are called now."""
        there = {str(option): option for option in self.labels}
        for label, option in known.items():
            if option not in there:
                continue
            self.ids[fold(label)] = there[option]
            self.labels[there[option]] = label
            self.kept.add(label)

    def lacks(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Those of `labels` that are no option yet, each once."""
        return tuple(label for key, label in distinct(labels).items() if key not in self.ids)

    def option(self, label: str) -> int | str:
        """The option of a label."""
        return self.ids[fold(short(label))]


def distinct(labels: Iterable[str]) -> dict[str, str]:
    """Folded label → label, short enough; the first of those that fold alike."""
    found: dict[str, str] = {}
    for label in map(short, labels):
        found.setdefault(fold(label), label)
    return found


def short(label: str) -> str:
    """A label that is short enough; longer ones are refused."""
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def gone(known: Mapping[str, str], options: Iterable[Row]) -> list[str]:
    """Labels that were bound to an option (label → id as text) which stands no more."""
    there = {str(option["id"]) for option in options}
    return [label for label, option in known.items() if option not in there]


def missing(labels: Sequence[str], options: Iterable[Row]) -> bool:
    """Whether any of these labels is none of the options."""
    there = {fold(str(option["label"])) for option in options}
    return any(fold(short(label)) not in there for label in labels)
