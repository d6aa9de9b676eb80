"""Splitting long HTML into parts that are each whole: no tag broken, no character lost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from target_pipedrive.mapping import markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_DEPTH = 12
"""Open tags that are kept around a text; deeper formatting is dropped, its text stays."""
MIN_ROOM = 2_000
"""Fewest characters a part may be given: enough to reopen tags and still move on."""
_VOID = frozenset({"br"})
_WORDS = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class _Token:
    """A start tag, an end tag, or text; `markup` is how it is written."""

    kind: str  # "start", "end", "void" or "text"
    tag: str
    markup: str
    text: str = ""


class _Tokens(HTMLParser):
    """Reads well-formed HTML into tokens and drops tags that are nested too deeply."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[_Token] = []
        self.open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        written = "".join(f' {name}="{markup.escape(value or "")}"' for name, value in attrs)
        if tag in _VOID:
            self.tokens.append(_Token("void", tag, f"<{tag}>"))
            return
        kept = sum(keep for _, keep in self.open) < MAX_DEPTH
        self.open.append((tag, kept))
        if kept:
            self.tokens.append(_Token("start", tag, f"<{tag}{written}>"))

    def handle_endtag(self, tag: str) -> None:
        if not any(name == tag for name, _ in self.open):
            return
        while self.open:
            name, kept = self.open.pop()
            if kept:
                self.tokens.append(_Token("end", name, f"</{name}>"))
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        self.tokens.append(_Token("text", "", markup.escape(data), data))


def _tokens(html: str) -> list[_Token]:
    reader = _Tokens()
    reader.feed(html)
    reader.close()
    for name, kept in reversed(reader.open):
        if kept:
            reader.tokens.append(_Token("end", name, f"</{name}>"))
    return reader.tokens


def _blocks(tokens: Iterable[_Token]) -> Iterator[list[_Token]]:
    """Top-level pieces: an element with all it holds, or loose text up to the next block."""
    block: list[_Token] = []
    depth = 0
    for token in tokens:
        starts_block = token.kind == "start" and depth == 0 and token.tag in markup.BLOCKS
        if starts_block and block:
            yield block
            block = []
        block.append(token)
        depth += {"start": 1, "end": -1}.get(token.kind, 0)
        ends_block = token.kind == "end" and depth == 0 and token.tag in markup.BLOCKS
        if ends_block or (token.kind == "void" and depth == 0):
            yield block
            block = []
    if block:
        yield block


def _sections(blocks: Iterable[list[_Token]]) -> list[list[list[_Token]]]:
    """Blocks grouped so that each group but the first begins with an `<h2>`."""
    sections: list[list[list[_Token]]] = [[]]
    for block in blocks:
        if block[0].tag == "h2" and sections[-1]:
            sections.append([])
        sections[-1].append(block)
    return sections


def _written(blocks: Iterable[Iterable[_Token]]) -> str:
    return "".join(token.markup for block in blocks for token in block)


def split(html: str, room: int) -> list[str]:
    """Split HTML into parts of at most `room` characters.

    Borders are sought between sections (`<h2>`), else between blocks, else between words, else
    between characters. The visible text of the parts, joined, is that of the whole.

    Args:
        html: Well-formed HTML of the tags in `markup.ALLOWED`.
        room: Characters a part may have.

    Raises:
        ValueError: The room is less than `MIN_ROOM`.
    """
    if room < MIN_ROOM:
        raise ValueError(f"a part needs room for at least {MIN_ROOM} characters")
    parts = [""]

    def place(piece: str) -> bool:
        if len(parts[-1]) + len(piece) <= room:
            parts[-1] += piece
        elif len(piece) <= room:
            parts.append(piece)
        else:
            return False
        return True

    for section in _sections(_blocks(_tokens(html))):
        if place(_written(section)):
            continue
        for block in section:
            if place(_written([block])):
                continue
            pages = _Pages(room, parts.pop())
            for token in block:
                pages.add(token)
            parts.extend(pages.finish())
    return [part for part in parts if part]


class _Pages:
    """Fills parts of at most `room` characters; tags open at a border are opened again after it.

    Args:
        room: Characters a part may have.
        begun: The first part as far as it is written, with no tag open.
    """

    def __init__(self, room: int, begun: str) -> None:
        self.room = room
        self.parts: list[str] = []
        self.open: list[_Token] = []
        self.current = begun
        self.filled = bool(begun)

    def add(self, token: _Token) -> None:
        """Write one token."""
        match token.kind:
            case "start":
                self._turn_unless_fits(len(token.markup) + len(f"</{token.tag}>"))
                self.current += token.markup
                self.open.append(token)
            case "end":
                self.current += token.markup
                self.open.pop()
                self.filled = True
            case "void":
                self._turn_unless_fits(len(token.markup))
                self.current += token.markup
                self.filled = True
            case _:
                for word in _WORDS.findall(token.text):
                    self._write(word)

    def finish(self) -> list[str]:
        """All parts."""
        return [*self.parts, self.current]

    def _write(self, word: str) -> None:
        """Write a word; one that no part could hold is written character by character."""
        written = markup.escape(word)
        self._turn_unless_fits(len(written))
        if self._fits(len(written)):
            self.current += written
        else:
            for char in map(markup.escape, word):
                self._turn_unless_fits(len(char))
                self.current += char
                self.filled = True
        self.filled = True

    def _closing(self) -> str:
        return "".join(f"</{token.tag}>" for token in reversed(self.open))

    def _fits(self, length: int) -> bool:
        return len(self.current) + length + len(self._closing()) <= self.room

    def _turn_unless_fits(self, length: int) -> None:
        # A part that holds nothing but tags opened again gains nothing by turning.
        if self.filled and not self._fits(length):
            self.parts.append(self.current + self._closing())
            self.current = "".join(token.markup for token in self.open)
            self.filled = False
