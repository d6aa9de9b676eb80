"""HTML read as lines of text."""

from __future__ import annotations

from html.parser import HTMLParser

from target_pipedrive.tidy import tidy

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ]
)


def lines(html: str) -> list[str]:
    """The text of a piece of HTML, line by line, spaces collapsed, blank lines left out."""
    parser = _Lines()
    parser.feed(tidy(html, _BLOCKS))
    parser.close()
    return [line for part in "".join(parser.text).split("\n") if (line := " ".join(part.split()))]


class _Lines(HTMLParser):
    """Collects text; where a block begins or ends, so does a line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_data(self, data: str) -> None:
        self.text.append(data)
