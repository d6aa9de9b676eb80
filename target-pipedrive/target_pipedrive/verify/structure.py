"""HTML by what it says and how it is divided, whatever a server did to its spelling."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

from target_pipedrive.tidy import tidy

_KEPT = frozenset("a b blockquote br div em h1 h2 h3 h4 h5 h6 i li ol p strong u ul".split())  # noqa: SIM905 - reads as a list of tags
_SAME = {"strong": "b", "em": "i", "div": "p"}
_EMPTY = re.compile(r"[\s\u00a0\u200b\ufeff]+")

Token = tuple[str, str]
"""A kind (`<`, `>`, `=` or a space for text) and what it is about."""


def structure(html: str) -> list[Token]:
    """Return tags, links and texts in their order.

    White space between and at the ends of texts does not count, nor do attributes other than
    links, elements without content, and which of two tags of one meaning stands there.
    """
    reader = _Reader()
    reader.feed(
        tidy(html, _KEPT, attributes={"a": {"href"}}, schemes={"http", "https", "mailto", "tel"})
    )
    reader.close()
    return reader.tokens


def letters(html: str) -> str:
    """Return the text alone, without any white space."""
    return "".join(value for kind, value in structure(html) if kind == " ").replace(" ", "")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[Token] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tokens.append(("<", _SAME.get(tag, tag)))
        self.tokens += [("=", value or "") for name, value in attrs if name == "href"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        name = _SAME.get(tag, tag)
        if self.tokens and self.tokens[-1] == ("<", name):
            self.tokens.pop()
        elif tag != "br":
            self.tokens.append((">", name))

    def handle_data(self, data: str) -> None:
        text = _EMPTY.sub(" ", unicodedata.normalize("NFC", data)).strip()
        if not text:
            return
        if self.tokens and self.tokens[-1][0] == " ":
            self.tokens[-1] = (" ", f"{self.tokens[-1][1]} {text}")
        else:
            self.tokens.append((" ", text))
