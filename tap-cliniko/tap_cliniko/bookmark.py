"""Where one incremental stream stands: its part of the Singer state, and the rules to move it.

A stream is read whole first, in the order of ids, and afterwards by what changed. Its state holds:

* ``replication_key_value``: every row changed before it has been emitted.
* ``hidden_since``: while a read of changes is unfinished, the moment before which removals and
  merges have been looked for; a removal need not touch ``updated_at``. It outlives a killed run,
  whose later part would otherwise look for removals from too late a moment.
* ``sweep``: while a whole read is unfinished, how far it has come.
* ``swept_at``: the start of the last whole read.
* ``census``: how many rows there were before a moment, by stamp (see :mod:`tap_cliniko.census`).

No position ever passes the cap, the server's clock at the start of the run less a lag, since a row
stamped during the run may have been read in its older form. What is over becomes null and is not
removed: Meltano lays the state of a run that failed over the one before it, and a key left out
would come back to life.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_cliniko.stamps import moved, normal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPLICATION_KEY = "updated_at"
CREATED = "created_at"


class Bookmark:
    """The position of one stream.

    Args:
        state: The stream's own part of the state; changed in place.
        cap: The latest moment a finished read may stand for.
        start_date: Rows that have not changed since are left out of whole reads; None for none.

    Attributes:
        since: First moment of ``updated_at`` to read; None when nothing has been read yet.
        removed_since: First moment of removal to look for; None likewise.
        is_current: Whether everything before the cap has been emitted.
    """

    def __init__(self, state: dict[str, Any], cap: str, start_date: str | None = None) -> None:
        self._state = state
        self._cap = cap
        self._start = start_date
        self.is_current = False
        self.since: str | None = None
        self.removed_since: str | None = None
        self._find()

    @property
    def census(self) -> Mapping[str, Any]:
        """The last count: ``before`` a moment, ``counts`` by stamp; empty when there is none."""
        return self._state.get("census") or {}

    def why_whole(self, days: int) -> str | None:
        """Why the stream is to be read whole now, in words; None when what changed is enough.

        Args:
            days: Age at which a whole read is repeated; 0 for never.
        """
        if self._state.get("sweep"):
            return "going on with the whole read that was cut off"
        if self.since is None:
            return "first read"
        if days:
            swept = self._state.get("swept_at")
            if swept is None or moved(swept, timedelta(days=days)) <= self._cap:
                return f"last whole read {days} days ago or more"
        return None

    def sweep(self, version: int | None, stamps: Sequence[str]) -> Sweep:
        """Begin a whole read, or go on with the one begun.

        Args:
            version: Version of the rows of a new one; None when it does not get one.
            stamps: Stamps whose rows are counted.
        """
        begun = self._state.get("sweep")
        if not begun or begun["start"] != self._start:
            begun = self._state["sweep"] = {
                "after": None,
                "from": self._cap,
                "start": self._start,
                "version": version,
                "counts": dict.fromkeys(stamps, 0),
            }
        return Sweep(begun)

    def end_sweep(self, sweep: Sweep) -> None:
        """The whole read has come to its end: everything before its start has been emitted."""
        whole = self._start is None
        self._move(sweep.begun)
        self._state["swept_at"] = sweep.begun
        self._state["sweep"] = None
        self._state["census"] = {"before": sweep.begun, "counts": sweep.counts} if whole else None
        # What was changed before the start date but removed after it was left out.
        self._state["hidden_since"] = self._start
        self.is_current = whole and sweep.begun == self._cap
        self._find()

    def advance(self, stamp: str) -> None:
        """Every row changed before this stamp has been emitted."""
        self._state["hidden_since"] = self.removed_since
        self._move(min(stamp, self._cap))

    def finish(self, counts: Mapping[str, int]) -> None:
        """Every row and every removal before the cap has been emitted.

        Args:
            counts: How many rows there are before the cap, by stamp.
        """
        self._move(self._cap)
        self._state["hidden_since"] = None
        self._state["census"] = {"before": self._cap, "counts": dict(counts)}
        self.is_current = True

    def _find(self) -> None:
        state = self._state
        known = state.get("replication_key") == REPLICATION_KEY
        position = normal(state["replication_key_value"]) if known else None
        unfinished = state.get("hidden_since") and normal(state["hidden_since"])
        low = [m for m in (unfinished or position, self.census.get("before")) if m is not None]
        self.since = position and max(position, self._start or position)
        self.removed_since = min(low) if position else None

    def _move(self, to: str) -> None:
        """Go ahead, never back: a server's clock may."""
        known = self._state.get("replication_key") == REPLICATION_KEY
        position = normal(self._state["replication_key_value"]) if known else to
        self._state["replication_key"] = REPLICATION_KEY
        self._state["replication_key_value"] = max(position, to)


class Sweep:
    """A whole read under way.

    Args:
        state: Its part of the state; changed in place.

    Attributes:
        after: Id of the last row emitted; -1 for none.
        begun: The cap of the run that began it.
        version: Version of its rows; None when it has none.
        counts: Rows emitted whose stamp lies before ``begun``, by stamp.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self.after = -1 if state["after"] is None else int(state["after"])
        self.begun: str = state["from"]
        self.version: int | None = state["version"]
        self.counts: dict[str, int] = state["counts"]

    def passed(self, record: Mapping[str, Any]) -> None:
        """A record has been emitted."""
        self._state["after"] = record["id"]
        for stamp in self.counts:
            value = record.get(stamp)
            if value is not None and value < self.begun:
                self.counts[stamp] += 1
