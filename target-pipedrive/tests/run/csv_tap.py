"""A tap of spreadsheets with the settings of tap-csv: every value is text."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream, Tap

if TYPE_CHECKING:
    from collections.abc import Iterable


class SheetStream(Stream):
    """The rows of one file."""

    def __init__(self, tap: Tap, file: dict[str, Any]) -> None:
        with Path(file["path"]).open(newline="") as sheet:
            self._rows = list(csv.DictReader(sheet))
        schema = {"properties": {name: {"type": ["string", "null"]} for name in self._rows[0]}}
        super().__init__(tap, schema=schema, name=file["entity"])
        self.primary_keys = file["keys"]

    def get_records(self, context: object) -> Iterable[dict[str, Any]]:
        """Yield the rows."""
        yield from self._rows


class TapSheets(Tap):
    """Reads the files that the setting `files` names, in their order."""

    name = "tap-sheets"
    config_jsonschema: ClassVar[dict[str, Any]] = {
        "properties": {"files": {"type": "array", "items": {"type": "object"}}}
    }

    def discover_streams(self) -> list[Stream]:
        """One stream a file."""
        return [SheetStream(self, file) for file in self.config["files"]]


if __name__ == "__main__":
    TapSheets.cli()
