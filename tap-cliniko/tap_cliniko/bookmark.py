"""Where one incremental stream stands: its part of the Singer state, and the rules to move it.

Two positions are kept, because a removal need not touch ``updated_at``:

* ``replication_key_value``: every row changed before it has been emitted.
* ``hidden_since``: present while a read is unfinished; removals and merges have been looked for
  only before it. It outlives a killed run, whose later part would otherwise look for removals
  from too late a moment.

Neither ever passes the cap, the server's clock at the start of the run less a lag, since a row
stamped during the run may have been read in its older form.
"""

from __future__ import annotations

from typing import Any

from tap_cliniko.stamps import normal

REPLICATION_KEY = "updated_at"


class Bookmark:
    """The position of one stream.

    Args:
        state: The stream's own part of the state; changed in place.
        cap: The latest moment a finished read may stand for.
        start_date: Where a first read begins; None for everything.

    Attributes:
        since: First moment of ``updated_at`` to read; None for everything.
        removed_since: First moment of removal to look for; None when everything is read anyway.
    """

    def __init__(self, state: dict[str, Any], cap: str, start_date: str | None = None) -> None:
        self._state = state
        self._cap = cap
        known = state.get("replication_key") == REPLICATION_KEY
        position = normal(state["replication_key_value"]) if known else None
        unfinished = normal(state["hidden_since"]) if "hidden_since" in state else None
        self.since = max((m for m in (position, start_date) if m is not None), default=None)
        self.removed_since = unfinished or position or start_date
        self._hidden_since = self.removed_since or cap

    def advance(self, stamp: str) -> None:
        """Every row changed before this stamp has been emitted."""
        self._move(min(stamp, self._cap))
        self._state["hidden_since"] = self._hidden_since

    def finish(self) -> None:
        """Every row and every removal before the cap has been emitted."""
        self._move(self._cap)
        self._state.pop("hidden_since", None)

    def _move(self, to: str) -> None:
        self._state["replication_key"] = REPLICATION_KEY
        self._state["replication_key_value"] = to
