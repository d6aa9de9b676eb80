"""What a person should know about a run's streams, beside what became of their records."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_pipedrive.errors import SettingsError
from target_pipedrive.mapping import Context, Options

if TYPE_CHECKING:
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.users import Users
    from target_pipedrive.world import LedgerWorld

logger = logging.getLogger("target_pipedrive")

_FILED = "mapped"
"""Under which the ledger's book has what the mapping files made in the last whole run."""


class Notices:
    """Watches which streams come.

    Args:
        mapping: The mapping files.
        ledger: Remembers what was mapped.
        world: Kept records.
        users: Who owns what.
        stop_on_unmatched: A practitioner without a Pipedrive user ends the run.
    """

    def __init__(
        self,
        mapping: MappingSet,
        ledger: Ledger,
        world: LedgerWorld,
        users: Users,
        *,
        stop_on_unmatched: bool,
    ) -> None:
        self._mapping = mapping
        self._ledger = ledger
        self._world = world
        self._users = users
        self._stop_on_unmatched = stop_on_unmatched
        self._begun: set[str] = set()
        """Streams that were begun."""
        self.unmatched: list[str] = []
        """Keys of those who may own something and have no user in Pipedrive."""
        self._streams = mapping.streams()
        """Those that the files speak of."""
        self._filed = sorted({f"{rule.stream} → {rule.object}" for rule in mapping.all_rules()})

    def begins(self, stream: str) -> None:
        """A stream begins."""
        if stream not in self._mapping.streams():
            logger.warning("No mapping for stream %s: its records are left out", stream)
        self._begun.add(stream)

    def end(self) -> None:
        """All input was taken."""
        self._tell_absent()
        self._tell_new()

    def ended(self, stream: str) -> None:
        """When all who may own something are known, see who has no user in Pipedrive.

        Raises:
            SettingsError: Somebody, and that ends the run.
        """
        rule = self._mapping.user_rule()
        if rule is None or rule.stream != stream:
            return
        context = Context(self._world, Options())
        keys = sorted(str(record["id"]) for record in self._ledger.kept.all(stream))
        unmatched = [key for key in keys if not self._users.has(rule.email_of(key, context))]
        self.unmatched = unmatched
        if not unmatched:
            return
        text = (
            f"No active Pipedrive user has the e-mail of {stream} {', '.join(unmatched)}. "
            "Invite them in Pipedrive, or name their users under `overrides` in the mapping file"
        )
        if self._stop_on_unmatched:
            raise SettingsError(f"{text}; `unmatched_practitioners` is set to stop.")
        logger.warning("%s; what is theirs goes to the default owner.", text)

    def _tell_new(self) -> None:
        """Tell what the mapping makes for the first time: its older records may not have come."""
        before = self._ledger.book.noted(_FILED)
        new = [] if before is None else sorted(set(self._filed).difference(before.split(", ")))
        if new:
            logger.warning(
                "Mapped for the first time: %s. Records that the tap has read in earlier runs do "
                "not come again by themselves: unless this run read everything, run once with "
                "--full-refresh.",
                ", ".join(new),
            )
        self._ledger.book.note(_FILED, ", ".join(self._filed))

    def _tell_absent(self) -> None:
        """Tell which streams the mapping speaks of and the tap did not send."""
        absent = sorted(self._streams - self._begun)
        if absent and self._begun:
            logger.warning(
                "The mapping takes %s, but the tap did not send %s: what hangs on them is not in "
                "Pipedrive, or not up to date. Select them (`select` of the extractor in "
                "meltano.yml), see that the key may read them, or switch their mapping off.",
                ", ".join(absent),
                "it" if len(absent) == 1 else "them",
            )
