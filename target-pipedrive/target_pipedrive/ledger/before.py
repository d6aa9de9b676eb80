"""What stood in objects of others before we changed them, and what we wrote there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from target_pipedrive.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_pipedrive.ledger.database import Database


@dataclass(frozen=True, slots=True)
class Image:
    """One key of an object of others, before and after.

    Args:
        key: A body key, or the hash key of a custom field.
        value: What stood there.
        run: Which run changed it first.
        written: What we left there; None when that is not known.
        written_by: Which run wrote it last; None when that is not known.
    """

    key: str
    value: Any
    run: str
    written: Written | None
    written_by: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """A value that we left somewhere, which may be nothing."""

    value: Any


class Before:
    """The table `before`."""

    def __init__(self, database: Database, run: str) -> None:
        self._db = database
        self._run = run

    def save(self, obj: str, pipedrive_id: str, values: Mapping[str, Any]) -> None:
        """Keep what stood in an object of others; what was kept earlier stays."""
        for key, value in values.items():
            place = _place(obj, pipedrive_id, key)
            image = {"value": json.dumps(value), "run": self._run}
            self._db.put_new(schema.before, {**place, **image})

    def wrote(self, obj: str, pipedrive_id: str, values: Mapping[str, Any]) -> None:
        """Keep what stands there since; keys of which nothing was saved are passed over."""
        saved = {image.key for image in self.of(obj, pipedrive_id)}
        for key in saved & values.keys():
            table = schema.before
            self._db.run(
                update(table)
                .where(
                    *(
                        table.c[name] == value
                        for name, value in _place(obj, pipedrive_id, key).items()
                    )
                )
                .values(written=json.dumps(values[key], default=float), written_by=self._run)
            )

    def of(self, obj: str, pipedrive_id: str) -> list[Image]:
        """Return what is kept of an object."""
        table = schema.before.c
        query = (
            select(table.key, table.value, table.run, table.written, table.written_by)
            .where(table.object == obj, table.pipedrive_id == pipedrive_id)
            .order_by(table.key)
        )
        return [_image(*row) for row in self._db.run(query)]

    def objects(self, obj: str) -> Iterator[str]:
        """Yield the ids of the objects of a kind that something is kept of."""
        table = schema.before.c
        query = select(table.pipedrive_id).where(table.object == obj).distinct()
        yield from self._db.run(query).scalars()

    def forget_key(self, obj: str, pipedrive_id: str, key: str) -> None:
        """A key of an object of others stands as it stood before."""
        self._db.drop(schema.before, _place(obj, pipedrive_id, key))

    def forget(self, obj: str, pipedrive_id: str) -> None:
        """An object of others is left to them again."""
        self._db.drop(schema.before, {"object": obj, "pipedrive_id": pipedrive_id})


def _place(obj: str, pipedrive_id: str, key: str) -> dict[str, str]:
    return {"object": obj, "pipedrive_id": pipedrive_id, "key": key}


def _image(key: str, value: str, run: str, written: str | None, written_by: str | None) -> Image:
    left = None if written is None else Written(json.loads(written))
    return Image(key, json.loads(value), run, left, written_by)
