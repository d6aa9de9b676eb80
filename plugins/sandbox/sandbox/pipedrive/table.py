"""Rows of one kind of thing, by id, with indexes on their links."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator

Row: TypeAlias = dict[str, Any]


class Uuids:
    """Makes ids that are no numbers.

    Args:
        chance: Decides them.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def __call__(self) -> str:
        """Return a new one."""
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))


class Table:
    """Rows in the order of their ids; nothing ever leaves, deleting is a flag.

    Args:
        first_id: The id that the first row gets.
        links: Names of columns that hold the id of another row; `linked` finds rows by them.
        make_id: Makes ids that are no numbers, instead of counting.
    """

    def __init__(
        self,
        first_id: int,
        links: Iterable[str] = (),
        make_id: Callable[[], str] | None = None,
    ) -> None:
        self.rows: dict[Any, Row] = {}
        self.ids: list[Any] = []
        self._next_id = first_id
        self._make_id = make_id
        self._links: dict[str, dict[Any, dict[int, None]]] = {
            name: defaultdict(dict) for name in links
        }

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, row_id: Any) -> Row | None:
        """Return a row, deleted or not."""
        return self.rows.get(row_id)

    def add(self, row: Row) -> Row:
        """Give a row without id the next one and keep it."""
        kept = {"id": self._next_id if self._make_id is None else self._make_id(), **row}
        self._next_id += 1
        self.rows[kept["id"]] = kept
        self.ids.append(kept["id"])
        for name, index in self._links.items():
            if kept[name] is not None:
                index[kept[name]][kept["id"]] = None
        return kept

    def update(self, row: Row, changes: Row) -> None:
        """Change a row in place."""
        for name, index in self._links.items():
            if name in changes and changes[name] != row[name]:
                if row[name] is not None:
                    del index[row[name]][row["id"]]
                if changes[name] is not None:
                    index[changes[name]][row["id"]] = None
        row.update(changes)

    def linked(self, name: str, target: Any) -> list[Row]:
        """Return the rows whose link `name` is `target`, in the order they got it."""
        return [self.rows[row_id] for row_id in self._links[name].get(target, ())]
