"""Rows and findings on disk, so that memory stays flat however much there is."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_pipedrive.ledger import LinkKey
from target_pipedrive.ledger.database import pack, unpack
from target_pipedrive.verify.verdicts import QUIET, Finding, Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_TABLES = """
    CREATE TABLE rows (object, id, linked, sign, data, PRIMARY KEY (object, id)) WITHOUT ROWID;
    CREATE TABLE checked (
        object, stream, id, part, row, verdict, shape, findings,
        PRIMARY KEY (object, stream, id, part)
    ) WITHOUT ROWID;
    CREATE INDEX rows_by_sign ON rows (object, sign) WHERE sign IS NOT NULL;
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about one object.

    Args:
        key: The source record; its stream is empty for a row that no record wants.
        row: Id in Pipedrive; empty where nothing is known to stand.
        verdict: The worst of its fields'.
        findings: Those that are not equal.
    """

    key: LinkKey
    row: str
    verdict: Verdict
    findings: tuple[Finding, ...]


class Scratch:
    """A database that lasts as long as the run.

    Args:
        path: Where it lies; a folder that goes with the run.
    """

    def __init__(self, path: Path) -> None:
        # Autocommit: nothing of it must outlive the run.
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES}")
        self._shapes: dict[tuple[str, ...], int] = {}
        """Lists of fields that were equal, of which there are few."""

    def close(self) -> None:
        """Let go of it."""
        self._db.close()

    # rows

    def keep(
        self, obj: str, rows: Iterable[tuple[str, bool, str | None, Mapping[str, Any]]]
    ) -> None:
        """Keep rows: id, whether the ledger knows it, a sign it may be known by, what it holds."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)",
            (
                (obj, row_id, linked, sign, pack(row) if linked else None)
                for row_id, linked, sign, row in rows
            ),
        )
        self._db.execute("COMMIT")

    def row(self, obj: str, row_id: str) -> dict[str, Any] | None:
        """Return a row that the ledger knows; None when it does not stand."""
        words = "SELECT data FROM rows WHERE object = ? AND id = ? AND linked"
        found = self._db.execute(words, (obj, row_id)).fetchone()
        return None if found is None else unpack(found[0])

    def strangers(self) -> Iterator[tuple[str, str]]:
        """Yield kind and id of rows that bear a mark of ours and that the ledger does not know."""
        yield from self._db.execute(
            "SELECT object, id FROM rows WHERE NOT linked AND object != 'file' ORDER BY object, id"
        )
        yield from self._db.execute(
            "SELECT object, id FROM rows AS one WHERE NOT linked AND object = 'file' AND EXISTS ("
            "SELECT 1 FROM rows AS ours WHERE ours.object = 'file' AND ours.linked "
            "AND ours.sign = one.sign) ORDER BY id"
        )

    # findings

    def note(self, key: LinkKey, row: str, findings: Iterable[Finding]) -> None:
        """Write down what was found out about an object; what was found before counts no more."""
        found = list(findings)
        equal = tuple(one.field for one in found if one.verdict is Verdict.EQUAL)
        others = [
            [one.field, one.verdict, one.rule, one.expected, one.found]
            for one in found
            if one.verdict is not Verdict.EQUAL
        ]
        self._db.execute(
            "INSERT OR REPLACE INTO checked VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key.object,
                key.stream,
                key.id,
                key.part,
                row,
                worst([one.verdict for one in found]),
                self._shapes.setdefault(equal, len(self._shapes)),
                json.dumps(others, ensure_ascii=False) if others else None,
            ),
        )

    def noted(self, key: LinkKey) -> bool:
        """Return whether something was found out about an object."""
        words = "SELECT 1 FROM checked WHERE object = ? AND stream = ? AND id = ? AND part = ?"
        found = self._db.execute(words, (key.object, key.stream, key.id, key.part))
        return found.fetchone() is not None

    def objects(self) -> Counter[tuple[str, Verdict]]:
        """Return how many objects there are of each kind and verdict."""
        words = "SELECT object, verdict, count(*) FROM checked GROUP BY object, verdict"
        return Counter(
            {(obj, Verdict(found)): number for obj, found, number in self._db.execute(words)}
        )

    def known(self, obj: str) -> int:
        """Return how many objects of a kind that the ledger knows were looked at."""
        words = "SELECT count(*) FROM checked WHERE object = ? AND row != '' AND stream != ''"
        return int(self._db.execute(words, (obj,)).fetchone()[0])

    def fields(self) -> Counter[tuple[str, str, Verdict, str]]:
        """Return how many fields there are, by object, name, verdict and rule."""
        counts: Counter[tuple[str, str, Verdict, str]] = Counter()
        shapes = {number: fields for fields, number in self._shapes.items()}
        words = "SELECT object, shape, count(*) FROM checked GROUP BY object, shape"
        for obj, shape, number in self._db.execute(words):
            for field in shapes[shape]:
                counts[obj, field, Verdict.EQUAL, ""] += number
        for checked in self.checked():
            for one in checked.findings:
                counts[checked.key.object, one.field, one.verdict, one.rule] += 1
        return counts

    def checked(self, *, quiet: bool = True) -> Iterator[Checked]:
        """Yield the objects that are not equal in every field, in order of kind, stream and id.

        Args:
            quiet: Those, too, in which nothing is worse than normalised.
        """
        words = (
            "SELECT object, stream, id, part, row, verdict, findings FROM checked "
            "WHERE findings IS NOT NULL ORDER BY object, stream, length(id), id, part"
        )
        for *key, row, verdict, findings in self._db.execute(words):
            if quiet or verdict not in QUIET:
                yield Checked(
                    LinkKey(*key),
                    row,
                    Verdict(verdict),
                    tuple(
                        Finding(field, Verdict(found), *told)
                        for field, found, *told in json.loads(findings)
                    ),
                )
