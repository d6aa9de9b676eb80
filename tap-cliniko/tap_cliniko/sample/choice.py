"""Choosing the patients of a sample: the fewest who show the most, then others by chance."""

from __future__ import annotations

import heapq
import logging
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from tap_cliniko.errors import NotVisibleError, RefusedQueryError
from tap_cliniko.sample.looking import PAGES, Findings
from tap_cliniko.sample.variety import WEIGHTS, shuffled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cliniko.paging import Row
    from tap_cliniko.sample.variety import Order, Trait
    from tap_cliniko.streams.base import ClinikoStream

logger = logging.getLogger("tap-cliniko.sample")

ASKED_FOR = {"appointment_type_id": "appointment types", "practitioner_id": "practitioners"}
"""Filters by which somebody is asked for each value there is, with the kind of trait."""


def choose(
    streams: Mapping[str, ClinikoStream],
    count: int,
    seed: int,
    wishes: Sequence[tuple[str, str, str]],
) -> list[Row]:
    """Choose patients and read their rows.

    Args:
        streams: Those that may be read, by name; patients among them.
        count: How many; all there are when there are fewer.
        seed: Decides wherever anything is as good as anything else.
        wishes: What somebody is asked for if no look shows it: list, filter and value.

    Raises:
        NotVisibleError: When patients are not visible.
    """
    order = shuffled(seed)
    findings = Findings(order)
    findings.look_at_patients(streams["patients"], at_least=2 * count)
    for name, stream in streams.items():
        if name in PAGES:
            # What this is about, the stream itself reports when it is read.
            with suppress(NotVisibleError, RefusedQueryError):
                findings.look_at_records(stream)
    _ask(findings, streams, sorted(wishes, key=order), count)
    while True:
        chosen = cover(findings.traits, count, order)
        unread = sorted((number for number in chosen if number not in findings.rows), key=int)
        for page in streams["patients"].having("id", unread):
            findings.see(page)
        gone = [number for number in unread if number not in findings.rows]
        if not gone:
            break
        for number in gone:  # deleted for good since, or not for the eyes of this key's user
            del findings.traits[number]
    _tell(findings, chosen)
    return [findings.rows[number] for number in chosen]


def cover(traits: Mapping[str, set[Trait]], count: int, order: Order) -> list[str]:
    """Take the one who adds most to what those taken show, again and again.

    Whoever adds nothing has the same weight as all others like that, so chance fills up the rest.

    Args:
        traits: What speaks for each one.
        count: How many to take.
        order: Decides between those of equal weight.
    """

    def weight(of: str) -> int:
        return sum(WEIGHTS[kind] for kind, value in traits[of] if (kind, value) not in shown)

    shown: set[Trait] = set()
    taken: list[str] = []
    heap = [(-weight(one), order(one), one) for one in traits]
    heapq.heapify(heap)
    while heap and len(taken) < count:
        known, chance, one = heapq.heappop(heap)
        # A weight only falls as others are taken, so whoever still leads after weighing is first.
        if (now := -weight(one)) != known:
            heapq.heappush(heap, (now, chance, one))
        else:
            taken.append(one)
            shown |= traits[one]
    return taken


def _ask(
    findings: Findings,
    streams: Mapping[str, ClinikoStream],
    wishes: Sequence[tuple[str, str, str]],
    most: int,
) -> None:
    """Ask for what no look has shown; not more often than there are places."""
    shown: set[Trait] = set().union(*findings.traits.values())
    open_wishes = [
        wish for wish in wishes if wish[0] in streams and (ASKED_FOR[wish[1]], wish[2]) not in shown
    ]
    for name, column, value in open_wishes[:most]:
        with suppress(NotVisibleError, RefusedQueryError):
            findings.ask(streams[name], column, value)


def _tell(findings: Findings, chosen: Sequence[str]) -> None:
    """Say how much of what was seen is in the sample. Counts alone: values may be patients' own."""
    seen = set().union(*findings.traits.values())
    covered = set().union(*(findings.traits[number] for number in chosen))
    left = Counter(kind for kind, _ in seen - covered)
    logger.info(
        "sample: %d of %d patients, who show %d of the %d traits looked for%s",
        len(chosen),
        findings.total,
        len(covered),
        len(seen),
        "".join(f"; {number} of {kind} are not in it" for kind, number in sorted(left.items())),
    )
