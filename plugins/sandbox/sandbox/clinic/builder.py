"""What every part of the generator works with: chance, the clock, ids, the growing account."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.cliniko.state import BOOKINGS, ClinikoState, stamp

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from sandbox.cliniko.resource import Row

T = TypeVar("T")

LONG_IDS_SINCE = datetime(2022, 2, 1, tzinfo=UTC)
"""Records made later bear ids of 18 or 19 digits, older ones of 8 (Cliniko docs, on ids)."""

_ID_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_FIRST_SHORT_ID = 20_000_001
_LOW_BITS = 22


@dataclass
class Builder:
    """A clinic in the making.

    Attributes:
        size: Number of patients.
        now: The moment the clinic is looked at.
        rng: The only source of chance.
        state: The account that grows.
    """

    size: int
    now: datetime
    rng: random.Random
    state: ClinikoState
    _short: dict[str, int] = field(default_factory=dict)

    def key(self, name: str, created: datetime) -> int:
        """Return a new id, as long as ids were at `created`. Bookings share one range."""
        space = "bookings" if name in BOOKINGS else name
        if created < LONG_IDS_SINCE:
            last = self._short.get(space, _FIRST_SHORT_ID)
            self._short[space] = last + self.rng.randint(1, 9)
            return last
        milliseconds = int((created - _ID_EPOCH) / timedelta(milliseconds=1))
        while True:
            key = (milliseconds << _LOW_BITS) | self.rng.getrandbits(_LOW_BITS)
            taken = BOOKINGS if space == "bookings" else (name,)
            if all(key not in self.state.tables[part].rows for part in taken):
                return key

    def add(
        self,
        name: str,
        created: datetime,
        updated: datetime | None = None,
        /,
        **values: Any,
    ) -> Row:
        """Store a record; values of None are left out.

        Args:
            name: The list.
            created: When it was made; never after `now`.
            updated: When it was changed last; the same moment when left out.
            values: Its columns.
        """
        made = min(created, self.now)
        changed = min(max(updated or made, made), self.now)
        row: Row = {"id": self.key(name, made)}
        row.update((column, value) for column, value in values.items() if value is not None)
        row["created_at"], row["updated_at"] = stamp(made), stamp(changed)
        return self.state.put(name, row)

    def chance(self, share: float) -> bool:
        """Return true in `share` of the cases."""
        return self.rng.random() < share

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`."""
        return items[int(self.rng.random() * len(items))]

    def ago(self, days: float) -> datetime:
        """Return the moment so many days before now, to the second."""
        return self.now - timedelta(seconds=int(days * 86400))

    def between(self, earliest: datetime, latest: datetime) -> datetime:
        """Return a moment between two others, to the second."""
        span = max(0, int((latest - earliest).total_seconds()))
        return earliest + timedelta(seconds=int(self.rng.random() * span))


def moment(text: str) -> datetime:
    """Return the moment of a stamp."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
