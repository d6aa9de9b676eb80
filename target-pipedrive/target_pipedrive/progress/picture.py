"""What there is to tell of a run at one moment."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A run at one moment; counts, names and ids alone, no value of a record.

    Args:
        run: Its name in the ledger.
        mode: What it is for, such as `apply`.
        began: When it began, in epoch seconds.
        at: When this was so, in epoch seconds.
        read: Stream → records read, in the order in which the streams came.
        left_out: Stream → records without a home.
        written: Object → objects written, one way or another.
        stood: Object → objects that stood as they should.
        rejected: Object → records that stand rejected; "" for records that could not be kept.
        requests: Requests to Pipedrive of this run.
        tokens: Spent today, by every run on the ledger.
        left: Tokens of today that this run may still spend.
        rate: Objects written a second, lately.
        burn: Tokens spent a second, lately.
    """

    run: str
    mode: str
    began: float
    at: float
    read: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    stood: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    tokens: int = 0
    left: int = 0
    rate: float = 0.0
    burn: float = 0.0

    @property
    def objects(self) -> list[str]:
        """All objects that there is something to tell of, sorted."""
        return sorted({*self.written, *self.stood, *self.rejected})

    def lasts(self) -> float | None:
        """Seconds until today's tokens are spent, as they are spent now.

        Returns:
            None when they last until the next day begins, at 00:00 UTC.
        """
        if self.left <= 0:
            return 0.0
        if self.burn <= 0 or (seconds := self.left / self.burn) >= until_midnight(self.at):
            return None
        return seconds

    def dumps(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Picture:
        """Read what `dumps` wrote, perhaps in another release."""
        told: dict[str, Any] = json.loads(text)
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in told.items() if name in known})


def until_midnight(at: float) -> float:
    """Seconds from a moment until the next day begins, in UTC."""
    now = datetime.fromtimestamp(at, UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()
