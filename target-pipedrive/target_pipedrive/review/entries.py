"""The review file: what stands in it, and what is wrong with it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from target_pipedrive.mapping.faults import Faults, Place, instead
from target_pipedrive.mapping.yamlfile import Bounds, read_documents
from target_pipedrive.pipedrive import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from target_pipedrive.mapping.yamlfile import Source

NEW, SKIP = "new", "skip"
"""Answers that are no id: make another object; write the record never."""

MOST_ASKED = 5_000
"""Records without an answer that one file asks about; the rest is asked when these are answered."""

BOUNDS = Bounds(characters=4_000_000, values=400_000)
"""Room for those, and for more answers than a person gives."""

_PARTS = ("open", "answered")
_KEYS = ("record", "object", "candidates", "answer", "why")

_HEAD = """\
# Records that two or more objects in Pipedrive match: the target does not guess. Behind `answer:`
# write the id of the candidate that the record is, `new` when it is none of them, or `skip` when it
# shall not be written at all; then run again. `why:` is for words of your own.
# What is open holds names of patients: keep this file to yourself until everything is answered.
"""

Key = tuple[str, str, str]
"""Object, stream and id of a record."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object in Pipedrive that a record may be.

    Args:
        id: Its id.
        told: What helps a person to choose, such as its name and link.
    """

    id: str
    told: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One record in question.

    Args:
        object: What it becomes.
        stream: Source stream.
        id: Key of the source record.
        candidates: What it may be.
        answer: One of their ids, `new`, `skip`, or empty.
        why: A person's words.
        place: Where the answer stands.
    """

    object: str
    stream: str
    id: str
    candidates: tuple[Candidate, ...]
    answer: str = ""
    why: str = ""
    place: Place | None = None

    @property
    def key(self) -> Key:
        """Which record it is about."""
        return (self.object, self.stream, self.id)

    @property
    def chosen(self) -> str | None:
        """The id that a person chose."""
        return self.answer if self.answer not in {"", NEW, SKIP} else None


def read(path: Path) -> dict[Key, Entry]:
    """Read a review file; there need be none.

    Raises:
        MappingError: All its faults at once, each with file, line and column.
    """
    if not path.exists():
        return {}
    faults = Faults()
    found: dict[Key, Entry] = {}
    for source in read_documents(path, str(path), faults, BOUNDS):
        for entry in _entries(source, faults):
            if entry.key in found and entry.place is not None:
                faults.add(entry.place, f"{entry.stream}/{entry.id} stands here twice; remove one")
            found[entry.key] = entry
    _one_each(found.values(), faults)
    faults.raise_if_any()
    return found


def _entries(source: Source, faults: Faults) -> Iterator[Entry]:
    for part, items in source.data.items():
        if part not in _PARTS:
            faults.add(source.place([part], key=True), f"unknown part; {instead(part, _PARTS)}")
        elif not isinstance(items or [], list):
            faults.add(source.place([part]), "a list of `- record: …` is needed here")
        else:
            for at, item in enumerate(items or []):
                entry = _entry(source, [part, at], item, faults)
                if entry is not None:
                    yield entry


def _entry(source: Source, path: list[str | int], item: Any, faults: Faults) -> Entry | None:
    here = source.place(path)
    if not isinstance(item, dict):
        faults.add(here, "lines of `key: value` are needed here, such as `record: patients/7`")
        return None
    for key in item:
        if key not in _KEYS:
            faults.add(source.place([*path, key], key=True), f"unknown key; {instead(key, _KEYS)}")
    stream, slash, record_id = str(item.get("record") or "").partition("/")
    obj = item.get("object")
    if not (stream and slash and record_id):
        faults.add(source.place([*path, "record"]), "`record` is STREAM/ID, such as patients/7")
        return None
    if obj not in OBJECTS:
        place = source.place([*path, "object"])
        faults.add(place, f"unknown object; {instead(str(obj), OBJECTS)}")
        return None
    candidates = tuple(_candidates(item.get("candidates")))
    answer = "" if item.get("answer") is None else str(item["answer"]).strip()
    place = source.place([*path, "answer"])
    choices = [candidate.id for candidate in candidates]
    if answer and answer not in {NEW, SKIP, *choices}:
        known = ", ".join([*choices, NEW, SKIP])
        faults.add(place, f"answer: {answer!r} is none of its candidates; write one of: {known}")
    why = str(item.get("why") or "")
    return Entry(str(obj), stream, record_id, candidates, answer, why, place)


def _candidates(items: Any) -> Iterator[Candidate]:
    """Yield candidates: ids alone, or ids with what is told of them."""
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and "id" in item:
            told = {str(key): str(value) for key, value in item.items() if key != "id"}
            yield Candidate(str(item["id"]), told)
        elif not isinstance(item, dict):
            yield Candidate(str(item))


def _one_each(entries: Iterable[Entry], faults: Faults) -> None:
    """Two records cannot become one object."""
    taken: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if entry.chosen is None or entry.place is None:
            continue
        other = taken.setdefault((entry.object, entry.chosen), entry)
        if other is not entry:
            faults.add(
                entry.place,
                f"answer: {entry.object} {entry.chosen} is the answer for {other.stream}/{other.id}"
                " already; two records cannot become one",
            )


def write(path: Path, still_open: Sequence[Entry], answered: Sequence[Entry]) -> None:
    """Write a review file of mode 0600, at once or not at all; remove one with nothing in it."""
    if not still_open and not answered:
        path.unlink(missing_ok=True)
        return
    content = {
        "open": [_as_data(entry, whole=True) for entry in still_open],
        "answered": [_as_data(entry, whole=False) for entry in answered],
    }
    text = StringIO()
    yaml = YAML()
    yaml.width = 10_000  # a candidate stays on its line
    yaml.representer.add_representer(type(None), _nothing)
    yaml.dump(content, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(_HEAD + text.getvalue())
    fresh.replace(path)


def _as_data(entry: Entry, *, whole: bool) -> dict[str, Any]:
    """Return an entry as it is written; what is told of candidates only while it is open."""
    data: dict[str, Any] = {"record": f"{entry.stream}/{entry.id}", "object": entry.object}
    data["candidates"] = [
        {"id": _id(one.id), **one.told} if whole and one.told else _id(one.id)
        for one in entry.candidates
    ]
    data["answer"] = _id(entry.answer) if entry.answer else None
    return data | ({"why": entry.why} if entry.why else {})


def _id(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _nothing(representer: Any, _: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "")
