"""Reading mapping files: YAML documents with the place of every key and value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from target_pipedrive.mapping.faults import Faults, Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


MAX_NESTING = 50
"""Brackets within brackets."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one file may hold.

    Args:
        characters: Characters.
        values: Values, those of aliases counted wherever they are used.
    """

    characters: int
    values: int

    @property
    def fault(self) -> str:
        """What to say of a file that holds more."""
        return (
            f"the file is too large or nested too deeply: {self.characters:,} characters, "
            f"{self.values:,} values and {MAX_NESTING} brackets within brackets are allowed; "
            "split it"
        )


MAPPING = Bounds(characters=200_000, values=20_000)
"""Those of a mapping file."""


@dataclass(frozen=True, slots=True)
class Source:
    """One YAML document and where its parts stand.

    Args:
        file: Path as shown to people.
        lines: Text of the file.
        root: The document, with marks.
        data: The same as plain dicts and lists.
    """

    file: str
    lines: Sequence[str]
    root: CommentedMap
    data: dict[str, Any]

    def place(self, path: Sequence[str | int] = (), *, key: bool = False) -> Place:
        """Place of a value, or of the key that leads to it; of the nearest part when there is none.

        Args:
            path: Keys and indexes from the root.
            key: Whether the key itself is meant.
        """
        node: Any = self.root
        mark = (self.root.lc.line, self.root.lc.col)
        for at, step in enumerate(path):
            is_last = at == len(path) - 1
            if isinstance(node, CommentedMap) and step in node:
                mark = node.lc.key(step) if key and is_last else node.lc.value(step)
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                mark = node.lc.item(step)
            else:
                break
            node = node[step]
        return Place(self.file, mark[0] + 1, mark[1] + 1)

    def inside(self, path: Sequence[str | int], line: int, offset: int) -> Place:
        """Place of a character of a text value, when the text stands on one line of the file.

        Args:
            path: Keys and indexes from the root to the value.
            line: Line within the text, counted from 1.
            offset: Characters before it in that line.
        """
        start = self.place(path)
        value = self._value(path)
        if line != 1 or not isinstance(value, str):
            return start
        row = self.lines[start.line - 1]
        for quote in (0, 1):
            column = start.column - 1 + quote
            if row[column : column + len(value)] == value:
                blank = len(value) - len(value.lstrip())
                return Place(self.file, start.line, column + blank + offset + 1)
        return start

    def _value(self, path: Sequence[str | int]) -> Any:
        node: Any = self.data
        for step in path:
            node = node[step]
        return node


class _TooMuchError(Exception):
    """A file that holds more than a mapping can."""


def _plain(node: Any, room: list[int]) -> Any:
    """The value as plain dicts and lists; an alias is what it stands for, each time."""
    room[0] -= 1
    if room[0] < 0:
        raise _TooMuchError
    if isinstance(node, dict):
        return {key: _plain(value, room) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value, room) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (str, int, float):
        if isinstance(node, kind):
            return kind(node)
    return node


def _nesting(content: str) -> int:
    """How deep brackets stand within brackets."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", content):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _text(path: Path, shown: str, faults: Faults, bounds: Bounds) -> str | None:
    """Text of a file that is not too much to be read as YAML; None, with a fault, of another."""
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        kind = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        faults.add(Place(shown, 1, 1), f"cannot read the file: {kind}")
        return None
    if len(content) > bounds.characters or _nesting(content) > MAX_NESTING:
        faults.add(Place(shown, 1, 1), bounds.fault)
        return None
    return content


def read_documents(
    path: Path, shown: str, faults: Faults, bounds: Bounds = MAPPING
) -> list[Source]:
    """Read the documents of a file; faults of its YAML are added to `faults`.

    Args:
        path: The file.
        shown: Its path as shown to people.
        faults: Where faults go.
        bounds: How much it may hold.
    """
    content = _text(path, shown, faults, bounds)
    if content is None:
        return []
    yaml = YAML(typ="rt")
    room = [bounds.values]
    documents: list[Source] = []
    try:
        for root in yaml.load_all(content):
            if root is None:
                continue
            if not isinstance(root, CommentedMap):
                faults.add(
                    Place(shown, 1, 1), "a document is a list of `key: value` lines, not this"
                )
                continue
            documents.append(Source(shown, content.splitlines(), root, _plain(root, room)))
    except DuplicateKeyError as error:
        faults.add(_marked(shown, error), "this key stands twice; remove one")
    except MarkedYAMLError as error:
        problem = error.problem or error.context or "cannot be read"
        faults.add(_marked(shown, error), f"not YAML: {problem}")
    except YAMLError as error:
        faults.add(Place(shown, 1, 1), f"not YAML: {error}")
    except (_TooMuchError, RecursionError):
        faults.add(Place(shown, 1, 1), bounds.fault)
    except ValueError as error:  # a number or a date that is none
        faults.add(Place(shown, 1, 1), f"not YAML: a value cannot be read ({error})")
    return documents


def _marked(shown: str, error: MarkedYAMLError) -> Place:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Place(shown, 1, 1)
    return Place(shown, mark.line + 1, mark.column + 1)
