"""Custom fields by label: finds their hash keys, makes missing fields and options once.

Pipedrive gives every custom field a random key of 40 hex digits, and keeps no rule against two
fields, or two options, of the same name (official docs, "Custom fields").
"""

# ruff: noqa: A002 - `object` and `type` are the API's terms; values have any shape

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from target_pipedrive.desired import FieldSpec
from target_pipedrive.errors import SettingsError
from target_pipedrive.pipedrive import values
from target_pipedrive.pipedrive.settle import PAUSE, settled
from target_pipedrive.pipedrive.values import OPTIONS, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_pipedrive.desired import Custom
    from target_pipedrive.pipedrive.api import Pipedrive, Row

LONGEST_LABEL = 255  # characters (official OpenAPI v2)


class BindingStore(Protocol):
    """Remembers which field a label was bound to, so that renaming it in Pipedrive is harmless."""

    def load(self, object: str) -> Mapping[str, tuple[str, str]]:
        """Label → (code, type)."""

    def save(self, object: str, label: str, code: str, type: str) -> None:
        """Keep a binding."""


@dataclass(slots=True)
class _Bound:
    """A custom field as it stands in Pipedrive."""

    code: str
    type: str
    ids: dict[str, int | str] = field(default_factory=dict)  # folded label → option
    labels: dict[int | str, str] = field(default_factory=dict)  # option → label

    def learn(self, options: Sequence[Row]) -> None:
        for option in options:
            label = str(option["label"])
            self.ids.setdefault(fold(label), option["id"])
            self.labels[option["id"]] = label

    def lacks(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Those of `labels` that are no option yet, each once."""
        new: dict[str, str] = {}
        for label in map(_cut, labels):
            new.setdefault(fold(label), label)
        return tuple(label for key, label in new.items() if key not in self.ids)

    def option(self, label: str) -> int | str:
        return self.ids[fold(_cut(label))]


class Fields:
    """Custom fields of all objects.

    Args:
        pipedrive: The account.
        bindings: What earlier runs bound.
        pause: Seconds before looking for what an unanswered request may have made.
    """

    def __init__(
        self, pipedrive: Pipedrive, bindings: BindingStore, *, pause: float = PAUSE
    ) -> None:
        self._pipedrive = pipedrive
        self._bindings = bindings
        self._pause = pause
        self._bound: dict[str, dict[str, _Bound]] = {}
        self._making = asyncio.Lock()

    async def prepare(self, object: str, specs: Sequence[FieldSpec]) -> None:
        """Bind fields to labels; make those that are missing, unless their options come with data.

        Raises:
            SettingsError: A label fits two fields, or one of another type; nothing was made.
        """
        rows = await self._custom_rows(object)
        stored = self._bindings.load(object)
        bound = self._bound.setdefault(object, {})
        faults: list[str] = []
        for spec in specs:
            try:
                row = _choose(rows, spec, stored.get(spec.label))
            except SettingsError as error:
                faults.extend(error.faults)
                continue
            if row is not None:
                bound[spec.label] = self._bind(spec, row)
        if faults:
            raise SettingsError(*faults)
        async with self._making:
            for spec in specs:
                if not spec.from_source or spec.label in bound:
                    await self._make(spec, spec.options)

    async def encode(self, object: str, custom: Mapping[str, Custom]) -> dict[str, Any]:
        """Values by hash key, as v2 takes them; makes fields and options at their first value.

        A field that does not exist yet and shall hold nothing is left out.

        Raises:
            Refused: Pipedrive refused a new field or option.
            SettingsError: The account has no room for another custom field.
        """
        if self._missing(object, custom):
            async with self._making:
                for spec in self._missing(object, custom):  # others may have made some meanwhile
                    await self._make(spec, spec.options)
        bound = self._bound.get(object, {})
        return {
            found.code: values.encode(found.type, wanted.value, found.option)
            for label, wanted in custom.items()
            if (found := bound.get(label)) is not None
        }

    def code(self, object: str, label: str) -> str | None:
        """Hash key of a field, None when it does not exist."""
        found = self._bound.get(object, {}).get(label)
        return found.code if found else None

    def value(self, row: Row, object: str, label: str) -> Any:
        """A field of a returned row in our shape; None when it is empty or does not exist."""
        found = self._bound.get(object, {}).get(label)
        if found is None:
            return None
        raw = (row.get("custom_fields") or {}).get(found.code)
        return values.decode(found.type, raw, found.labels)

    def text(self, row: Row, object: str, label: str) -> str | None:
        """As `value`, as text."""
        value = self.value(row, object, label)
        return None if value is None else str(value)

    def _missing(self, object: str, custom: Mapping[str, Custom]) -> list[FieldSpec]:
        """What must be made before these values can be written."""
        bound = self._bound.get(object, {})
        missing = []
        for label, wanted in custom.items():
            found = bound.get(label)
            if wanted.type in OPTIONS:
                labels = values.chosen(wanted.type, wanted.value)
                if labels and (found is None or found.lacks(labels)):
                    missing.append(FieldSpec(object, label, wanted.type, labels))
            elif found is None and wanted.value not in (None, ""):
                missing.append(FieldSpec(object, label, wanted.type))
        return missing

    async def _make(self, spec: FieldSpec, options: Sequence[str]) -> None:
        """Make a field, or the options it lacks; nothing when it is all there."""
        bound = self._bound.setdefault(spec.object, {})
        found = bound.get(spec.label)
        if found is None:
            labels = _Bound("", "").lacks(options)

            async def look() -> Row | None:
                return _choose(await self._custom_rows(spec.object), spec, None)

            row = await settled(
                lambda: self._pipedrive.create_field(spec.object, spec.label, spec.type, labels),
                look,
                pause=self._pause,
            )
            bound[spec.label] = found = self._bind(spec, row)
        if lacking := found.lacks(options):
            code = found.code

            async def look_options() -> list[Row] | None:
                rows = await self._custom_rows(spec.object)
                now = next(row["options"] or [] for row in rows if row["field_code"] == code)
                there = {fold(str(option["label"])) for option in now}
                return now if all(fold(label) in there for label in lacking) else None

            found.learn(
                await settled(
                    lambda: self._pipedrive.add_options(spec.object, code, lacking),
                    look_options,
                    pause=self._pause,
                )
            )

    def _bind(self, spec: FieldSpec, row: Row) -> _Bound:
        found = _Bound(row["field_code"], spec.type)
        found.learn(row.get("options") or ())
        self._bindings.save(spec.object, spec.label, found.code, found.type)
        return found

    async def _custom_rows(self, object: str) -> list[Row]:
        rows = await self._pipedrive.field_rows(object)
        return [row for row in rows if row.get("is_custom_field")]


def _choose(rows: Sequence[Row], spec: FieldSpec, stored: tuple[str, str] | None) -> Row | None:
    """The field of a label: the one bound before, else the one of that name and type.

    Raises:
        SettingsError: There are two, or one of another type.
    """
    known = stored[0] if stored else None
    named = [row for row in rows if row["field_code"] == known]
    if not named:
        named = [row for row in rows if str(row["field_name"]).strip() == spec.label.strip()]
    fitting = [row for row in named if row["field_type"] == spec.type]
    if len(fitting) == 1:
        return fitting[0]
    where = f'custom field "{spec.label}" of {spec.object}'
    if fitting:
        codes = " and ".join(row["field_code"] for row in fitting)
        raise SettingsError(
            f"Pipedrive has the {where} {len(fitting)} times ({codes}): rename or delete all but "
            "one in Pipedrive under Settings, Data fields; then run again."
        )
    if named:
        raise SettingsError(
            f"The {where} is of type {named[0]['field_type']} in Pipedrive, the mapping wants "
            f"{spec.type}: rename the field in Pipedrive, or give it another label or type in "
            "the mapping; then run again."
        )
    return None


def _cut(label: str) -> str:
    """Longer labels are refused."""
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
