"""Evaluating an expression so that a failure names its place and never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Rejected
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from target_pipedrive.mapping.context import Context
    from target_pipedrive.mapping.expression import Expression
    from target_pipedrive.mapping.faults import Place

_FAILURES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Guard:
    """`with Guard(place):` turns failures of the code inside into rejects of the record.

    Args:
        place: Where the cause stands in a mapping file.

    Raises:
        Rejected: With `mapping_failed`, the place, and the kind of failure.
    """

    __slots__ = ("place",)

    def __init__(self, place: Place) -> None:
        self.place = place

    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, _FAILURES):
            return
        # Python's own texts may hold the value, so only the kind of error is told.
        reason = str(error) if isinstance(error, UnfitError) else type(error).__name__
        raise Rejected("mapping_failed", f"{self.place}: {reason}") from None


def value_of(expression: Expression | None, record: Mapping[str, Any], context: Context) -> Any:
    """Value of an expression for a record; None when there is no expression.

    Raises:
        Rejected: With `mapping_failed`, the place, and the kind of failure.
    """
    if expression is None:
        return None
    with Guard(expression.place):
        return expression(record, context)
