"""The registry of edits and what each of them works with."""

from __future__ import annotations

import inspect
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.clinic.builder import Builder
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.cliniko.resource import Row
    from sandbox.cliniko.state import ClinikoState

REMOVAL = ("archived_at", "deleted_at", "cancelled_at", "merged_at")


class EditError(ValueError):
    """An edit that cannot be made; the text says why."""


@dataclass
class Change:
    """An edit at work.

    Attributes:
        state: The account.
        build: Makes new records.
        now: The stamp of this edit.
        touched: What was changed so far: list, id, whether it is new or deleted for good.
    """

    state: ClinikoState
    build: Builder
    now: str
    touched: list[dict[str, Any]] = field(default_factory=list)

    def choose(
        self, name: str, key: str | int | None, fits: Callable[[Row], bool], wanted: str
    ) -> Row:
        """Return the record that was named, else the fitting one of the lowest id.

        Raises:
            EditError: There is none, or the named one does not fit.
        """
        if key is None:
            found = [row for row in self.state.rows(name) if fits(row)]
            if not found:
                raise EditError(f"no {wanted} in {name}")
            return min(found, key=lambda row: row["id"])
        try:
            row = self.state.row(name, int(key))
        except (KeyError, ValueError):
            raise EditError(f"no record {key} in {name}") from None
        if not fits(row):
            raise EditError(f"{name} {key} is no {wanted}")
        return row

    def set(self, name: str, row: Row, /, *, bump: bool = True, **values: Any) -> Row:
        """Change a record; None takes a field away."""
        stamps = {"updated_at": self.now} if bump else {}
        self.note(name, row["id"])
        return self.state.change(name, row["id"], **(values | stamps))

    def drop(self, name: str, row: Row) -> None:
        """Delete a record for good: no list shows it again."""
        self.note(name, row["id"], removed=True)
        self.state.remove(name, row["id"])

    def note(self, name: str, key: int, *, new: bool = False, removed: bool = False) -> None:
        """Remember that a record was touched."""
        self.touched.append({"stream": name, "id": str(key), "new": new, "removed": removed})

    def add(self, name: str, /, **values: Any) -> Row:
        """Store a new record."""
        row = self.build.add(name, self.build.now, **values)
        self.note(name, row["id"], new=True)
        return row


EDITS: dict[str, Callable[..., None]] = {}
"""Every edit by name."""


def edit(function: Callable[..., None]) -> Callable[..., None]:
    """Register an edit under the name of its function."""
    EDITS[function.__name__] = function
    return function


def live(row: Row) -> bool:
    """Say whether nothing has removed a record."""
    return not any(name in row for name in REMOVAL)


def live_patient(state: ClinikoState, row: Row) -> bool:
    """Say whether the patient of a record is live."""
    patient = state.tables["patients"].rows.get(row.get("patient_id", 0))
    return patient is not None and live(patient)


def apply(state: ClinikoState, kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Make an edit.

    Args:
        state: The account.
        kind: Name of the edit.
        arguments: Its arguments.

    Returns:
        `{"kind", "at", "changed": [{"stream", "id", "new", "removed"}]}`.

    Raises:
        EditError: Unknown edit or argument, a value of the wrong type, or no record that fits.
    """
    function = EDITS.get(kind)
    if function is None:
        raise EditError(f"unknown edit {kind!r}; there are {', '.join(sorted(EDITS))}")
    known = dict(list(inspect.signature(function).parameters.items())[1:])
    if unknown := sorted(arguments.keys() - known.keys()):
        raise EditError(f"{kind} takes {', '.join(known) or 'nothing'}, not {', '.join(unknown)}")
    read = {name: _read(name, known[name].annotation, given) for name, given in arguments.items()}
    moment = datetime.now(UTC).replace(microsecond=0)
    chance = random.Random(f"{kind} {moment}")  # noqa: S311 - ids, no secret
    change = Change(state, Builder(0, moment, chance, state), stamp(moment))
    function(change, **read)
    return {"kind": kind, "at": change.now, "changed": change.touched}


def _read(name: str, annotation: str, given: Any) -> Any:
    """Return an argument as the edit declares it; a command line can send text alone."""
    wanted = annotation.removesuffix(" | None")
    if given is None and wanted != annotation:
        return None
    if wanted == "str":
        # An id may come as a number, as a JSON writer may take it for one.
        if type(given) in {str, int}:
            return str(given)
        raise EditError(f"{name} must be a text")
    value = given
    if isinstance(given, str):
        try:
            value = json.loads(given)
        except ValueError:
            raise EditError(f"{name} must be {_WORDS[wanted]}, not {given!r}") from None
    if type(value) is not _TYPES[wanted]:
        raise EditError(f"{name} must be {_WORDS[wanted]}, not {given!r}")
    return value


_TYPES: dict[str, type] = {"bool": bool, "int": int, "dict[str, Any]": dict}
_WORDS = {"bool": "true or false", "int": "a whole number", "dict[str, Any]": "a JSON object"}
