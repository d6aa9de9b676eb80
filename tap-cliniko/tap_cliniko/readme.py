"""Writes the tables of README.md from the code, so that they cannot go stale.

``python -m tap_cliniko.readme README.md`` brings the file up to date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tap_cliniko.settings import SCHEMA
from tap_cliniko.streams import STREAMS
from tap_cliniko.streams.base import IncrementalStream
from tap_cliniko.streams.practice import User
from tap_cliniko.streams.settings import PublicSettings, Settings

SINGLE_OBJECTS = frozenset({PublicSettings, Settings, User})
"""Streams of one record, which is always there."""


def settings_table() -> str:
    """Settings, with defaults and meaning, in Markdown."""
    lines = ["| Setting | Default | Meaning |", "|---|---|---|"]
    required = SCHEMA["required"]
    for name, field in SCHEMA["properties"].items():
        default = "**required**" if name in required else f"`{field.get('default', '')}`"
        lines.append(f"| `{name}` | {default.replace('``', '')} | {field['description']} |")
    return "\n".join(lines)


def streams_table() -> str:
    """Streams in their order, how they are read and how removed rows are found, in Markdown."""
    lines = ["| Stream | Read | Key | Removed rows found by | Content |", "|---|---|---|---|---|"]
    for stream in STREAMS:
        incremental = issubclass(stream, IncrementalStream)
        key = ", ".join(f"`{name}`" for name in stream.primary_keys)
        removed = [f"`{name}`" for name in stream.hidden]
        if not incremental and stream not in SINGLE_OBJECTS:
            removed.append("absence")
        summary = (stream.__doc__ or "").strip().splitlines()[0]
        lines.append(
            f"| `{stream.name}` | {'incremental' if incremental else 'whole'} | {key} | "
            f"{', '.join(removed)} | {summary} |"
        )
    return "\n".join(lines)


def up_to_date(text: str) -> str:
    """The README with its tables written anew, between their marks."""
    for mark, table in (("settings", settings_table()), ("streams", streams_table())):
        between = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
        text, count = between.subn(rf"\g<1>\n{table}\n\n\g<2>", text)
        if count != 1:
            raise ValueError(f"the README has no place marked {mark}")
    return text


def main() -> None:
    """Bring the file named on the command line up to date."""
    path = Path(sys.argv[1])
    path.write_text(up_to_date(path.read_text()))


if __name__ == "__main__":
    main()
