"""One rollback: kind by kind, children first, each looked at, judged and, if so asked, done."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Refused
from target_pipedrive.ledger import LinkKey
from target_pipedrive.ledger.undo import Made
from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.rollback.doing import cost, units
from target_pipedrive.rollback.restoring import Restoration, restoration
from target_pipedrive.rollback.rows import ORDER, hangs_on, parents
from target_pipedrive.rollback.tally import Kept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.pipedrive import Pipedrive
    from target_pipedrive.rollback.choices import Choices
    from target_pipedrive.rollback.doing import Doer
    from target_pipedrive.rollback.judging import Judge
    from target_pipedrive.rollback.rows import Marks, Place
    from target_pipedrive.rollback.tally import Tally
    from target_pipedrive.rollback.use import Use

logger = logging.getLogger("target_pipedrive")

_LATEST = 60.0
"""Seconds after its announcement within which a create was carried out, if it was."""

_ABSENT = 415
"""Status of a kind of object that the account does not have."""

Row = dict[str, Any]


class Rollback:
    """Takes back what stands for records.

    Args:
        ledger: What became what.
        pipedrive: The account.
        marks: By what rows of ours are known that the ledger lost.
        judge: Says what stays.
        choices: What a person asked.
        doer: Does it; None to only say what would be done.
        tally: Counts it.
        use: Told of all that stays.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        pipedrive: Pipedrive,
        marks: Marks,
        judge: Judge,
        choices: Choices,
        doer: Doer | None,
        tally: Tally,
        use: Use,
    ) -> None:
        self._ledger = ledger
        self._pipedrive = pipedrive
        self._marks = marks
        self._judge = judge
        self._choices = choices
        self._doer = doer
        self._tally = tally
        self._use = use
        self._kinds = ledger.undo.kinds()
        self._updated = ledger.undo.updated_by(choices.runs) if choices.runs else set()
        self._other_deals: list[str] = []
        """Deals of others, whose lines may name products of ours."""

    async def run(self) -> None:
        """Take back all kinds of objects but activity types.

        Raises:
            TargetError: It cannot go on; what was done is noted.
            Stopped: It was asked to stop.
        """
        for obj in ORDER:
            if obj == "product":
                await self._look_at_lines_of_others()
            if self._concerns(obj):
                await self._take_back(obj)

    def _concerns(self, obj: str) -> bool:
        """Return whether rows of a kind are ours, or may hang on what is ours."""
        made = {kind for kind, created in self._kinds.items() if created}
        return bool(
            obj in self._kinds
            or made & hangs_on(obj)
            or (obj == "deal" and "product" in made)
            or self._ledger.undo.announced(obj)
            or any(True for _ in self._ledger.before.objects(obj))
        )

    async def _take_back(self, obj: str) -> None:
        kind = _Kind(obj, self._ledger)
        async for page in self._pages(obj):
            known = self._ledger.undo.made(obj, [str(row["id"]) for row in page])
            others: set[Place] = set()
            for row in page:
                row_id = str(row["id"])
                made = known.get(row_id) or self._stray(kind, row)
                kind.seen.add(row_id)
                if made and any(one.created for one in made):
                    self._judge_ours(kind, row, made)
                elif made or row_id in kind.with_images:
                    self._judge_adopted(kind, row, made)
                else:
                    self._stays(obj, row)
                    others.update(parents(obj, row))
                    if obj == "deal" and "product" in self._kinds:
                        self._other_deals.append(row_id)
            self._hold(others, "foreign_children")
        missing = self._ledger.links.ids(obj) | kind.with_images
        kind.gone = [
            row_id for row_id in sorted(missing - kind.seen) if self._judge.chosen((obj, row_id))
        ]
        self._price(kind)
        if self._doer is None:
            self._foresee(kind)
        else:
            await self._do(kind, self._doer)

    async def _pages(self, obj: str) -> AsyncIterator[list[Row]]:
        if obj == "deal_product":
            deals = self._ledger.links.ids("deal")
            deals |= {line.partition("/")[0] for line in self._ledger.links.ids(obj)}
            pages = self._pipedrive.deal_products.lines(sorted(deals))
        else:
            pages = self._pipedrive.rows(obj)
        try:
            async for page in pages:
                yield page
        except Refused as refused:
            if refused.status != _ABSENT or obj in self._kinds:
                raise
            logger.info("The account has no %s", OBJECTS[obj].plural)

    # judging

    def _stray(self, kind: _Kind, row: Row) -> list[Made]:
        """Return what is known of a row that a create of unknown outcome made."""
        obj = kind.obj
        if kind.announced:
            for sign in self._marks.every(obj, row):
                if (at := kind.announced.get(sign)) is not None:
                    kind.strays[str(row["id"])] = sign
                    return [
                        Made(
                            LinkKey(obj, "", ""), created=True, trace=None, written_at=at + _LATEST
                        )
                    ]
        if self._marks.of(obj, row) and str(row["id"]) not in kind.with_images:
            self._tally.kept.append(Kept(obj, str(row["id"]), "not_in_ledger"))
        return []

    def _judge_ours(self, kind: _Kind, row: Row, made: Sequence[Made]) -> None:
        place = (kind.obj, str(row["id"]))
        why = self._judge.why_kept(place, row, made)
        if why is None:
            kind.deletes.append(place[1])
            return
        if why != "other_run" or place in self._updated:
            self._tally.kept.append(Kept.of(*place, why, made[0].key))
        self._stays(kind.obj, row)
        self._hold(set(parents(kind.obj, row)), "kept_children")

    def _judge_adopted(self, kind: _Kind, row: Row, made: Sequence[Made]) -> None:
        obj, row_id = place = (kind.obj, str(row["id"]))
        found = restoration(
            place,
            row,
            self._ledger.before.of(*place),
            runs=self._choices.runs,
            as_left=self._judge.as_left(place, row, made),
            computed=obj == "deal" and row_id in self._judge.with_lines,
        )
        found.whole = self._judge.chosen(place)
        if found.body:
            kind.restores.append(found)
        elif found.whole or found.settled:
            kind.releases.append(found)
        key = made[0].key if made else None
        for why in sorted(set(found.kept.values())):
            keys = ", ".join(key for key, reason in found.kept.items() if reason == why)
            self._tally.kept.append(Kept.of(obj, row_id, why, key, keys))
        if self._judge.holds_others(place):
            self._tally.kept.append(Kept.of(obj, row_id, "merged", key))
        after = found.after(row)
        self._stays(obj, after)
        self._hold(set(parents(obj, after)), "foreign_children")

    def _hold(self, places: Collection[Place], why: str) -> None:
        """Let what is ours stay, because something that stays hangs on it."""
        by_kind: dict[str, set[str]] = {}
        for obj, row_id in places:
            by_kind.setdefault(obj, set()).add(row_id)
        for obj, ids in by_kind.items():
            ours = self._ledger.links.owned(obj, ids)
            self._judge.hold({(obj, row_id) for row_id in ours}, why)

    def _stays(self, obj: str, row: Row) -> None:
        self._use.note(obj, row)
        self._tally.standing[obj] += 1

    async def _look_at_lines_of_others(self) -> None:
        """See which products of ours stand in deals of others."""
        async for page in self._pipedrive.deal_products.lines(self._other_deals):
            places = {place for row in page for place in parents("deal_product", row)}
            self._hold({place for place in places if place[0] == "product"}, "foreign_children")

    # doing

    def _price(self, kind: _Kind) -> None:
        obj, update = kind.obj, OBJECTS[kind.obj].update
        for unit in units(obj, kind.deletes):
            self._tally.price(cost(obj, unit))
        if update is not None:
            self._tally.price(update.cost * len(kind.restores), len(kind.restores))

    def _foresee(self, kind: _Kind) -> None:
        done = self._tally.done
        done[kind.obj, "deleted"] += len(kind.deletes)
        done[kind.obj, "restored"] += len(kind.restores)
        done[kind.obj, "released"] += sum(one.whole for one in kind.releases)
        done[kind.obj, "gone"] += len(kind.gone)

    async def _do(self, kind: _Kind, doer: Doer) -> None:
        obj, tally = kind.obj, self._tally
        for row_id in kind.gone:
            doer.let_go(obj, row_id, "gone")
        for found in kind.releases:
            doer.restored(found.place, found.settled, whole=found.whole)
        tally.done[obj, "gone"] += len(kind.gone)
        tally.done[obj, "released"] += sum(one.whole for one in kind.releases)
        deleted = await doer.delete(obj, kind.deletes, tally)
        for row_id in deleted.done:
            if sign := kind.strays.get(row_id):
                self._ledger.undo.settle(obj, sign)
        restored = await doer.restore(obj, kind.restores, tally)
        for row_id, words in (*deleted.refused.items(), *restored.refused.items()):
            await self._keep_refused(obj, row_id, words)
        for row_id, keys in restored.missed.items():
            tally.kept.append(Kept(obj, row_id, "not_restored", detail=", ".join(keys)))
        await doer.account()

    async def _keep_refused(self, obj: str, row_id: str, words: str) -> None:
        links = self._ledger.links.behind(obj, [row_id])
        key = links[0].key if links else None
        self._tally.kept.append(Kept.of(obj, row_id, "refused", key, words))
        row = await self._pipedrive.get(obj, row_id)
        if row is not None:
            self._stays(obj, row)
            self._hold(set(parents(obj, row)), "kept_children")


class _Kind:
    """What is found of one kind of object, and decided about it."""

    def __init__(self, obj: str, ledger: Ledger) -> None:
        self.obj = obj
        self.with_images = set(ledger.before.objects(obj))
        self.announced = ledger.undo.announced(obj)
        self.seen: set[str] = set()
        self.strays: dict[str, str] = {}
        self.deletes: list[str] = []
        self.restores: list[Restoration] = []
        self.releases: list[Restoration] = []
        self.gone: list[str] = []
