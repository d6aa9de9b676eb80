"""Mapping files that are more than they seem: refused soon, at a place, never run."""

from __future__ import annotations

import pytest

from target_pipedrive.mapping.faults import Faults
from target_pipedrive.mapping.yamlfile import MAPPING, read_documents

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def read(tmp_path, text):
    path = tmp_path / "m.yml"
    path.write_text(text)
    faults = Faults()
    return read_documents(path, "m.yml", faults), [text for _, text in faults.found]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "a: " + "[" * 50_000 + "]" * 50_000,
        "a: " + "{a: " * 50_000,
        "".join("  " * depth + "a:\n" for depth in range(1_000)),
        "a: '" + "x" * MAPPING.characters + "'\n",
        "a:\n" + "- 1\n" * (MAPPING.values + 1),
    ],
    ids=["aliases", "lists", "maps", "indents", "text", "values"],
)
def test_too_much_is_refused_soon(tmp_path, text):
    documents, faults = read(tmp_path, text)
    assert documents == []
    assert len(faults) == 1
    assert "split it" in faults[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: " + "9" * 5_000, "a value cannot be read"),
        ("a: 2001-99-99", "a value cannot be read"),
        ("a: \x07", "not YAML"),
        ("a: *nowhere", "not YAML"),
    ],
    ids=["number", "date", "bell", "alias"],
)
def test_what_is_no_value_is_a_fault(tmp_path, text, told):
    documents, (fault,) = read(tmp_path, text)
    assert documents == []
    assert told in fault


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/new:os.system ['touch {}']",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!binary aGk=",
        "!anything x",
    ],
)
def test_a_tag_makes_nothing(tmp_path, value):
    mark = tmp_path / "made"
    documents, _ = read(tmp_path, "a: " + value.format(mark))
    assert not mark.exists()
    for document in documents:
        assert not callable(document.data["a"])


def test_an_anchor_is_what_it_stands_for(tmp_path):
    (document,), faults = read(tmp_path, "a: &a {x: 1}\nb: *a\n")
    assert not faults
    assert document.data == {"a": {"x": 1}, "b": {"x": 1}}
