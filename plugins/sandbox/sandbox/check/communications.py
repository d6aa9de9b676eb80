"""Communications as one CSV file on the person.

Where the dump shows the bytes the cells are compared, else the digest: quoting is left open by RFC
4180, and a cell may be trimmed or not. The form is held to RFC 4180 (CRLF, doubled quotes) in UTF-8
without a byte order mark.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from typing import TYPE_CHECKING

from sandbox.check import html_text
from sandbox.check.report import Section
from sandbox.check.values import Row, instant, squeezed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.people import People

NAME = "Cliniko communications.csv"
HEADER = ["Date", "Type", "Direction", "Category", "From", "To", "Subject", "Content"]
_PHONE = re.compile(r"\+[\d\s().-]+")
_RISKY = "=+-@\uff1d\uff0b\uff0d\uff20"
"""What begins a formula; the last four are the full-width forms."""


def is_ours(account: Account, row: Row) -> bool:
    """Whether a file is the communications of a person, not someone's file of the same name."""
    known = account.has_baseline
    return row.get("name") == NAME and (not known or account.is_new("files", row))


def compare(clinic: Clinic, account: Account, people: People) -> Section:
    """Compare every patient's communications with the file on its person."""
    section = Section("communications_csv")
    standing: dict[str, list[Row]] = {}
    for row in account.live("files"):
        if is_ours(account, row):
            standing.setdefault(str(row.get("person_id")), []).append(row)
    told = [row for row in clinic.live("communications") if row.get("confidential") is not True]
    for patient, messages in sorted(clinic.of_patients(told).items()):
        if not people.takes(patient):
            continue
        section.expected += 1
        files = standing.pop(people.ids.get(patient, "missing"), [])
        if not files:
            section.missing.append(patient)
            continue
        section.present += 1
        section.duplicates += [f"{patient} (Pipedrive {row['id']})" for row in files[1:]]
        _compare_file(patient, messages, files[0], section)
    section.extra = [
        f"on person {person} (Pipedrive {row['id']})"
        for person, rows in standing.items()
        for row in rows
    ]
    return section


def _compare_file(patient: str, messages: list[Row], row: Row, section: Section) -> None:
    ordered = sorted(messages, key=lambda each: (str(each.get("created_at")), int(each["id"])))
    section.normalised += any(html_text.is_html(each.get("content")) for each in ordered)
    encoded = row.get("content_base64")
    if encoded is None:
        _compare_digest(patient, ordered, row, section)
        return
    rows, fault = parse(base64.b64decode(encoded))
    if fault:
        section.differ(patient, row["id"], "form", "RFC 4180, UTF-8", fault)
        return
    if rows[:1] != [HEADER]:
        section.differ(patient, row["id"], "header", HEADER, rows[:1])
        return
    if len(rows) - 1 != len(ordered):
        section.differ(patient, row["id"], "rows", len(ordered), len(rows) - 1)
        return
    for message, cells in zip(ordered, rows[1:], strict=True):
        for name, accepted, cell in _cells(message, cells):
            if cell not in accepted:
                wanted = " or ".join(repr(each) for each in sorted(accepted))
                section.differ(patient, row["id"], f"{message['id']} {name}", wanted, repr(cell))


def _compare_digest(patient: str, ordered: list[Row], row: Row, section: Section) -> None:
    """Compare a file whose bytes the dump does not show with the bytes it may have.

    White space in text that was HTML cannot be foretold, so such a file may stay unverified.
    """
    if row.get("sha256") in {hashlib.sha256(data).hexdigest() for data in renderings(ordered)}:
        return
    if any(_may_be_html(str(each.get("content") or "")) for each in ordered):
        section.unverified.append(patient)
    else:
        section.differ(patient, row["id"], "sha256", "the file's", row.get("sha256"))


def renderings(ordered: list[Row]) -> Iterator[bytes]:
    """Yield the bytes the file of some messages may have: cells trimmed or not, quoted or not."""
    for trimmed in (True, False):
        rows = [HEADER]
        for message in ordered:
            values = _sources(message)
            if _shown_as_html(message, values["Content"]):
                values["Content"] = _plain(values["Content"])
            rows.append(
                [inert(key, each.strip() if trimmed else each) for key, each in values.items()]
            )
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
            out = io.StringIO(newline="")
            csv.writer(out, quoting=quoting).writerows(rows)
            yield out.getvalue().encode()


def parse(data: bytes) -> tuple[list[list[str]], str | None]:
    """Read a CSV file strictly.

    Returns:
        The rows, and what is wrong with the form, or None.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        return [], "a byte order mark"
    try:
        content = data.decode()
        rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        return [], str(error)
    bare = re.sub(r'"(?:[^"]|"")*"', "", content).replace("\r\n", "")
    if "\n" in bare or "\r" in bare:
        return [], "a line end that is not CRLF"
    if any(len(row) != len(HEADER) for row in rows):
        return [], "a row that is longer or shorter than the header"
    return rows, None


def inert(name: str, value: str) -> str:
    """Make a cell harmless for spreadsheets; a phone number in From or To stays as it is."""
    if name in ("From", "To") and _PHONE.fullmatch(value):
        return value
    for sign in _RISKY:  # spreadsheets set to semicolons begin a cell there
        value = value.replace(f";{sign}", f";'{sign}")
    begin = value.lstrip().lstrip("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff").lstrip()
    return f"'{value}" if begin[:1] in {*_RISKY} or value[:1] in {"\t", "\r"} else value


def _sources(message: Row) -> dict[str, str]:
    moment = instant(message.get("created_at"))
    values = {
        "Date": moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else "",
        "Type": message.get("type"),
        "Direction": message.get("direction_description"),
        "Category": message.get("category"),
        "From": message.get("from"),
        "To": message.get("to"),
        "Subject": message.get("content_subject"),
        "Content": message.get("content"),
    }
    return {name: str(value or "") for name, value in values.items()}


def _cells(message: Row, cells: list[str]) -> Iterator[tuple[str, frozenset[str], str]]:
    for (name, value), cell in zip(_sources(message).items(), cells, strict=True):
        if name == "Content" and _shown_as_html(message, value):
            yield name, frozenset({squeezed(inert(name, _plain(value)))}), squeezed(cell)
            continue
        accepted = {inert(name, value), inert(name, value.strip())}
        if name == "Content" and _may_be_html(value):
            accepted.add(inert(name, _plain(value)))
        yield name, frozenset(_unix(each) for each in accepted), _unix(cell)


def _shown_as_html(message: Row, content: str) -> bool:
    return message.get("type") == "Email" and html_text.is_html(content)


def _may_be_html(content: str) -> bool:
    return html_text.is_html(content) or "&" in content


def _plain(content: str) -> str:
    return "\n".join(html_text.lines(content))


def _unix(cell: str) -> str:
    return cell.replace("\r\n", "\n")
