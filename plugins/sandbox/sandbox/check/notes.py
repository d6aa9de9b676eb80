"""Treatment notes as notes: author, time, head, content and the marker of every part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.check import footer, html_text, note_content
from sandbox.check.clinic import removed
from sandbox.check.practitioners import Practitioners
from sandbox.check.report import Section
from sandbox.check.values import Row, instant, same, squeezed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sandbox.check.account import Account
    from sandbox.check.clinic import Clinic
    from sandbox.check.html_text import Line
    from sandbox.check.optional.signs import Signs
    from sandbox.check.people import People
    from sandbox.check.settings import Settings

MARKER = "Cliniko treatment note"
LONGEST = 100_000
"""Most characters Pipedrive takes in one note (Pipedrive API, notes)."""

_PART = re.compile(r"\((\d+)/(\d+)\)")


@dataclass(frozen=True)
class Part:
    """One Pipedrive note: its row, its lines without the marker, its number and their count."""

    row: Row
    lines: list[Line]
    number: int
    count: int


def compare(
    clinic: Clinic, account: Account, settings: Settings, people: People, signs: Signs
) -> Section:
    """Compare all treatment notes with all notes."""
    section = Section("note")
    standing: dict[str, list[Part]] = {}
    strangers: list[Row] = []
    for row in account.live("notes"):
        key, part = read_part(row, settings, MARKER)
        if key:
            standing.setdefault(key, []).append(part)
        elif account.is_new("notes", row) and not signs.note(row):
            strangers.append(row)
    comparer = _Comparer(clinic, account, settings, people, section)
    kept: set[str] = set()
    for source in clinic.rows("treatment_notes"):
        key = str(source["id"])
        patient = clinic.patient(source)
        if removed(source) or not people.takes(patient):
            if removed(source) and settings.when_removed == "keep":
                kept.add(key)
            continue
        section.expected += 1
        parts = standing.pop(key, [])
        if not parts:
            section.missing.append(key)
            continue
        section.present += 1
        comparer.compare(source, without_duplicates(key, parts, section))
    section.extra = [
        f"of treatment note {key} (Pipedrive {part.row['id']})"
        for key, parts in standing.items()
        if key not in kept
        for part in parts
    ] + [f"Pipedrive {row['id']}" for row in strangers]
    return section


def read_part(row: Row, settings: Settings, marker: str) -> tuple[str | None, Part]:
    """Read a note: the id in its last line, if that bears the marker, and the rest."""
    lines = html_text.read(row.get("content"), newlines=settings.note_format == "text")
    key = footer.marker([line.text for line in lines[-1:]], marker)
    match = _PART.search(lines[0].text) if lines else None
    number, count = (int(match[1]), int(match[2])) if match else (1, 1)
    return key, Part(row, lines[:-1] if key else lines, number, count)


def without_duplicates(key: str, parts: list[Part], section: Section) -> list[Part]:
    """Return each part once, in order; report what stands twice."""
    count = parts[0].count
    chosen: dict[int, Part] = {}
    for part in sorted(parts, key=lambda part: part.number):
        if part.number in chosen or part.count != count:
            section.duplicates.append(f"{key} (Pipedrive {part.row['id']})")
        else:
            chosen[part.number] = part
    return list(chosen.values())


class _Comparer:
    def __init__(
        self,
        clinic: Clinic,
        account: Account,
        settings: Settings,
        people: People,
        section: Section,
    ) -> None:
        self._clinic, self._settings = clinic, settings
        self._people, self._section = people, section
        self._practitioners = Practitioners(clinic, account, settings.owner(account))

    def compare(self, source: Row, parts: list[Part]) -> None:
        """Compare one treatment note with the parts it became."""
        wanted, found = list(range(1, parts[0].count + 1)), [part.number for part in parts]
        if wanted != found:
            self._differ(source, parts[0], "parts", wanted, found)
        for part in parts:
            self._section.normalised += 1
            self._columns(source, part)
            self._title(source, part)
        bodies = [self._body(source, part) for part in parts]
        outline = note_content.outline(source.get("content"))
        fault = note_content.first_fault(
            outline.blocks, note_content.tokens([[line.text for line in body] for body in bodies])
        )
        if fault:
            self._differ(source, parts[0], "content", "as in Cliniko", fault)
        if self._settings.note_format == "html":
            self._markup(source, parts[0], outline, [line for body in bodies for line in body])

    def _differ(self, source: Row, part: Part, name: str, expected: object, actual: object) -> None:
        self._section.differ(source["id"], part.row["id"], name, expected, actual)

    def _columns(self, source: Row, part: Part) -> None:
        row = part.row
        person = self._people.ids.get(self._clinic.patient(source) or "", "missing")
        pairs = {
            "person_id": (person, str(row.get("person_id"))),
            "user_id": (self._practitioners.user(source), row.get("user_id")),
            "add_time": (instant(source.get("created_at")), instant(row.get("add_time"))),
            "length": (True, len(str(row.get("content"))) <= LONGEST),
        }
        for name, (expected, actual) in pairs.items():
            if not same(expected, actual):
                self._differ(source, part, name, expected, actual)

    def _title(self, source: Row, part: Part) -> None:
        said = part.lines[0].text if part.lines else ""
        bare = squeezed(_PART.sub(" ", said)) if part.count > 1 else said
        wanted = squeezed(source.get("title")) + (" (draft)" if source.get("draft") else "")
        if bare != wanted:
            self._differ(source, part, "title", wanted, said)

    def _body(self, source: Row, part: Part) -> list[Line]:
        """Return a part's lines after its head; the head of the first part is compared."""
        head = 1
        while head < min(3, len(part.lines)) and _is_head(part.lines[head].text):
            head += 1
        said = " ".join(line.text for line in part.lines[1:head])
        if part.number == 1 or said:
            for name, expected in self._head_faults(source, said):
                self._differ(source, part, name, expected, said)
        return part.lines[head:]

    def _head_faults(self, source: Row, said: str) -> Iterator[tuple[str, str]]:
        author = squeezed(source.get("author_name"))
        before, _, after = said.partition("Written")
        if author and not re.search(rf"Author:? {re.escape(author)}(\W|$)", before):
            yield "Author", author
        written = instant(source.get("created_at"))
        booking = self._clinic.linked(source, "booking", "individual_appointments")
        booking = booking or self._clinic.linked(source, "booking", "group_appointments")
        business = self._clinic.linked(booking, "business", "businesses") if booking else None
        zones = self._clinic.zones_of(business)
        if written and not any(_says(after, written.astimezone(zone), zone) for zone in zones):
            yield "Written", " or ".join(f"{written.astimezone(zone)} {zone}" for zone in zones)

    def _markup(
        self, source: Row, part: Part, outline: note_content.Outline, lines: list[Line]
    ) -> None:
        headings = {line.text for line in lines if line.heading or line.bold == [line.text]}
        bold = {span.removesuffix(":").rstrip() for line in lines for span in line.bold}
        for name in outline.headings:
            if name not in headings:
                self._differ(source, part, "heading", name, "not set as a heading")
        for name in outline.questions:
            if name.removesuffix(":").rstrip() not in bold:
                self._differ(source, part, "question", name, "not bold")


def _is_head(line: str) -> bool:
    return re.match(r"(Author|Written)\b", line) is not None


def _says(said: str, local: datetime, zone: ZoneInfo) -> bool:
    """Whether a text gives this local date, time of day and zone, whatever the form."""
    numbers = [int(each) for each in re.findall(r"\d+", said)]
    clock = re.search(r"(\d{1,2})[:.](\d{2})", said)
    if not clock or local.year not in numbers or local.day not in numbers:
        return False
    months = {str(local.month), local.strftime("%m"), local.strftime("%B"), local.strftime("%b")}
    month = any(re.search(rf"(?<![\w]){each}(?![\w])", said) for each in months)
    hours = {local.hour}
    if re.search(r"[ap]\.?m", said, re.IGNORECASE):
        hours = {local.hour % 12 or 12}
    offset = local.strftime("%z")
    named = {zone.key, zone.key.split("/")[-1].replace("_", " "), offset}
    named |= {str(local.tzname()), f"{offset[:3]}:{offset[3:]}"}
    return (
        month
        and int(clock[1]) in hours
        and int(clock[2]) == local.minute
        and any(each in said for each in named)
    )
