"""The page as text: what is in it, what may not get into it, how it is written."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest

from target_pipedrive.report import (
    Bar,
    Bars,
    Column,
    Difference,
    Fact,
    Link,
    Moment,
    Record,
    Records,
    Section,
    Segment,
    Step,
    Table,
    Timeline,
    Verdict,
    write,
)
from target_pipedrive.report.charts import MOST_MOMENTS, draw, slices
from target_pipedrive.report.packing import PACKET_ROWS, Packed
from target_pipedrive.report.plain import plain
from target_pipedrive.report.shades import SHADES, Shades

VOID = {"meta", "input", "col"}
ATTACKS = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"onmouseover='alert(1)' x=\"",
    "<!--<script>",
    "]]></style><b>",
    "{{ 7 * 7 }}{% raw %}",
    "a\u2028b\u2029c",
    "user\u202egpj.exe",
    "\u2066isolated",
    "nul\x00 bell\x07 unit\x1f row\x1e part\x1d",
    "half \ud800 pair",
    "&lt;b&gt;",
)


class Reader(HTMLParser):
    """Elements and texts of a page, and whether what was opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


@pytest.fixture
def html(tmp_path):
    def make(report) -> str:
        path = tmp_path / "page.html"
        write(report, path)
        return path.read_text(encoding="utf-8")

    return make


def rows_in(html: str) -> list[list[str]]:
    """Unpack what the page embeds, as rows.js does."""
    packets = re.findall(
        r'<script type="text/plain" data-rows="(\d+)">([A-Za-z0-9+/=]*)</script>', html
    )
    rows = []
    for count, packet in packets:
        text = zlib.decompress(base64.b64decode(packet), -zlib.MAX_WBITS).decode()
        found = text.split("\x1e")
        assert len(found) == int(count)
        rows += [row.split("\x1d") for row in found]
    return rows


def index_in(html: str) -> dict:
    return json.loads(re.search(r'id="index">(.*?)</script>', html, re.DOTALL)[1])


def attacked(text: str, small):
    """A report with the text wherever a text can be."""
    columns = (Column(text), Column("State", "state"), Column("Link", "link"))
    link = Link(text, f"https://example.com/{text}")
    return small(
        title=text,
        subtitle=text,
        verdict=Verdict("bad", text, text),
        facts=(Fact(text, text, text),),
        bars=(Bars(text, (Bar(text, (Segment(text, 3),)),), text),),
        timeline=Timeline(
            tuple(Moment(datetime(2031, 3, 7, hour, tzinfo=UTC), hour, hour) for hour in range(3)),
            heading=text,
            note=text,
        ),
        sections=(Section(text, (text,), (Table(columns, ((text, text, link),), text),)),),
        next_steps=(Step(text, text),),
        records=Records(
            columns,
            iter([Record((text, text, link), (Difference(text, text, text, text),))]),
            (text, "State"),
            text,
            text,
            (text, text),
        ),
    )


@pytest.mark.parametrize("text", ATTACKS)
def test_no_text_becomes_markup(html, small, text):
    harmless = Reader(html(attacked("harmless", small)))
    page = html(attacked(text, small))
    read = Reader(page)
    assert read.open == []
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in harmless.elements]
    assert [set(given) for _, given in read.elements] == [
        set(given) for _, given in harmless.elements
    ]
    assert "".join(read.text).count(plain(text)) >= 15  # shown as it is, everywhere
    assert rows_in(page)[0][0].split("\x1f")[0] == plain(text)
    assert index_in(page)["columns"][0]["name"] == plain(text)


def test_the_browser_shows_attacks_as_text(opened, small):
    text = " ".join(ATTACKS)
    page = opened(attacked(text, small))  # fails on every message, request and breach
    assert page.locator("h1").text_content() == plain(text)
    row = page.locator("#grid tr.row")
    assert row.locator("td").first.text_content() == plain(text)
    row.click(position={"x": 5, "y": 5})
    shown = page.locator(".sides tbody tr").locator("th, td").all_text_contents()
    assert shown == [plain(text)] * 4


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", " https://example.com", ""],
)
def test_a_link_that_does_not_lead_to_the_web_is_text(html, small, url):
    cell = Link("50001", url)
    page = html(
        small(
            sections=(Section("S", tables=(Table(("a",), ((cell,),)),)),),
            records=Records((Column("a", "link"),), [Record((cell,))]),
        )
    )
    assert [given for tag, given in Reader(page).elements if tag == "a" and "target" in given] == []
    assert rows_in(page) == [["50001"]]


def test_the_policy_allows_this_style_and_this_script_alone(html, report):
    page = html(report(10))
    policy = next(
        given["content"]
        for tag, given in Reader(page).elements
        if given.get("http-equiv") == "Content-Security-Policy"
    )
    for name in ("style", "script"):
        inline = re.search(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not any("style" in given or "src" in given for _, given in Reader(page).elements)


def test_a_page_without_records_runs_no_script(html, small):
    page = html(small())
    assert "<script" not in page
    assert "script-src" not in page  # so default-src 'none' holds


def test_every_part_is_on_the_page(html, report):
    text = " ".join("".join(Reader(html(report(10))).text).split())
    for part in (
        "7 March 2031, 23:15 UTC",
        "Bad: 16 of 20,184 records are not as they should be.",
        "Records compared 20,184 9 streams",
        "values of patients",
        "Persons",
        "285,741 of 360,000",
        "Times in UTC, 7 March 2031",
        "1,204.50",
        "meltano run tap-cliniko target-pipedrive",
    ):
        assert part.replace(" ", "") in text.replace(" ", "")


def test_times_are_shown_in_utc(html, small):
    sydney = timezone(timedelta(hours=11))
    page = html(small(made_at=datetime(2031, 3, 8, 8, 4, tzinfo=sydney)))
    assert "7 March 2031, 21:04 UTC" in page


def test_rows_arrive_whole_in_order_and_counted(html, report):
    page = html(report(5000))
    rows, index = rows_in(page), index_in(page)
    assert [row[0].split("\x1f")[2] for row in rows] == [str(1_000_000 + n) for n in range(5000)]
    assert rows[3][4].split("\x1f") == ["Date of birth", "1984-02-29", "\x00", "missing"]
    assert index["rows"] == 5000
    verdicts = {"equal": 4893, "normalised": 100, "different": 5, "missing": 2}
    assert dict(index["facets"][0]["values"]) == verdicts
    assert index["colours"]["missing"] == SHADES["missing"].colour


def test_words_have_their_colours_in_columns_that_are_no_facets(html, small):
    rows = [Record(("equal",), (Difference("f", "a", "b", "missing"),))]
    index = index_in(html(small(records=Records((Column("State", "state"),), rows))))
    assert index["colours"] == {"equal": "teal", "missing": "rose"}


def test_a_row_that_does_not_fit_is_refused_and_nothing_is_left_behind(tmp_path, small):
    path = tmp_path / "page.html"
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        write(small(records=Records((Column("a"), Column("b")), [Record(("x",))])), path)
    with pytest.raises(ValueError, match="'c'"):
        write(small(records=Records((Column("a"),), [], facets=("c",))), path)
    assert list(tmp_path.iterdir()) == []


def test_only_the_owner_can_read_it_and_an_old_page_is_replaced(tmp_path, small):
    path = tmp_path / "new" / "page.html"
    write(small(title="Old"), path)
    path.chmod(0o644)
    write(small(title="New"), path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "<h1>New</h1>" in path.read_text()
    assert [child.name for child in path.parent.iterdir()] == ["page.html"]


def test_rows_are_never_all_in_memory(tmp_path, small):
    def write_rows(count: int) -> int:
        rows = (Record((f"{number:0200}",)) for number in range(count))
        tracemalloc.start()
        write(small(records=Records((Column("a"),), rows)), tmp_path / "page.html")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    write_rows(1)  # what is read once
    assert write_rows(8 * PACKET_ROWS) < 1.3 * write_rows(2 * PACKET_ROWS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Zoë 👩\u200d⚕️ می\u200cخواهم", None),
        ("line\nline\ttab", None),
        ("line\r\nline", "line\nline"),
        ("a\u202eb", "a[U+202E]b"),
        ("\ufeffa\u200b", "[U+FEFF]a[U+200B]"),
        ("\x00\x1b[31m", "[U+0000][U+001B][31m"),
        ("\ud83d", "[U+D83D]"),
        ("\U000e0041", "[U+E0041]"),
    ],
)
def test_what_cannot_be_seen_is_named(text, told):
    assert plain(text) == (text if told is None else told)


def test_words_have_one_colour_on_a_page():
    shades = Shades({"Deleted": "bad"})
    assert shades.of("Created") == SHADES["created"] == shades.of("created")
    assert shades.of("deleted").tone == "bad"
    first, second = shades.of("odd"), shades.of("odder")
    assert first != second
    assert shades.of("odd") == first


def test_one_among_very_many_has_a_part_that_can_be_seen():
    parts = slices(
        Bar("b", (Segment("equal", 99_999), Segment("a", 0), Segment("missing", 1))), Shades()
    )
    assert [part.name for part in parts] == ["equal", "missing"]
    assert parts[1].width > 0.5
    assert parts[1].start + parts[1].width == pytest.approx(100, abs=0.01)
    assert slices(Bar("empty", ()), Shades()) == []


def test_parts_and_columns_have_one_order_in_all_bars(html, small):
    bars = (
        Bar("One", (Segment("missing", 1), Segment("odd", 1))),
        Bar("Two", (Segment("odd", 1), Segment("different", 2), Segment("equal", 3))),
    )
    assert [part.name for part in slices(bars[1], Shades())] == ["equal", "different", "odd"]
    heads = re.findall(r"</span>([^<]+)</th>", html(small(bars=(Bars("B", bars),))))
    assert heads == ["equal", "different", "missing", "odd"]


START = datetime(2031, 3, 7, 22, 47, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lasts", "marks"),
    [
        (timedelta(seconds=3), ["22:47:30", "22:47:31", "22:47:32", "22:47:33"]),
        (timedelta(minutes=4), ["22:48", "22:49", "22:50", "22:51"]),
        (timedelta(hours=5), ["23:00", "00:00", "01:00", "02:00", "03:00"]),
        (timedelta(days=20), ["10 Mar", "13 Mar", "16 Mar", "19 Mar", "22 Mar", "25 Mar"]),
    ],
)
def test_time_is_marked_at_round_times(lasts, marks):
    drawn = draw(Timeline((Moment(START, 0, 0), Moment(START + lasts, 9, 9))))
    assert [mark.text for mark in drawn.marks] == marks
    assert all(0 <= mark.at <= 100 for mark in drawn.marks)


def test_a_long_run_is_thinned_out_and_keeps_its_ends():
    moments = tuple(Moment(START + timedelta(seconds=n), n, 2 * n) for n in range(10_000))
    written, tokens = draw(Timeline(moments, budget=40_000)).panels
    points = written.line.split()
    assert len(points) <= MOST_MOMENTS + 1
    assert points[0] == "0.0,96.0"
    assert points[-1].startswith("100.0,")
    assert (written.total, tokens.total) == (9_999, 19_998)
    assert written.limit is None
    assert tokens.limit == 0  # the budget is the top of its axis


@pytest.mark.parametrize("moments", [(), (Moment(START, 1, 1),), (Moment(START, 1, 1),) * 2])
def test_a_run_without_time_is_not_drawn(moments, html, small):
    assert draw(Timeline(moments)) is None
    assert "<figure" not in html(small(timeline=Timeline(moments)))


def test_a_facet_is_named_by_its_column():
    assert list(Packed(Records((Column("a"), Column("b")), [], ("b",))).counts) == [1]


@pytest.mark.slow
def test_the_wheel_holds_all_that_a_page_needs(tmp_path):
    package = Path(__file__).parents[2]
    uv = Path(sys.executable).parent / "uv"
    subprocess.run(
        [uv, "build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", package],
        check=True,
        timeout=240,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    program = (
        "import sys; sys.path.insert(0, 'installed')\n"
        "from datetime import UTC, datetime; from pathlib import Path\n"
        "from target_pipedrive import report as r\n"
        "assert Path(r.__file__).is_relative_to(Path('installed').resolve()), r.__file__\n"
        "rows = r.Records((r.Column('a'),), [r.Record(('cell',))])\n"
        "verdict = r.Verdict('ok', 'Fine.')\n"
        "r.write(r.Report('Plan', datetime.now(UTC), verdict, records=rows), Path('page.html'))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, timeout=60)
    assert rows_in((tmp_path / "page.html").read_text()) == [["cell"]]
