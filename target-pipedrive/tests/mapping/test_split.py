from __future__ import annotations

from html.parser import HTMLParser

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from target_pipedrive.mapping import markup
from target_pipedrive.mapping.notetext import activity_note, note_parts
from target_pipedrive.mapping.split import MIN_ROOM, split
from target_pipedrive.mapping.unfit import UnfitError


class Reader(HTMLParser):
    """Text of HTML, and whether every tag is closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []
        self.well_formed = True
        self.feed(html)
        self.close()
        self.well_formed = self.well_formed and not self.open

    def handle_starttag(self, tag, attrs):
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.well_formed = False

    def handle_data(self, data):
        self.text += data


WORDS = st.one_of(
    st.text(st.sampled_from("ab &<>\"'é😀\u00a0\n"), max_size=30),
    st.integers(1, 4000).map(lambda n: "word " * (n // 5)),
    st.integers(1, 4000).map(lambda n: "&" * n),
).map(markup.escape)


def element(tag, inner):
    return f"<{tag}>{inner}</{tag}>"


HTML = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.builds(element, st.sampled_from(["p", "div", "b", "i", "u", "blockquote", "h2"]), inner),
        st.lists(inner.map(lambda html: element("li", html)), max_size=4).map(
            lambda items: element("ul", "".join(items))
        ),
        st.lists(inner, max_size=4).map("<br>".join),
        inner.map(lambda html: f'<a href="https://a.example/{"x" * 900}">{html}</a>'),
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(HTML, st.integers(MIN_ROOM, 6000))
def test_no_part_is_too_long_or_broken_and_no_character_is_lost(html, room):
    whole = markup.clean(html)
    parts = split(whole, room)
    readers = [Reader(part) for part in parts]
    assert "".join(reader.text for reader in readers) == Reader(whole).text
    assert all(reader.well_formed for reader in readers)
    assert all(len(part) <= room for part in parts)


@settings(max_examples=50, deadline=None)
@given(HTML, st.text(max_size=300), st.sampled_from(["html", "text"]))
def test_notes_keep_title_text_and_last_line(html, title, note_format):
    limit = 5_000
    contents = note_parts(title or None, html, {"Cliniko treatment note": "9"}, note_format, limit)
    shown = [Reader(content) for content in contents]
    assert all(len(content) <= limit for content in contents)
    assert all(reader.well_formed for reader in shown)
    for number, reader in enumerate(shown, 1):
        heading = " ".join(
            word for word in (title, f"({number}/{len(shown)})" if len(shown) > 1 else "") if word
        )
        assert reader.text.startswith(heading)
        assert reader.text.endswith("Cliniko treatment note: 9")


def test_deep_formatting_is_dropped_but_not_its_text():
    html = "<b>" * 400 + "deep " * 1000 + "</b>" * 400
    parts = split(html, MIN_ROOM)
    assert "".join(Reader(part).text for part in parts) == "deep " * 1000
    assert all(len(part) <= MIN_ROOM for part in parts)


def test_borders_are_sections_before_blocks_before_words():
    section = "<h2>{0}</h2><p>" + "x" * 1500 + "</p>"
    whole = section.format("A") + section.format("B") + section.format("C")
    assert split(whole, 3200) == [section.format("A") + section.format("B"), section.format("C")]

    blocks = "<h2>A</h2>" + "".join(f"<p>{n}{'x' * 900}</p>" for n in range(4))
    first, second = split(blocks, 2000)
    assert first.endswith("</p>")
    assert second.startswith("<p>2")

    words = "<ul><li>" + "word " * 600 + "</li></ul>"
    parts = split(words, 2000)
    assert all(part.startswith("<ul><li>word") for part in parts)
    assert all(part.endswith("</li></ul>") for part in parts)


def test_a_short_note_is_one_and_bears_no_number():
    assert note_parts("T & U", "<p>a</p>", {"Key": "9"}, "html", 100_000) == [
        "<h1>T &amp; U</h1><p>a</p><p>Key: 9</p>"
    ]


def test_the_limit_itself_still_fits():
    whole = note_parts("T", "<p>" + "a b " * 2000 + "</p>", {"Key": "9"}, "html", 100_000)[0]
    assert note_parts("T", "<p>" + "a b " * 2000 + "</p>", {"Key": "9"}, "html", len(whole)) == [
        whole
    ]
    parts = note_parts("T", "<p>" + "a b " * 2000 + "</p>", {"Key": "9"}, "html", len(whole) - 1)
    assert [part[: part.index("</h1>")] for part in parts] == ["<h1>T (1/2)", "<h1>T (2/2)"]


def test_text_format_has_lines_and_no_formatting():
    body = "<h2>Plan</h2><p><b>Next</b><br>Rest &lt; 2 days</p><ul><li>a</li><li>b</li></ul>"
    assert note_parts("T", body, {"Key": "9"}, "text", 100_000) == [
        "<p>T</p><p>Plan<br><br>Next<br>Rest &lt; 2 days<br><br>a<br>b</p><p>Key: 9</p>"
    ]


def test_html_of_expressions_is_cleaned():
    assert note_parts(None, "<script>x()</script><p onload='x'>a</p>", {}, "html", 9999) == [
        "<p>a</p>"
    ]


def test_no_room_is_a_fault():
    with pytest.raises(UnfitError, match="leave no room"):
        note_parts("T", "<p>" + "a" * 9999 + "</p>", {"Key": "9" * 900}, "html", 2_000)
    with pytest.raises(UnfitError, match="leaves no room"):
        activity_note("<p>" + "a" * 9999 + "</p>", {"Key": "9" * 900}, 2_000)


@pytest.mark.parametrize("char", ["a", "é", "😀", "&"])
def test_a_long_activity_note_is_cut_before_its_footer(char):
    note, was_cut = activity_note(f"<p>{char * 30_000}</p>", {"Cliniko appointment": "5"}, 10_000)
    assert was_cut
    assert len(note.encode()) <= 10_000
    assert note.endswith("<p>…</p><p>Cliniko appointment: 5</p>")
    assert len(note.encode()) > 5_000
    assert Reader(note).well_formed


def test_a_note_that_fits_is_not_cut():
    assert activity_note("", {"Key": "5"}, 10_000) == ("<p>Key: 5</p>", False)
