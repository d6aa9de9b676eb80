"""Look before a write of unknown outcome is repeated.

Pipedrive knows no idempotency key (official OpenAPI), so a create without an answer may stand
there or not. It is looked for by list, never by search, whose index lags behind.
"""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Found
from target_pipedrive.pipedrive.api import moment
from target_pipedrive.pipedrive.registry import OBJECTS, PARENTS
from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container, Mapping
    from datetime import datetime

    from target_pipedrive.desired import Desired
    from target_pipedrive.pipedrive.api import Pipedrive, Row
    from target_pipedrive.pipedrive.fields import Fields

SLACK = timedelta(seconds=60)
"""How much earlier than the request to look, for clocks that differ."""

_HTML_KEYS = {"activity": "note", "note": "content"}
_BLOCKS = frozenset(
    {"address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "header", "hr"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "section", "ul"}
    | {"table", "td", "th", "tr"}
)


async def find(
    pipedrive: Pipedrive,
    fields: Fields,
    desired: Desired,
    since: datetime,
    body: Mapping[str, Any],
    known: Container[int],
) -> list[int]:
    """Objects that a create of unknown outcome may have made.

    Args:
        pipedrive: The account.
        fields: Its custom fields.
        desired: What was to be created.
        since: When, by Pipedrive's clock.
        body: The body as it was sent, references resolved.
        known: IDs that the ledger already holds for objects of this kind.

    Returns:
        IDs of live rows that bear the sign of `desired`, without the known ones.
    """
    since -= SLACK
    if desired.file is not None:
        rows = _files(pipedrive, desired, since, body)
    elif desired.mark.found is Found.FIELD:
        rows = _by_field(pipedrive, fields, desired, since)
    elif desired.mark.found is Found.LINE:
        rows = _by_line(pipedrive, desired, since, body)
    else:
        rows = _by_name(pipedrive, desired)
    return [row["id"] async for row in rows if row["id"] not in known]


async def _by_field(
    pipedrive: Pipedrive, fields: Fields, desired: Desired, since: datetime
) -> AsyncIterator[Row]:
    label, key = desired.mark.label, desired.mark.key
    code = fields.code(desired.object, label)
    if code is None:
        return  # where the field does not exist, nothing can bear it
    async for page in pipedrive.rows(
        desired.object, updated_since=since, newest_first=True, custom_fields=(code,)
    ):
        for row in page:
            if fields.text(row, desired.object, label) == key:
                yield row


async def _by_line(
    pipedrive: Pipedrive, desired: Desired, since: datetime, body: Mapping[str, Any]
) -> AsyncIterator[Row]:
    html = _HTML_KEYS[desired.object]
    wanted = {f"{desired.mark.label}: {desired.mark.key}"}
    if desired.part:
        # All parts of a long note end with the same line; the heading tells them apart.
        number = re.compile(rf"\({re.escape(desired.part)}/\d+\)")
        sent = lines(str(body.get(html) or ""))
        wanted.update([line for line in sent if number.search(line)][:1])
    async for page in pipedrive.rows(desired.object, updated_since=since, newest_first=True):
        for row in page:
            content = str(row.get(html) or "")
            if desired.mark.key in content and wanted <= set(lines(content)):
                yield row


async def _by_name(pipedrive: Pipedrive, desired: Desired) -> AsyncIterator[Row]:
    name = fold(desired.mark.key or str(desired.body.get("name") or ""))
    async for page in pipedrive.rows(desired.object):
        for row in page:
            if fold(str(row.get("name") or "")) == name:
                yield row


async def _files(
    pipedrive: Pipedrive, desired: Desired, since: datetime, body: Mapping[str, Any]
) -> AsyncIterator[Row]:
    file = desired.file
    if file is None:
        raise ValueError("a file's look needs the file")
    parent = next(
        (
            (kind, body[key])
            for key, kind in PARENTS.items()
            if body.get(key) and OBJECTS[kind].files is not None
        ),
        None,
    )
    pages = (
        pipedrive.rows("file", updated_since=since, newest_first=True)
        if parent is None  # leads and activities have no list of their own
        else pipedrive.files_of(*parent)
    )
    async for page in pages:
        recent = [row for row in page if moment(str(row["add_time"])) >= since]
        for row in recent:
            names = (row.get("name"), row.get("file_name"))
            if file.name in names and row.get("file_size") == file.size:
                yield row
        if not recent:
            return  # newest first: the rest is older still


def lines(html: str) -> list[str]:
    """The text of a piece of HTML, line by line, spaces collapsed, blank lines left out."""
    parser = _Lines()
    parser.feed(html)
    parser.close()
    return [line for part in "".join(parser.text).split("\n") if (line := " ".join(part.split()))]


class _Lines(HTMLParser):
    """Collects text; where a block begins or ends, so does a line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_data(self, data: str) -> None:
        self.text.append(data)
