"""The page of a load: what was done, what was not, and nobody's data."""

from __future__ import annotations

import html
import re
from pathlib import Path

from .conftest import script


def text_of(settings):
    page = (Path(settings["output_dir"]) / "last-run.html").read_text()
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_the_page_of_a_load(loader, settings):
    first, second = script("load_page")
    run = loader.load(first)
    told = text_of(settings)
    assert re.search(r"\d+ objects written; 1 records stand rejected", told)
    assert "parent_missing" in run.log
    for heading in ("What was done, by object", "The run over time", "Records that stand rejected"):
        assert heading in told
    assert "rejects" in told  # what to type next
    for value in ("Quixote", "Pagemann", "quixote@private.example", "Sesquipedalian"):
        assert value not in told

    loader.load(second)
    assert "0 objects written; 1 records stand rejected" in text_of(settings)
