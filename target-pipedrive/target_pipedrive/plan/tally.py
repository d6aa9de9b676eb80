"""What a rehearsed load would send: requests, tokens, and which keys carry values."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from target_pipedrive.pipedrive import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.pipedrive import Operation

_CODE = re.compile(r"([0-9a-f]{40})(?:_\w+)?")
"""A custom field at the root of a body, as leads carry it, or a part of its value."""


class Point(NamedTuple):
    """How far a load is.

    Args:
        requests: Sent until then.
        tokens: Spent until then.
    """

    requests: int
    tokens: int


@dataclass(slots=True)
class NewOptions:
    """Options that a custom field gets.

    Args:
        made: The field is made, too, with some of them.
        labels: How many there are.
        requests: By which they are added to the field.
    """

    made: bool = False
    labels: int = 0
    requests: int = 0

    @property
    def fewest(self) -> int:
        """Requests when all of them come together."""
        return 0 if self.made else min(self.labels, 1)

    @property
    def most(self) -> int:
        """Requests when each comes alone."""
        return self.labels - self.made if self.labels else 0


@dataclass(slots=True)
class Tally:
    """Counts of one rehearsal.

    Args:
        calls: Operation → requests.
        sums: All of them.
        complete: Object → when the last one of its kind is written.
        carried: (object, key or hash key) → objects that are sent with a value under it.
        file_bytes: Of all files that are uploaded.
        options: Hash key of a custom field → the options that it gets.
        lines: Deal → lines that are added to it.
    """

    calls: Counter[Operation] = field(default_factory=Counter)
    sums: Point = field(default_factory=lambda: Point(0, 0))
    complete: dict[str, Point] = field(default_factory=dict)
    carried: Counter[tuple[str, str]] = field(default_factory=Counter)
    file_bytes: int = 0
    options: dict[str, NewOptions] = field(default_factory=dict)
    lines: Counter[str] = field(default_factory=Counter)

    def request(self, operation: Operation) -> None:
        """A request would be sent."""
        self.calls[operation] += 1
        self.sums = Point(self.sums.requests + 1, self.sums.tokens + operation.cost)
        if operation.writes and operation.kind in OBJECTS:
            self.complete[operation.kind] = self.sums

    def body(self, obj: str, body: Mapping[str, Any]) -> None:
        """An object would be sent."""
        carried = {key for key, value in body.items() if key != "custom_fields" and _holds(value)}
        custom = body.get("custom_fields") or {}
        carried |= {key for key, value in custom.items() if _holds(value)}
        self.carried.update((obj, code) for code in {_bare(key) for key in carried})

    def field_made(self, code: str, labels: int) -> None:
        """A custom field would be made, with so many options."""
        self.options[code] = NewOptions(made=True, labels=labels)

    def options_added(self, code: str, labels: int) -> None:
        """A custom field would get so many more options, by one request."""
        found = self.options.setdefault(code, NewOptions())
        found.labels += labels
        found.requests += 1


def _holds(value: Any) -> bool:
    return value is not None and value not in ("", [], {})


def _bare(key: str) -> str:
    found = _CODE.fullmatch(key)
    return found.group(1) if found else key
