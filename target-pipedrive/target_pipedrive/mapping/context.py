"""What an evaluation knows beside its record: the run's choices and the kept records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from target_pipedrive.mapping.users import UserRule


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of the target that the mapping needs.

    Args:
        note_format: `html` or `text`.
        currency: Currency of all amounts; None to take the Cliniko account's country's.
        default_owner: E-mail of the Pipedrive user who gets what has no owner.
        max_note_bytes: Bytes of UTF-8 that the text of a note or an activity may have. Pipedrive
            takes about 100,000 characters or bytes, and may lengthen HTML when it rewrites it.
        max_varchar: Characters that a `varchar` field may have.
        max_text_bytes: Bytes of UTF-8 that a `text` field may have. Pipedrive takes about 65,000
            characters or bytes.
    """

    note_format: str = "html"
    currency: str | None = None
    default_owner: str | None = None
    max_note_bytes: int = 98_000
    max_varchar: int = 255
    max_text_bytes: int = 65_000


@dataclass(frozen=True, slots=True)
class ObjectKeys:
    """What a mapping may write into one kind of Pipedrive object.

    Args:
        writable: Pipedrive's own keys.
        custom_fields: Whether it can carry custom fields.
        kinds: Key → what its value is, by the registry of objects.
        parents: Keys of which one must be given.
        required: Keys that must all be given.
    """

    writable: frozenset[str]
    custom_fields: bool
    kinds: Mapping[str, str] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


class World(Protocol):
    """The kept records and the run, as the engine knows them."""

    @property
    def now(self) -> datetime:
        """Start of the run, aware, UTC."""
        ...

    def passed(self, moment: datetime) -> bool:
        """Whether a moment, aware, lies before the start of the run."""
        ...

    @property
    def currency(self) -> str | None:
        """Currency of the Pipedrive account: the last resort."""
        ...

    def lookup(self, stream: str, id: str | None) -> dict[str, Any] | None:  # noqa: A002 - the field's name
        """A kept record; with None the only one of its stream."""
        ...

    def children(self, stream: str, parent_stream: str, parent_id: str) -> list[dict[str, Any]]:
        """Kept children of a record and of those merged into it, in any order."""
        ...

    def family(self, stream: str, parent_stream: str, parent_id: str) -> list[dict[str, Any]]:
        """Like `children`, of a record that is not the one at hand."""
        ...

    def survivor(self, stream: str, id: str) -> str:  # noqa: A002 - the field's name
        """Key of the record that an earlier merge put in this one's place, or the same key."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a mapping function may ask for.

    Args:
        world: Kept records.
        options: Settings.
        users: How practitioners are matched with Pipedrive users, if they are.
        merging: Streams whose records may be merged away, so that keys must be followed.
    """

    world: World
    options: Options
    users: UserRule | None = None
    merging: frozenset[str] = frozenset()

    def standing(self, stream: str, key: str) -> str:
        """Key of the record that stands for a record after merges."""
        return self.world.survivor(stream, key) if stream in self.merging else key
