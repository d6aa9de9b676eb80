"""What an expression sees while it runs, and what is noted about it while it is compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.language import Budget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.mapping.context import Context

WHOLE_RECORD = frozenset({"_", "record", "self"})
"""Names for the whole record, as in the Singer SDK."""
GIVEN = WHOLE_RECORD | {"now"}
"""Names that every expression knows."""


class ExpressionError(Exception):
    """An expression that cannot be compiled.

    Args:
        text: What is wrong and what to type instead.
        line: Line in the source, counted from 1.
        offset: Characters before the fault in that line.
    """

    def __init__(self, text: str, line: int = 1, offset: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.offset = offset


class Frame(Budget):
    """What an expression sees, and may spend, while it is evaluated."""

    __slots__ = ("context", "names", "record")

    def __init__(self, record: Mapping[str, Any], context: Context) -> None:
        super().__init__()
        self.record = record
        self.context = context
        self.names: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Call:
    """A function call whose arguments may be literals."""

    name: str
    arguments: tuple[Any, ...]
    """Literal values; `...` for an argument that is computed."""
    line: int
    offset: int
