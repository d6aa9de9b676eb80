"""Holds one object against its row: a finding for each field that the mapping speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.decide import CUSTOM, FILE
from target_pipedrive.desired import Owner
from target_pipedrive.errors import Rejected
from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.pipedrive.objecttype import Kind
from target_pipedrive.pipedrive.traces import untouched
from target_pipedrive.pipedrive.values import fold
from target_pipedrive.verify.alike import FORMATTING, alike, alike_custom, is_empty
from target_pipedrive.verify.verdicts import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from target_pipedrive.bodies import Bodies
    from target_pipedrive.desired import Custom, Desired
    from target_pipedrive.ledger import Ledger, Link
    from target_pipedrive.pipedrive import Fields, ObjectType, Pipedrive
    from target_pipedrive.verify.alike import Rule
    from target_pipedrive.verify.wording import Wording

Row = dict[str, Any]

OUTDATED = "the source changed since it was sent: run the load, with --full-refresh if it stays so"
FILLED_IN = "filled in by Pipedrive; the mapping says nothing"
CANNOT_EMPTY = "Pipedrive cannot empty it"
ON_CREATE = "taken only when an object is made, and it stood there before"
SHARED_TYPE = "the activity type stood there before"
ADMINS_ALONE = "taken from administrators alone"
NO_CONTENT = "Pipedrive does not hand out its content"

_NAMED = {"pipeline": "pipeline_id", "stage": "stage_id", "labels": "label_ids"}
"""Keys of ours that hold names → where a row holds what they stand for."""

_CUT_WITH = {"content": "title"}
"""Keys of texts that hold others, which may have been cut."""


class Holding:
    """Compares objects with rows.

    Args:
        bodies: What would be sent.
        fields: Custom fields.
        ledger: What was sent, and when.
        pipedrive: Where contents of files come from.
        wording: How values are shown.
        files: Whether contents of files are compared.
    """

    def __init__(
        self,
        *,
        bodies: Bodies,
        fields: Fields,
        ledger: Ledger,
        pipedrive: Pipedrive,
        wording: Wording,
        files: bool,
    ) -> None:
        self._bodies = bodies
        self._fields = fields
        self._ledger = ledger
        self._pipedrive = pipedrive
        self._wording = wording
        self._files = files

    async def findings(self, desired: Desired, link: Link, row: Row) -> list[Finding]:
        """Return what is found out about every field of an object, each under its name."""
        difference = self._bodies.changes(desired, link)
        outdated = {*difference.set, *difference.cleared} if link.sent is not None else set()
        told = [
            *[one async for one in self._own(desired, link, row)],
            *[one async for one in self._custom(desired, row)],
            *[one async for one in self._content(desired, row)],
        ]
        found = []
        for print_key, one in told:
            found.append(self._judged(one, desired, link, row, outdated=print_key in outdated))
        return found

    def _judged(
        self, one: Finding, desired: Desired, link: Link, row: Row, *, outdated: bool
    ) -> Finding:
        """Tell what a person did, what the source did, and what was cut to fit."""
        if one.verdict is Verdict.EQUAL or one.verdict is Verdict.NORMALISED:
            if one.rule == FORMATTING and not outdated and self._was_edited(link, row):
                return _as(one, Verdict.EDITED)
            cut = not {one.field, _CUT_WITH.get(one.field)}.isdisjoint(desired.truncated)
            return _as(one, Verdict.TRUNCATED, "cut to the length of its field") if cut else one
        if one.verdict is Verdict.DIFFERENT and outdated:
            return _as(one, one.verdict, one.rule or OUTDATED)
        suspicious = one.verdict is Verdict.DIFFERENT or one.rule == CANNOT_EMPTY
        if suspicious and link.sent is not None and self._was_edited(link, row):
            return _as(one, Verdict.EDITED)
        return one

    def _was_edited(self, link: Link, row: Row) -> bool:
        written_at = self._ledger.links.written_at(link.key)
        return not untouched(link.key.object, row, link.trace, written_at, computed=True)

    # Pipedrive's own keys

    async def _own(
        self, desired: Desired, link: Link, row: Row
    ) -> AsyncIterator[tuple[str, Finding]]:
        kind = OBJECTS[desired.object]
        for key, value in desired.body.items():
            if key in kind.names:
                continue
            what = kind.keys[key]
            try:
                want = await self._bodies.resolve(value)
            except Rejected as rejected:
                yield key, Finding(key, Verdict.DIFFERENT, f"{rejected.code}: {rejected.detail}")
                continue
            yield key, self._compared(desired, link, kind, key, what, want, row.get(key))
        for key in kind.names.keys() & desired.body.keys():
            yield key, await self._name(desired, kind, key, row)

    def _compared(
        self,
        desired: Desired,
        link: Link,
        kind: ObjectType,
        key: str,
        what: Kind,
        want: Any,
        got: Any,
    ) -> Finding:
        if is_empty(want) and not isinstance(want, int | float):
            return self._empty(kind, key, what, got)
        rule = alike(what, want, got)
        if rule is not None:
            return _alike(key, rule, self._pair(rule, want, got, what))
        pair = self._wording.pair(want, got, what)
        if reason := self._why_lost(desired, link, kind, key):
            spelt = reason == SHARED_TYPE and fold(str(want)) == fold(str(got))
            return Finding(key, Verdict.NORMALISED if spelt else Verdict.LOST, reason, *pair)
        return Finding(key, Verdict.DIFFERENT, "", *pair)

    def _why_lost(self, desired: Desired, link: Link, kind: ObjectType, key: str) -> str:
        """Return why a value was never sent; empty for one that was."""
        if key in self._bodies.refused(kind):
            return ADMINS_ALONE
        if link.created or desired.file is not None:
            return ""
        if desired.object == "activity_type":
            return SHARED_TYPE
        return ON_CREATE if key in kind.create_only else ""

    def _pair(
        self, rule: Rule, want: Any, got: Any, what: Kind | None
    ) -> tuple[str | None, str | None]:
        return self._wording.pair(want, got, what) if rule else (None, None)

    def _empty(self, kind: ObjectType, key: str, what: Kind, got: Any) -> Finding:
        """Compare a key that shall hold nothing."""
        if is_empty(got):
            return Finding(key, Verdict.EQUAL)
        pair = self._wording.pair(None, got, what)
        if key in kind.defaults:
            return Finding(key, Verdict.NORMALISED, FILLED_IN, *pair)
        if key in kind.clearable or key in kind.empties or key in kind.by_status:
            return Finding(key, Verdict.DIFFERENT, "", *pair)
        return Finding(key, Verdict.LOST, CANNOT_EMPTY, *pair)

    async def _name(self, desired: Desired, kind: ObjectType, key: str, row: Row) -> Finding:
        """Compare what a pipeline's, a stage's or labels' names stand for."""
        names = desired.body[key]
        got = row.get(_NAMED[key])
        if not names:
            return self._empty(kind, key, Kind.IDS, got)
        try:
            ids = await self._bodies.named(desired, {key}, make=False)
        except Rejected as rejected:
            return Finding(key, Verdict.DIFFERENT, f"{rejected.code}: {rejected.detail}")
        want = ids.get(_NAMED[key])
        if key == "pipeline" and want is None:  # the stage decides the pipeline
            return Finding(key, Verdict.EQUAL)
        lacking = key == "labels" and len(want or ()) < len({fold(name) for name in names})
        if (
            not lacking
            and alike(Kind.IDS if key == "labels" else Kind.INTEGER, want, got) is not None
        ):
            return Finding(key, Verdict.EQUAL)
        return Finding(key, Verdict.DIFFERENT, "", *self._wording.pair(want, got, Kind.IDS))

    # custom fields

    async def _custom(self, desired: Desired, row: Row) -> AsyncIterator[tuple[str, Finding]]:
        if not desired.custom:
            return
        await self._fields.find(desired.object, desired.custom)
        for label, field in desired.custom.items():
            yield CUSTOM + label, await self._custom_field(desired, label, field, row)

    async def _custom_field(self, desired: Desired, label: str, field: Custom, row: Row) -> Finding:
        obj = desired.object
        got, shown = self._fields.raw(row, obj, label), self._fields.value(row, obj, label)
        try:
            wanted = await self._bodies.resolved(desired, label, field)
        except Rejected as rejected:
            return Finding(label, Verdict.DIFFERENT, f"{rejected.code}: {rejected.detail}")
        expected = _bare(wanted.value)
        if self._fields.code(obj, label) is None:
            if expected is None:
                return Finding(label, Verdict.EQUAL)
            told = self._wording.pair(expected, None)
            return Finding(label, Verdict.DIFFERENT, "there is no such custom field", *told)
        try:
            want = self._fields.encoded(obj, label, wanted)
        except LookupError:
            told = self._wording.pair(expected, shown)
            return Finding(label, Verdict.DIFFERENT, "the field lacks the option", *told)
        rule = alike_custom(field.type, want, got)
        if rule is not None:
            pair = self._wording.pair(expected, shown) if rule else (None, None)
            return _alike(label, rule, pair)
        return Finding(label, Verdict.DIFFERENT, "", *self._wording.pair(expected, shown))

    # files

    async def _content(self, desired: Desired, row: Row) -> AsyncIterator[tuple[str, Finding]]:
        file = desired.file
        if file is None:
            return
        for key, what, want in (
            ("name", Kind.TEXT, file.name),
            ("file_size", Kind.INTEGER, file.size),
        ):
            got = row.get("name" if key == "name" else key)
            rule = alike(what, want, got)
            if rule is None:
                pair = self._wording.pair(want, got)
                yield FILE, Finding(key, Verdict.DIFFERENT, "", *pair)
            else:
                yield FILE, _alike(key, rule, self._pair(rule, want, got, what))
        if self._files:
            digest = await self._pipedrive.digest(str(row["id"]))
            if digest is None:
                yield FILE, Finding("content", Verdict.UNKNOWN, NO_CONTENT)
            elif digest == file.sha256:
                yield FILE, Finding("content", Verdict.EQUAL)
            else:
                yield FILE, Finding("content", Verdict.DIFFERENT, "", file.sha256, digest)


def _alike(field: str, rule: str, pair: tuple[str | None, str | None]) -> Finding:
    if not rule:
        return Finding(field, Verdict.EQUAL)
    return Finding(field, Verdict.NORMALISED, rule, *pair)


def _as(one: Finding, verdict: Verdict, rule: str | None = None) -> Finding:
    return Finding(one.field, verdict, one.rule if rule is None else rule, one.expected, one.found)


def _bare(value: Any) -> Any:
    """Return a custom field's value as it is shown: nothing for what is empty."""
    if isinstance(value, Owner):
        return value.email
    return None if value in ("", ()) else value
