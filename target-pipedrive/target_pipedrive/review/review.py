"""One run's side of the review file: obeys its answers, asks what is new."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from target_pipedrive.errors import MappingError, RecordError, Rejected, TargetError
from target_pipedrive.ledger import LinkKey
from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.review.entries import MOST_ASKED, NEW, SKIP, Candidate, Entry, read, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from target_pipedrive.desired import Desired
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.pipedrive import Pipedrive
    from target_pipedrive.review.entries import Key

logger = logging.getLogger("target_pipedrive")

CODE = "ambiguous_match"
WHO = "the review file"
"""Who dropped a record whose answer is `skip`."""


class Review:
    """Ambiguous matches of one run.

    Args:
        path: The review file; None to know no answers and ask nobody.

    Raises:
        MappingError: The file has faults.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known = read(path) if path else {}
        self._asked: dict[Key, Entry] = {}
        self._fresh: set[Key] = set()
        """Records whose chosen object stands, and that are to become it."""
        self._reserved = {
            (entry.object, entry.chosen): entry.key
            for entry in self._known.values()
            if entry.chosen is not None
        }

    async def begin(self, pipedrive: Pipedrive, ledger: Ledger) -> None:
        """Hold new answers against the account before anything is written; drop what is skipped.

        Raises:
            MappingError: Answers that cannot be obeyed, each with its place.
        """
        pending = [entry for entry in self._known.values() if not _is_linked(ledger, entry)]
        fresh = [entry for entry in pending if entry.chosen is not None]
        faults = []
        for obj in {entry.object for entry in pending if entry.chosen or not entry.answer}:
            gone = await self._gone(pipedrive, ledger, [e for e in pending if e.object == obj])
            chosen = {entry.chosen or "": entry for entry in fresh if entry.object == obj}
            owned = ledger.links.owned(obj, chosen)
            for row_id, entry in chosen.items():
                if row_id in gone:
                    told = f"Pipedrive has no {obj} {row_id} any more"
                    faults.append(f"{entry.place}: answer: {told}; write another")
                elif row_id in owned:
                    told = f"{obj} {row_id} stands for another record already"
                    faults.append(f"{entry.place}: answer: {told}; write another")
        if faults:
            raise MappingError(*faults)
        self._fresh = {entry.key for entry in fresh}
        self._drop_skipped(ledger)

    async def _gone(
        self, pipedrive: Pipedrive, ledger: Ledger, entries: Sequence[Entry]
    ) -> set[str]:
        """Return the candidates of one kind that were merged away or deleted; forget their signs.

        Lists of what changed do not tell of them.
        """
        obj = entries[0].object
        wanted = {candidate.id for entry in entries for candidate in entry.candidates}
        standing = {str(row["id"]) for row in await _rows(pipedrive, obj, sorted(wanted))}
        for row_id in wanted - standing:
            ledger.signs.forget(obj, row_id)
        return wanted - standing

    def _drop_skipped(self, ledger: Ledger) -> None:
        skipped = {entry.key for entry in self._known.values() if entry.answer == SKIP}
        for dropped in ledger.rejects.dropped():
            key = (dropped.object, dropped.stream, dropped.id)
            if dropped.who == WHO and key not in skipped:
                ledger.rejects.take_up(dropped)
            skipped.discard(key)
        for key in skipped:
            ledger.rejects.drop(*key, code=CODE, who=WHO)

    def choose(self, desired: Desired, candidates: Sequence[str]) -> str | None:
        """Return the candidate that a record shall become; None to make a new object.

        Args:
            desired: The object.
            candidates: Ids of the rows of others that match it.

        Raises:
            Rejected: `ambiguous_match`: a person must choose.
        """
        key = (desired.object, desired.stream, desired.id)
        entry = self._known.get(key)
        if entry is not None and entry.answer == NEW:
            return None
        if entry is not None and entry.chosen is not None:
            if entry.chosen in candidates or key in self._fresh:
                self._fresh.discard(key)
                return entry.chosen
            # What was chosen is gone, and of the others a person said that they are not it.
            refused = {candidate.id for candidate in entry.candidates}
            candidates = [row for row in candidates if row not in refused]
        free = [row for row in candidates if (desired.object, row) not in self._reserved]
        if len(free) < 2:  # noqa: PLR2004 - from two on, it is a choice
            return free[0] if free else None
        self._asked[key] = Entry(*key, tuple(Candidate(row) for row in free))
        raise Rejected(CODE, f"Pipedrive {desired.object} {', '.join(free)}")

    async def describe(self, pipedrive: Pipedrive, host: str) -> None:
        """Look up what helps a person to choose: names, dates, links.

        Args:
            pipedrive: The account.
            host: Address of the account, such as `https://company.pipedrive.com`.
        """
        for obj in {entry.object for entry in self._asked.values()}:
            wanted = {
                candidate.id
                for entry in self._asked.values()
                if entry.object == obj
                for candidate in entry.candidates
            }
            try:
                rows = await _rows(pipedrive, obj, sorted(wanted))
            except (TargetError, RecordError) as error:
                logger.warning("The review file names ids alone: %s", error)
                rows = []
            told = {str(row["id"]): _told(row) for row in rows}
            for key, entry in self._asked.items():
                if entry.object == obj:
                    self._asked[key] = replace(
                        entry,
                        candidates=tuple(
                            Candidate(
                                one.id,
                                told.get(one.id, {}) | {"link": f"{host}/{obj}/{one.id}"},
                            )
                            for one in entry.candidates
                        ),
                    )

    @property
    def asks(self) -> bool:
        """Whether this run met matches that no answer decides."""
        return bool(self._asked)

    def write(self, ledger: Ledger) -> int:
        """Write the file anew; what a person wrote meanwhile stays.

        Returns:
            How many records are open.
        """
        if self._path is None:
            return 0
        try:
            known = read(self._path)
        except MappingError as error:
            logger.warning("The review file was changed meanwhile and has faults: %s", error)
            return len(self._asked)
        before = dict(known)
        for key, entry in self._asked.items():
            former = known.get(key)
            known[key] = replace(entry, answer=former.answer, why=former.why) if former else entry
        standing = {(r.object, r.stream, r.id) for r in ledger.rejects.all() if r.code == CODE}
        still_open = _sorted([entry for entry in known.values() if entry.key in standing])
        answered = [entry for entry in known.values() if entry.answer and entry.key not in standing]
        unanswered = [entry for entry in still_open if not entry.answer]
        later = {entry.key for entry in unanswered[MOST_ASKED:]}
        if before or known:
            asked = [entry for entry in still_open if entry.key not in later]
            write(self._path, asked, _sorted(answered))
        return len(unanswered)


def _sorted(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda e: (e.stream, len(e.id), e.id, e.object))


def _is_linked(ledger: Ledger, entry: Entry) -> bool:
    return ledger.links.get(LinkKey(entry.object, entry.stream, entry.id)) is not None


async def _rows(pipedrive: Pipedrive, obj: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return live rows with these ids: by list where Pipedrive can, which costs less."""
    operation = OBJECTS[obj].list
    if operation is not None and operation.version == 2:  # noqa: PLR2004 - of the API
        pages = pipedrive.rows(obj, ids=[int(row) for row in ids])
        return [row async for page in pages for row in page]
    found = [await pipedrive.get(obj, row) for row in ids]
    return [row for row in found if row is not None]


def _told(row: dict[str, Any]) -> dict[str, str]:
    told = {"name": row.get("name") or row.get("title"), "added": row.get("add_time")}
    return {key: str(value) for key, value in told.items() if value}
