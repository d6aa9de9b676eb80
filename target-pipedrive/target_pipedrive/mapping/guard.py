"""Evaluating an expression so that a failure names its place and never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Rejected
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_pipedrive.mapping.context import Context
    from target_pipedrive.mapping.expression import Expression
    from target_pipedrive.mapping.faults import Place

_FAILURES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def value_of(expression: Expression | None, record: Mapping[str, Any], context: Context) -> Any:
    """Value of an expression for a record; None when there is no expression.

    Raises:
        Rejected: With `mapping_failed`, the place, and the kind of failure.
    """
    if expression is None:
        return None
    return guarded(expression.place, lambda: expression(record, context))


def guarded(place: Place, act: Callable[[], Any]) -> Any:
    """Run something that belongs to a place in a mapping file.

    Raises:
        Rejected: With `mapping_failed`, the place, and the kind of failure.
    """
    try:
        return act()
    except UnfitError as error:
        reason = str(error)
    except _FAILURES as error:
        # Python's own texts may hold the value, so only the kind of error is told.
        reason = type(error).__name__
    raise Rejected("mapping_failed", f"{place}: {reason}")
