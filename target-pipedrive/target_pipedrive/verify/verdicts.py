"""What can be found out about a field, or about an object as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What is found; the worst of a row's fields, the last in this order, is the object's."""

    EQUAL = "equal"
    NORMALISED = "normalised"  # says the same, spelt as the server spells it
    LOST = "lost by design"  # Pipedrive cannot hold it, so it was never sent
    UNKNOWN = "not compared"
    TRUNCATED = "truncated"  # stands as it was sent: cut to fit
    KEPT = "kept"  # its record was removed, and the settings say that it stays
    EXTRA = "extra"  # no record wants it
    REJECTED = "rejected"  # known not to have arrived
    EDITED = "edited"  # by a person, since it was sent
    DIFFERENT = "different"
    MISSING = "missing"


WORST_LAST = tuple(Verdict)
FAILING = frozenset({Verdict.DIFFERENT, Verdict.MISSING})
"""With any of these, a verification has failed."""

QUIET = frozenset({Verdict.EQUAL, Verdict.NORMALISED})
"""With no others, there is nothing to look at."""

MEANINGS = {
    Verdict.EQUAL: "Stands as it was sent.",
    Verdict.NORMALISED: "Says the same, spelt as Pipedrive spells it; the rule says how.",
    Verdict.LOST: "Pipedrive cannot hold it, so it was not sent.",
    Verdict.UNKNOWN: "Could not be compared; the rule says why.",
    Verdict.TRUNCATED: "Stands as it was sent: cut to the length that Pipedrive takes.",
    Verdict.KEPT: "Its record was removed in the source; it stays, because it was there before us "
    "or by `when_removed: keep`.",
    Verdict.EXTRA: "Bears our mark or stands in the ledger, but no record wants it.",
    Verdict.REJECTED: "Known not to have arrived: see `rejects list`.",
    Verdict.EDITED: "We sent what we would send now, and somebody changed the row since.",
    Verdict.DIFFERENT: "Stands otherwise than it should.",
    Verdict.MISSING: "Is not in Pipedrive.",
}


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the one that counts for the whole."""
    return max(verdicts, key=WORST_LAST.index, default=Verdict.EQUAL)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one field.

    Args:
        field: Pipedrive's key, or a custom field's label; empty for the object as a whole.
        verdict: What.
        rule: Why it counts as that, in a few words without any value.
        expected: What should stand, as a report may show it; None for nothing.
        found: What stands; so, too.
    """

    field: str
    verdict: Verdict
    rule: str = ""
    expected: str | None = None
    found: str | None = None
