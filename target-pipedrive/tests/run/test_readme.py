"""What the README says is so: its example runs, its tables name what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from target_pipedrive import errors
from target_pipedrive.declared import SCHEMA

README = (Path(__file__).parents[2] / "README.md").read_text()


def example(name: str) -> str:
    return re.search(rf"(?s)<!-- example: {name} -->\n\n```\w+\n(.*?)```", README)[1]


def test_the_example_runs(loader, account, tmp_path):
    folder = tmp_path / "transforms"
    folder.mkdir()
    (folder / "customers.yml").write_text(example("mapping"))
    messages = [json.loads(line) for line in example("messages").splitlines()]
    run = loader.load(messages, mapping=str(folder))
    assert run.codes() == {}
    (person,) = account.labelled("persons", "personFields", "Shop customer ID", "7")
    assert person["name"] == "Ada Osei"
    assert person["emails"][0]["value"] == "ada@shop.example"
    assert person["custom"]["Last order"] == "2026-01-31"
    assert person["custom"]["Tier"] == "Gold"
    assert loader.load(messages, mapping=str(folder)).writes == []


def test_every_setting_is_told():
    block = re.search(r"(?s)<!-- BEGIN settings .*?-->(.*?)<!-- END", README)[1]
    assert re.findall(r"(?m)^\| `(\w+)`", block) == list(SCHEMA.to_dict()["properties"])


def test_every_exit_code_is_told():
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TargetError)
    ]
    rows = re.findall(r"(?m)^\| (\d) \| ", README)
    assert sorted({0, *(kind.exit_code for kind in kinds)}) == [int(row) for row in rows]
