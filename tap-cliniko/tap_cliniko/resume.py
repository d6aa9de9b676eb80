"""Going on with a run that was cut off, without reading again what it had finished.

The state names the unfinished run at its top (``run``: the cap of its first part; null when it came
to its end), and each stream names the run that read it to its end (``finished_by``). Where the two
agree, the stream is passed over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_cliniko.stamps import moved, normal

if TYPE_CHECKING:
    from collections.abc import Collection

YOUNG = timedelta(hours=24)
"""Age up to which a run is gone on with. The longer ago, the more of what is read now refers to
rows created since in streams that would be passed over; and those cost little to read again."""


class Run:
    """The run under way.

    Args:
        state: The whole state; changed in place.
        cap: The latest moment a bookmark of this part of the run may name.
        streams: Names of the streams to be read.
    """

    def __init__(self, state: dict[str, Any], cap: str, streams: Collection[str]) -> None:
        self._state = state
        self._read: frozenset[str] = frozenset()
        name = state.get("run")
        if name is not None and cap < moved(normal(name), YOUNG):
            read = frozenset(each for each in streams if self._finished_by(each) == name)
            if len(read) < len(streams):  # otherwise others are selected now, and nothing is left
                self._read = read
        self._name: str = str(name) if self._read else cap
        state["run"] = self._name

    def has_read(self, stream: str) -> bool:
        """Whether an earlier part of this run read a stream to its end."""
        return stream in self._read

    def finish(self, stream_state: dict[str, Any]) -> None:
        """A stream has been read to its end.

        Args:
            stream_state: Its part of the state.
        """
        stream_state["finished_by"] = self._name

    def end(self) -> None:
        """All streams have been read."""
        self._state["run"] = None

    def _finished_by(self, stream: str) -> str | None:
        found: dict[str, Any] = self._state.get("bookmarks", {}).get(stream, {})
        return found.get("finished_by")
