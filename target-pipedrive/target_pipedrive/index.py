"""Finding what already stands in Pipedrive, by lists, never by search.

Every object we make bears a sign: a custom field, a labelled line at the end of its text, or
its name on its parent. Rows of others may be adopted by agreement of several of their values.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Found
from target_pipedrive.errors import Rejected
from target_pipedrive.pipedrive import OBJECTS, PARENTS
from target_pipedrive.pipedrive.api import changed
from target_pipedrive.pipedrive.lines import lines
from target_pipedrive.pipedrive.settle import LANDING
from target_pipedrive.pipedrive.values import fold_name
from target_pipedrive.review import Review

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from target_pipedrive.desired import Desired
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import ObjectRule
    from target_pipedrive.pipedrive.api import Pipedrive
    from target_pipedrive.pipedrive.fields import Fields

logger = logging.getLogger("target_pipedrive")

OVERLAP = timedelta(seconds=60)
"""How far a list reaches back before the moment in question: clocks and commits lag."""

COMPARED_BYTES = 1_000_000
"""Files up to this size are read back before they are taken for what was uploaded."""

_PART = re.compile(r"\((\d+)/\d+\)$")


@dataclass(frozen=True, slots=True)
class Existing:
    """A row in Pipedrive that a record shall become.

    Args:
        id: Its id.
        ours: It bears our mark; otherwise it is adopted by a match.
        outdated: It is a generated file with other content.
    """

    id: str
    ours: bool
    outdated: bool = False


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


class Index:
    """What stands in Pipedrive, kept in the ledger and refreshed once a run when first needed.

    Args:
        pipedrive: Where the lists come from.
        fields: Hash keys of the fields that hold our marks.
        ledger: Where signs are kept.
        rules: The rules that make objects.
        review: Chooses where several rows of others agree.
    """

    def __init__(
        self,
        pipedrive: Pipedrive,
        fields: Fields,
        ledger: Ledger,
        rules: Iterable[ObjectRule],
        review: Review | None = None,
    ) -> None:
        self._pipedrive = pipedrive
        self._fields = fields
        self._ledger = ledger
        self._rules = list(rules)
        self._views = views(self._rules)
        self._review = review or Review()
        self._refreshed: dict[str, datetime] = {}
        self._listed_deals: set[str] = set()
        """Deals whose lines of earlier runs are known."""
        self._lock = asyncio.Lock()

    async def find(self, desired: Desired, body: dict[str, Any]) -> Existing | None:
        """Return the row that a record without a link shall become, if there is one.

        Args:
            desired: The object.
            body: Its body with references resolved.

        Raises:
            Rejected: `ambiguous_match`, when several rows of others agree.
        """
        if desired.object == "deal_product":
            await self._refresh_lines(str(body["deal_id"]))
        else:
            await self._refresh(desired.object)
        for row in self._free(desired.object, sign(desired, body)):
            if await self._holds(row, desired) and not self._ledger.links.owned(
                desired.object, [row]
            ):
                return Existing(row, ours=True)
        generated = desired.file is not None and desired.file.data is not None
        if generated and (older := self._free(desired.object, _name_sign(desired, body))):
            return Existing(older[0], ours=True, outdated=True)
        if desired.match:
            candidates = self._free(desired.object, match_sign(desired.match))
            if chosen := self._review.choose(desired, candidates):
                return Existing(chosen, ours=False)
        return None

    async def look(self, desired: Desired, body: dict[str, Any], since: datetime) -> str | None:
        """Return the row that a create of unknown outcome made, if it made one.

        Args:
            desired: The object.
            body: What was sent.
            since: Server time when it was sent.
        """
        wanted = sign(desired, body)
        async for page in self._pages(desired, body, since - OVERLAP):
            for row in page:
                if wanted in self._signs(desired.object, row):
                    row_id = str(row["id"])
                    if self._ledger.links.owned(desired.object, [row_id]):
                        continue
                    if await self._holds(row_id, desired) and not self._ledger.links.owned(
                        desired.object, [row_id]
                    ):
                        return row_id
        return None

    async def _holds(self, row_id: str, desired: Desired) -> bool:
        """Return whether a row with the right mark has the right content, too.

        Files bear no mark but name and size, which two files of one person may share; large ones
        hardly do.
        """
        if desired.file is None or desired.file.size > COMPARED_BYTES:
            return True
        digest = await self._pipedrive.digest(row_id)
        return digest is None or digest == desired.file.sha256

    def adopts(self, obj: str) -> bool:
        """Return whether rows of others may be taken over, by a match."""
        return bool(self._view(obj).matches)

    def recognise(self, rule: ObjectRule) -> None:
        """Rows are made by one more rule from now on."""
        before = self._views.get(rule.object)
        self._rules = [one for one in self._rules if one.stream != rule.stream] + [rule]
        self._views = views(self._rules)
        if self._views[rule.object] != before:
            self._refreshed.pop(rule.object, None)

    def made(self, obj: str, row_id: str) -> None:
        """A row was created just now: nothing of an earlier run can hang on it."""
        if obj == "deal" and "deal_product" in self._views:
            self._listed_deals.add(row_id)

    def moved(self, obj: str, loser: str, survivor: str) -> None:
        """An object was merged into another: the files that hung on it hang on the other."""
        keys = [key for key, parent in PARENTS.items() if parent == obj]
        for key in keys:
            self._ledger.signs.rename(
                "file", f"{Found.NAME} {key}={loser} ", f"{Found.NAME} {key}={survivor} "
            )

    def note_end(self, now: datetime) -> None:
        """The run ends in good order: everything we wrote until now is in the ledger.

        Args:
            now: Server time.
        """
        oldest = self._ledger.links.oldest_intent() or now
        for obj, refreshed in self._refreshed.items():
            # Rows of others that came during the run matter only where rows are matched; and what
            # is still of unknown outcome is looked for by the next run.
            seen = min(refreshed if self.adopts(obj) else now, oldest)
            self._ledger.book.note(f"seen {obj}", (seen - OVERLAP).isoformat())

    def _view(self, obj: str) -> View:
        return self._views.get(obj, View())

    def _free(self, obj: str, wanted: str) -> list[str]:
        rows = self._ledger.signs.rows(obj, wanted)
        owned = self._ledger.links.owned(obj, rows) if rows else set()
        return [row for row in rows if row not in owned]

    async def _refresh(self, obj: str) -> None:
        """List what changed since this kind was listed last; everything, the first time."""
        async with self._lock:
            if obj in self._refreshed:
                return
            await self._let_commits_land()
            began = self._pipedrive.server_time()
            seen = self._ledger.book.noted(f"seen {obj}")
            marked: dict[str, set[str]] = {}
            async for page in self._pipedrive.rows(
                obj, updated_since=_moment(seen), custom_fields=self._codes(obj)
            ):
                marked |= self._learn(obj, page)
            self._refreshed[obj] = began
            strange = self._strange(obj, marked)
            if seen is None:
                self._note_former(obj, strange)
            elif strange:
                self.fall_behind()

    # what runs on an earlier ledger made

    def may_hold_strays(self, obj: str) -> bool:
        """Return whether rows may stand that runs on an earlier ledger made, and no record has.

        When a kind is listed for the first time, all rows with our marks are such; rows that come
        later are in this ledger, or copies that people made.
        """
        if obj not in self._views or obj == "deal_product":
            return False
        former = self._ledger.book.noted(f"former {obj}")
        return former != "0" and (former is not None or obj not in self._refreshed)

    async def strays(
        self, desired: Desired, body: dict[str, Any], wanted: set[str], *, announced: bool
    ) -> list[str]:
        """Return the rows that runs on an earlier ledger made of a record, and nothing claims.

        Args:
            desired: What the record once became, any part of it.
            body: Its body, for what is known by its name.
            wanted: Marks of what it shall become; rows that bear them are found another way.
            announced: A create of the record is of unknown outcome: it may be a new row, too.
        """
        await self._refresh(desired.object)
        if not (announced or self.may_hold_strays(desired.object)):
            return []
        newest = int(self._ledger.book.noted(f"former {desired.object}") or 0)
        if desired.file is not None and desired.file.data is not None:
            rows = self._free(desired.object, _name_sign(desired, body))
        elif desired.mark.found is Found.NAME:
            rows = self._free(desired.object, sign(desired, body))
            rows = [row for row in rows if await self._holds(row, desired)]
        else:
            rows = self._free(desired.object, self.mark(desired, whole=True))
        return [
            row
            for row in rows
            if (announced or (row.isdigit() and int(row) <= newest))
            and not self._bears(desired.object, row, wanted)
        ]

    def _bears(self, obj: str, row: str, wanted: set[str]) -> bool:
        marks = self._ledger.signs.of(obj, row)
        parts = {mark for mark in marks if "#" in mark}  # which bear the mark of the whole, too
        return bool((parts or marks) & wanted)

    def mark(self, desired: Desired, *, whole: bool = False) -> str:
        """Return the sign of a piece; `whole`: of all parts of its record."""
        return (
            sign(replace(desired, part="") if whole else desired, {})
            if desired.mark.found is not Found.NAME
            else f"{desired.mark.found} {desired.mark.key}"
        )

    def _learn(self, obj: str, page: list[dict[str, Any]]) -> dict[str, set[str]]:
        """Remember the signs of rows; return those by which they are ours."""
        signs = {str(row["id"]): self._signs(obj, row) for row in page}
        self._ledger.signs.replace(obj, signs)
        found = {row: _marks(obj, its) for row, its in signs.items()}
        return {row: marks for row, marks in found.items() if marks}

    def marks(self, obj: str, row: dict[str, Any]) -> set[str]:
        """Return the signs by which a row is ours; of a file by which it may be."""
        return _marks(obj, self._signs(obj, row))

    def _strange(self, obj: str, marked: dict[str, set[str]]) -> list[str]:
        """Return the rows with our marks that neither a link nor an announced create explains."""
        owned = self._ledger.links.owned(obj, list(marked))
        known = self._ledger.links.announced_signs()
        known |= {(kind, sign) for kind, sign, _ in self._ledger.resent.all()}
        newest = int(self._ledger.book.noted(f"former {obj}") or 0)
        return [
            row
            for row, marks in marked.items()
            if row not in owned
            and not any((obj, sign) in known for sign in marks)
            and (not row.isdigit() or int(row) > newest)
        ]

    def _note_former(self, obj: str, strange: list[str]) -> None:
        newest = max((int(row) for row in strange if row.isdigit()), default=0)
        self._ledger.book.note(f"former {obj}", str(newest))

    # an old ledger

    def fall_behind(self) -> None:
        """The ledger is older than what was written: every kind is to be caught up with."""
        logger.warning(
            "The ledger is older than what was written with it: it was put back from a copy, or "
            "lost. What it missed is looked up in Pipedrive. Run once with --full-refresh, so that "
            "every record is looked at."
        )
        for obj in self._views:
            if obj != "deal_product":
                self._ledger.book.note(f"behind {obj}", "yes")

    def is_behind(self, obj: str) -> bool:
        """Return whether a kind is to be caught up with."""
        return bool(self._ledger.book.noted(f"behind {obj}"))

    async def catch_up(self, obj: str) -> None:
        """List a whole kind; what is gone, or changed behind the ledger, is held for unknown."""
        async with self._lock:
            await self._let_commits_land()
            began = self._pipedrive.server_time()
            seen = _moment(self._ledger.book.noted(f"seen {obj}"))
            marked: dict[str, set[str]] = {}
            standing: set[str] = set()
            newer: set[str] = set()
            async for page in self._pipedrive.rows(obj, custom_fields=self._codes(obj)):
                marked |= self._learn(obj, page)
                standing |= {str(row["id"]) for row in page}
                newer |= {str(row["id"]) for row in page if changed(row, seen)}
            self._note_former(obj, self._strange(obj, marked))
            self._ledger.links.doubt_all(obj, standing, newer)
            self._ledger.book.note(f"behind {obj}", "")
            self._refreshed[obj] = began

    # creates that were sent twice

    async def twins(self) -> list[tuple[str, str]]:
        """Return kind and id of the rows that a create sent twice made beside the right one."""
        sent = self._ledger.resent.all()
        if not sent:
            return []
        newest = max(at for _, _, at in sent)
        waited = (self._pipedrive.server_time() - newest).total_seconds()
        await asyncio.sleep(max(0.0, min(LANDING, LANDING - waited)))
        now = self._pipedrive.server_time()
        found = []
        for obj in {obj for obj, _, _ in sent}:
            if obj == "deal_product":
                continue
            signs = {sign for kind, sign, _ in sent if kind == obj}
            since = min(at for kind, _, at in sent if kind == obj)
            rows: dict[str, list[str]] = {}
            async for page in self._pipedrive.rows(
                obj, updated_since=since - OVERLAP, custom_fields=self._codes(obj)
            ):
                for row in page:
                    for one in signs.intersection(self._signs(obj, row)):
                        rows.setdefault(one, []).append(str(row["id"]))
            for ids in rows.values():
                owned = self._ledger.links.owned(obj, ids)
                found += [(obj, row) for row in ids if owned and row not in owned]
        for obj, one, at in sent:
            if now - at > OVERLAP:  # nothing can be under way for longer
                self._ledger.resent.forget(obj, one)
        return found

    async def _refresh_lines(self, deal: str) -> None:
        """List the lines of deals that may hold some of an earlier run, 100 deals at once.

        Adding a line changes its deal, so that after a run which ended in good order only deals
        that changed since are asked about.
        """
        async with self._lock:
            if "deal_product" not in self._refreshed:
                await self._let_commits_land()
                began = self._pipedrive.server_time()
                linked = self._ledger.links.ids("deal")
                unknown = linked - self._listed_deals
                if seen := self._ledger.book.noted("seen deal_product"):
                    since = datetime.fromisoformat(seen)
                    changed: set[str] = set()
                    async for page in self._pipedrive.rows("deal", updated_since=since):
                        changed |= {str(row["id"]) for row in page}
                    unknown &= changed
                await self._list_lines(sorted(unknown))
                self._listed_deals |= linked
                self._refreshed["deal_product"] = began
            if deal not in self._listed_deals:
                await self._list_lines([deal])
                self._listed_deals.add(deal)

    async def _list_lines(self, deals: list[str]) -> None:
        async for page in self._pipedrive.deal_products.lines(deals):
            self._ledger.signs.replace(
                "deal_product", {row["id"]: self._signs("deal_product", row) for row in page}
            )

    async def _let_commits_land(self) -> None:
        """Wait until a create that a killed run sent last can no longer be under way."""
        newest = self._ledger.links.newest_intent()
        if newest is not None:
            age = self._pipedrive.server_time().timestamp() - newest
            await asyncio.sleep(max(0.0, min(LANDING, LANDING - age)))

    def _codes(self, obj: str) -> list[str]:
        codes = (self._fields.code(obj, label) for label in self._view(obj).fields)
        return [code for code in codes if code]

    async def _pages(self, desired: Desired, body: dict[str, Any], since: datetime) -> Any:
        parent, parent_id = _parent(body) if desired.object == "file" else ("", "")
        if parent and OBJECTS[PARENTS[parent]].files is not None:
            pages = self._pipedrive.files_of(PARENTS[parent], parent_id, since=since)
        elif desired.object == "deal_product":
            pages = self._pipedrive.deal_products.lines([str(body["deal_id"])])
        else:
            pages = self._pipedrive.rows(
                desired.object,
                updated_since=since,
                newest_first=True,
                custom_fields=self._codes(desired.object),
            )
        async for page in pages:
            yield page

    def _signs(self, obj: str, row: dict[str, Any]) -> list[str]:
        """Return everything a row can be recognised by."""
        view = self._view(obj)
        keys = {label: self._fields.text(row, obj, label) for label in view.fields}
        found = field_marks(keys)
        if not found:  # a row with our key is nobody else's to adopt
            for names in view.matches:
                found += [match_sign(values) for values in _match_values(row, names)]
        return found + line_marks(row, view.lines) + other_marks(obj, row)


def _marks(obj: str, signs: Iterable[str]) -> set[str]:
    """Return those signs by which rows are ours."""
    ours = (Found.FIELD, Found.LINE, Found.ORIGIN, *((Found.NAME,) if obj == "file" else ()))
    begins = tuple(f"{kind} " for kind in ours)
    return {sign for sign in signs if sign.startswith(begins)}


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


def _moment(noted: str | None) -> datetime | None:
    return datetime.fromisoformat(noted) if noted else None


def sign(desired: Desired, body: dict[str, Any]) -> str:
    """Return the sign by which an object of ours is recognised."""
    mark = desired.mark
    if mark.found is Found.NAME and desired.file is None:
        return f"{mark.found} {mark.key}"
    if mark.found is Found.NAME:
        return f"{_name_sign(desired, body)} {desired.file.size if desired.file else ''}"
    part = f"#{desired.part}" if desired.part and mark.found is Found.LINE else ""
    return f"{mark.found} {mark.label}: {mark.key}{part}"


def _name_sign(desired: Desired, body: dict[str, Any]) -> str:
    parent, parent_id = _parent(body)
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


def _parent(body: dict[str, Any]) -> tuple[str, str]:
    for key in PARENTS:
        if body.get(key):
            return key, str(body[key])
    raise Rejected("parent_missing", "a file needs an object to hang on")
