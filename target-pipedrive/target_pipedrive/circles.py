"""Records that wait for each other, none of which could ever be the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.ledger import Reject

WAITING = "parent_missing"
"""Code of a record that waits for another, which its detail names."""


_Graph = dict[str, set[str]]
"""Record → the records it waits for."""


def first_of_circles(rejects: Sequence[Reject]) -> list[Reject]:
    """Return one record of each circle of records that wait for each other, as all it becomes.

    A record that waits for itself is a circle, too.

    Args:
        rejects: Rejected records; those that wait for no other are passed over.
    """
    waits: _Graph = {}
    for reject in rejects:
        if reject.code == WAITING:
            waits.setdefault(reject.name, set()).add(reject.detail)
    back = _without_ends(_turned(_without_ends(waits)))
    waits = _turned(back)  # what is left stands on circles, or between two
    first: dict[str, set[str]] = {}
    known: set[str] = set()
    for reject in rejects:
        name = reject.name
        if reject.code == WAITING and name in waits and name not in known:
            circle = _reached(name, waits) & _reached(name, back)
            known |= circle
            if not circle.isdisjoint(waits[name]):
                first[name] = circle
    return [one for one in rejects if one.code == WAITING and one.detail in first.get(one.name, ())]


def _without_ends(graph: _Graph) -> _Graph:
    """Return a graph without what leads nowhere, however often that makes more of it."""
    left = {name: others & graph.keys() for name, others in graph.items()}
    back = _turned(left)
    ends = [name for name, others in left.items() if not others]
    while ends:
        end = ends.pop()
        del left[end]
        for name in back.get(end, ()):
            left[name].discard(end)
            if not left[name]:
                ends.append(name)
    return left


def _turned(graph: _Graph) -> _Graph:
    """Return a graph the other way round."""
    turned: _Graph = {}
    for name, others in graph.items():
        for other in others:
            turned.setdefault(other, set()).add(name)
    return turned


def _reached(start: str, graph: _Graph) -> set[str]:
    """Return all that can be reached, the start included."""
    reached: set[str] = set()
    ends = [start]
    while ends:
        name = ends.pop()
        if name not in reached:
            reached.add(name)
            ends.extend(graph.get(name, ()))
    return reached
