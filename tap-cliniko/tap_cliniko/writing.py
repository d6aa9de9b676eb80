"""Singer messages on standard output: the same lines as the SDK's writer, for less time each."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import RecordMessage, StateMessage
from singer_sdk.singerlib.encoding import SimpleSingerWriter

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message

RECORDS_AT_ONCE = 50
"""Written together; each writing wakes the reader of the pipe."""

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Writer(SimpleSingerWriter):
    """Writes records some at a time, and with any other message all there are.

    So a STATE never stands before a record it knows of. What is left when a fault ends the run is
    not in any state either, and is read again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def serialize_message(self, message: Message) -> str:
        """Turn a message into a line of JSON."""
        try:
            return _encode(_plain(message))
        except (TypeError, ValueError):  # a stream map made a Decimal, a moment or a NaN
            return super().serialize_message(message)

    def write_message(self, message: Message) -> None:
        """Write a message, or keep it until there are more."""
        self._lines.append(self.format_message(message))
        if not isinstance(message, RecordMessage) or len(self._lines) >= RECORDS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        if self._lines:
            lines, self._lines = self._lines, []
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()


def _plain(message: Message) -> dict[str, Any]:
    if isinstance(message, StateMessage):  # the SDK copies the whole state deeply
        return {"type": "STATE", "value": message.value}
    fields = message.to_dict()
    if isinstance(message, RecordMessage) and message.time_extracted is not None:
        fields["time_extracted"] = message.time_extracted.isoformat()
    return fields
