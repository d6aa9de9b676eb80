"""Streams that come whole in every run: what does not come any more is gone at the source.

A tap says so with ACTIVATE_VERSION after the last record of such a stream (Singer specification);
tap-cliniko sends it only when it has met every row. Only streams without a bookmark are listened
to: they are read in one go, so what came in this run is all there is. A stream with a bookmark may
be read whole over several runs, of which this target sees one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Whole:
    """Listens to the messages of a tap, and tells which streams are coming whole.

    Args:
        tell: Takes ("whole", stream, True) before the first record of such a stream,
            ("whole", stream, False) when not all of them are passed on, and
            ("gone", stream, None) after the last.
    """

    def __init__(self, tell: Callable[[tuple[str, str, bool | None]], None]) -> None:
        self._tell = tell
        self._state: dict[str, bool | None] = {}
        """Streams without a bookmark: None until the first version, then whether all came."""

    def schema(self, stream: str, message: dict[str, Any]) -> None:
        """A stream begins, or begins once more."""
        if message.get("bookmark_properties"):
            self._state.pop(stream, None)
        else:
            self._state.setdefault(stream, None)

    def record(self, stream: str, message: dict[str, Any], *, passed_on: bool) -> None:
        """A record came; it is passed on unless a stream map filters it."""
        if stream not in self._state:
            return
        if not passed_on:
            self._begin(stream, whole=False)
        elif self._state[stream] is None and message.get("version") is not None:
            self._begin(stream, whole=True)

    def end(self, stream: str) -> None:
        """ACTIVATE_VERSION came: all records of a stream have."""
        if stream not in self._state:
            return
        if self._state[stream] is None:
            self._begin(stream, whole=True)
        if self._state[stream]:
            self._tell(("gone", stream, None))
        self._state[stream] = None

    def _begin(self, stream: str, *, whole: bool) -> None:
        self._state[stream] = whole
        self._tell(("whole", stream, whole))
