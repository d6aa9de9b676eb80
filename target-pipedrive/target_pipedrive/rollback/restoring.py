"""How a row that stood there before is put back, key by key: pure rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.rollback.rows import custom_values

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from target_pipedrive.ledger.before import Image
    from target_pipedrive.rollback.rows import Place

_NOTHING: tuple[Any, ...] = (None, "", [])
_ADDED = ("formatted_address", "timezone_id", "product_id")
"""Parts of values that Pipedrive answers and no body takes."""


@dataclass(slots=True)
class Restoration:
    """What puts a row back.

    Args:
        place: Which row.
        body: What is sent; empty when nothing is to be.
        settled: Keys that stand as before, or will.
        kept: Keys that stay as they are → why.
        whole: The row is left to others again, with what of it stays.
    """

    place: Place
    whole: bool = True
    body: dict[str, Any] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)

    def after(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row as it will stand."""
        custom = custom_values(self.place[0], row) | self.body.get("custom_fields", {})
        body = {key: value for key, value in self.body.items() if key != "custom_fields"}
        return {**row, **body, "custom_fields": custom}

    def missed(self, row: Mapping[str, Any]) -> list[str]:
        """Return the keys that an answer shows with another value than was sent."""
        sent = {key: value for key, value in self.body.items() if key != "custom_fields"}
        sent |= self.body.get("custom_fields", {})
        return [key for key, value in sent.items() if not same(value, current(row, key))]


def restoration(
    place: Place,
    row: Mapping[str, Any],
    images: Sequence[Image],
    *,
    runs: Collection[str],
    as_left: bool,
    computed: bool,
) -> Restoration:
    """Return what puts a row back.

    Args:
        place: Which row.
        row: As it stands now.
        images: What stood there before.
        runs: Only what these runs changed; all when empty.
        as_left: Nobody touched the row since we wrote it last.
        computed: Lines of ours made the value of this deal.
    """
    found = Restoration(place)
    for image in images:
        now = current(row, image.key)
        ours = image.written is None or not same(image.written.value, image.value)
        if same(now, image.value) or not ours:
            found.settled.append(image.key)
        elif runs and not {image.run, image.written_by or image.run}.issubset(runs):
            found.kept[image.key] = "other_run"
        elif not _is_ours(image, now, as_left=as_left, computed=computed):
            found.kept[image.key] = "edited"
        else:
            _put_back(found, image)
    return found


def current(row: Mapping[str, Any], key: str) -> Any:
    """Return what stands under a body key or a custom field's hash key."""
    custom = row.get("custom_fields") or {}
    return custom[key] if key in custom else row.get(key)


def same(one: Any, other: Any) -> bool:
    """Return whether two values say the same; of an address only the text counts."""
    if one in _NOTHING and other in _NOTHING:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        if not {"value", "amount"} & one.keys():
            return one == other
        parts = ("value", "until", "currency", "amount")
        return all(one.get(part) == other.get(part) for part in parts)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same_entry, one, other))
    return bool(one == other)


def _same_entry(one: Any, other: Any) -> bool:
    """Compare entries of lists; a part that only one of them names does not count."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(one[part] == other[part] for part in one.keys() & other.keys())
    return bool(one == other)


def _is_ours(image: Image, now: Any, *, as_left: bool, computed: bool) -> bool:
    if computed and image.key == "value":
        return True
    if image.written is None:
        return as_left
    return as_left or same(now, image.written.value)


def _put_back(found: Restoration, image: Image) -> None:
    kind = OBJECTS[found.place[0]]
    what = kind.keys.get(image.key)
    value = None if image.value in _NOTHING else _sendable(image.value)
    if what is None and kind.custom_fields:
        if kind.update is not None and kind.update.version == 1:  # a lead has them at its root
            found.body[image.key] = value
        else:
            found.body.setdefault("custom_fields", {})[image.key] = value
    elif value is not None:
        found.body[image.key] = value
    elif image.key in kind.clearable:
        found.body[image.key] = None
    elif image.key in kind.empties:
        found.body[image.key] = kind.empties[image.key]
    else:
        found.kept[image.key] = "cannot_be_emptied"
        return
    found.settled.append(image.key)


def _sendable(value: Any) -> Any:
    """Return an answered value as a body takes it."""
    if isinstance(value, dict):
        return {part: one for part, one in value.items() if one is not None and part not in _ADDED}
    if isinstance(value, list):
        return [_sendable(one) for one in value]
    return value
