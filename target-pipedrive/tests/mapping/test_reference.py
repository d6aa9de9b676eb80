from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from target_pipedrive.errors import MappingError
from target_pipedrive.mapping.functions import FUNCTIONS
from target_pipedrive.mapping.reference import (
    SCHEMA_NAME,
    filled,
    main,
    optional_reference,
    schema,
)

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "mapping.md"
FOLDER = ROOT / "transforms"
FILES = sorted(FOLDER.glob("**/*.yml"))
RENEW = "run `python -m target_pipedrive.mapping.reference transforms docs/mapping.md`"


def test_the_schema_is_in_step():
    stored = (ROOT / "transforms" / SCHEMA_NAME).read_text(encoding="utf-8")
    assert stored == schema(), RENEW


def test_the_page_is_in_step():
    page = PAGE.read_text(encoding="utf-8")
    assert page == filled(page, FOLDER), RENEW


def test_the_page_lists_every_function():
    page = PAGE.read_text(encoding="utf-8")
    assert {name for name in FUNCTIONS if f"**`{name}(" not in page} == set()


def test_writing_them_again_gives_the_same(tmp_path):
    page = tmp_path / "mapping.md"
    page.write_text(
        re.sub(r"(<!-- begin (\w+) -->\n).*?(<!-- end)", r"\1\3", PAGE.read_text(), flags=re.DOTALL)
    )
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / SCHEMA_NAME).unlink()
    main(str(tmp_path), str(page))
    assert page.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
    assert (tmp_path / SCHEMA_NAME).read_text(encoding="utf-8") == schema()


def test_an_optional_file_that_holds_too_much_is_told(tmp_path):
    (tmp_path / "optional").mkdir()
    (tmp_path / "optional" / "big.yml").write_text("# big\na: " + "[" * 1_000 + "]" * 1_000)
    with pytest.raises(MappingError, match=r"big\.yml:1:1: the file is too large"):
        optional_reference(tmp_path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_default_file_fits_the_schema_that_editors_use(path):
    place = SCHEMA_NAME if path.parent == FOLDER else f"../{SCHEMA_NAME}"
    assert path.read_text().startswith(f"# yaml-language-server: $schema={place}\n")
    validator = Draft202012Validator(json.loads(schema()))
    for document in YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")):
        validator.validate(document)


def test_the_schema_refuses_a_typo():
    validator = Draft202012Validator(json.loads(schema()))
    assert not validator.is_valid({"stream": "a", "object": "person", "feilds": {}})
