"""HTML as lines of text: what a reader sees, with headings and bold spans kept apart.

Block elements and `<br>` separate lines; white space inside a line is folded; blank lines vanish.
That is how content is compared which a server may rewrite.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

# fmt: off
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "dd", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td",
    "tfoot", "th", "thead", "title", "tr", "ul",
))
# fmt: on
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_BOLD = frozenset(("b", "strong"))
_UNSEEN = frozenset(("script", "style", "head"))
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(\s[^<>]*)?/?>|<!--")


@dataclass
class Line:
    """One line of text.

    Attributes:
        text: What it says, white space folded.
        heading: Whether it stands in a heading element.
        bold: The bold spans in it, white space folded.
    """

    text: str
    heading: bool = False
    bold: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, *, newlines: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self._newlines = newlines
        self._text: list[str] = []
        self._bold: list[str] = []
        self._spans: list[str] = []
        self._depth = {"heading": 0, "bold": 0, "unseen": 0}
        self._had_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs  # no attribute changes what the text says
        if tag in _BLOCKS or tag == "br":
            self.end_line()
        self._shift(tag, 1)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BOLD:
            self._end_span()
        if tag in _BLOCKS:
            self.end_line()
        self._shift(tag, -1)

    def handle_data(self, data: str) -> None:
        if self._depth["unseen"]:
            return
        pieces = data.split("\n") if self._newlines else [data]
        for position, piece in enumerate(pieces):
            if position:
                self.end_line()
            self._text.append(piece)
            if self._depth["bold"]:
                self._bold.append(piece)
            if self._depth["heading"]:
                self._had_heading = True

    def end_line(self) -> None:
        """Close the line that is being read, if it says anything."""
        self._end_span()
        text = " ".join("".join(self._text).split())
        if text:
            self.lines.append(Line(text, self._had_heading, self._spans))
        self._text, self._spans, self._had_heading = [], [], False

    def _end_span(self) -> None:
        span = " ".join("".join(self._bold).split())
        if span:
            self._spans.append(span)
        self._bold = []

    def _shift(self, tag: str, by: int) -> None:
        for name, tags in (("heading", _HEADINGS), ("bold", _BOLD), ("unseen", _UNSEEN)):
            if tag in tags:
                self._depth[name] = max(0, self._depth[name] + by)


def read(html: str | None, *, newlines: bool = False) -> list[Line]:
    """Read HTML as lines.

    Args:
        html: The markup; None is no line at all.
        newlines: Whether a line feed in the text separates lines too (plain-text notes).
    """
    reader = _Reader(newlines=newlines)
    reader.feed(html or "")
    reader.close()
    reader.end_line()
    return reader.lines


def lines(html: str | None, *, newlines: bool = False) -> list[str]:
    """Return the text of each line of some HTML."""
    return [line.text for line in read(html, newlines=newlines)]


def is_html(content: str | None) -> bool:
    """Whether a text holds a tag, so that a mail program would show it as HTML."""
    return bool(content and _TAG.search(content))
