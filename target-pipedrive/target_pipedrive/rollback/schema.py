"""Takes back what was made for records to stand in: activity types, fields, options, labels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import Refused
from target_pipedrive.ledger import LinkKey
from target_pipedrive.ledger.undo import LEAD_LABELS
from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.pipedrive.names import LABEL_CODES
from target_pipedrive.pipedrive.operations import DELETE_LEAD_LABEL
from target_pipedrive.pipedrive.registry import FIELDS
from target_pipedrive.rollback.tally import Kept
from target_pipedrive.rollback.use import CARRIERS, Use

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.ledger.undo import MadeField
    from target_pipedrive.pipedrive import Pipedrive
    from target_pipedrive.rollback.choices import Choices
    from target_pipedrive.rollback.doing import Doer
    from target_pipedrive.rollback.judging import Judge
    from target_pipedrive.rollback.tally import Tally

TYPE = "activity_type"

HOMES = {OBJECTS[obj].fields_object: obj for obj in FIELDS if obj != "lead"}
"""Path of fields → the object that carries them."""

Row = dict[str, Any]


class Schema:
    """Takes back what nobody uses any more.

    Args:
        ledger: Knows what we made.
        pipedrive: The account.
        judge: Says what is a matter of the chosen runs, and what a person changed.
        choices: What a person asked.
        doer: Does it; None to only say what would be done.
        tally: Counts it.
        use: What the rows that stay use, as far as it is foreseen.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        pipedrive: Pipedrive,
        judge: Judge,
        choices: Choices,
        doer: Doer | None,
        tally: Tally,
        use: Use,
    ) -> None:
        self._ledger = ledger
        self._pipedrive = pipedrive
        self._judge = judge
        self._choices = choices
        self._doer = doer
        self._tally = tally
        self._use = use

    async def run(self) -> None:
        """Take back activity types, then options and labels, then fields.

        Raises:
            TargetError: It cannot go on; what was done is noted.
            Stopped: It was asked to stop.
        """
        made = [one for one in self._ledger.undo.made_fields() if self._is_chosen(one)]
        types = self._ledger.links.ids(TYPE)
        if not self._choices.schema:
            self._leave(made, types)
            return
        if not (made or types):
            return
        await self._look_again()
        if types:
            await self._types(types)
        for path in dict.fromkeys(one.path for one in made):
            of_path = [one for one in made if one.path == path]
            if path == LEAD_LABELS:
                await self._lead_labels(of_path)
            else:
                await self._fields(path, of_path)

    def _is_chosen(self, made: MadeField) -> bool:
        return not self._choices.runs or made.run in self._choices.runs

    def _leave(self, made: Sequence[MadeField], types: set[str]) -> None:
        """Tell what stays because nobody asked for it."""
        for row_id in sorted(types):
            links = [link for link in self._ledger.links.behind(TYPE, [row_id]) if link.created]
            if links and self._judge.chosen((TYPE, row_id)):
                self._tally.kept.append(Kept.of(TYPE, row_id, "schema", links[0].key))
        for one in made:
            self._keep(one, "schema")

    async def _look_again(self) -> None:
        """See what is used now: deleting a field takes all its values along."""
        pages = [-(-self._tally.standing[obj] // OBJECTS[obj].page) or 1 for obj in CARRIERS]
        if self._doer is None:  # nothing was done yet, so what is foreseen must do
            for obj, number in zip(CARRIERS, pages, strict=True):
                operation = OBJECTS[obj].list
                self._tally.price(operation.cost * number if operation else 0, number)
            return
        self._use = Use()
        for obj in CARRIERS:
            async for page in self._pipedrive.rows(obj):
                for row in page:
                    self._use.note(obj, row)

    # activity types

    async def _types(self, types: set[str]) -> None:
        standing: dict[str, Row] = {}
        async for page in self._pipedrive.rows(TYPE):
            standing |= {str(row["id"]): row for row in page}
        goes = []
        for row_id in sorted(types):
            place = (TYPE, row_id)
            made = self._ledger.undo.made(TYPE, [row_id])[row_id]
            if not self._judge.chosen(place):
                continue
            if row_id not in standing or not any(one.created for one in made):
                action = "released" if row_id in standing else "gone"
                self._tally.done[TYPE, action] += 1
                if self._doer is not None:
                    self._doer.let_go(TYPE, row_id, action)
                continue
            row = standing[row_id]
            used = self._use.of_type(str(row["key_string"]))
            why = "in_use" if used else self._judge.why_kept(place, row, made)
            if why is None:
                goes.append(row_id)
            else:
                self._tally.kept.append(Kept.of(TYPE, row_id, why, made[0].key))
        operation = OBJECTS[TYPE].delete
        self._tally.price(len(goes) * operation.cost if operation else 0, len(goes))
        if self._doer is None:
            self._tally.done[TYPE, "deleted"] += len(goes)
            return
        done = await self._doer.delete(TYPE, goes, self._tally)
        for row_id, words in done.refused.items():
            self._tally.kept.append(Kept(TYPE, row_id, "refused", detail=words))

    # fields, options, labels

    async def _fields(self, path: str, made: Sequence[MadeField]) -> None:
        home = HOMES[path]
        rows = {row["field_code"]: row for row in await self._pipedrive.schema.field_rows(home)}
        fields = {one.id: one for one in made if one.label and not one.part}
        bound = self._ledger.bindings.fields(home)
        of_labels = next((code for code in LABEL_CODES if code in rows), "")
        options: dict[str, list[MadeField]] = {}
        for one in made:
            if one.label and one.part:
                code = bound[one.label].code if one.label in bound else ""
                if code not in fields:  # else they stay or go with their field
                    options.setdefault(code, []).append(one)
            elif not one.label:
                options.setdefault(of_labels, []).append(one)
        for code, several in options.items():
            await self._options(path, code, several, rows.get(code))
        for one in fields.values():
            if one.id not in rows:
                self._note(one, "gone")
            elif self._use.of_field(path, one.id):
                self._keep(one, "in_use")
            else:
                price = FIELDS[home].delete.cost
                await self._remove([one], price, partial(self._delete_field, home, one.id))

    async def _options(
        self, path: str, code: str, made: Sequence[MadeField], row: Row | None
    ) -> None:
        """Take unused options off a field that others made."""
        there = {str(option["id"]): option["id"] for option in (row or {}).get("options") or ()}
        goes = []
        for one in made:
            if one.id not in there:
                self._note(one, "gone")
            elif self._use.of_option(path, code if one.part else "", one.id):
                self._keep(one, "in_use")
            else:
                goes.append(one)
        if goes:
            home, ids = HOMES[path], [there[one.id] for one in goes]
            price = FIELDS[home].remove_options.cost
            await self._remove(goes, price, partial(self._remove_options, home, code, ids))

    async def _lead_labels(self, made: Sequence[MadeField]) -> None:
        there = {str(row["id"]) for row in await self._pipedrive.schema.lead_labels()}
        for one in made:
            if one.id not in there:
                self._note(one, "gone")
            elif self._use.of_option(LEAD_LABELS, "", one.id):
                self._keep(one, "in_use")
            else:
                price = DELETE_LEAD_LABEL.cost
                await self._remove([one], price, partial(self._delete_lead_label, one.id))

    async def _delete_field(self, home: str, code: str) -> None:
        await self._pipedrive.schema.delete_field(home, code)

    async def _remove_options(self, home: str, code: str, ids: Sequence[int | str]) -> None:
        await self._pipedrive.schema.remove_options(home, code, ids)

    async def _delete_lead_label(self, row_id: str) -> None:
        await self._pipedrive.schema.delete_lead_label(row_id)

    async def _remove(
        self, made: Sequence[MadeField], price: int, request: Callable[[], Awaitable[None]]
    ) -> None:
        self._tally.price(price)
        if self._doer is not None:
            self._doer.go_on()
            try:
                await request()
            except Refused as refused:
                for one in made:
                    self._keep(one, "refused", str(refused))
                return
        for one in made:
            self._note(one, "deleted")
        if self._doer is not None:
            await self._doer.account()

    def _note(self, one: MadeField, action: str) -> None:
        self._tally.done[one.path, action] += 1
        if self._doer is None:
            return
        self._ledger.audit.add("rolled_back", LinkKey(one.path, "", one.label, one.part), one.id)
        if one.path == LEAD_LABELS:
            return
        home, bindings = HOMES[one.path], self._ledger.bindings
        if one.part:
            for label, option in bindings.options(home, one.label).items():
                if option == one.id:
                    bindings.unbind_option(home, one.label, label)
        elif one.label in (bound := bindings.fields(home)) and bound[one.label].code == one.id:
            bindings.unbind(home, one.label)

    def _keep(self, one: MadeField, why: str, detail: str = "") -> None:
        what = "an option" if one.part else ("" if one.label else "a label")
        self._tally.kept.append(Kept(one.path, one.id, why, id=one.label, detail=detail or what))
