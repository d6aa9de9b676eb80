"""Reads Singer messages; a broken one is told by its line, never by its content."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from singer_sdk.singerlib.encoding.simple import SimpleSingerReader

from target_pipedrive.errors import BadInput
from target_pipedrive.json_codec import decode_exact

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

_SHAPES: dict[str, dict[str, type]] = {
    "SCHEMA": {"stream": str, "schema": dict},
    "RECORD": {"stream": str, "record": dict},
    "STATE": {"value": dict},
    "ACTIVATE_VERSION": {"stream": str},
}


MAX_LINE = 64_000_000
"""Characters; files travel beside the records, not in them."""


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
        if len(line) > MAX_LINE:
            raise self._fault(f"is longer than {MAX_LINE:,} characters")
        try:
            message = decode_exact(line)
        except (ValueError, RecursionError):
            raise self._fault("is no complete JSON") from None
        if not isinstance(message, dict) or (
            (shape := _SHAPES.get(str(message.get("type")))) is None
        ):
            raise self._fault(f"is none of {', '.join(_SHAPES)}")
        for key, kind in shape.items():
            if not isinstance(message.get(key), kind):
                raise self._fault(f"is a {message['type']} without a good `{key}`")
        return message

    def process_lines(
        self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """Read all lines.

        Raises:
            BadInput: One of them is no text, or no Singer message.
        """
        try:
            return super().process_lines(file_input, callbacks)
        except UnicodeDecodeError:
            self._lines += 1
            raise self._fault("or one soon after it is no UTF-8") from None

    def _fault(self, what: str) -> BadInput:
        return BadInput(
            f"Line {self._lines} of the input {what}: the tap was cut off, or it is no Singer "
            "tap. Look into its log, then run again; it goes on where this run stopped."
        )
