"""Custom fields by label: finds their hash keys, makes missing fields and options once.

What a label means is decided before the first record and kept in the ledger, so that renaming a
field or an option in Pipedrive is harmless and deleting one is noticed.
"""

# ruff: noqa: A002 - `object` and `type` are the API's terms; values have any shape

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from target_pipedrive.desired import FieldSpec
from target_pipedrive.errors import Refused, Rejected, SettingsError
from target_pipedrive.ledger.bindings import Binding
from target_pipedrive.pipedrive import values
from target_pipedrive.pipedrive.bound import MOST_OPTIONS, BoundField, distinct, gone, missing
from target_pipedrive.pipedrive.choosing import (
    FieldChoices,
    choose,
    deleted,
    deleted_options,
    shortage,
)
from target_pipedrive.pipedrive.registry import FIELDS, OBJECTS, fields_home
from target_pipedrive.pipedrive.settle import LANDING, PAUSE, settled
from target_pipedrive.pipedrive.values import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from target_pipedrive.desired import Custom
    from target_pipedrive.pipedrive.api import Pipedrive
    from target_pipedrive.pipedrive.paging import Row

logger = logging.getLogger("target_pipedrive")

_T = TypeVar("_T")

GATHER = 0.2
"""Seconds that a new option of the data waits for company: for those of the other records that
are under way, so that they travel together."""


class BindingStore(Protocol):
    """Remembers what labels were bound to; see `ledger.bindings`."""

    def fields(self, obj: str, /) -> Mapping[str, Binding]: ...  # noqa: D102 - see there
    def bind(self, obj: str, label: str, binding: Binding, /) -> None: ...  # noqa: D102
    def unbind(self, obj: str, label: str, /) -> None: ...  # noqa: D102
    def options(self, obj: str, field: str, /) -> Mapping[str, str]: ...  # noqa: D102
    def bind_option(self, obj: str, field: str, label: str, option: int | str, /) -> None: ...  # noqa: D102
    def unbind_option(self, obj: str, field: str, label: str, /) -> None: ...  # noqa: D102
    def stand(self, obj: str, field: str, options: Sequence[str], /) -> None: ...  # noqa: D102
    def made(self, obj: str, label: str, code: str, /) -> None: ...  # noqa: D102
    def made_option(self, obj: str, field: str, option: int | str, /) -> None: ...  # noqa: D102
    async def announce(self) -> None: ...  # noqa: D102
    def announced(self) -> float | None: ...  # noqa: D102
    def settled(self) -> None: ...  # noqa: D102


class Fields:
    """Custom fields of all objects; those of deals are also those of leads.

    Args:
        pipedrive: The account.
        store: What earlier runs bound.
        choices: What the user chose.
        renew: Called with a field whose values must be written once more, for another one takes
            its place; or with labels, too, of those options of it that were deleted.
        pause: Seconds before looking for what an unanswered request may have made.
        gather: Seconds that new options wait for others.
    """

    def __init__(
        self,
        pipedrive: Pipedrive,
        store: BindingStore,
        choices: FieldChoices | None = None,
        *,
        renew: Callable[[FieldSpec, Sequence[str]], None] = lambda *_: None,
        pause: float = PAUSE,
        gather: float = GATHER,
    ) -> None:
        self._pipedrive = pipedrive
        self._store = store
        self._choices = choices or FieldChoices()
        self._renew = renew
        self._pause = pause
        self._gather = gather
        self._rows: dict[str, list[Row]] = {}
        self._bound: dict[str, dict[str, BoundField]] = {}
        self._asked: dict[tuple[str, str], dict[str, str]] = {}
        """(object, label) → folded label → label of options that records under way wait for."""
        self._making = asyncio.Lock()

    async def check(self, specs: Sequence[FieldSpec]) -> None:
        """Bind labels to fields, before the first record; see that missing ones can be made.

        Args:
            specs: All that the run is known to need; those that are bound are not looked at again.

        Raises:
            SettingsError: Everything that is wrong at once: a label fits two fields, or one of
                another type; a field or an option is gone that must not; there is no room.
                Nothing was made.
        """
        async with self._making:
            await self._let_commits_land()
            faults: list[str] = []
            found: list[tuple[FieldSpec, Row]] = []
            absent: dict[tuple[str, str], FieldSpec] = {}
            for spec in specs:
                if self._is_bound(spec):
                    continue
                try:
                    row = await self._find(spec)
                    self._check_options(spec, row)
                except SettingsError as error:
                    faults.extend(error.faults)
                    continue
                if row is not None:
                    found.append((spec, row))
                else:
                    absent.setdefault((fields_home(spec.object), spec.label), spec)
            if faults:
                raise SettingsError(*faults)
            await self._check_room([*absent.values()])
            for spec, row in found:
                self._bind(spec, row)
            for spec in absent.values():
                self._give_up(spec)

    async def prepare(self, object: str, specs: Sequence[FieldSpec]) -> None:
        """Make those fields of an object that are missing, unless their options come with data.

        Raises:
            SettingsError: See `check`, which is done first if it was not.
        """
        if fields_home(object) not in self._rows:
            await self.check(specs)
        async with self._making:
            for spec in specs:
                if not spec.from_source:
                    await self._make(spec, spec.options)

    async def body(self, object: str, custom: Mapping[str, Custom]) -> dict[str, Any]:
        """Values as a part of a body; makes fields and options at their first value.

        A field that does not exist yet and shall hold nothing is left out.

        Raises:
            Refused: Pipedrive refused a new field or option.
            Rejected: A field has as many options as it can have.
            SettingsError: The account has no room for another custom field.
        """
        if lacking := self._missing(object, custom):
            await self._complete(object, custom, lacking)
        bound = self._bound.get(fields_home(object), {})
        encoded: dict[str, Any] = {}
        is_flat = OBJECTS[object].flat
        for label, wanted in custom.items():
            if (found := bound.get(label)) is None:
                continue
            self._keep_options(object, label, found, wanted)
            value = values.encode(found.type, wanted.value, found.option)
            if is_flat:
                encoded |= values.flat(found.type, found.code, value)
            else:
                encoded[found.code] = value
        if not encoded or is_flat:
            return encoded
        return {"custom_fields": encoded}

    async def find(self, object: str, custom: Mapping[str, Custom]) -> None:
        """Bind labels that nobody asked for yet to fields that stand; makes nothing.

        Raises:
            SettingsError: A label fits two fields, or one of another type.
        """
        bound = self._bound.get(fields_home(object), {})
        for label, wanted in custom.items():
            spec = FieldSpec(object, label, wanted.type)
            if label not in bound and (row := await self._find(spec)) is not None:
                self._bind(spec, row)

    def encoded(self, object: str, label: str, wanted: Custom) -> Any:
        """A value as v2 takes it.

        Raises:
            LookupError: There is no such field, or it lacks an option.
        """
        found = self._bound.get(fields_home(object), {})[label]
        return values.encode(found.type, wanted.value, found.option)

    def raw(self, row: Row, object: str, label: str) -> Any:
        """A field of a returned row as v2 gives it; None when it is empty or does not exist."""
        found = self._bound.get(fields_home(object), {}).get(label)
        if found is None:
            return None
        if OBJECTS[object].flat:
            return values.gathered(found.type, found.code, row)
        return (row.get("custom_fields") or {}).get(found.code)

    def code(self, object: str, label: str) -> str | None:
        """Hash key of a field, None when it does not exist."""
        found = self._bound.get(fields_home(object), {}).get(label)
        return found.code if found else None

    def labels(self, object: str, label: str) -> list[str]:
        """Labels of the options that a field has."""
        found = self._bound.get(fields_home(object), {}).get(label)
        return [] if found is None else [*found.labels.values()]

    def value(self, row: Row, object: str, label: str) -> Any:
        """A field of a returned row in our shape; None when it is empty or does not exist."""
        found = self._bound.get(fields_home(object), {}).get(label)
        if found is None:
            return None
        return values.decode(found.type, self.raw(row, object, label), found.labels)

    def text(self, row: Row, object: str, label: str) -> str | None:
        """As `value`, as text."""
        value = self.value(row, object, label)
        return None if value is None else str(value)

    async def rows(self, object: str) -> Sequence[Row]:
        """Custom fields of an object as they stand in Pipedrive; listed once."""
        return await self._custom_rows(fields_home(object))

    # finding

    def _is_bound(self, spec: FieldSpec) -> bool:
        found = self._bound.get(fields_home(spec.object), {}).get(spec.label)
        return found is not None and found.type == spec.type

    async def _find(self, spec: FieldSpec) -> Row | None:
        home = fields_home(spec.object)
        bound = self._bound.get(home, {})
        row = choose(
            spec,
            await self._custom_rows(home),
            bound=self._store.fields(home).get(spec.label),
            code=self._choices.codes.get((spec.object, spec.label)),
            taken={one.code for label, one in bound.items() if label != spec.label},
        )
        if row is None and self._lost(spec) and not self._choices.recreate:
            raise SettingsError(deleted(spec, self._store.fields(home)[spec.label].code))
        return row

    def _lost(self, spec: FieldSpec) -> bool:
        """Whether a field that stands no more was bound before."""
        known = self._store.fields(fields_home(spec.object)).get(spec.label)
        return known is not None and known.type == spec.type

    def _check_options(self, spec: FieldSpec, row: Row | None) -> None:
        """See that no option is gone that must not; one that somebody made again is there."""
        if row is None or self._choices.recreate:
            return
        options = row.get("options") or ()
        if lost := [label for label in self._gone(spec, row) if missing([label], options)]:
            raise SettingsError(deleted_options(spec, lost))

    def _gone(self, spec: FieldSpec, row: Row) -> list[str]:
        """Labels of the options of a field that earlier runs filled in and that are gone."""
        home = fields_home(spec.object)
        known = self._store.fields(home).get(spec.label)
        if known != Binding(row["field_code"], spec.type):
            return []
        return gone(self._store.options(home, spec.label), row.get("options") or ())

    def _give_up(self, spec: FieldSpec) -> None:
        """Forget a field that is gone, and that its values were ever sent."""
        home = fields_home(spec.object)
        if self._lost(spec):
            logger.warning(
                'The custom field "%s" of %s was deleted in Pipedrive; it is made again and its '
                "values are written once more.",
                spec.label,
                spec.object,
            )
            self._renew(spec, ())
        self._store.unbind(home, spec.label)

    def _bind(self, spec: FieldSpec, row: Row) -> BoundField:
        home = fields_home(spec.object)
        made = Binding(row["field_code"], spec.type)
        known = self._store.fields(home).get(spec.label)
        if known != made:
            if known is not None and known.type == made.type:
                logger.warning(
                    'The custom field "%s" of %s is another one than before (%s); its values are '
                    "written once more.",
                    spec.label,
                    spec.object,
                    made.code,
                )
                self._renew(spec, ())
            self._store.unbind(home, spec.label)
            self._store.bind(home, spec.label, made)
        found = BoundField(made.code, made.type)
        found.learn(row.get("options") or ())
        if lost := self._gone(spec, row):
            logger.warning(
                '%d options of the custom field "%s" of %s were deleted in Pipedrive, which '
                "emptied their values; they are made again, and the values written once more.",
                len(lost),
                spec.label,
                spec.object,
            )
            self._renew(spec, lost)
            for label in lost:
                self._store.unbind_option(home, spec.label, label)
        found.recall(self._store.options(home, spec.label))
        self._store.stand(home, spec.label, [str(option) for option in found.labels])
        self._bound.setdefault(home, {})[spec.label] = found
        return found

    async def _custom_rows(self, home: str, *, anew: bool = False) -> list[Row]:
        if anew or home not in self._rows:
            rows = await self._pipedrive.schema.field_rows(home)
            self._rows[home] = [row for row in rows if row.get("is_custom_field")]
        return self._rows[home]

    async def _let_commits_land(self) -> None:
        """Wait until what a killed run sent last can no longer be under way."""
        announced = self._store.announced()
        if announced is not None:
            age = time.time() - announced
            await asyncio.sleep(max(0.0, min(LANDING, LANDING - age)))

    async def _check_room(self, wanted: Sequence[FieldSpec]) -> None:
        fixed = [spec for spec in wanted if not spec.from_source]
        if not fixed:
            return
        used = {
            home: len(await self._custom_rows(home))
            for home in dict.fromkeys(map(fields_home, FIELDS))
        }
        if fault := shortage(self._choices.most, used, fixed):
            raise SettingsError(fault)
        if shortage(self._choices.most, used, wanted):
            logger.warning(
                "The account may not have room for the custom fields whose options come with the "
                "data (%s): the run ends when a record brings a value for one too many.",
                ", ".join(f'"{spec.label}"' for spec in wanted if spec.from_source),
            )

    # making

    def _missing(self, object: str, custom: Mapping[str, Custom]) -> list[FieldSpec]:
        """What must be made before these values can be written."""
        bound = self._bound.get(fields_home(object), {})
        found = []
        for label, wanted in custom.items():
            there = bound.get(label)
            if wanted.type in OPTIONS:
                labels = values.chosen(wanted.type, wanted.value)
                if labels and (there is None or there.lacks(labels)):
                    found.append(FieldSpec(object, label, wanted.type, labels))
            elif there is None and wanted.value not in (None, ""):
                found.append(FieldSpec(object, label, wanted.type))
        return found

    async def _complete(
        self, object: str, custom: Mapping[str, Custom], lacking: Sequence[FieldSpec]
    ) -> None:
        """Make what these values need, together with what other records wait for."""
        home = fields_home(object)
        for spec in lacking:
            asked = self._asked.setdefault((home, spec.label), {})
            for key, label in distinct(spec.options).items():
                asked.setdefault(key, label)
        async with self._making:
            if not self._missing(object, custom):
                return
            await asyncio.sleep(self._gather)
            for spec in self._missing(object, custom):
                own = distinct(spec.options)
                together = own | self._asked.pop((home, spec.label), {})
                try:
                    await self._make(spec, [*together.values()])
                except Refused:
                    if together.keys() == own.keys():
                        raise
                    await self._make(spec, spec.options)  # another record's may be the cause

    async def _make(self, spec: FieldSpec, options: Sequence[str]) -> None:
        """Make a field, or the options it lacks; nothing when it is all there."""
        home = fields_home(spec.object)
        found = self._bound.get(home, {}).get(spec.label)
        if found is None and (row := await self._find(spec)) is not None:
            found = self._bind(spec, row)
        if found is None:
            labels = [*distinct(options).values()]
            row = await self._create(spec, labels)
            self._store.made(home, spec.label, row["field_code"])
            found = self._bind(spec, row)
            self._tell_made(spec, found, labels)
        if lacking := found.lacks(options):
            if len(found.labels) + len(lacking) > MOST_OPTIONS:
                raise Rejected(
                    "refused",
                    f'custom field "{spec.label}" of {spec.object} would have more than '
                    f"{MOST_OPTIONS:,} options; give it `type: varchar` in the mapping",
                )
            found.learn(await self._add(home, found.code, lacking))
            self._tell_made(spec, found, lacking)

    def _tell_made(self, spec: FieldSpec, found: BoundField, labels: Sequence[str]) -> None:
        for label in labels:
            home = fields_home(spec.object)
            self._store.made_option(home, spec.label, found.option(label))

    async def _create(self, spec: FieldSpec, labels: Sequence[str]) -> Row:
        self._give_up(spec)
        await self._check_room([FieldSpec(spec.object, spec.label, spec.type)])
        home = fields_home(spec.object)

        async def look() -> Row | None:
            await self._custom_rows(home, anew=True)
            return await self._find(spec)

        row = await self._once(
            lambda: self._pipedrive.schema.create_field(home, spec.label, spec.type, labels), look
        )
        known = self._rows[home]
        if all(other["field_code"] != row["field_code"] for other in known):
            known.append(row)
        return row

    async def _add(self, home: str, code: str, labels: Sequence[str]) -> list[Row]:
        async def look() -> list[Row] | None:
            rows = await self._custom_rows(home, anew=True)
            now = next((row["options"] or [] for row in rows if row["field_code"] == code), [])
            return None if missing(labels, now) else now

        return await self._once(
            lambda: self._pipedrive.schema.add_options(home, code, labels), look
        )

    async def _once(
        self, make: Callable[[], Awaitable[_T]], look: Callable[[], Awaitable[_T | None]]
    ) -> _T:
        """Make something exactly once, though this run may be killed while it does."""
        await self._store.announce()
        try:
            made = await settled(make, look, pause=self._pause)
        except Refused:
            self._store.settled()
            raise
        self._store.settled()
        return made

    def _keep_options(self, object: str, label: str, found: BoundField, wanted: Custom) -> None:
        """Remember the ids of the options that a value names."""
        if found.type not in OPTIONS:
            return
        for option in values.chosen(found.type, wanted.value):
            if option not in found.kept:
                home = fields_home(object)
                self._store.bind_option(home, label, option, found.option(option))
                found.kept.add(option)
