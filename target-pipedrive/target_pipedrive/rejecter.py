"""Keeps the records that cannot be written, each with its reason, until they can."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_pipedrive.errors import TooManyRejects

if TYPE_CHECKING:
    from target_pipedrive.errors import Rejected
    from target_pipedrive.evaluator import Record
    from target_pipedrive.ledger.rejects import Rejects
    from target_pipedrive.unchanged import Unchanged

logger = logging.getLogger("target_pipedrive")


class Rejecter:
    """Rejects records.

    Args:
        rejects: Where they are kept.
        unchanged: Told of them, so that they are looked at when they are read again.
        most: More rejected records than this end the run; None for no limit.
    """

    def __init__(self, rejects: Rejects, unchanged: Unchanged, most: int | None) -> None:
        self._rejects = rejects
        self._unchanged = unchanged
        self._most = most

    def done(self, obj: str, stream: str, record_id: str) -> None:
        """A record is no longer rejected, if it was."""
        self._rejects.forget(obj, stream, record_id)

    def reject(
        self, obj: str, stream: str, record_id: str, rejected: Rejected, record: Record
    ) -> None:
        """Keep a record that cannot be written.

        Raises:
            TooManyRejects: One too many.
        """
        self._unchanged.forget(stream, record_id)
        self._rejects.put(
            obj, stream, record_id, code=rejected.code, detail=rejected.detail, record=record
        )
        logger.warning("%s/%s rejected as %s", stream, record_id, rejected)
        limit = self._most
        if limit is not None and sum(self._rejects.count().values()) > limit:
            raise TooManyRejects(
                f"More than {limit} records were rejected (`max_rejects`). The newest: "
                f"{stream}/{record_id}, {rejected}. Mend the cause and run again; what was "
                "written stays, what was rejected is tried again."
            )
