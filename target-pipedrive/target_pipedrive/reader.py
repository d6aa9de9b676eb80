"""Reads Singer messages; a broken one is told by its line, never by its content."""

from __future__ import annotations

from typing import Any

from singer_sdk.singerlib.encoding.simple import SimpleSingerReader
from singer_sdk.singerlib.json import deserialize_json

from target_pipedrive.errors import BadInput

_SHAPES: dict[str, dict[str, type]] = {
    "SCHEMA": {"stream": str, "schema": dict},
    "RECORD": {"stream": str, "record": dict},
    "STATE": {"value": dict},
    "ACTIVATE_VERSION": {"stream": str},
}


class Reader(SimpleSingerReader):
    """Reads messages line by line.

    The SDK's own reader quotes a line that it cannot read, whatever stands in it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines = 0

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Read one line.

        Raises:
            BadInput: It is no Singer message that this target knows.
        """
        self._lines += 1
        try:
            message = deserialize_json(line)
        except ValueError:
            raise self._fault("is no complete JSON") from None
        shape = _SHAPES.get(str(message.get("type"))) if isinstance(message, dict) else None
        if shape is None:
            raise self._fault(f"is none of {', '.join(_SHAPES)}")
        for key, kind in shape.items():
            if not isinstance(message.get(key), kind):
                raise self._fault(f"is a {message['type']} without a good `{key}`")
        return message

    def _fault(self, what: str) -> BadInput:
        return BadInput(
            f"Line {self._lines} of the input {what}: the tap was cut off, or it is no Singer "
            "tap. Look into its log, then run again; it goes on where this run stopped."
        )
