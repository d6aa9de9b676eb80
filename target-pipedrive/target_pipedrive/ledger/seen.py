"""Records that stand as they were read last, so that a second look can be spared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from target_pipedrive.ledger import schema

if TYPE_CHECKING:
    from target_pipedrive.ledger.database import Database

_SEEN = schema.seen.c
_ONE = select(_SEEN.digest, _SEEN.streams, _SEEN.until, _SEEN.made).where(
    _SEEN.stream == bindparam("stream"), _SEEN.id == bindparam("id")
)


@dataclass(frozen=True, slots=True)
class Sight:
    """A record that was evaluated and stands.

    Args:
        digest: Of the record and of all that its evaluation depended on.
        streams: Streams of kept records that it depended on, comma separated.
        until: Epoch seconds until which its evaluation holds; None for ever.
        made: What it became, as `unchanged` writes it.
    """

    digest: bytes
    streams: str
    until: float | None
    made: str


class Seen:
    """The table `seen`. Whatever touches a record's links takes its row away."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, stream: str, record_id: str) -> Sight | None:
        """Return how a record was seen last; None when it must be looked at."""
        rows = self._db.fetch(_ONE, {"stream": stream, "id": record_id})
        return Sight(*rows[0]) if rows else None

    def put(self, stream: str, record_id: str, sight: Sight) -> None:
        """A record stands as it was evaluated."""
        self._db.put(
            schema.seen,
            {"stream": stream, "id": record_id},
            {
                "digest": sight.digest,
                "streams": sight.streams,
                "until": sight.until,
                "made": sight.made,
            },
        )

    def forget_stream(self, stream: str) -> None:
        """All records of a stream must be looked at when they are read again."""
        self._db.drop(schema.seen, {"stream": stream})

    def forget(self, stream: str, record_id: str) -> None:
        """A record must be looked at when it is read again."""
        self._db.drop(schema.seen, {"stream": stream, "id": record_id})
