"""Writing what is generated: the JSON Schema of mapping files and the lists of docs/mapping.md.

Run `python -m target_pipedrive.mapping.reference transforms docs/mapping.md` after a change of the
language; a test compares.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from target_pipedrive.mapping.documents import KINDS, Aggregate, CustomField, Document, FileContent
from target_pipedrive.mapping.faults import Faults
from target_pipedrive.mapping.functions import FUNCTIONS, GROUPS
from target_pipedrive.mapping.loader import OPTIONAL
from target_pipedrive.mapping.yamlfile import read_documents
from target_pipedrive.pipedrive import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from target_pipedrive.mapping.functions import Function

SCHEMA_NAME = "mapping.schema.json"


def schema() -> str:
    """The JSON Schema of one mapping document, as it stands beside the mapping files."""
    body: dict[str, Any] = TypeAdapter(Document).json_schema()
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mapping document of target-pipedrive",
    }
    return json.dumps(head | body, indent=2, ensure_ascii=False) + "\n"


def examples(function: Function) -> Iterator[tuple[str, str]]:
    """Expression and shown result of each example of a function."""
    _, text = function.documentation
    whole: list[str] = []
    for line in text.splitlines():
        if line.startswith(" ") and whole:
            whole[-1] += " " + line.strip()
        elif line:
            whole.append(line)
    for example in whole:
        expression, _, result = example.partition("→")
        yield expression.strip(), result.strip()


def functions_reference() -> str:
    """All functions by group, as Markdown."""
    blocks: list[str] = []
    for group in GROUPS:
        blocks.append(f"### {(inspect.getdoc(group) or '').splitlines()[0].rstrip('.')}\n")
        for function in FUNCTIONS.values():
            if function.call.__module__ != group.__name__:
                continue
            meaning, _ = function.documentation
            blocks.append(f"**`{function.name}{function.shown_signature}`** {meaning}\n")
            shown = "\n".join(f"{call}\n  → {result}" for call, result in examples(function))
            blocks.append(f"```text\n{shown}\n```\n")
    return "\n".join(blocks)


def _keys(model: type[BaseModel]) -> str:
    rows = ["| Key | Meaning |", "|---|---|"]
    for name, info in model.model_fields.items():
        need = " *(needed)*" if info.is_required() else ""
        meaning = " ".join((info.description or "").split())
        rows.append(f"| `{name}`{need} | {meaning} |")
    return "\n".join(rows) + "\n"


def documents_reference() -> str:
    """All kinds of documents and their keys, as Markdown."""
    blocks: list[str] = []
    for kind, model in KINDS.items():
        blocks.append(f"### `{kind}:`\n\n{inspect.getdoc(model)}\n\n{_keys(model)}")
    for title, part in (
        ("One of `custom_fields` of an object", CustomField),
        ("One of `custom_fields` of a rollup", Aggregate),
        ("`file` of an object", FileContent),
    ):
        blocks.append(f"### {title}\n\n{inspect.getdoc(part)}\n\n{_keys(part)}")
    return "\n".join(blocks)


def optional_reference(folder: Path) -> str:
    """The optional files of a mapping folder, what they cost and need, as Markdown.

    Raises:
        MappingError: A file is no YAML, or holds too much.
    """
    faults = Faults()
    rows = [
        "| Name | What comes along | A record becomes (tokens) | Streams it takes |",
        "|---|---|---|---|",
    ]
    for path in sorted((folder / OPTIONAL).glob("*.yml")):
        head = []
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            if not line.startswith("# "):
                break
            head.append(line.removeprefix("# "))
        meaning = " ".join(head)
        documents = [one.data for one in read_documents(path, str(path), faults)]
        objects = (OBJECTS[one["object"]] for one in documents if "object" in one)
        made = [f"{kind.name} ({kind.create.cost})" for kind in objects if kind.create]
        streams = dict.fromkeys(f"`{one['stream']}`" for one in documents)
        rows.append(f"| `{path.stem}` | {meaning} | {', '.join(made)} | {', '.join(streams)} |")
    faults.raise_if_any()
    return "\n".join(rows) + "\n"


def filled(page: str, folder: Path) -> str:
    """A page whose generated parts, between marker comments, are up to date.

    Args:
        page: Its text.
        folder: The mapping files.
    """
    generated = {
        "documents": documents_reference,
        "functions": functions_reference,
        "optional": lambda: optional_reference(folder),
    }
    for name, make in generated.items():
        page = re.sub(
            rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)",
            lambda match, make=make: f"{match[1]}\n{make()}\n{match[2]}",  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            page,
            flags=re.DOTALL,
        )
    return page


def main(folder: str, page: str) -> None:
    """Write the schema into a folder and the lists into a page."""
    Path(folder, SCHEMA_NAME).write_text(schema(), encoding="utf-8")
    path = Path(page)
    path.write_text(filled(path.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
