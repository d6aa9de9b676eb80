"""Finding what already stands in Pipedrive, by lists, never by search.

Every object we make bears a sign: a custom field, a labelled line at the end of its text, or
its name on its parent. Rows of others may be adopted by agreement of several of their values.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Found
from target_pipedrive.errors import Rejected
from target_pipedrive.pipedrive.recover import lines
from target_pipedrive.pipedrive.values import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_pipedrive.desired import Desired
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.pipedrive.api import Pipedrive
    from target_pipedrive.pipedrive.fields import Fields

OVERLAP = timedelta(seconds=60)
"""How far a list reaches back before the moment in question: clocks and commits lag."""

_GRACE = 5.0
"""Seconds that a create of a killed run may still need until it shows in a list."""

_PART = re.compile(r"\((\d+)/\d+\)")


@dataclass(frozen=True, slots=True)
class Existing:
    """A row in Pipedrive that a record shall become.

    Args:
        id: Its id.
        ours: It bears our mark; otherwise it is adopted by a match.
    """

    id: int
    ours: bool


class Index:
    """What stands in Pipedrive, kept in the ledger and refreshed once a run when first needed.

    Args:
        pipedrive: Where the lists come from.
        fields: Hash keys of the fields that hold our marks.
        ledger: Where signs are kept.
    """

    def __init__(self, pipedrive: Pipedrive, fields: Fields, ledger: Ledger) -> None:
        self._pipedrive = pipedrive
        self._fields = fields
        self._ledger = ledger
        self._refreshed: dict[str, datetime] = {}
        self._lock = asyncio.Lock()

    async def find(self, desired: Desired, body: dict[str, Any]) -> Existing | None:
        """Return the row that a record without a link shall become, if there is one.

        Args:
            desired: The object.
            body: Its body with references resolved.

        Raises:
            Rejected: `ambiguous_match`, when several rows of others agree.
        """
        await self._refresh(desired)
        if ours := self._free(desired.object, sign(desired, body)):
            return Existing(ours[0], ours=True)
        if desired.match:
            candidates = self._free(desired.object, match_sign(desired.match))
            if len(candidates) > 1:
                rows = ", ".join(str(row) for row in candidates)
                raise Rejected("ambiguous_match", f"Pipedrive {desired.object} {rows}")
            if candidates:
                return Existing(candidates[0], ours=False)
        return None

    async def look(self, desired: Desired, body: dict[str, Any], since: datetime) -> int | None:
        """Return the row that a create of unknown outcome made, if it made one.

        Args:
            desired: The object.
            body: What was sent.
            since: Server time when it was sent.
        """
        wanted = sign(desired, body)
        async for page in self._pages(desired, body, since - OVERLAP):
            for row in page:
                if wanted in self._signs(desired, row):
                    row_id = int(row["id"])
                    if not self._ledger.links.owned(desired.object, [row_id]):
                        return row_id
        return None

    def note_end(self, now: datetime) -> None:
        """The run ends in good order: everything we wrote until now is in the ledger.

        Args:
            now: Server time.
        """
        for view, refreshed in self._refreshed.items():
            # Rows of others that came during the run matter only where rows are matched.
            seen = refreshed if view.endswith("+match") else now
            self._ledger.book.note(f"seen {view}", (seen - OVERLAP).isoformat())

    def _free(self, obj: str, wanted: str) -> list[int]:
        rows = self._ledger.signs.rows(obj, wanted)
        owned = self._ledger.links.owned(obj, rows) if rows else set()
        return [row for row in rows if row not in owned]

    async def _refresh(self, desired: Desired) -> None:
        """List what changed since this view was listed last; everything, the first time."""
        view = f"{desired.object} {desired.mark.found} {desired.mark.label}"
        if desired.match:
            view += "+match"
        async with self._lock:
            if view in self._refreshed:
                return
            await self._let_commits_land()
            began = self._pipedrive.client.server_time()
            seen = self._ledger.book.noted(f"seen {view}")
            since = datetime.fromisoformat(seen) if seen else None
            async for page in self._pipedrive.rows(
                desired.object,
                updated_since=since,
                custom_fields=self._codes(desired),
            ):
                self._ledger.signs.replace(
                    desired.object, {int(row["id"]): self._signs(desired, row) for row in page}
                )
            self._refreshed[view] = began

    async def _let_commits_land(self) -> None:
        """Wait until a create that a killed run sent last can no longer be under way."""
        newest = self._ledger.links.newest_intent()
        if newest is not None:
            age = datetime.now(UTC).timestamp() - newest
            await asyncio.sleep(max(0.0, min(_GRACE, _GRACE - age)))

    def _codes(self, desired: Desired) -> Sequence[str]:
        if desired.mark.found is not Found.FIELD:
            return ()
        code = self._fields.code(desired.object, desired.mark.label)
        return (code,) if code else ()

    async def _pages(self, desired: Desired, body: dict[str, Any], since: datetime) -> Any:
        if desired.object == "file":
            parent, parent_id = _parent(body)
            pages = self._pipedrive.files_of(parent.removesuffix("_id"), parent_id)
        else:
            pages = self._pipedrive.rows(
                desired.object,
                updated_since=since,
                newest_first=True,
                custom_fields=self._codes(desired),
            )
        async for page in pages:
            yield page

    def _signs(self, desired: Desired, row: dict[str, Any]) -> list[str]:
        """Return everything a row can be recognised by, in the view of this object."""
        label = desired.mark.label
        match desired.mark.found:
            case Found.FIELD:
                key = self._fields.text(row, desired.object, label)
                if key:
                    return [f"field {label}: {key}"]
                return [match_sign(values) for values in _match_values(row, desired.match)]
            case Found.LINE:
                text = row.get("content") or row.get("note") or ""
                return [f"line {label}: {key}" for key in _keys_in(text, label)]
            case Found.NAME:
                return [
                    f"name {parent}={row[parent]} {row.get('name') or row.get('file_name')} "
                    f"{row.get('file_size')}"
                    for parent in ("person_id", "org_id", "deal_id", "activity_id", "product_id")
                    if row.get(parent)
                ]


def sign(desired: Desired, body: dict[str, Any]) -> str:
    """Return the sign by which an object of ours is recognised."""
    mark = desired.mark
    if mark.found is Found.NAME:
        parent, parent_id = _parent(body)
        size = desired.file.size if desired.file else ""
        return f"name {parent}={parent_id} {body.get('name') or mark.key} {size}"
    part = f"#{desired.part}" if desired.part and mark.found is Found.LINE else ""
    return f"{mark.found} {mark.label}: {mark.key}{part}"


def match_sign(values: dict[str, str]) -> str:
    """Return the sign of values that must all agree; it does not tell them."""
    text = "\n".join(f"{key}={fold(value)}" for key, value in sorted(values.items()))
    return "match " + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _match_values(row: dict[str, Any], match: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield the values of a row under the keys of a match, once for each of its e-mails."""
    if not match:
        return
    plain = {key: str(row.get(key) or "") for key in match if key not in {"email", "phone"}}
    for key, rows in (("email", "emails"), ("phone", "phones")):
        if key in match:
            for entry in row.get(rows) or []:
                yield {**plain, key: str(entry.get("value") or "")}
            return
    yield plain


def _keys_in(text: str, label: str) -> Iterator[str]:
    """Yield the keys in lines `label: key` of an HTML text, with its part if it is one."""
    found = lines(text)
    parts = {match.group(1) for line in found[:2] for match in _PART.finditer(line)}
    for line in found:
        if line.startswith(f"{label}: "):
            key = line.removeprefix(f"{label}: ").strip()
            yield key
            yield from (f"{key}#{part}" for part in parts)


def _parent(body: dict[str, Any]) -> tuple[str, int]:
    for key in ("person_id", "org_id", "deal_id", "activity_id", "product_id"):
        if body.get(key):
            return key, int(body[key])
    raise Rejected("parent_missing", "a file needs an object to hang on")
