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
            *full, last = _split_block(block, room)
            parts.extend([*full, last])
    return [part for part in parts if part]


def _split_block(tokens: Iterable[_Token], room: int) -> list[str]:
    """Split one block between words; open tags are closed at a border and opened again after it."""
    parts: list[str] = []
    opened: list[_Token] = []
    current = ""
    filled = False

    def closing() -> str:
        return "".join(f"</{token.tag}>" for token in reversed(opened))

    def turn() -> None:
        nonlocal current, filled
        parts.append(current + closing())
        current = "".join(token.markup for token in opened)
        filled = False

    for token in tokens:
        if token.kind == "start":
            cost = len(token.markup) + len(token.tag) + 3
            if filled and len(current) + cost + len(closing()) > room:
                turn()
            current += token.markup
            opened.append(token)
        elif token.kind == "end":
            current += token.markup
            opened.pop()
        elif token.kind == "void":
            if filled and len(current) + len(token.markup) + len(closing()) > room:
                turn()
            current += token.markup
        else:
            for word in _WORDS.findall(token.text):
                space = room - len(closing())
                if len(current) + len(markup.escape(word)) <= space:
                    current += markup.escape(word)
                    filled = True
                    continue
                if filled:
                    turn()
                for char in word if len(current) + len(markup.escape(word)) > space else [word]:
                    if len(current) + len(markup.escape(char)) > space:
                        turn()
                    current += markup.escape(char)
                    filled = True
    parts.append(current)
    return parts
