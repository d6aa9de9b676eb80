"""By what rows in Pipedrive are recognised: pure rules.

Every object we make bears a sign: a custom field, a labelled line at the end of its text, or
its name on its parent. Rows of others may be adopted by agreement of several of their values.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Found
from target_pipedrive.errors import Rejected
from target_pipedrive.pipedrive import PARENTS
from target_pipedrive.pipedrive.lines import lines
from target_pipedrive.pipedrive.values import fold_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from target_pipedrive.desired import Desired
    from target_pipedrive.mapping import ObjectRule

_PART = re.compile(r"\((\d+)/\d+\)$")


@dataclass(frozen=True, slots=True)
class View:
    """How rows of one kind of object can be recognised, by all rules that make such objects.

    Args:
        fields: Labels of the custom fields that hold our key.
        lines: Labels of the lines that hold our key.
        matches: Names of values by which rows of others are adopted, such as (email, name).
    """

    fields: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    matches: frozenset[tuple[str, ...]] = frozenset()

    def also(self, field: str | None, line: str | None) -> View:
        """Return the view of rows that may hold our key here, too.

        Args:
            field: Label of a custom field; None for none.
            line: Label of a line; None for none.
        """
        return replace(
            self,
            fields=self.fields.union([field] if field else ()),
            lines=self.lines.union([line] if line else ()),
        )


def views(rules: Iterable[ObjectRule]) -> dict[str, View]:
    """Return the view of each kind of object that the rules make."""
    found: dict[str, View] = {}
    for rule in rules:
        for obj in rule.objects():
            found.setdefault(obj, View())
        view = found[rule.object].also(rule.key_field, rule.key_line)
        matches = {tuple(sorted(rule.match))} if rule.match else set()
        found[rule.object] = replace(view, matches=view.matches | matches)
    return found


def ours(obj: str, signs: Iterable[str]) -> set[str]:
    """Return those signs by which rows are ours; of a file by which they may be."""
    kinds = (Found.FIELD, Found.LINE, Found.ORIGIN, *((Found.NAME,) if obj == "file" else ()))
    begins = tuple(f"{kind} " for kind in kinds)
    return {sign for sign in signs if sign.startswith(begins)}


def signs_of(
    obj: str, row: dict[str, Any], view: View, keys: Mapping[str, str | None]
) -> list[str]:
    """Return everything a row can be recognised by.

    Args:
        obj: What it is.
        row: The row.
        view: How such rows can be recognised.
        keys: What its custom fields hold that may hold our keys, by label.
    """
    found = field_marks(keys)
    if not found:  # a row with our key is nobody else's to adopt
        for names in view.matches:
            found += [match_sign(values) for values in _match_values(row, names)]
    return found + line_marks(row, view.lines) + other_marks(obj, row)


def field_marks(keys: Mapping[str, str | None]) -> list[str]:
    """Return the marks in the custom fields that hold our keys, by label."""
    return [f"{Found.FIELD} {label}: {key}" for label, key in keys.items() if key]


def line_marks(row: dict[str, Any], labels: Iterable[str]) -> list[str]:
    """Return the marks in the lines of a row's text."""
    text = row.get("content") or row.get("note") or row.get("comments") or ""
    return [f"{Found.LINE} {label}: {key}" for label in labels for key in _keys_in(text, label)]


def other_marks(obj: str, row: dict[str, Any]) -> list[str]:
    """Return the marks of a lead or a file, which bear none in a field or a text."""
    found = []
    if obj == "lead" and row.get("origin_id"):
        found.append(f"{Found.ORIGIN} : {row['origin_id']}")
    if obj == "file":
        for parent in PARENTS:
            if row.get(parent):
                name = f"{Found.NAME} {parent}={row[parent]} {row.get('name')}"
                found += [name, f"{name} {row.get('file_size')}"]
    return found


def sign(desired: Desired, body: dict[str, Any]) -> str:
    """Return the sign by which an object of ours is recognised."""
    mark = desired.mark
    if mark.found is Found.NAME and desired.file is None:
        return f"{mark.found} {mark.key}"
    if mark.found is Found.NAME:
        return f"{name_sign(desired, body)} {desired.file.size if desired.file else ''}"
    part = f"#{desired.part}" if desired.part and mark.found is Found.LINE else ""
    return f"{mark.found} {mark.label}: {mark.key}{part}"


def mark_of(desired: Desired, *, whole: bool = False) -> str:
    """Return the sign of a piece; `whole`: of all parts of its record."""
    return (
        sign(replace(desired, part="") if whole else desired, {})
        if desired.mark.found is not Found.NAME
        else f"{desired.mark.found} {desired.mark.key}"
    )


def name_sign(desired: Desired, body: dict[str, Any]) -> str:
    """Return the sign of a file by its name alone: one of another content has it, too."""
    parent, parent_id = parent_of(body)
    return f"{Found.NAME} {parent}={parent_id} {body.get('name') or desired.mark.key}"


def match_sign(values: dict[str, str]) -> str:
    """Return the sign of values that must all agree; it does not tell them."""
    text = "\n".join(f"{key}={fold_name(value)}" for key, value in sorted(values.items()))
    return "match " + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _match_values(row: dict[str, Any], names: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the values of a row under these names, once for each of its e-mails or phones."""
    plain = {name: str(row.get(name) or "") for name in names if f"{name}s" not in row}
    several = [name for name in names if f"{name}s" in row]
    entries = ((name, entry) for name in several for entry in row[f"{name}s"] or [])
    if not several:
        yield plain
    for name, entry in entries:
        yield {**plain, name: str(entry.get("value") or "")}


def _keys_in(text: str, label: str) -> Iterator[str]:
    """Yield the keys in lines `label: key` of an HTML text, with its part if it is one."""
    found = lines(text)
    part = _PART.search(found[0]) if found else None  # the heading of a part of a long note
    for line in found:
        if line.startswith(f"{label}: "):
            key = line.removeprefix(f"{label}: ").strip()
            yield key
            if part:
                yield f"{key}#{part.group(1)}"


def parent_of(body: dict[str, Any]) -> tuple[str, str]:
    """Return the key that names the object a file hangs on, and its id.

    Raises:
        Rejected: There is none.
    """
    for key in PARENTS:
        if body.get(key):
            return key, str(body[key])
    raise Rejected("parent_missing", "a file needs an object to hang on")
