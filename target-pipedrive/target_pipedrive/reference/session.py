"""A run that only lists: it asks nothing of Pipedrive and remembers nothing."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self

from target_pipedrive.errors import Rejected
from target_pipedrive.reference.listing import Part, as_json, as_markdown, missing
from target_pipedrive.session import check_writable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.mapping.listing import ReferenceRule

logger = logging.getLogger("target_pipedrive")

NAME = "workflow-reference"
"""Of both files, without their endings."""


class ReferenceSession:
    """An open run that writes the workflow reference. Driven by the bridge.

    No state is put out: what is listed is listed whole each time.

    Args:
        mapping: The mapping files.
        folder: Where the files go.
    """

    def __init__(self, mapping: MappingSet, folder: Path) -> None:
        self._mapping = mapping
        self._folder = folder
        self._parts: list[tuple[ReferenceRule, Part]] = [
            (rule, Part(rule.title, rule.stream)) for rule in mapping.references
        ]
        self._others: set[str] = set()
        """Streams that came and are not listed."""
        self._whole = False
        """Whether all input was read."""

    @classmethod
    async def open(cls, mapping: MappingSet, folder: Path) -> Self:
        """Begin a run.

        Raises:
            SettingsError: The folder cannot be written.
        """
        check_writable(folder)
        return cls(mapping, folder)

    async def take(self, message: tuple[str, Any, Any]) -> None:
        """Take one message.

        Raises:
            MappingError: The mapping uses names that a stream does not have.
        """
        match message:
            case ("schema", _, stream):
                self._mapping.check_references(stream.name, stream.properties)
                found = [*self._of(stream.name)]
                for _, part in found:
                    part.came = True
                if not found:
                    self._others.add(stream.name)
            case ("record", stream, record):
                self._list(stream, record)

    async def end(self) -> None:
        """All input was read."""
        self._whole = True

    async def broken(self) -> NoReturn:
        """Nothing but the input can end this run."""
        await asyncio.Event().wait()
        raise RuntimeError("ended by nobody")

    async def close(self, *, failure: BaseException | None) -> None:
        """Write the files, if all came; tell what to do next."""
        if failure is None and self._whole:
            self._write()
        else:
            logger.info("Nothing was written: the run did not come to its end. Run it again.")

    def _of(self, stream: str) -> Iterator[tuple[ReferenceRule, Part]]:
        return (one for one in self._parts if one[0].stream == stream)

    def _list(self, stream: str, record: dict[str, Any]) -> None:
        for rule, part in self._of(stream):
            try:
                entry = rule.entry(record)
            except Rejected as rejected:
                part.faults[str(record.get(rule.key_name))] = rejected.detail
            else:
                part.entries += [entry] if entry is not None else []

    def _write(self) -> None:
        parts = [part for _, part in self._parts]
        made_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        files = {
            self._folder / f"{NAME}.json": as_json(parts, made_at),
            self._folder / f"{NAME}.md": as_markdown(parts, made_at),
        }
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
        for part in parts:
            if part.came:
                logger.info("%s: %s listed", part.title, f"{len(part.entries):,}")
            if part.faults:
                logger.warning(
                    "%s: %d not listed, for an expression of the mapping failed: %s",
                    part.title,
                    len(part.faults),
                    next(iter(part.faults.values())),
                )
        if self._others:
            logger.info("%d other streams came; the mapping lists none", len(self._others))
        if absent := missing(parts):
            logger.warning(
                "The tap did not send %s: select it (`select` of the extractor), or see that the "
                "key may read it; then run again.",
                ", ".join(absent),
            )
        for path in files:
            logger.info("Workflow reference: %s", path)
        logger.info(
            "Pipedrive was not asked for anything. Next: rebuild by hand what is still wanted."
        )
