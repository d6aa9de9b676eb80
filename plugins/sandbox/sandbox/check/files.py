"""Patient attachments as files on the person.

Whether each unsafe character of a name becomes its own underscore or a run of them becomes one is
left open; both are accepted. "50 MB" is accepted as decimal and as binary megabytes.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sandbox.check import communications
from sandbox.check.clinic import removed
from sandbox.check.report import Section
from sandbox.check.values import Row, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.people import People
    from sandbox.check.settings import Settings

_MOST_BYTES = 255
_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class _Attachment:
    key: str
    person: str
    name: str | None
    size: int
    sha256: str
    optional: bool
    row: Row


def compare(clinic: Clinic, account: Account, settings: Settings, people: People) -> Section:
    """Compare all attachments with all files, each file once."""
    section = Section("file")
    free: dict[str, list[Row]] = {}
    for row in account.live("files"):
        if not communications.is_ours(account, row):
            free.setdefault(_person(row), []).append(row)
    wanted = list(_expected(clinic, settings, people))
    section.expected = sum(not attachment.optional for attachment in wanted)
    found: dict[str, Row] = {}
    for agrees in (_whole, _content, _name):
        for attachment in wanted:
            if attachment.key in found:
                continue
            near = free.get(attachment.person, [])
            match = next((row for row in near if agrees(attachment, row)), None)
            if match is not None:
                found[attachment.key] = match
                near.remove(match)
    for attachment in wanted:
        if attachment.key in found:
            _differences(attachment, found[attachment.key], section)
        elif not attachment.optional:
            section.missing.append(attachment.key)
    section.present = sum(not each.optional and each.key in found for each in wanted)
    _surplus(clinic, account, wanted + _kept(clinic, settings, people), free, section)
    return section


def _surplus(
    clinic: Clinic,
    account: Account,
    known: list[_Attachment],
    free: dict[str, list[Row]],
    section: Section,
) -> None:
    """Report the files that are left when every attachment has found its own."""
    ours = {content.get("sha256") for content in clinic.attachments.values()}
    copies = {(each.person, each.sha256): each for each in known}
    for row in (row for rows in free.values() for row in rows):
        copy = copies.get((_person(row), str(row.get("sha256"))))
        made = account.is_new("files", row)
        if copy and removed(copy.row):
            continue
        if copy and (made or not account.has_baseline):
            section.duplicates.append(f"{copy.key} (Pipedrive {row['id']})")
        elif made or (not account.has_baseline and row.get("sha256") in ours):
            section.extra.append(f"Pipedrive {row['id']}")


def _expected(clinic: Clinic, settings: Settings, people: People) -> Iterator[_Attachment]:
    for row in clinic.live("patient_attachments"):
        ready = row.get("processing_completed") is True and link_to_content(row)
        content = clinic.attachments.get(str(row["id"]))
        patient = clinic.patient(row)
        if not (ready and content and patient and people.takes(patient)):
            continue
        size = int(content["size"])
        if size > settings.max_file_mb * 1024 * 1024:
            continue
        yield _attachment(
            row, content, people.ids.get(patient, "missing"), settings.max_file_mb * 1_000_000
        )


def _kept(clinic: Clinic, settings: Settings, people: People) -> list[_Attachment]:
    """Return the removed attachments whose files may stay."""
    if settings.when_removed != "keep":
        return []
    return [
        _attachment(row, content, people.ids.get(clinic.patient(row) or "", "missing"), 0)
        for row in clinic.rows("patient_attachments")
        if removed(row) and (content := clinic.attachments.get(str(row["id"])))
    ]


def _attachment(row: Row, content: Row, person: str, sure: float) -> _Attachment:
    size = int(content["size"])
    return _Attachment(
        key=str(row["id"]),
        person=person,
        name=text(row.get("filename")),
        size=size,
        sha256=str(content["sha256"]),
        optional=size > sure,
        row=row,
    )


def link_to_content(row: Row) -> bool:
    """Whether an attachment offers its content (Cliniko API, patient attachments)."""
    content = row.get("content")
    return isinstance(content, dict) and bool((content.get("links") or {}).get("self"))


def safe_names(name: str) -> frozenset[str]:
    """Return the accepted forms of a file name that is not too long."""
    single = _UNSAFE.sub("_", name)
    dots = len(single) - len(single.lstrip("."))
    single = "_" * dots + single[dots:]
    runs = re.sub(r"_{2,}", "_", single)
    return frozenset({single, runs})


def name_agrees(source: str | None, shown: str) -> bool:
    """Whether a file's name is the attachment's, made safe and at most 255 bytes long."""
    shown = unicodedata.normalize("NFC", shown)
    if source is None:
        return bool(shown)
    for name in safe_names(unicodedata.normalize("NFC", source)):
        if len(name.encode()) <= _MOST_BYTES:
            if name == shown:
                return True
            continue
        path = PurePosixPath(name)
        end = PurePosixPath(shown)
        short = len(shown.encode()) <= _MOST_BYTES
        stem = end.stem.rstrip("…")
        if short and end.suffix == path.suffix and stem and path.stem.startswith(stem):
            return True
    return False


def _person(row: Row) -> str:
    return str(row.get("person_id"))


def _content(attachment: _Attachment, row: Row) -> bool:
    return attachment.person == _person(row) and attachment.sha256 == row.get("sha256")


def _name(attachment: _Attachment, row: Row) -> bool:
    return attachment.person == _person(row) and name_agrees(
        attachment.name, str(row.get("name") or "")
    )


def _whole(attachment: _Attachment, row: Row) -> bool:
    return _content(attachment, row) and _name(attachment, row)


def _differences(attachment: _Attachment, row: Row, section: Section) -> None:
    shown = str(row.get("name") or "")
    if not name_agrees(attachment.name, shown):
        section.differ(attachment.key, row["id"], "name", attachment.name, shown)
    if attachment.sha256 != row.get("sha256"):
        section.differ(attachment.key, row["id"], "sha256", attachment.sha256, row.get("sha256"))
    if attachment.size != row.get("file_size"):
        section.differ(attachment.key, row["id"], "size", attachment.size, row.get("file_size"))
