"""What a write that was carried out was about: so that none goes unrecorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from target_pipedrive.pipedrive.operations import Operation

Done = Literal["created", "updated", "removed", "merged"]
Witness: TypeAlias = "Callable[[str, str, Done], None]"
"""Takes the kind of object (see `Operation.kind`), its id and what was done."""

_DONE: dict[str, Done] = {
    "create": "created",
    "create_many": "created",
    "add_options": "created",
    "update": "updated",
    "delete": "removed",
    "delete_many": "removed",
    "remove_options": "removed",
    "merge": "merged",
}


def done(
    operation: Operation, ids: Mapping[str, object] | None, data: Any
) -> Iterator[tuple[str, str, Done]]:
    """Yield kind, id and what was done, for each thing that a write was about.

    Args:
        operation: What was asked.
        ids: Values of the places in its path.
        data: Of the answer.
    """
    verb = operation.name.partition(".")[2]
    what, places = _DONE[verb], ids or {}
    if what != "created" and verb != "remove_options":
        place = str(places.get("code") or places["id"])
        lines = [places.get("product_attachment_id")]
        if verb == "delete_many":
            lines = list((data or {}).get("ids") or ())
        for line in lines:
            yield operation.kind, f"{place}/{line}" if line else place, what
        return
    deal = places.get("id")  # of a line, which is known by both ids
    for row in data if isinstance(data, list) else [data]:
        for name in _names(row):
            yield operation.kind, f"{deal}/{name}" if deal else name, what


def _names(row: Any) -> Iterator[str]:
    """Yield the id of a row, or those of a custom field and its first options."""
    if not isinstance(row, dict):
        return
    if code := row.get("field_code"):
        yield str(code)
        yield from (str(option["id"]) for option in row.get("options") or ())
    elif row.get("id"):
        yield str(row["id"])
