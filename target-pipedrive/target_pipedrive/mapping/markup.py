"""HTML: escaping, cleaning by an allow-list, and reading as plain text."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from target_pipedrive.tidy import tidy

ALLOWED = frozenset(
    ["p", "div", "br", "ul", "ol", "li", "blockquote", "h1", "h2", "b", "i", "u", "a"]
)
"""Tags of a paragraph answer (Cliniko API, "Treatment notes": paragraph questions)."""
BLOCKS = ALLOWED - {"br", "b", "i", "u", "a", "li"}
"""Tags that begin a line of their own."""
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
MAX_LINK = 1_000
"""Characters, escaped, of a link that is kept; a longer one loses its target, not its text."""

_HTML = re.compile(
    r"<(?:!doctype|/?(?:a|b|blockquote|body|br|center|div|em|font|h[1-6]|head|hr|html|i|img|li|ol|p"
    r"|pre|span|strong|style|table|tbody|td|th|tr|u|ul))\b[^<>]*>",
    re.IGNORECASE,
)


def escape(text: str) -> str:
    """Text with `& < >` and quotes as entities."""
    return html.escape(text, quote=True)


def escape_lines(text: str) -> str:
    """Escaped text with `<br>` for each line end."""
    return "<br>".join(escape(line) for line in text.splitlines())


def is_html(text: str) -> bool:
    """Whether the text holds a tag that mail programs write."""
    return _HTML.search(text) is not None


def clean(text: str) -> str:
    """HTML reduced to the allowed tags, with links to safe places only; always well formed.

    A `div` becomes a paragraph: Pipedrive drops the tag, and what it divided would run together.
    """
    cleaned = _allowed(text)
    if "<div>" in cleaned:
        cleaned = _allowed(cleaned.replace("<div>", "<p>").replace("</div>", "</p>"))
        cleaned = cleaned.replace("<p></p>", "")
    return cleaned


def _allowed(text: str) -> str:
    return tidy(
        text,
        ALLOWED,
        attributes={"a": {"href"}},
        attribute_filter=lambda _tag, _name, value: (
            value if len(escape(value)) <= MAX_LINK else None
        ),
        schemes=SCHEMES,
    )


_PARAGRAPHS = frozenset(
    ["p", "div", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "tr", "pre"]
)
_LINES = frozenset({"br", "li", "hr"})


class _Reader(HTMLParser):
    """Collects visible text, with line ends where blocks begin and end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._border(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _LINES:
            self._border(tag)

    def handle_data(self, data: str) -> None:
        self.parts.append(re.sub(r"\s+", " ", data))

    def _border(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in _LINES:
            self.parts.append("\n")


def visible_text(text: str) -> str:
    """What a reader sees of HTML, with line ends for blocks and breaks."""
    reader = _Reader()
    reader.feed(tidy(text, _PARAGRAPHS | _LINES))
    reader.close()
    joined = "".join(reader.parts)
    joined = re.sub(r"[ \t]*\n[ \t]*", "\n", joined)
    return re.sub(r"\n{3,}", "\n\n", joined).strip()
