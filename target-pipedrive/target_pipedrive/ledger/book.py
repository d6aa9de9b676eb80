"""The ledger's small accounts: runs, tokens per day, remembered facts."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from target_pipedrive.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.ledger.database import Database


class Book:
    """The tables `meta`, `runs` and `tokens`."""

    def __init__(self, database: Database, run: str) -> None:
        self._db = database
        self._run = run
        self._noted: dict[str, str | None] = {}
        """What was noted or asked for; while a run writes, nobody else does."""

    def note(self, name: str, value: str) -> None:
        """Remember a fact under a name."""
        self._db.put(schema.meta, {"name": name}, {"value": value})
        self._noted[name] = value

    def noted(self, name: str) -> str | None:
        """Return the fact remembered under a name."""
        if name not in self._noted:
            self._noted[name] = self._db.value(schema.meta.c.value, {"name": name})
        return self._noted[name]

    def notes(self, prefix: str) -> dict[str, str]:
        """Return all facts whose names begin so, by the rest of their names."""
        table = schema.meta.c
        query = select(table.name, table.value).where(
            table.name.startswith(prefix, autoescape=True)
        )
        rows = self._db.run(query.order_by(table.name))
        return {name.removeprefix(prefix): value for name, value in rows}

    def knows(self, run: str) -> bool:
        """Return whether a run was begun on this ledger."""
        return self._db.value(schema.runs.c.run, {"run": run}) is not None

    def begin_run(self) -> None:
        """Write down that a run began."""
        self._db.put(schema.runs, {"run": self._run}, {"started_at": time.time()})

    def end_run(self, outcome: str, counts: Mapping[str, Any]) -> None:
        """Write down how a run ended."""
        self._db.put(
            schema.runs,
            {"run": self._run},
            {"ended_at": time.time(), "outcome": outcome, "counts": json.dumps(counts)},
        )

    def add_tokens(self, spent: Mapping[str, tuple[int, int]]) -> None:
        """Add (calls, tokens) per operation to today's account."""
        for operation, (calls, cost) in spent.items():
            self._db.add(
                schema.tokens,
                {"day": today(), "operation": operation},
                {"calls": calls, "tokens": cost},
            )

    def tokens_today(self) -> int:
        """Return the tokens spent today by every run on this ledger."""
        total = self._db.run(
            select(func.sum(schema.tokens.c.tokens)).where(schema.tokens.c.day == today())
        ).scalar_one()
        return int(total or 0)


def new_run() -> str:
    """Return a name for a run that no other has."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def today() -> str:
    """Return the day whose tokens are being spent (UTC; Pipedrive does not name its zone)."""
    return datetime.now(UTC).date().isoformat()
