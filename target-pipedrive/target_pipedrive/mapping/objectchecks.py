"""Checks of one object document against what Pipedrive's object can take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.errors import REJECTS
from target_pipedrive.mapping.faults import instead
from target_pipedrive.mapping.notetext import TEXT_KEY

if TYPE_CHECKING:
    from target_pipedrive.mapping.context import ObjectKeys
    from target_pipedrive.mapping.documents import ObjectDocument
    from target_pipedrive.mapping.faults import Faults
    from target_pipedrive.mapping.yamlfile import Source


def check_object(
    source: Source, document: ObjectDocument, keys: ObjectKeys, faults: Faults
) -> None:
    """Note every key, label and code of a document that its object cannot take."""
    for name in document.fields:
        if name not in keys.writable:
            faults.add(
                source.place(["fields", name], key=True),
                f"{document.object} has no key {name!r}; {instead(name, keys.writable)}",
            )
    if document.object == "deal_product" and document.key_line is None:
        faults.add(
            source.place(["object"]),
            "a line of a deal is found again by its comments alone; add `key_line: …`",
        )
    if keys.parents and not set(keys.parents) & set(document.fields):
        faults.add(
            source.place(["fields"]),
            f"{document.object} hangs on another object; add one of {', '.join(keys.parents)}",
        )
    _check_custom(source, document, keys, faults)
    _check_text(source, document, faults)
    if (document.object == "file") is (document.file is None):
        faults.add(
            source.place(["object"]),
            "an object `file` needs `file:` with name, size, sha256 and uri; "
            "no other object has it",
        )
    for code in document.reject_when:
        if code not in REJECTS:
            faults.add(
                source.place(["reject_when", code], key=True),
                f"unknown reject code {code!r}; {instead(code, REJECTS)}",
            )
    matchable = {*document.fields, "email", "phone"}
    for at, name in enumerate(document.match):
        if name not in matchable:
            faults.add(
                source.place(["match", at]),
                f"cannot match by {name!r}; {instead(name, matchable)}",
            )


def _check_custom(
    source: Source, document: ObjectDocument, keys: ObjectKeys, faults: Faults
) -> None:
    if keys.custom_fields:
        return
    way_out = "use `key_line`" if document.object in TEXT_KEY else "remove it"
    for name in ("key_field", "custom_fields"):
        if source.data.get(name):
            faults.add(
                source.place([name], key=True),
                f"Pipedrive takes no custom fields on {document.object}; {way_out}",
            )


def _check_text(source: Source, document: ObjectDocument, faults: Faults) -> None:
    """`key_line`, `footer` and `title` are part of an object's text."""
    text_key = TEXT_KEY.get(document.object)
    for name in ("key_line", "footer"):
        if not getattr(document, name):
            continue
        if text_key is None:
            having = ", ".join(sorted(TEXT_KEY))
            faults.add(
                source.place([name], key=True),
                f"{document.object} has no text for {name}; only {having} have",
            )
        elif text_key not in document.fields and document.object != "deal_product":
            faults.add(
                source.place([name], key=True),
                f"{name} ends the text of {text_key!r}; add `{text_key}:` to fields",
            )
    if document.title is not None and document.object != "note":
        faults.add(source.place(["title"], key=True), "only a note has a title; remove it")
    if document.key_field and document.key_line:
        faults.add(
            source.place(["key_line"], key=True),
            "the key stands in a field or in a line; remove key_field or key_line",
        )
