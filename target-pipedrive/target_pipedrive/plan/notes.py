"""What a rehearsed load would do, row by row, and whom and what it would make."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from target_pipedrive.decide import CUSTOM
from target_pipedrive.desired import Owner, Ref
from target_pipedrive.report import mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from target_pipedrive.decide import Changes
    from target_pipedrive.desired import Desired

_QUIET = {"unchanged"}
_NAMED = {"activity_type", "product"}
"""Objects of the practice, of which no patient is known: the plan lists them by name."""


class Act(NamedTuple):
    """One object that a load would touch.

    Args:
        object: Its kind.
        action: What it would do.
        stream: Source stream.
        id: Key of the source record.
        part: Which of the record's objects.
        row: Its id in Pipedrive; empty for one that is to be made.
        truncated: Labels of fields whose text is cut.
        values: Field → value that is to be written, masked unless it may be shown; of objects
            that stand there already.
    """

    object: str
    action: str
    stream: str
    id: str
    part: str
    row: str
    truncated: list[str]
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """An object that is to be made and may be named.

    Args:
        stream: Source stream.
        id: Key of the source record.
        name: Its name.
        body: What is sent.
        mark: Kind, label and key of the sign that it bears.
    """

    stream: str
    id: str
    name: str
    body: dict[str, Any]
    mark: tuple[str, str, str]


class Notes:
    """Notes of one rehearsal, in a file: there may be as many as there are records.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.show_values = False
        self.has_user: Callable[[str | None], bool] = bool
        """Tells whether an active Pipedrive user has an e-mail."""
        self.unmatched: Counter[str] = Counter()
        """Who has no user, such as `practitioners/12` → objects that would be theirs."""
        self.made: dict[str, list[Made]] = {}
        self._file = path.open("w+", encoding="utf-8")

    def add(
        self, desired: Desired, action: str, row: str, difference: Changes | None = None
    ) -> None:
        """Note what would be done about an object."""
        if action in _QUIET:
            return
        if action == "created" and desired.object in _NAMED:
            self._name(desired)
        for value in desired.body.values():
            if isinstance(value, Owner) and value.source and not self.has_user(value.email):
                self.unmatched[value.source] += 1
        keys = () if difference is None else (*difference.set, *difference.cleared)
        self._write(
            Act(
                desired.object,
                action,
                desired.stream,
                desired.id,
                desired.part,
                row,
                list(desired.truncated),
                {key.removeprefix(CUSTOM): self._told(_value(desired, key)) for key in keys},
            )
        )

    def took(self, obj: str, action: str, stream: str, record_id: str, row: str) -> None:
        """Note that an object would go."""
        self._write(Act(obj, action, stream, record_id, "", row, [], {}))

    def acts(self) -> Iterator[Act]:
        """Yield all that was noted, in its order."""
        self._file.flush()
        with open(self._file.name, encoding="utf-8") as lines:  # noqa: PTH123 - its own place
            for line in lines:
                yield Act(*json.loads(line))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _name(self, desired: Desired) -> None:
        mark = (str(desired.mark.found), desired.mark.label, desired.mark.key)
        made = Made(
            desired.stream, desired.id, str(desired.body.get("name")), dict(desired.body), mark
        )
        self.made.setdefault(desired.object, []).append(made)

    def _told(self, value: Any) -> str:
        match value:
            case None:
                return ""
            case Ref():
                return f"{value.object} of {value.stream}/{value.id}"
            case Owner():
                return value.source or "default owner"
        plain = json.loads(json.dumps(value, default=str))
        if not self.show_values:
            return mask(plain)
        return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)

    def _write(self, act: Act) -> None:
        self._file.write(json.dumps(act) + "\n")


def _value(desired: Desired, key: str) -> Any:
    if key.startswith(CUSTOM):
        return desired.custom[key.removeprefix(CUSTOM)].value
    if key in desired.body:
        return desired.body[key]
    return desired.file.name if desired.file else None
