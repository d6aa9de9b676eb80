"""Rows to be looked at again by the next run, since they may change without a trace until then.

A row removed or created in the last minutes is not counted yet (:mod:`tap_cliniko.census`); should
it come back or vanish before the next run, nothing would tell. So its id is kept. Mostly the next
run meets the row anyway.
"""

from __future__ import annotations

from typing import Any


class Again:
    """Ids of rows to look at again.

    Args:
        state: The stream's own part of the state; its ``again`` is changed in place.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._old: set[str] = set(state.get("again") or ())
        self._new: set[str] = set()

    @property
    def left(self) -> list[str]:
        """Those of earlier runs that this one has not met, in the order of ids."""
        return sorted(self._old, key=int)

    def met(self, number: str, *, unsettled: bool) -> None:
        """A row has been emitted.

        Args:
            number: Its id.
            unsettled: Whether it may change without a trace.
        """
        self._old.discard(number)
        if unsettled and number not in self._new:
            self._new.add(number)
            # What was met stays in the state until the end: a killed run may not have written it.
            self._state["again"] = [*(self._state.get("again") or ()), number]

    def forget(self) -> None:
        """Everything is about to be read anew."""
        self._old, self._new = set(), set()
        self._state["again"] = []

    def finish(self) -> None:
        """The reading has come to its end."""
        self._state["again"] = sorted(self._new, key=int)
