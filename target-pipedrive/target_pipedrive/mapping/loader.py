"""Reading a folder of mapping files into a `MappingSet`, or into all its faults at once."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from target_pipedrive.errors import MappingError
from target_pipedrive.mapping.building import Builder
from target_pipedrive.mapping.documents import (
    KINDS,
    Aggregate,
    CustomField,
    FileContent,
    RollupDocument,
)
from target_pipedrive.mapping.faults import Faults, instead
from target_pipedrive.mapping.yamlfile import read_documents

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Mapping, Sequence

    from pydantic import BaseModel

    from target_pipedrive.mapping.context import ObjectKeys, Options
    from target_pipedrive.mapping.documents import Document
    from target_pipedrive.mapping.mappingset import MappingSet
    from target_pipedrive.mapping.yamlfile import Source


OPTIONAL = "optional"
"""Folder, beside the mapping files, of those that count only when they are chosen."""


def load(
    folder: str | os.PathLike[str],
    *,
    options: Options,
    objects: Mapping[str, ObjectKeys],
    besides: Collection[Path] = (),
) -> MappingSet:
    """Read all mapping files (`*.yml`, `*.yaml`) of a folder, and the optional ones it chooses.

    Args:
        folder: The folder.
        options: Settings of the target.
        objects: What may be written into each kind of Pipedrive object.
        besides: Files that are no mapping, though they may lie there.

    Raises:
        MappingError: Everything that is wrong, each fault with its file, line and column.
    """
    root = Path(folder)
    if not root.is_dir():
        raise MappingError(
            f"{root}:1:1: there is no such folder; give the folder of mapping files as the "
            "setting `mapping`, such as `mapping: transforms`"
        )
    others = {path.resolve() for path in besides}
    paths = sorted(
        path
        for path in root.iterdir()
        if path.suffix in (".yml", ".yaml") and path.resolve() not in others
    )
    if not paths:
        raise MappingError(
            f"{root}:1:1: there is no mapping file (*.yml) in this folder; copy the default "
            "mapping into it, or leave the setting `mapping` at its default"
        )
    faults = Faults()
    builder = Builder(options, objects, faults)
    for path in paths:
        _read(path, builder)
    optional = _chosen(root, builder)
    for path in optional:
        _read(path, builder)
    paths += optional
    mapping = builder.finish()
    faults.raise_if_any()
    mapping.digest = _digest(paths, options)
    return mapping


def _read(path: Path, builder: Builder) -> None:
    """Take in the documents of a file."""
    for source in read_documents(path, str(path), builder.faults):
        document = _validated(source, builder.faults)
        if document is not None and not getattr(document, "off", False):
            builder.add(source, document)


def _chosen(root: Path, builder: Builder) -> list[Path]:
    """Return the optional files that the choices for the whole account name."""
    there = {path.stem: path for path in sorted((root / OPTIONAL).glob("*.yml"))}
    for place, name in builder.optional:
        if name not in there:
            builder.faults.add(
                place, f"there is no file {OPTIONAL}/{name}.yml; {instead(name, there)}"
            )
    return [there[name] for name in dict.fromkeys(n for _, n in builder.optional) if name in there]


def _digest(paths: Sequence[Path], options: Options) -> bytes:
    found = blake2b(repr(options).encode(), digest_size=32)
    for path in paths:
        found.update(blake2b(path.read_bytes(), digest_size=32).digest())
    return found.digest()


def _validated(source: Source, faults: Faults) -> Document | None:
    """The document as its kind's model; None, with faults, when it is not one."""
    kinds = [kind for kind in KINDS if kind in source.data]
    if len(kinds) != 1:
        stray = next((key for key in source.data if key not in ("stream", "off")), "")
        what = (
            f"a document is of one kind, not of {' and '.join(kinds)}; put `---` between them"
            if kinds
            else f"unknown kind of document; {instead(str(stray), KINDS)}"
        )
        place = source.place([kinds[1]] if kinds else [stray], key=True)
        faults.add(place, what)
        return None
    model = KINDS[kinds[0]]
    try:
        document: Document = model.model_validate(source.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=True):
            _explain(source, model, detail, faults)
        return None
    return document


def _explain(source: Source, model: type[BaseModel], detail: Any, faults: Faults) -> None:
    """One fault of pydantic in words that say what to type."""
    path = _own_path(source.data, detail["loc"])
    place = source.place(path)
    match detail["type"]:
        case "extra_forbidden":
            wrong = str(path[-1])
            text = f"unknown key {wrong!r}; {instead(wrong, _keys_at(model, path[:-1]))}"
            place = source.place(path, key=True)
        case "missing":
            name = detail["loc"][-1]
            text = f"the key {name!r} is missing; add `{name}: …`"
        case "literal_error":
            if isinstance(detail["input"], list):
                return  # `options`: the branch for lists tells what is wrong in this one
            wrong = str(detail["input"])
            what = f"unknown field type {wrong!r}" if path[-1] == "type" else None
            known = detail["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
            text = f"{what or f'{wrong!r} is not known here'}; {instead(wrong, known)}"
        case "list_type" if path[-1] == "options":
            return  # text: the branch for `from_source` tells what is wrong
        case kind:
            name = next((step for step in reversed(path) if isinstance(step, str)), "this")
            wanted = _WANTED.get(kind, detail["msg"][:1].lower() + detail["msg"][1:])
            text = f"{name}: {wanted}"
    faults.add(place, text)


def _own_path(data: Any, loc: Sequence[str | int]) -> list[str | int]:
    """The steps of pydantic's path that are the document's own; others are branches of unions."""
    path: list[str | int] = []
    for step in loc:
        inside = isinstance(data, dict) and step in data
        inside = inside or (isinstance(data, list) and isinstance(step, int) and step < len(data))
        if inside:
            path.append(step)
            data = data[step]
    return path


_WANTED = {
    "string_type": "text is needed here; put quotes around it",
    "bool_type": "write true or false",
    "dict_type": "lines of `key: value` are needed here",
    "model_type": "lines of `key: value` are needed here, such as `{type: varchar, value: name}`",
    "list_type": "a list is needed here, such as `[a, b]`",
    "string_too_short": "text is needed here, not nothing",
}


def _keys_at(model: type[BaseModel], path: list[str | int]) -> list[str]:
    """Keys that a model knows at a path."""
    if not path:
        return list(model.model_fields)
    if path[0] == "file":
        return list(FileContent.model_fields)
    if model is RollupDocument:
        return list(Aggregate.model_fields)
    return list(CustomField.model_fields)
