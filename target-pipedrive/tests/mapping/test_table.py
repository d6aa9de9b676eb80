from __future__ import annotations

import csv
import io

import hypothesis.strategies as st
import pytest
from hypothesis import given

from target_pipedrive.mapping.table import csv_bytes, inert


@pytest.mark.parametrize(
    ("cell", "phone", "safe"),
    [
        ("=1+1", False, "'=1+1"),
        ("+61 412 345 678", False, "'+61 412 345 678"),
        ("+61 412 345 678", True, "+61 412 345 678"),
        ("+cmd|' /C calc'!A0", True, "'+cmd|' /C calc'!A0"),
        ("-2", True, "'-2"),
        ("@SUM(A1)", False, "'@SUM(A1)"),
        ("\tx", False, "'\tx"),
        ("\rx", False, "'\rx"),
        ("a=b", False, "a=b"),
        ("  =1+1", False, "'  =1+1"),
        ("\n=1+1", False, "'\n=1+1"),
        ("\u00a0=1+1", False, "'\u00a0=1+1"),
        ("\ufeff=1+1", False, "'\ufeff=1+1"),
        ("\u200b=1+1", False, "'\u200b=1+1"),
        ("＝1+1", False, "'＝1+1"),
        ("＠SUM(A1)", False, "'＠SUM(A1)"),
        ("x;=HYPERLINK(A1)", False, "x;'=HYPERLINK(A1)"),
        ("x;-1;@y", True, "x;'-1;'@y"),
        ("+61 412 345 678;=1", True, "'+61 412 345 678;'=1"),
        ("a; b", False, "a; b"),
        ("", False, ""),
    ],
)
def test_cells_are_inert(cell, phone, safe):
    assert inert(cell, phone=phone) == safe


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=2, max_size=2)
    )
)
def test_any_table_reads_back(rows):
    text = csv_bytes(["A", "B"], rows).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["A", "B"], *rows]
    assert text.endswith("\r\n")


def test_rfc_4180():
    assert csv_bytes(["A", "B"], [['say "hi"', "a,b"], ["l1\nl2", "ü"]]) == (
        b'A,B\r\n"say ""hi""","a,b"\r\n"l1\nl2",\xc3\xbc\r\n'
    )
